"""Open a claim as a draft: one owner, one year, one rule, for recognition awards one collaboration."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.permissions import Party
from services.kernel.principal import Principal
from services.subsidies.clients.registry import Collaboration, RegistryFacts
from services.subsidies.commands.decide_claim import add_decision
from services.subsidies.domain import ClaimAction, ClaimState
from services.subsidies.queries.claim_sums import sum_up
from services.subsidies.queries.claims import standing_claim
from services.subsidies.queries.policy import collaboration_kind_of, current_policy
from services.subsidies.rules.model import Rule
from services.subsidies.tables import Claim


class ClaimExists(Conflict):
    """The problem names the claim that stands, so that a program can go on with that one."""

    code = "claim_exists"

    def __init__(self, standing: Claim) -> None:
        super().__init__("同一年度、同一项目的申报已经存在，请在原申报上修改。")
        self.extension = {"claim": str(standing.id)}


async def open_claim(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    registry: RegistryFacts,
    *,
    year: int,
    rule: str,
    collaboration: UUID | None,
) -> Claim:
    """Raises InvalidInput for an unknown rule or collaboration, ClaimExists when the same claim already stands."""
    policy = await current_policy(session, principal.alliance)
    known = policy.rule(rule)
    if known is None:
        names = "、".join(f"{r.code}（{r.name}）" for r in policy.book.rules)
        raise InvalidInput([FieldIssue("rule", "rule_unknown", f"没有这一申报项目，可选：{names}。")])
    about = _collaboration(principal, registry, known, collaboration)
    standing = await standing_claim(session, principal, year=year, rule=rule, collaboration=collaboration)
    if standing is not None:
        raise ClaimExists(standing)
    claim = Claim(
        alliance=principal.alliance,
        id=new_id(),
        owner=principal.owner,
        year=year,
        rule=rule,
        collaboration=collaboration,
        collaboration_name=about.name if about else None,
        state=ClaimState.DRAFT.value,
        roster_seq=0,
        subjects=0,
        requested_fen=0,
        created_at=clock.now(),
        changed_at=clock.now(),
        created_by_name=principal.name,
    )
    summary = await sum_up(session, clock, policy, claim)
    claim.roster_seq, claim.subjects, claim.requested_fen = (
        summary.roster_seq,
        summary.subjects,
        summary.requested_fen,
    )
    session.add(claim)
    await session.flush()  # the decision row refers to the claim
    await add_decision(session, clock, principal, claim, ClaimAction.OPEN, None, None)
    return claim


def _collaboration(
    principal: Principal, registry: RegistryFacts, rule: Rule, collaboration: UUID | None
) -> Collaboration | None:
    kind = collaboration_kind_of(rule)
    if kind is None:
        if collaboration is not None:
            raise _refused("collaboration_not_wanted", "这一项目按名册申报，请不要填写合作载体。")
        return None
    if collaboration is None:
        raise _refused("field_missing", "这一项目按合作载体申报，请选择合作载体。")
    found = registry.collaborations.get(collaboration)
    if found is None or found.kind != kind:
        raise _refused("collaboration_unknown", "登记信息中没有这个合作载体，或其类型与申报项目不符。")
    if not _speaks_for(principal, registry, found):
        raise _refused("collaboration_of_others", "只能申报由本单位（本县区单位）牵头或举办的合作载体。")
    return found


def _speaks_for(principal: Principal, registry: RegistryFacts, collaboration: Collaboration) -> bool:
    units = [unit for unit in (collaboration.lead_member, collaboration.host_member) if unit]
    if principal.party is Party.MEMBER:
        return principal.member in units
    if principal.party is Party.COUNTY:
        members = [registry.members[unit] for unit in units if unit in registry.members]
        return any(member.division == principal.division for member in members)
    return True


def _refused(code: str, sentence: str) -> InvalidInput:
    return InvalidInput([FieldIssue("collaboration", code, sentence)])

"""What the commands on agreements share: fields, parties, coverage, faults, and what goes to audit and outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.ids import new_id
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.pinyin import search_text, sort_key
from services.kernel.tenancy import Scope
from services.registry.domain.agreements import LEAST_PARTIES, day_issues
from services.registry.queries.agreements import coverage_of, parties_of
from services.registry.queries.members import names_of
from services.registry.schemas.agreements import AgreementWrite, Renewable
from services.registry.tables import Agreement, AgreementCoverage, AgreementParty, Collaboration

RENEWABLE = ("number", "title", "signed_on", "from_date", "until_date", "terms")
FIELDS = ("kind", *RENEWABLE, "renews", "state", "ended_on", "end_reason")


def fill(agreement: Agreement, draft: Renewable, kind: str) -> None:
    """Set the plain fields and what follows from the title."""
    for name in RENEWABLE:
        setattr(agreement, name, getattr(draft, name))
    agreement.kind = kind
    agreement.sort_key = sort_key(draft.title)
    agreement.search_text = search_text(*filter(None, (draft.title, draft.number)))


async def number_issues(session: AnySession, scope: Scope, draft: Renewable, own: UUID | None) -> list[FieldIssue]:
    """The fault of a number that another agreement has."""
    if draft.number is None:
        return []
    same = scope.select(Agreement).where(Agreement.number == draft.number)
    taken = any(other.id != own for other in await session.scalars(same))
    return [FieldIssue("number", "number_taken", "已有这个编号的协议，请核对编号或修改原记录。")] if taken else []


async def draft_issues(
    session: AnySession, scope: Scope, clock: Clock, draft: AgreementWrite, own: UUID | None
) -> list[FieldIssue]:
    """Every fault of a draft: its days, its parties, what it covers, its number."""
    issues = day_issues(draft.signed_on, draft.from_date, draft.until_date, business_date(clock))
    if len(draft.parties) < LEAST_PARTIES:
        issues.append(FieldIssue("parties", "parties_too_few", f"协议至少有 {LEAST_PARTIES} 家不同的签约单位。"))
    if set(draft.parties) - set(await names_of(session, scope.alliance, {*draft.parties})):
        issues.append(FieldIssue("parties", "member_unknown", "没有登记这家成员单位，请从列表中选择。"))
    known = scope.select(Collaboration).where(Collaboration.id.in_(draft.collaborations))
    if len({one.id for one in await session.scalars(known)}) < len(draft.collaborations):
        issues.append(FieldIssue("collaborations", "collaboration_unknown", "没有登记这个合作载体，请从列表中选择。"))
    return [*issues, *await number_issues(session, scope, draft, own)]


@dataclass(frozen=True)
class Since:
    """From when parties and coverage hold: what is new from `day`; what held from the signing goes along with it."""

    day: date
    signed_before: date
    signed_on: date

    def of(self, since: date) -> date:
        """The day of what was there before the change."""
        return self.signed_on if since == self.signed_before else since


async def set_parties(session: WriteSession, agreement: Agreement, members: Sequence[UUID], since: Since) -> None:
    """Make these members the parties, in this order."""
    scope = Scope(agreement.alliance)
    left = {one.member: one for one in (await parties_of(session, scope, [agreement.id])).get(agreement.id, [])}
    for part, member in enumerate(members, start=1):
        party = left.pop(member, None)
        if party is None:
            key = {"alliance": agreement.alliance, "agreement": agreement.id, "member": member}
            session.add(AgreementParty(**key, part=part, since=since.day))
        else:
            party.part = part
            party.since = since.of(party.since)
    for party in left.values():
        await session.delete(party)


async def set_coverage(session: WriteSession, agreement: Agreement, draft: AgreementWrite, since: Since) -> None:
    """Make this what the agreement is about: collaborations, then subjects in words."""
    kept = (await coverage_of(session, Scope(agreement.alliance), [agreement.id])).get(agreement.id, [])
    left = {one.collaboration or one.subject: one for one in kept}
    wanted: list[UUID | str] = [*draft.collaborations, *draft.subjects]
    for place, about in enumerate(wanted):
        covered = left.pop(about, None)
        if covered is None:
            what = {"collaboration": about} if isinstance(about, UUID) else {"subject": about}
            key = {"alliance": agreement.alliance, "id": new_id(), "agreement": agreement.id}
            session.add(AgreementCoverage(**key, place=place, since=since.day, **what))
        else:
            covered.place = place
            covered.since = since.of(covered.since)
    for covered in left.values():
        await session.delete(covered)


async def facts(session: AnySession, agreement: Agreement) -> dict[str, Any]:
    """The fields as JSON for the audit."""
    scope, ids = Scope(agreement.alliance), [agreement.id]
    plain = {name: getattr(agreement, name) for name in FIELDS}
    parties = (await parties_of(session, scope, ids)).get(agreement.id, [])
    coverage = (await coverage_of(session, scope, ids)).get(agreement.id, [])
    return {
        **{name: None if value is None else str(value) for name, value in plain.items()},
        "parties": [str(party.member) for party in parties],
        "collaborations": [str(one.collaboration) for one in coverage if one.collaboration],
        "subjects": [one.subject for one in coverage if one.subject],
    }


def tell(session: WriteSession, clock: Clock, agreement: Agreement, event: str, **more: Any) -> None:
    """Tell the secretariat's systems; terms and parties stay in the registry."""
    until = agreement.until_date
    publish(
        session,
        clock,
        agreement.alliance,
        event,
        object_kind="agreement",
        object_id=agreement.id,
        division=OFFICE_ONLY,
        data={"kind": agreement.kind, "until_date": until.isoformat() if until else None, **more},
    )

"""Stored claims and rules as they go on the wire."""

from collections.abc import Sequence
from datetime import date

from services.kernel.money import yuan_text
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.subsidies.domain import CLAIM_TRANSITIONS, ClaimAction, ClaimState, snapshot_date_of
from services.subsidies.queries.names import Names
from services.subsidies.queries.policy import Policy, collaboration_kind_of
from services.subsidies.schemas.claims import ClaimRead, DecisionRead, RuleRead, RulesRead
from services.subsidies.tables import Claim, ClaimDecision

_REVIEWERS = (ClaimAction.ACCEPT, ClaimAction.RETURN)
_OWNERS = (ClaimAction.SUBMIT, ClaimAction.WITHDRAW)


def claim_read(
    claim: Claim,
    policy: Policy | None,
    names: Names,
    principal: Principal,
    decisions: Sequence[ClaimDecision] = (),
) -> ClaimRead:
    """One claim with what this caller may do to it now."""
    rule = policy.rule(claim.rule) if policy else None
    state = ClaimState(claim.state)
    return ClaimRead(
        id=claim.id,
        year=claim.year,
        rule=claim.rule,
        rule_name=rule.name if rule else claim.rule,
        article=rule.article if rule else None,
        owner=claim.owner,
        owner_name=names.owner(claim.owner),
        collaboration=claim.collaboration,
        collaboration_name=claim.collaboration_name,
        state=state,
        state_label=state.label,
        sequence=claim.roster_seq,
        subjects=claim.subjects,
        requested=yuan_text(claim.requested_fen),
        created_at=claim.created_at,
        changed_at=claim.changed_at,
        created_by_name=claim.created_by_name,
        actions=_actions(claim, state, principal),
        version=claim.row_version,
        decisions=[_decision(decision) for decision in decisions],
    )


def _actions(claim: Claim, state: ClaimState, principal: Principal) -> list[ClaimAction]:
    possible = {action for (before, action) in CLAIM_TRANSITIONS if before is state}
    mine = claim.owner == principal.owner and principal.may(Permission.SUBSIDIES_SUBMIT)
    allowed = [
        *(_OWNERS if mine else ()),
        *(_REVIEWERS if principal.may(Permission.SUBSIDIES_REVIEW) else ()),
    ]
    return [action for action in allowed if action in possible]


def _decision(row: ClaimDecision) -> DecisionRead:
    action, after = ClaimAction(row.action), ClaimState(row.to_state)
    return DecisionRead(
        action=action,
        action_label=action.label,
        from_state=ClaimState(row.from_state) if row.from_state else None,
        to_state=after,
        to_state_label=after.label,
        actor_name=row.actor_name,
        actor_role=row.actor_role,
        at=row.at,
        opinion=row.opinion,
        sequence=row.roster_seq,
        subjects=row.subjects,
        requested=yuan_text(row.requested_fen),
    )


def rules_read(policy: Policy, year: int, today: date) -> RulesRead:
    """The rules of the applied pack with the amounts of a year."""
    terms = {rule.code: rule for rule in policy.book.terms(year, snapshot_date_of(year, today)).rules}
    rules = [
        RuleRead(
            no=rule.no,
            code=rule.code,
            name=rule.name,
            kind=rule.kind.value,
            article=rule.article,
            article_heading=policy.article(rule.article).get("heading"),
            article_summary=policy.article(rule.article).get("summary"),
            amount=yuan_text(terms[rule.code].amount_fen),
            in_force=terms[rule.code].in_force,
            discretionary=rule.discretionary,
            selective=rule.selective,
            collaboration_kind=collaboration_kind_of(rule),
            valid_from=rule.valid_from.isoformat(),
            valid_to=rule.valid_to.isoformat(),
        )
        for rule in policy.book.rules
    ]
    return RulesRead(
        pack=policy.pack,
        version=policy.version,
        sha256=policy.sha256,
        document_number=policy.number,
        document_title=policy.document["title"],
        year=year,
        rules=rules,
    )

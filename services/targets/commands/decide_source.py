"""The secretariat decides which of two places of a document counts for an indicator in a year."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.kernel.audit import audit
from services.kernel.citations import CitedRead, Resolutions, checked_basis
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict as Refused
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.targets.measures.milestones import Conflict, Milestone
from services.targets.queries.policy import find_indicator
from services.targets.queries.source_decisions import standing
from services.targets.schemas.source_decisions import SourceDecisionCreate
from services.targets.tables import SourceDecision

EVENT: Final = "indicator.source_decided"
ONE_NEXT: Final = "uq_source_decision_no"


async def decide_source(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    resolutions: Resolutions,
    code: str,
    given: SourceDecisionCreate,
) -> SourceDecision:
    """Record the decision. Raises NotFound, InvalidInput, Unavailable, and Conflict when another one stands by now."""
    plan, indicator = await find_indicator(session, principal.alliance, code)
    conflict = indicator.conflict_of(given.year)
    source = conflict.source_at(given.article) if conflict else None
    before = standing(plan.decisions_on(indicator)).get(given.year)
    if source is not None:
        _check_replaces(before, given.replaces)
    basis = await _basis(resolutions, principal.alliance, given, _issues(conflict, source, given))
    assert source is not None  # noqa: S101  # `_basis` raises on the issue that it is missing
    decision = _decision(clock, principal, plan.pack, code, given, source, basis, before)
    await _insert(session, decision)
    await _tell(session, clock, principal, decision, before)
    return decision


def _issues(conflict: Conflict | None, source: Milestone | None, given: SourceDecisionCreate) -> list[FieldIssue]:
    if conflict is None:
        when = f"{given.year}年" if given.year else "没有写明年度的要求"
        words = f"{when}没有口径冲突，不需要确定按哪一处考核；请刷新指标页面，选择有冲突的年度。"
        return [FieldIssue("year", "no_conflict", words)]
    if source is None:
        places = "、".join(one.article for one in conflict.sources)
        return [
            FieldIssue("article", "not_a_source", f"“{given.article}”不在冲突的各处之中，请从这些中选择：{places}。")
        ]
    return []


async def _basis(
    resolutions: Resolutions, alliance: str, given: SourceDecisionCreate, issues: list[FieldIssue]
) -> CitedRead:
    """What the decision rests on. Raises InvalidInput with every fault of the fields, its own included."""
    try:
        basis = await checked_basis(resolutions, alliance, given, required=False)
    except InvalidInput as fault:
        raise InvalidInput([*issues, *fault.issues]) from fault
    if issues:
        raise InvalidInput(issues)
    return basis


def _check_replaces(before: SourceDecision | None, replaces: UUID | None) -> None:
    if replaces != (before.id if before else None):
        raise _overtaken()


def _overtaken() -> Refused:
    words = "这一年的考核口径刚刚另有决定，没有保存您的决定；请刷新页面，看过现行的决定后再确定是否替换。"
    return Refused(words, code="source_decision_overtaken")


def _decision(
    clock: Clock,
    principal: Principal,
    pack: str,
    code: str,
    given: SourceDecisionCreate,
    source: Milestone,
    basis: CitedRead,
    before: SourceDecision | None,
) -> SourceDecision:
    return SourceDecision(
        alliance=principal.alliance,
        id=new_id(),
        pack=pack,
        indicator=code,
        year=given.year,
        no=before.no + 1 if before else 1,
        article=source.article,
        value=source.value,
        text=source.text,
        opinion=given.opinion,
        resolution=basis.id,
        resolution_number=basis.number,
        resolution_title=basis.title,
        replaces=given.replaces,
        decided_at=clock.now(),
        decided_by=principal.subject,
        decided_by_name=principal.name,
    )


async def _insert(session: WriteSession, decision: SourceDecision) -> None:
    """Of two at once the database lets one through: both would be the next number of their year."""
    row = {column.key: getattr(decision, column.key) for column in SourceDecision.__table__.columns}
    first = insert(SourceDecision).values(row).on_conflict_do_nothing(constraint=ONE_NEXT).returning(SourceDecision.id)
    if await session.scalar(first) is None:
        raise _overtaken()


async def _tell(
    session: WriteSession, clock: Clock, principal: Principal, decision: SourceDecision, before: SourceDecision | None
) -> None:
    old = None if before is None else _facts(before)
    new, why = _facts(decision), decision.opinion
    await audit(session, clock, principal, EVENT, "indicator", decision.indicator, before=old, after=new, reason=why)
    told = ("indicator", "year", "article", "value")
    publish(
        session,
        clock,
        decision.alliance,
        EVENT,
        object_kind="indicator",
        object_id=decision.indicator,
        data={name: new[name] for name in told},
    )


def _facts(decision: SourceDecision) -> dict[str, Any]:
    """A decision as JSON, for the audit log."""
    return {
        "id": str(decision.id),
        "indicator": decision.indicator,
        "year": decision.year,
        "article": decision.article,
        "value": None if decision.value is None else f"{decision.value:f}",
        "text": decision.text,
        "resolution": None if decision.resolution is None else str(decision.resolution),
        "resolution_number": decision.resolution_number,
    }

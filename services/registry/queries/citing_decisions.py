"""Which decisions of the registry cite a resolution: steps of members and of applications, decisions on assessments.

They are events of one day, which nobody changes; so there is no earlier day to ask about.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Date,
    Integer,
    Row,
    Select,
    String,
    and_,
    cast,
    desc,
    func,
    literal,
    null,
    select,
    union_all,
)

from services.kernel.citations import CitingDecision, CitingDecisions
from services.kernel.database import AnySession
from services.kernel.registry_words import (
    APPLICATION_STATES,
    APPLICATION_STEPS,
    MEMBER_STATUSES,
    MEMBER_STEPS,
    REVIEW_DECISIONS,
)
from services.kernel.tenancy import Scope
from services.registry.domain.life_cycle import ApplicationStep
from services.registry.queries.collaborations import visible
from services.registry.queries.recognitions import visible_recognitions
from services.registry.tables import (
    ApplicationEvent,
    Collaboration,
    CollaborationReview,
    Member,
    MemberEvent,
    MembershipApplication,
    Recognition,
)

MOST: Final = 200
PAGES: Final = {
    "member": "/members/",
    "application": "/applications/",
    "collaboration": "/collaborations/",
    "plate": "/collaborations/plates/",
}
ALWAYS: Final = ("id", "place", "name", "step", "on_date", "at")
MORE: Final[Mapping[str, Any]] = {"state": String, "year": Integer, "until": Date}
"""What only some of them have."""
STEPS: Final[Mapping[str, Mapping[str, str]]] = {"member": MEMBER_STEPS, "application": APPLICATION_STEPS}
STATES: Final[Mapping[str, Mapping[str, str]]] = {"member": MEMBER_STATUSES, "application": APPLICATION_STATES}


async def citing_decisions(session: AnySession, scope: Scope, resolution: UUID) -> CitingDecisions:
    """Those of things that the scope sees, newest first, and how many there are; none when nothing cites it."""
    every = union_all(
        _of_members(scope).where(MemberEvent.resolution == resolution),
        _of_applications(scope).where(ApplicationEvent.resolution == resolution),
        _of_collaborations(scope).where(CollaborationReview.resolution == resolution),
        _of_plates(scope).where(CollaborationReview.resolution == resolution),
    ).subquery()
    newest = select(every).order_by(desc(every.c.on_date), desc(every.c.at), every.c.id).limit(MOST)
    rows = (await session.execute(newest)).all()
    total = (await session.execute(select(func.count()).select_from(every))).scalar_one()
    return CitingDecisions(items=[_decision(row) for row in rows], total=total)


def _of_members(scope: Scope) -> Select[Any]:
    """An admission is told here, with the member that it made, and not once more with its application."""
    step = MemberEvent
    own = and_(step.alliance == Member.alliance, step.member == Member.id)
    seen = scope.limit(scope.select(Member).join(step, own), step)
    told = {"step": step.step, "state": step.to_status, "until": step.deadline, "on_date": step.effective_on}
    return _told(seen, "member", id=step.id, at=step.at, place=Member.id, name=Member.name, **told)


def _of_applications(scope: Scope) -> Select[Any]:
    step, application = ApplicationEvent, MembershipApplication
    own = and_(step.alliance == application.alliance, step.application == application.id)
    seen = scope.select(application).join(step, own).where(step.step != ApplicationStep.ADMIT)
    told = {"step": step.step, "state": step.to_state, "on_date": step.on_date}
    return _told(seen, "application", id=step.id, at=step.at, place=application.id, name=application.name, **told)


def _of_collaborations(scope: Scope) -> Select[Any]:
    review = CollaborationReview
    own = and_(review.alliance == Collaboration.alliance, review.collaboration == Collaboration.id)
    seen = visible(scope)[1].join(review, own)
    return _told(seen, "collaboration", place=Collaboration.id, name=Collaboration.name, **_review())


def _of_plates(scope: Scope) -> Select[Any]:
    review = CollaborationReview
    own = and_(review.alliance == Recognition.alliance, review.recognition == Recognition.id)
    holder = and_(Member.alliance == Recognition.alliance, Member.id == Recognition.member)
    seen = visible_recognitions(scope).join(review, own).join(Member, holder)
    return _told(seen, "plate", place=Recognition.id, name=Member.name, **_review())


def _review() -> dict[str, Any]:
    review = CollaborationReview
    told = {"step": review.decision, "year": review.year, "until": review.rectify_until, "on_date": review.decided_on}
    return {"id": review.id, "at": review.updated_at, **told}


def _told(seen: Select[Any], kind: str, **columns: Any) -> Select[Any]:
    """The same columns of each, in the same order, as a union needs them."""
    filled = {name: columns.get(name, cast(null(), type_)) for name, type_ in MORE.items()}
    told = {"kind": literal(kind), **{name: columns[name] for name in ALWAYS}, **filled}
    return seen.with_only_columns(*(column.label(name) for name, column in told.items()))


def _decision(row: Row[Any]) -> CitingDecision:
    """One decision in words. What was written as an opinion is not among them: it may name people."""
    if row.kind in STEPS:
        what, how = STEPS[row.kind][row.step], f"办理后为“{STATES[row.kind][row.state]}”"
    else:
        what, how = f"{row.year} 年度考核处理决定", REVIEW_DECISIONS[row.step]
    until = f"，整改期限 {row.until.isoformat()}" if row.until else ""
    return CitingDecision(
        title=f"{row.name}：{what}", detail=how + until, href=f"{PAGES[row.kind]}{row.place}", on=row.on_date
    )

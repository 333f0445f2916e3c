"""The life of an application and of a member: two tables of transitions. What is not listed is refused. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from services.kernel.errors import Conflict, FieldIssue
from services.kernel.registry_words import APPLICATION_STATES, APPLICATION_STEPS, MEMBER_STATUSES, MEMBER_STEPS
from services.kernel.working_days import Deadline, Overrides, after_working_days


class ApplicationState(StrEnum):
    """How far an application to join is."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    DELIBERATION = "deliberation"
    APPROVED = "approved"
    PUBLICITY = "publicity"
    ADMITTED = "admitted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ApplicationStep(StrEnum):
    """What can be done to an application."""

    SUBMIT = "submit"
    ENDORSE = "endorse"
    RETURN = "return"
    DECLINE = "decline"
    COMPLETE = "complete"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    DISAPPROVE = "disapprove"
    PUBLISH = "publish"
    OBJECT = "object"
    ANSWER = "answer"
    ADMIT = "admit"
    REFUSE = "refuse"


_S, _A = ApplicationState, ApplicationStep
APPLICATION_TRANSITIONS: Final[Mapping[tuple[ApplicationState, ApplicationStep], ApplicationState]] = MappingProxyType(
    {
        (_S.SUBMITTED, _A.ENDORSE): _S.DELIBERATION,
        (_S.SUBMITTED, _A.RETURN): _S.RETURNED,
        (_S.SUBMITTED, _A.DECLINE): _S.REJECTED,
        (_S.SUBMITTED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.RETURNED, _A.COMPLETE): _S.SUBMITTED,
        (_S.RETURNED, _A.DECLINE): _S.REJECTED,  # nobody completed it
        (_S.RETURNED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.DELIBERATION, _A.APPROVE): _S.APPROVED,
        (_S.DELIBERATION, _A.DISAPPROVE): _S.REJECTED,
        (_S.DELIBERATION, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.APPROVED, _A.PUBLISH): _S.PUBLICITY,
        (_S.APPROVED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.PUBLICITY, _A.OBJECT): _S.PUBLICITY,
        (_S.PUBLICITY, _A.ANSWER): _S.PUBLICITY,
        (_S.PUBLICITY, _A.ADMIT): _S.ADMITTED,
        (_S.PUBLICITY, _A.REFUSE): _S.REJECTED,
        (_S.PUBLICITY, _A.WITHDRAW): _S.WITHDRAWN,
    }
)
OPEN_STATES: Final = frozenset(state for state, _ in APPLICATION_TRANSITIONS)
"""States from which an application still goes on; a unit has at most one such application."""


def next_application_state(state: str, step: ApplicationStep) -> ApplicationState:
    """The state after a step. Raises Conflict when the table does not list it."""
    after = APPLICATION_TRANSITIONS.get((ApplicationState(state), step))
    if after is None:
        words = f"申请当前是“{APPLICATION_STATES[state]}”，不能“{APPLICATION_STEPS[step]}”；请刷新后按最新状态办理。"
        raise Conflict(words, code="application_step_refused")
    return after


def steps_open_to(state: str) -> list[ApplicationStep]:
    """What an application in this state allows, in the order of the table."""
    return [step for before, step in APPLICATION_TRANSITIONS if before == state]


class Publicity(Protocol):
    """What an application holds of its public notice."""

    publicity_ends_on: date | None


def publicity_end(published_on: date, working_days: int, overrides: Overrides) -> Deadline:
    """The last day of a public notice, counted from the day after its publication (DOMAIN.md §3)."""
    return after_working_days(published_on, working_days, overrides)


def check_publicity_over(application: Publicity, today: date, open_objections: int) -> None:
    """Whether the notice is done with: its last day has passed and every objection is answered. Raises Conflict."""
    ends = application.publicity_ends_on
    if ends is None or today <= ends:
        until = f"{ends:%Y-%m-%d} " if ends else ""
        raise Conflict(f"公示还没有结束，请在 {until}之后办理。", code="publicity_running")
    if open_objections:
        raise Conflict(f"还有 {open_objections} 条异议没有答复，请先答复。", code="objection_open")


class MemberStep(StrEnum):
    """What happens to a member, each on a day."""

    ADMISSION = "admission"
    ANNUAL_REVIEW = "annual_review"
    RECTIFICATION = "rectification"
    RECTIFIED = "rectified"
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    EXIT = "exit"


class ReviewGrade(StrEnum):
    """The result of a member's yearly review."""

    EXCELLENT = "excellent"
    QUALIFIED = "qualified"
    BARELY = "barely"
    UNQUALIFIED = "unqualified"


_M = MemberStep
MEMBER_TRANSITIONS: Final[Mapping[tuple[str, MemberStep], str]] = MappingProxyType(
    {
        ("active", _M.ANNUAL_REVIEW): "active",
        ("active", _M.RECTIFICATION): "rectifying",
        ("active", _M.SUSPENSION): "suspended",
        ("active", _M.EXIT): "exited",
        ("rectifying", _M.ANNUAL_REVIEW): "rectifying",
        ("rectifying", _M.RECTIFIED): "active",
        ("rectifying", _M.SUSPENSION): "suspended",
        ("rectifying", _M.EXIT): "exited",
        ("suspended", _M.ANNUAL_REVIEW): "suspended",
        ("suspended", _M.RESUMPTION): "active",
        ("suspended", _M.EXIT): "exited",
        ("exited", _M.ADMISSION): "active",
    }
)
"""A unit that left comes back by a new application only."""


def next_member_status(status: str, step: MemberStep) -> str:
    """The status after a step. Raises Conflict when the table does not list it."""
    after = MEMBER_TRANSITIONS.get((status, step))
    if after is None:
        words = f"该单位当前是“{MEMBER_STATUSES[status]}”，不能办理“{MEMBER_STEPS[step]}”；请刷新后按最新状态办理。"
        raise Conflict(words, code="member_step_refused")
    return after


def member_steps_open_to(status: str) -> list[MemberStep]:
    """What a member of this status allows, in the order of the table; a new admission comes by application."""
    return [step for before, step in MEMBER_TRANSITIONS if before == status and step is not MemberStep.ADMISSION]


def status_after(steps: Iterable[MemberStep], status: str = "active") -> str:
    """The status after these steps in turn. Raises Conflict at the first that is refused."""
    for step in steps:
        status = next_member_status(status, step)
    return status


def order_issues(effective_on: date, begins: date, changed_on: date | None) -> list[FieldIssue]:
    """Why a step may not hold from this day: the status changed later already, or the unit was no member yet.

    Statuses are told by day; a step that went before another would change what that one was decided upon.
    """
    if effective_on < begins:
        words = f"该单位自 {begins:%Y-%m-%d} 起在册，生效日期不能更早，请核对。"
        return [FieldIssue("effective_on", "before_membership", words)]
    if changed_on is not None and effective_on < changed_on:
        words = f"生效日期早于上一次状态变动的日期（{changed_on:%Y-%m-%d}），请按先后办理。"
        return [FieldIssue("effective_on", "before_previous_step", words)]
    return []

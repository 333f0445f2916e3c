"""States of a report and what moves it; pure. What is not listed is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.kernel.errors import Conflict

YEARS: Final = range(2000, 2101)


class ReportState(StrEnum):
    """How far one unit's report of one indicator and year is."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"

    @property
    def label(self) -> str:
        return {"submitted": "待审核", "accepted": "已采纳", "returned": "退回修改"}[self.value]


class ReportAction(StrEnum):
    """What can be done to a report."""

    SUBMIT = "submit"
    REVISE = "revise"
    ACCEPT = "accept"
    RETURN = "return"

    @property
    def label(self) -> str:
        return {"submit": "填报", "revise": "修改后重报", "accept": "采纳", "return": "退回"}[self.value]


REPORT_TRANSITIONS: Final[Mapping[tuple[ReportState, ReportAction], ReportState]] = MappingProxyType(
    {
        (ReportState.SUBMITTED, ReportAction.REVISE): ReportState.SUBMITTED,
        (ReportState.SUBMITTED, ReportAction.ACCEPT): ReportState.ACCEPTED,
        (ReportState.SUBMITTED, ReportAction.RETURN): ReportState.RETURNED,
        (ReportState.RETURNED, ReportAction.REVISE): ReportState.SUBMITTED,
        (ReportState.ACCEPTED, ReportAction.RETURN): ReportState.RETURNED,
    }
)


def next_state(state: ReportState, action: ReportAction) -> ReportState:
    """The state after an action. Raises Conflict when the state forbids it."""
    try:
        return REPORT_TRANSITIONS[state, action]
    except KeyError as fault:
        detail = f"这份填报{state.label}，不能{action.label}。请刷新后按当前状态办理。"
        raise Conflict(detail, code="report_state") from fault

"""States, actions and words of rosters, claims and settlements; pure.

A state machine is a table of its transitions: what is not listed is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.kernel.errors import Conflict
from services.kernel.workbooks.bulk import Format

CITY_SUFFIX: Final = "00"
YEARS: Final = range(2000, 2101)


class RosterKind(StrEnum):
    """What one roster file holds."""

    STUDENTS = "students"
    CLASSES = "classes"

    @property
    def label(self) -> str:
        return {"students": "学生名册", "classes": "校企合作班名册"}[self.value]


class ImportState(StrEnum):
    """How far the taking in of one roster file is."""

    QUEUED = "queued"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return {"queued": "处理中", "done": "已导入", "refused": "整份退回", "failed": "导入失败"}[self.value]


class ImportMode(StrEnum):
    """What becomes of the sound rows of a file in which others are faulty."""

    ACCEPT_GOOD = "accept_good"
    ALL_OR_NOTHING = "all_or_nothing"


@dataclass(frozen=True)
class StoredRoster:
    """A roster file in the file store, and what was said of it; `sha256` is of the file as it was sent, in hex."""

    kind: RosterKind
    year: int
    mode: ImportMode
    form: Format
    file_name: str
    file_id: UUID
    size: int
    sha256: str


class StudentStatus(StrEnum):
    """在籍 or 离校, as the roster says."""

    ENROLLED = "enrolled"
    LEFT = "left"

    @property
    def label(self) -> str:
        return {"enrolled": "在籍", "left": "离校"}[self.value]


class ClaimState(StrEnum):
    """How far one claim is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            "draft": "草稿",
            "submitted": "待审核",
            "accepted": "已受理",
            "returned": "退回修改",
            "withdrawn": "已撤回",
        }[self.value]


class ClaimAction(StrEnum):
    """What can be done to a claim; `reopen` and `refresh` are the hub's own, when the rosters behind it change."""

    OPEN = "open"
    SUBMIT = "submit"
    ACCEPT = "accept"
    RETURN = "return"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    REFRESH = "refresh"

    @property
    def label(self) -> str:
        return {
            "open": "新建",
            "submit": "提交",
            "accept": "受理",
            "return": "退回",
            "withdraw": "撤回",
            "reopen": "名册变动，退回待审核",
            "refresh": "名册变动，更新汇总",
        }[self.value]


CLAIM_TRANSITIONS: Final[Mapping[tuple[ClaimState, ClaimAction], ClaimState]] = MappingProxyType(
    {
        (ClaimState.DRAFT, ClaimAction.SUBMIT): ClaimState.SUBMITTED,
        (ClaimState.DRAFT, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.SUBMITTED, ClaimAction.ACCEPT): ClaimState.ACCEPTED,
        (ClaimState.SUBMITTED, ClaimAction.RETURN): ClaimState.RETURNED,
        (ClaimState.SUBMITTED, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.SUBMITTED, ClaimAction.REFRESH): ClaimState.SUBMITTED,
        (ClaimState.ACCEPTED, ClaimAction.RETURN): ClaimState.RETURNED,
        (ClaimState.ACCEPTED, ClaimAction.REOPEN): ClaimState.SUBMITTED,
        (ClaimState.RETURNED, ClaimAction.SUBMIT): ClaimState.SUBMITTED,
        (ClaimState.RETURNED, ClaimAction.WITHDRAW): ClaimState.WITHDRAWN,
    }
)


def next_claim_state(state: ClaimState, action: ClaimAction) -> ClaimState:
    """The state after an action. Raises Conflict when the table does not list it."""
    after = CLAIM_TRANSITIONS.get((state, action))
    if after is None:
        raise Conflict(f"申报当前是“{state.label}”，不能{action.label}。", code="claim_transition_refused")
    return after


class SettlementState(StrEnum):
    """How far one settlement is; `failed` says why in its failure, and is made anew rather than repaired."""

    QUEUED = "queued"
    COMPUTED = "computed"
    CONFIRMED = "confirmed"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return {"queued": "计算中", "computed": "已计算，待确认", "confirmed": "已确认", "failed": "计算失败"}[
            self.value
        ]


class SettlementAction(StrEnum):
    """What can happen to a settlement."""

    COMPUTE = "compute"
    FAIL = "fail"
    CONFIRM = "confirm"

    @property
    def label(self) -> str:
        return {"compute": "计算", "fail": "标记失败", "confirm": "确认"}[self.value]


SETTLEMENT_TRANSITIONS: Final[Mapping[tuple[SettlementState, SettlementAction], SettlementState]] = MappingProxyType(
    {
        (SettlementState.QUEUED, SettlementAction.COMPUTE): SettlementState.COMPUTED,
        (SettlementState.QUEUED, SettlementAction.FAIL): SettlementState.FAILED,
        (SettlementState.COMPUTED, SettlementAction.CONFIRM): SettlementState.CONFIRMED,
    }
)


def next_settlement_state(state: SettlementState, action: SettlementAction) -> SettlementState:
    """The state after an action. Raises Conflict when the table does not list it."""
    after = SETTLEMENT_TRANSITIONS.get((state, action))
    if after is None:
        raise Conflict(f"结算当前是“{state.label}”，不能{action.label}。", code="settlement_transition_refused")
    return after


def mask_name(name: str) -> str:
    """The first character and one star for each of the others: 王** ."""
    return name[:1] + "*" * (len(name) - 1)


def snapshot_date_of(year: int, today: date) -> date:
    """Today brought inside a settled year, for sums shown before a settlement has its own date."""
    return min(max(today, date(year, 1, 1)), date(year, 12, 31))

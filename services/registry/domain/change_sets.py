"""The life of a change set. Pure."""

from enum import StrEnum
from typing import Final

from services.kernel.errors import Conflict


class ChangeState(StrEnum):
    """Where a change set stands; only what is `ready` has been seen and not yet decided."""

    CHECKING = "checking"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    DISCARDED = "discarded"


TRANSITIONS: Final = {
    ChangeState.CHECKING: {ChangeState.READY},
    ChangeState.READY: {ChangeState.APPLYING, ChangeState.DISCARDED},
    ChangeState.APPLYING: {ChangeState.APPLIED},
    ChangeState.APPLIED: {ChangeState.UNDOING},
    ChangeState.UNDOING: {ChangeState.UNDONE},
    ChangeState.UNDONE: set[ChangeState](),
    ChangeState.DISCARDED: set[ChangeState](),
}
SENTENCES: Final = {
    ChangeState.CHECKING: "这批改动还在核对，请稍候。",
    ChangeState.READY: "这批改动还没有写入。",
    ChangeState.APPLYING: "这批改动正在写入，请稍候。",
    ChangeState.APPLIED: "这批改动已经写入。",
    ChangeState.UNDOING: "这批改动正在撤销，请稍候。",
    ChangeState.UNDONE: "这批改动已经撤销。",
    ChangeState.DISCARDED: "这批改动已经放弃。",
}


def move(state: str, to: ChangeState) -> ChangeState:
    """The next state. Raises Conflict when it cannot follow."""
    now = ChangeState(state)
    if to not in TRANSITIONS[now]:
        raise Conflict(SENTENCES[now], code="change_set_state")
    return to

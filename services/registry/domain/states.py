"""The states of a record one after another: what changed with each. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol


class Held(Protocol):
    """A state of a row and the days on which it held (`kernel.history.State`)."""

    @property
    def valid_from(self) -> date: ...
    @property
    def valid_until(self) -> date | None: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass
class Step:
    """From when until when (exclusive) the shown fields stood so, and what they were before."""

    valid_from: date
    valid_until: date | None
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def steps(states: Sequence[Held], fields: Iterable[str]) -> list[Step]:
    """States, oldest first, as steps between which at least one of the fields differs, oldest first.

    States that differ in nothing shown and follow one another are one step; a gap between two is kept.
    """
    names, found = tuple(fields), list[Step]()
    before: dict[str, Any] = {}
    for state in states:
        data = state.data
        changed = {n: (before.get(n), data.get(n)) for n in names if not _same(before.get(n), data.get(n))}
        if found and not changed and found[-1].valid_until == state.valid_from:
            found[-1].valid_until = state.valid_until
        else:
            found.append(Step(state.valid_from, state.valid_until, changed))
        before = data
    return found


def _same(one: Any, other: Any) -> bool:
    """Nothing may be written as null or as an empty list."""
    return (one or None) == (other or None)

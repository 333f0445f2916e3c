"""Members that became part of another, or from which others came: kinds, names and what is asked of them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

MOST_NAMES: Final = 20
"""As many aliases as a member may have."""


class SuccessionKind(StrEnum):
    """How one member became another: merged into it, or split into several."""

    MERGE = "merge"
    SPLIT = "split"


class Named(Protocol):
    """A member, as far as its names and codes go."""

    id: Any
    name: Any
    aliases: Any
    former_names: Any
    uscc: Any
    school_code: Any


N = TypeVar("N", bound=Named)


def names_of(member: Named) -> list[str]:
    """Every name of a member, the present one first."""
    return [member.name, *member.aliases, *(former["name"] for former in member.former_names)]


def known_as(member: N, members: Mapping[UUID, N], merged: Mapping[UUID, Iterable[UUID]]) -> list[str]:
    """What a member is found by beside its name and code, each once.

    Its aliases and former names, and of those merged into it (`merged`: successor → predecessors), however long ago,
    all names and codes: a roster that names the old school means the new one.
    """
    found = [*member.aliases, *(former["name"] for former in member.former_names)]
    for before in _merged_into(member.id, merged, {member.id}):
        if (gone := members.get(before)) is not None:
            found += [*names_of(gone), *filter(None, (gone.uscc,))]
    return [name for name in dict.fromkeys(found) if name not in (member.name, member.uscc)]


def _merged_into(successor: UUID, merged: Mapping[UUID, Iterable[UUID]], seen: set[UUID]) -> Iterator[UUID]:
    for predecessor in merged.get(successor, ()):
        if predecessor not in seen:
            seen.add(predecessor)
            yield predecessor
            yield from _merged_into(predecessor, merged, seen)


def aliases_after_merger(predecessor: Named, successor: Named) -> list[str]:
    """The aliases of the successor once it has taken in the predecessor: also its names, as many as fit."""
    gained = [name for name in names_of(predecessor) if name not in names_of(successor)]
    return [*successor.aliases, *dict.fromkeys(gained)][:MOST_NAMES]

"""Walking a part's data: every node with its path in the file and its dotted name by codes, as `open` names it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from services.kernel.policy.source import Path_, Source

_NAMES = ("code", "id")


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a part: its path in the file, and the steps that name it by code."""

    source: Source
    path: Path_
    steps: tuple[str, ...]
    value: Any

    @property
    def name(self) -> str:
        """`targets.indicators.local_employment.baseline`."""
        return ".".join(self.steps)


def walk(source: Source) -> Iterator[Node]:
    """Every node below the root, parents before children."""
    yield from _below(Node(source, (), (source.part,), source.data))


def _below(node: Node) -> Iterator[Node]:
    yield node
    for step, label, value in _children(node.value):
        yield from _below(Node(node.source, (*node.path, step), (*node.steps, label), value))


def _children(value: Any) -> Iterator[tuple[str | int, str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield key, key, child
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield index, item_name(child, index), child


def item_name(item: Any, index: int) -> str:
    """How a list item is named: by its code or id, else by its index from 0."""
    if isinstance(item, dict):
        for key in _NAMES:
            if isinstance(item.get(key), str):
                return str(item[key])
    return str(index)


def matches(pattern: str, steps: tuple[str, ...]) -> bool:
    """Whether an open field (`targets.tasks.*.due`) names this node; `*` stands for exactly one step."""
    wanted = _steps_of(pattern)
    return len(wanted) == len(steps) and all(want in ("*", step) for want, step in zip(wanted, steps, strict=True))


@lru_cache(maxsize=1024)
def _steps_of(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split("."))

"""The kinds of things that can be imported and edited in bulk."""

from collections.abc import Mapping
from typing import Final

from services.kernel.errors import FieldIssue, InvalidInput
from services.registry.commands.changing.adapter import Adapter
from services.registry.commands.changing.collaborations import CollaborationChanges
from services.registry.commands.changing.members import MemberChanges
from services.registry.domain.collaborations import CollaborationKind

_ALL: Final[tuple[Adapter, ...]] = (
    MemberChanges(),
    CollaborationChanges(),
    *(CollaborationChanges(kind) for kind in CollaborationKind),
)
ADAPTERS: Final[Mapping[str, Adapter]] = {adapter.kind: adapter for adapter in _ALL}


def adapter_of(kind: str) -> Adapter:
    """The adapter of a kind. Raises InvalidInput that names the kinds there are."""
    if kind not in ADAPTERS:
        raise InvalidInput([FieldIssue("kind", "kind_unknown", f"没有这个种类，可选：{'、'.join(ADAPTERS)}。")])
    return ADAPTERS[kind]

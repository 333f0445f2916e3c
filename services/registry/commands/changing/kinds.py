"""The kinds of things that can be imported and edited in bulk."""

from collections.abc import Mapping
from typing import Final

from services.kernel.errors import FieldIssue, InvalidInput
from services.registry.commands.changing.adapter import Adapter
from services.registry.commands.changing.members import MemberChanges

ADAPTERS: Final[Mapping[str, Adapter]] = {adapter.kind: adapter for adapter in (MemberChanges(),)}


def adapter_of(kind: str) -> Adapter:
    """The adapter of a kind. Raises InvalidInput that names the kinds there are."""
    if kind not in ADAPTERS:
        raise InvalidInput([FieldIssue("kind", "kind_unknown", f"没有这个种类，可选：{'、'.join(ADAPTERS)}。")])
    return ADAPTERS[kind]

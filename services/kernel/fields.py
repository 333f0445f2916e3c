"""Pieces of fields that the wire contracts of several services share."""

from typing import Any, Final

from pydantic import BeforeValidator


def _empty_is_none(given: Any) -> Any:
    return None if isinstance(given, str) and not given.strip() else given


EmptyIsNone: Final = BeforeValidator(_empty_is_none)
"""An empty text, as a form sends what was not filled in, is nothing."""

"""Faults that are found in several places are told at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.kernel.errors import FieldIssue, InvalidInput


@contextmanager
def told_with(issues: Sequence[FieldIssue]) -> Iterator[None]:
    """What is refused within is told together with the faults that were found before."""
    try:
        yield
    except InvalidInput as refusal:
        raise InvalidInput([*refusal.issues, *issues]) from refusal

"""Which members may be one: codes that are equal, and where a page of pairs begins. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from services.kernel.errors import FieldIssue, InvalidInput

CODES: Final = ("uscc", "school_code")
_MARK: Final = "~"


class Coded(Protocol):
    """Whatever has the codes of a member."""

    @property
    def uscc(self) -> str | None: ...
    @property
    def school_code(self) -> str | None: ...


@dataclass(frozen=True)
class Pair:
    """Two members, the smaller id first, and how alike their names are."""

    one: UUID
    other: UUID
    likeness: float

    @property
    def order(self) -> tuple[float, str, str]:
        """The likeliest first; ties by id."""
        return (-round(self.likeness, 4), str(self.one), str(self.other))


def same_codes(one: Coded, other: Coded) -> list[str]:
    """The codes that two members share."""
    return [code for code in CODES if getattr(one, code) and getattr(one, code) == getattr(other, code)]


def page_of(pairs: Sequence[Pair], cursor: str | None, limit: int) -> tuple[list[Pair], str | None]:
    """A page of pairs in their order and the cursor of the next. Raises InvalidInput for a cursor that is none.

    The cursor says after which pair the page begins, also when that pair has been dealt with meanwhile.
    """
    start = bisect_right([pair.order for pair in pairs], _read(cursor)) if cursor else 0
    page = list(pairs[start : start + limit])
    more = start + limit < len(pairs)
    return page, _MARK.join(map(str, page[-1].order)) if more else None


def _read(cursor: str) -> tuple[float, str, str]:
    try:
        likeness, one, other = cursor.split(_MARK)
        return float(likeness), str(UUID(one)), str(UUID(other))
    except ValueError as fault:
        raise InvalidInput([FieldIssue("cursor", "cursor_invalid", "翻页位置无效，请从第一页重新查询。")]) from fault

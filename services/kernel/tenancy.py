"""Scoping in the query type: a statement on a tenant table begins here and cannot forget its alliance or county.

Row-level security on `alliance` is the second lock, in the database (`migrations.py`).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar, TypeVarTuple
from uuid import UUID

from sqlalchemy import Select, select

from services.kernel.permissions import Party
from services.kernel.principal import Principal

ALL_OF_ALLIANCE = "*"
"""Value of `county_column` / `member_column` for a table that everybody in the alliance may see."""


class Scoped(Protocol):
    """A tenant table says by which column a county's and a member's callers are limited, or ALL_OF_ALLIANCE."""

    alliance: Any
    county_column: ClassVar[str]
    member_column: ClassVar[str]


T = TypeVar("T", bound=Scoped)
Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class Scope:
    """What a caller may see: one alliance, and within it perhaps one county or one member unit."""

    alliance: str
    division: str | None = None
    member: UUID | None = None

    @classmethod
    def of(cls, principal: Principal) -> "Scope":
        return cls(
            alliance=principal.alliance,
            division=principal.division if principal.party is Party.COUNTY else None,
            member=principal.member if principal.party is Party.MEMBER else None,
        )

    def select(self, table: type[T]) -> Select[T]:
        """`SELECT` from a tenant table, limited to what this scope may see."""
        return self.limit(select(table), table)

    def limit(self, statement: Select[*Columns], table: type[Scoped]) -> Select[*Columns]:
        """Limit any statement that reads `table` (also one of chosen columns or counts)."""
        statement = statement.where(table.alliance == self.alliance)
        if self.division is not None and table.county_column != ALL_OF_ALLIANCE:
            value = f"division:{self.division}" if table.county_column == "owner" else self.division
            statement = statement.where(getattr(table, table.county_column) == value)
        if self.member is not None and table.member_column != ALL_OF_ALLIANCE:
            key: Any = f"member:{self.member}" if table.member_column == "owner" else self.member
            statement = statement.where(getattr(table, table.member_column) == key)
        return statement

"""What imports that are carried out at once share: units by name, and what became of the rows."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, Table
from services.registry.queries.kept_units import kept_by
from services.registry.tables import Member

MOST_ROWS = 2_000
"""An import that is answered at once takes no more rows; it holds a connection while it runs."""


@dataclass
class Taken:
    """What became of the rows of a workbook, with every fault of those that were not saved."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    issues: list[CellIssue] = field(default_factory=list)

    def count(self, *, new: bool) -> None:
        """One more row that was saved."""
        if new:
            self.created += 1
        else:
            self.updated += 1

    @property
    def rejected(self) -> int:
        return len({issue.line for issue in self.issues})


@dataclass
class UnitsByName:
    """The caller's own units by name and alias; a name of two units finds none of them."""

    by_name: dict[str, Member | None]

    @classmethod
    async def read(cls, session: AnySession, scope: Scope, categories: Collection[str] | None = None) -> Self:
        """Those of some categories, or of all."""
        statement = scope.select(Member).where(kept_by(scope, Member.id))
        if categories is not None:
            statement = statement.where(Member.category.in_(categories))
        members = (await session.scalars(statement)).all()
        by_name: dict[str, Member | None] = {}
        for member in members:
            for alias in member.aliases:
                by_name[alias] = member if by_name.get(alias, member) is member else None
        return cls({**by_name, **{member.name: member for member in members}})

    def find(self, name: str) -> Member | None:
        return self.by_name.get(name)


def check_size(table: Table) -> None:
    """Raises InvalidInput when a file has more rows than are taken at once."""
    if len(table.rows) > MOST_ROWS:
        sentence = f"一次最多导入 {MOST_ROWS} 行，请分成几个文件。"
        raise InvalidInput([FieldIssue("file", "too_many_rows", sentence)])

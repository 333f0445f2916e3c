"""What a kind of thing must be able to do, so that it can be imported and edited in bulk."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import AnySession, TenantTable, WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, Row, TableSpec
from services.registry.tables import ChangeRow

Outcome = Literal["new", "changed", "unchanged", "rejected"]
LABEL_LENGTH = 200


@dataclass(frozen=True)
class Planned:
    """What one row would do. `before` and `after` hold the fields that differ, as JSON; of a new thing all of them."""

    line: int
    outcome: Outcome
    label: str
    object_id: UUID | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    issues: Sequence[CellIssue] = ()


class Left(Exception):
    """A row that cannot be saved or undone as planned; the reason is a sentence for people."""


class Adapter(Protocol):
    """One kind of thing. Every function works on one alliance, within the transaction it is given."""

    @property
    def kind(self) -> str: ...

    @property
    def noun(self) -> str:
        """What one of them is called (成员单位)."""
        ...

    @property
    def table(self) -> type[TenantTable]:
        """Where they stand, with their history."""
        ...

    @property
    def spec(self) -> TableSpec:
        """Its workbook."""
        ...

    @property
    def editable(self) -> Mapping[str, str]:
        """Fields that a bulk edit may set, with their labels."""
        ...

    @property
    def personal(self) -> Set[str]:
        """Fields that hold personal data: whoever is shown them is audited."""
        ...

    @property
    def filters(self) -> Mapping[str, frozenset[str] | None]:
        """Conditions by which a bulk edit may choose its things, with the values that they take (None: any)."""
        ...

    async def plan_rows(
        self, session: AnySession, clock: Clock, scope: Scope, rows: Sequence[Row], present: frozenset[str]
    ) -> list[Planned]:
        """What the checked rows of a workbook would do; a row in conflict with another or the records is rejected."""
        ...

    async def edit_issues(self, session: AnySession, scope: Scope, values: Mapping[str, Any]) -> list[FieldIssue]:
        """Fields and values that a bulk edit cannot set."""
        ...

    async def plan_edit(
        self, session: AnySession, clock: Clock, scope: Scope, asked: Mapping[str, Any]
    ) -> list[Planned]:
        """What a bulk edit would do; its values were checked."""
        ...

    async def prepare(self, session: WriteSession, clock: Clock, scope: Scope, rows: Sequence[ChangeRow]) -> Any:
        """Lock and load what the rows are about; handed to `apply` and `undo`."""
        ...

    async def apply(
        self, session: WriteSession, clock: Clock, principal: Principal, loaded: Any, row: ChangeRow, reason: str
    ) -> UUID:
        """Save one row; returns the id of its thing. Raises Left when the thing is not what the preview showed."""
        ...

    def begins_on(self, row: ChangeRow) -> date | None:
        """From which day of its own a row holds when that is before the set's; its undoing goes back so far."""
        ...

    async def undo(
        self, session: WriteSession, clock: Clock, principal: Principal, loaded: Any, row: ChangeRow, reason: str
    ) -> None:
        """Put back what one row changed. Raises Left when somebody has changed it since."""
        ...

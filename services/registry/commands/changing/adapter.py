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


Result = UUID | Left
"""What became of a row: the id of its thing, or why it was left."""


@dataclass(frozen=True)
class Saved:
    """What became of a row, and what is yet to be told of it, which only its adapter knows (None: nothing)."""

    result: Result
    done: Any = None


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
        """Lock and load what the rows are about, as it stands; handed to `apply` and `undo`."""
        ...

    async def apply(
        self,
        session: WriteSession,
        clock: Clock,
        principal: Principal,
        loaded: Any,
        rows: Sequence[ChangeRow],
    ) -> Sequence[Saved]:
        """Save rows together; of each the id of its thing, or Left when that is not what the preview showed.

        Nothing is audited or told yet. Raises IntegrityError when the database refuses one of them.
        """
        ...

    def begins_on(self, row: ChangeRow) -> date | None:
        """From which day of its own a row holds when that is before the set's; its undoing goes back so far."""
        ...

    async def undo(
        self,
        session: WriteSession,
        clock: Clock,
        principal: Principal,
        loaded: Any,
        rows: Sequence[ChangeRow],
    ) -> Sequence[Saved]:
        """Put back what rows of one day changed; of each as above, Left when somebody has changed its thing since."""
        ...

    async def tell(
        self, session: WriteSession, clock: Clock, principal: Principal, done: Sequence[Any], reason: str
    ) -> None:
        """Audit and publish what `apply` or `undo` did, in its order, once it is certain."""
        ...

    def refusal(self, row: ChangeRow, *, undoing: bool) -> str:
        """What is told of a row that the database refuses to save, or to undo."""
        ...

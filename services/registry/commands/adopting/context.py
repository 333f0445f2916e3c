"""What every step of an adoption shares: the document, the session, the units it names, and the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.policy.models import Structure, Unit
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.domain.members import MemberCategory
from services.registry.schemas.structure import AdoptionItem, AdoptionReport

MADE: Final = "made"
CHANGED: Final = "changed"
FOUND: Final = "found"
SKIPPED: Final = "skipped"


@dataclass
class Adoption:
    """One adoption while it runs. `members` are ids by name of a unit; None for one not made (yet).

    `day` is from when all of it is true: the document's own date, else what the caller gave.
    """

    session: AnySession
    clock: Clock
    principal: Principal
    pack: str
    title: str
    structure: Structure
    issued_on: date | None
    day: date | None
    categories: dict[str, MemberCategory]
    making: bool
    items: list[AdoptionItem] = field(default_factory=list)
    units: dict[str, Unit] = field(default_factory=dict)
    members: dict[str, UUID | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.units = {name: unit for unit in self.structure.units for name in [unit.name, *unit.aliases]}

    @property
    def scope(self) -> Scope:
        """The whole alliance: whoever adopts is the secretariat."""
        return Scope(self.principal.alliance)

    @property
    def writing(self) -> WriteSession:
        """The session to make things in. Raises TypeError in a preview, which makes nothing."""
        if not self.making or not isinstance(self.session, WriteSession):
            raise TypeError("a preview makes nothing")
        return self.session

    def note(self, kind: str, name: str, outcome: str, why: str | None = None) -> None:
        """Put one line into the report."""
        self.items.append(AdoptionItem(kind=kind, name=name, outcome=outcome, note=why))

    def member_of(self, name: str | None) -> UUID | None:
        """The member that a unit's name or alias means; None for a collective unit or one that is not on record."""
        unit = self.units.get(name) if name else None
        return self.members.get(unit.name) if unit else None

    def written(self, name: str | None) -> str | None:
        """How a unit is kept in words: as the document writes a member, a collective unit by its full name."""
        unit = self.units.get(name) if name else None
        return unit.name if unit and unit.collective else name

    def report(self) -> AdoptionReport:
        """What was made, changed, found and skipped."""

        def count(outcome: str) -> int:
            return sum(item.outcome == outcome for item in self.items)

        return AdoptionReport(
            pack=self.pack,
            title=self.title,
            issued_on=self.issued_on,
            preview=not self.making,
            made=count(MADE),
            changed=count(CHANGED),
            found=count(FOUND),
            skipped=count(SKIPPED),
            items=self.items,
        )


def seat_name(body: str, title: str, unit: str | None, post: str | None) -> str:
    """A seat in words, for the report."""
    parts: Sequence[str | None] = (body, title, unit, post)
    return " ".join(part for part in parts if part)

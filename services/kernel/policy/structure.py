"""`structure.yaml`: who takes part, which bodies govern, which seats they have, and what members build together."""

from datetime import date
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.kernel.policy.base import PackModel
from services.kernel.policy.scalars import Code, Division, FactValue, Locator, Text
from services.kernel.policy.vocabulary import BodyKind, CollaborationKind, FactName, MemberCategory, SuccessionMode


class Unit(PackModel):
    """An organisation that the document names, or a collective one such as all county governments.

    Leads, responsible units and seats refer to it by name or alias.
    """

    code: Code
    name: Text
    aliases: list[Text] = Field(default_factory=list)
    category: MemberCategory | None
    collective: bool = False
    division: Division | None = None
    article: Locator


class Role(PackModel):
    """One place in the alliance's formula, such as the first 2 of 1+2+2+N. An open role admits further members."""

    code: Code
    label: Text
    name: Text
    members: list[Text]
    open_ended: bool = False
    categories: list[MemberCategory] = Field(default_factory=list)
    article: Locator


class Formula(PackModel):
    """The shape of the alliance and its roles in order."""

    name: Text
    roles: list[Role] = Field(min_length=1)
    article: Locator


class Lead(PackModel):
    """A unit that leads the alliance or one of its undertakings."""

    unit: Text
    scope: Text
    article: Locator


class Seat(PackModel):
    """Unit and post. `holder` only where the document names a person, who holds the seat from the day `since`.

    Later holders are dated history in the registry. `count` is the number of equal seats, null where the document
    leaves it open.
    """

    code: Code
    title: Text
    unit: Text | None
    post: Text | None
    count: int | None
    holder: Text | None = None
    since: date | None = None
    article: Locator

    @model_validator(mode="after")
    def _holder_counts_from_a_day(self) -> Self:
        if self.holder is None and self.since is not None:
            raise PydanticCustomError(
                "since_without_holder", "没有任职人员就没有任职起始日，请补上 holder 或删去 since"
            )
        if self.holder is not None and "since" not in self.model_fields_set:
            raise PydanticCustomError(
                "holder_without_since", "写了任职人员，请写明从哪一天算起（since），不明的写 null"
            )
        return self


class Succession(PackModel):
    """How a seat changes hands: to the successor in post without a new notice, or by a notice."""

    mode: SuccessionMode
    article: Locator


class Body(PackModel):
    """A governance body. `host` is the unit that houses it; `host_options` are those a template offers."""

    code: Code
    name: Text
    aliases: list[Text] = Field(default_factory=list)
    kind: BodyKind
    parent: Code | None
    host: Text | None = None
    host_options: list[Text] = Field(default_factory=list)
    duties: list[Text] = Field(default_factory=list)
    succession: Succession | None = None
    seats: list[Seat]
    article: Locator


class Plate(PackModel):
    """A kind of recognition that is assessed again and again and lapses: how often, and after how long, in years."""

    kind: Code
    review_every_years: int = Field(gt=0)
    lapses_after_years: int = Field(gt=0)
    article: Locator


class TeacherPractice(PackModel):
    """How many months of enterprise practice a teacher needs within how many consecutive years."""

    months: int = Field(gt=0)
    window_years: int = Field(gt=0)
    article: Locator


class Collaboration(PackModel):
    """What the document itself names as built by members together, such as an industry college or a training base.

    `host` is the unit at which it stands, `lead` the one that leads it, `partners` the others that the document names.
    A host or lead that is written as null is one the document does not give; left out, there is none to give.
    """

    code: Code
    kind: CollaborationKind
    name: Text
    aliases: list[Text] = Field(default_factory=list)
    host: Text | None = None
    lead: Text | None = None
    partners: list[Text] = Field(default_factory=list)
    facts: dict[FactName, FactValue] = Field(default_factory=dict)
    article: Locator


class Industry(PackModel):
    """An industry that the document names as one the alliance serves (主导产业)."""

    code: Code
    name: Text
    article: Locator


class Structure(PackModel):
    """Units, the formula of membership (null where the document has none), leads, bodies, what is built together."""

    units: list[Unit]
    formula: Formula | None
    leads: list[Lead]
    bodies: list[Body]
    collaborations: list[Collaboration] = Field(default_factory=list)
    industries: list[Industry] = Field(default_factory=list)
    plates: list[Plate] = Field(default_factory=list)
    teacher_practice: TeacherPractice | None = None

"""`structure.yaml`: who takes part, which bodies govern, and which seats they have."""

from typing import Literal

from pydantic import Field

from services.kernel.policy.base import PackModel
from services.kernel.policy.scalars import Code, Division, Locator, Text
from services.kernel.policy.vocabulary import BodyKind, MemberCategory


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
    """Unit and post. `holder` only where the document names a person; later holders are dated history in the registry.

    `count` is the number of equal seats, null where the document leaves it open.
    """

    code: Code
    title: Text
    unit: Text | None
    post: Text | None
    count: int | None
    holder: Text | None = None
    article: Locator


class Succession(PackModel):
    """How a seat changes hands: to the successor in post without a new notice, or by a notice."""

    mode: Literal["by_post", "by_notice"]
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


class Structure(PackModel):
    """Units, the formula of membership (null where the document has none), leads and bodies."""

    units: list[Unit]
    formula: Formula | None
    leads: list[Lead]
    bodies: list[Body]
    plates: list[Plate] = Field(default_factory=list)
    teacher_practice: TeacherPractice | None = None

"""`subsidies.yaml`: budgets and money rules, each parameter a dated and cited series (docs/design.md §6)."""

from datetime import date
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from services.kernel.policy.base import Decision, PackModel, Validity
from services.kernel.policy.scalars import Code, Locator, Money, Text, Year
from services.kernel.policy.vocabulary import (
    ClassFormat,
    CollaborationKind,
    CountedUnit,
    EnterpriseSizeName,
    Level,
    Origin,
    Payee,
    Qualifier,
    SchoolCategoryName,
)

T = TypeVar("T")


class Dated(PackModel, Generic[T]):
    """A value in force from the day `from` until the next entry of its series."""

    from_: date = Field(alias="from")
    value: T
    article: Locator


class DatedMoney(PackModel):
    """An amount of money in yuan as text, exact to the 分; `unit` says per what. `qualifier` says how firm it is."""

    from_: date = Field(alias="from")
    value: Money
    unit: Text
    qualifier: Qualifier = "exact"
    article: Locator


MoneySeries = Annotated[list[DatedMoney], Field(min_length=1)]


class Years(PackModel):
    """First and last budget year, both included; null where the document does not say."""

    from_: Year | None = Field(alias="from")
    to: Year | None


class Budget(PackModel):
    """Money set aside for each of `years`, in yuan."""

    code: Code
    name: Text
    years: Years
    amount: Money | None
    unit: Text
    article: Locator
    decisions: dict[Code, Decision] = Field(default_factory=dict)


class RuleBase(PackModel):
    """What every money rule states. `discretionary`: the document says may; `selective`: only the best are paid."""

    code: Code
    name: Text
    article: Locator
    valid: Validity
    budget: Code | None
    discretionary: bool
    selective: bool
    payee: Payee
    decisions: dict[Code, Decision] = Field(default_factory=dict)


class RecognitionParameters(PackModel):
    """Amount in yuan per collaboration of this kind recognised at this level."""

    amount: MoneySeries
    collaboration_kind: list[Dated[CollaborationKind]] = Field(min_length=1)
    level: list[Dated[Level]] = Field(min_length=1)


class ClassParameters(PackModel):
    """Amount in yuan per class; headcount in persons, inclusive."""

    amount: MoneySeries
    min_headcount: list[Dated[Annotated[int, Field(ge=1)]]] = Field(min_length=1)
    formats: list[Dated[list[ClassFormat]]] = Field(min_length=1)
    enterprise_sizes: list[Dated[list[EnterpriseSizeName]]] = Field(min_length=1)
    enterprise_in_city: list[Dated[bool]] = Field(min_length=1)


class StudentParameters(PackModel):
    """Amount in yuan per student of this origin enrolled at a school of these categories."""

    amount: MoneySeries
    origin: list[Dated[Origin]] = Field(min_length=1)
    enrolling_categories: list[Dated[list[SchoolCategoryName]]] = Field(min_length=1)


class PerUnitParameters(PackModel):
    """Amount in yuan per counted unit: a person-year, a vacant post and year, a student, an item."""

    amount: MoneySeries
    counted: list[Dated[CountedUnit]] = Field(min_length=1)


class RecognitionRule(RuleBase):
    """An award for a recognised collaboration."""

    kind: Literal["recognition_award"]
    parameters: RecognitionParameters


class ClassRule(RuleBase):
    """An award for a class run with an enterprise."""

    kind: Literal["class_award"]
    parameters: ClassParameters


class StudentRule(RuleBase):
    """An award per enrolled student."""

    kind: Literal["student_award"]
    parameters: StudentParameters


class PerUnitRule(RuleBase):
    """A grant per unit counted in a year."""

    kind: Literal["per_unit_award"]
    parameters: PerUnitParameters


Rule = Annotated[RecognitionRule | ClassRule | StudentRule | PerUnitRule, Field(discriminator="kind")]


class Subsidies(PackModel):
    """Budgets, rules in the order in which they settle, and decisions that hold for all rules."""

    budgets: list[Budget]
    rules: list[Rule]
    decisions: dict[Code, Decision] = Field(default_factory=dict)

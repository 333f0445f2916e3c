"""What one settlement applies: the rules with every parameter read on the reference day. Amounts are 分 (fen)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.subsidies.rules.vocabulary import EarlierLevel, Origin, PayeeRole


@dataclass(frozen=True)
class RuleTerms:
    """What every kind of rule has. `articles` cites each parameter by name."""

    no: int
    code: str
    name: str
    article: str
    validity_article: str
    valid_from: date
    valid_to: date
    in_force: bool
    budget: str
    selective: bool
    payee: PayeeRole
    amount_fen: int
    articles: Mapping[str, str]

    def cite(self, parameter: str) -> str:
        return self.articles.get(parameter, self.article)


@dataclass(frozen=True)
class RecognitionTerms(RuleTerms):
    """An award for a collaboration recognised at one level."""

    collaboration_kind: str
    level: str
    earlier_level: EarlierLevel


@dataclass(frozen=True)
class ClassTerms(RuleTerms):
    """An award for a school–enterprise class; `min_headcount` itself is enough."""

    min_headcount: int
    once_per_class: bool
    formats: tuple[str, ...]
    enterprise_sizes: tuple[str, ...]
    enterprise_in_city: bool


@dataclass(frozen=True)
class StudentTerms(RuleTerms):
    """An award for one enrolled student."""

    origin: Origin
    enrolling_categories: tuple[str, ...]


@dataclass(frozen=True)
class YearTerms:
    """All the rules of one settlement, in the pack's order, and what each budget holds in the year.

    `carried_fen` is what an earlier year deferred to this one, by budget; `budgets_fen` is what is left beside it.
    """

    year: int
    snapshot_date: date
    reference_day: date
    city_prefix: str
    rules: tuple[RuleTerms, ...]
    budgets_fen: Mapping[str, int]
    carried_fen: Mapping[str, int] = field(default_factory=dict)

    def charged(self, carried_fen: Mapping[str, int]) -> YearTerms:
        """The same terms where the budgets first pay what an earlier year deferred; none is left with less than 0."""
        left = {budget: max(fen - carried_fen.get(budget, 0), 0) for budget, fen in self.budgets_fen.items()}
        return replace(self, budgets_fen=left, carried_fen=carried_fen)

    @property
    def recognition_rules(self) -> tuple[RecognitionTerms, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, RecognitionTerms))

    @property
    def class_rules(self) -> tuple[ClassTerms, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, ClassTerms))

    @property
    def student_rules(self) -> tuple[StudentTerms, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, StudentTerms))

    def pool_fen(self, rule: RuleTerms) -> int:
        return self.budgets_fen[rule.budget]

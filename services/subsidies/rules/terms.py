"""What one settlement applies: the rules with every parameter read on the reference day. Amounts are 分 (fen)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    """All the rules of one settlement, in the pack's order, and what each budget holds in the year."""

    year: int
    snapshot_date: date
    reference_day: date
    city_prefix: str
    rules: tuple[RuleTerms, ...]
    budgets_fen: Mapping[str, int]

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

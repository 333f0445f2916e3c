"""A policy pack's money rules, typed and read on a day: `RuleBook` → `YearTerms`.

A rule book is made from the plain dict of a pack's `subsidies` part (docs/design.md, section 6), as YAML or as stored
JSON gives it (dates as dates or ISO text, amounts as text). No value of a policy stands in this code. All amounts
leave this module as whole 分 (fen).

Reading a rule book for one settlement: the *reference day* is the snapshot date brought inside the settled year. A
rule is in force when the reference day lies within its validity, both ends included. Its parameters are the values in
force on that day; for a rule not in force the day is brought inside the validity, so that its subjects are still
recognised and can be told why nothing is paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.subsidies.rules.decisions import PAYEES, Decisions
from services.subsidies.rules.series import RuleBookError, Series, as_day, fen_of
from services.subsidies.rules.terms import (
    ClassTerms,
    RecognitionTerms,
    RuleTerms,
    StudentTerms,
    YearTerms,
)
from services.subsidies.rules.vocabulary import (
    ENTERPRISE_SIZES,
    LEVEL_RANKS,
    SCHOOL_CATEGORIES,
    EarlierLevel,
    Origin,
    PayeeRole,
    RuleKind,
)

_DIVISION_DIGITS = 6


@dataclass(frozen=True)
class Rule:
    """One money rule. `no` is its place in the pack, counted from 1; lines store it."""

    no: int
    code: str
    kind: RuleKind
    name: str
    article: str
    valid_from: date
    valid_to: date
    validity_article: str
    budget: str
    discretionary: bool
    selective: bool
    payee: PayeeRole
    parameters: Mapping[str, Series]
    decisions: Decisions

    def in_force_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to

    def parameter(self, name: str) -> Series:
        """The dated series of one parameter; a rule without it cannot be applied."""
        if name not in self.parameters:
            raise RuleBookError(f"rule {self.code} has no parameter {name}")
        return self.parameters[name]


@dataclass(frozen=True)
class Budget:
    """Money set aside for each year from `first_year` to `last_year`, in 分."""

    code: str
    name: str
    first_year: int
    last_year: int
    amount_fen: int
    article: str

    def exists_in(self, year: int) -> bool:
        return self.first_year <= year <= self.last_year

    def in_year(self, year: int) -> int:
        """What the year has, in 分; nothing outside the budget's years."""
        return self.amount_fen if self.exists_in(year) else 0


@dataclass(frozen=True)
class RuleBook:
    """The rules and budgets of one policy pack version, and the city they are for."""

    rules: tuple[Rule, ...]
    budgets: tuple[Budget, ...]
    city_prefix: str

    @classmethod
    def from_part(cls, part: Mapping[str, Any], alliance_division: str) -> RuleBook:
        """Read the `subsidies` part of a pack; `alliance_division` is the city's own code, such as 340800.

        Raises RuleBookError when a value that the engine needs is missing or cannot be read.
        """
        if len(alliance_division) != _DIVISION_DIGITS or not alliance_division.endswith("00"):
            raise RuleBookError(f"a city's division code has six digits and ends in 00: {alliance_division!r}")
        rules = tuple(_rule(no, entry) for no, entry in enumerate(part["rules"], start=1))
        # A budget whose amount the document leaves open cannot fund a rule; one that names it is refused below.
        budgets = tuple(_budget(entry) for entry in part["budgets"] if entry["amount"] is not None)
        book = cls(rules=rules, budgets=budgets, city_prefix=alliance_division.removesuffix("00"))
        book._check()
        return book

    def _check(self) -> None:
        codes = [rule.code for rule in self.rules]
        if len(set(codes)) != len(codes):
            raise RuleBookError(f"rule codes repeat: {codes}")
        known = {budget.code for budget in self.budgets}
        missing = {rule.budget for rule in self.rules} - known
        if missing:
            raise RuleBookError(f"rules name budgets without an amount: {sorted(missing)}")

    def rule(self, code: str) -> Rule:
        for rule in self.rules:
            if rule.code == code:
                return rule
        raise RuleBookError(f"no rule {code}")

    def budget(self, code: str) -> Budget:
        for budget in self.budgets:
            if budget.code == code:
                return budget
        raise RuleBookError(f"no budget {code}")

    def deciding(self, decision: str, value: str, rule: str | None = None) -> RuleBook:
        """The same book with one of our decisions taken otherwise, by one rule or wherever it is taken.

        Raises RuleBookError when no such rule takes it, or when a rule cannot carry the value out.
        """
        taking = [known for known in self.rules if rule in (None, known.code) and decision in known.decisions.values]
        if not taking:
            raise RuleBookError(f"no rule takes the decision {decision}")
        changed = {
            known.no: replace(known, decisions=known.decisions.deciding(decision, value, known.kind))
            for known in taking
        }
        return replace(self, rules=tuple(changed.get(known.no, known) for known in self.rules))

    def terms(self, year: int, snapshot_date: date) -> YearTerms:
        """Everything that a settlement of `year` with rosters as of `snapshot_date` applies."""
        reference = min(max(snapshot_date, date(year, 1, 1)), date(year, 12, 31))
        rules = tuple(self._rule_terms(rule, reference) for rule in self.rules)
        awards = [(rule.collaboration_kind, rule.level) for rule in rules if isinstance(rule, RecognitionTerms)]
        if len(set(awards)) != len(awards):
            raise RuleBookError("two rules award the same level of the same kind of collaboration")
        return YearTerms(
            year=year,
            snapshot_date=snapshot_date,
            reference_day=reference,
            city_prefix=self.city_prefix,
            rules=rules,
            budgets_fen={budget.code: budget.in_year(year) for budget in self.budgets},
        )

    def _rule_terms(self, rule: Rule, reference: date) -> RuleTerms:
        day = min(max(reference, rule.valid_from), rule.valid_to)
        amount = rule.parameter("amount").at(day)
        base = RuleTerms(
            no=rule.no,
            code=rule.code,
            name=rule.name,
            article=rule.article,
            validity_article=rule.validity_article,
            valid_from=rule.valid_from,
            valid_to=rule.valid_to,
            in_force=rule.in_force_on(reference),
            budget=rule.budget,
            selective=rule.selective,
            payee=rule.decisions.payee or rule.payee,
            amount_fen=fen_of(amount.value, amount.unit),
            articles={name: series.at(day).article or rule.article for name, series in rule.parameters.items()},
        )
        if rule.kind is RuleKind.RECOGNITION_AWARD:
            return self._recognition_terms(base, rule, day)
        return _class_terms(base, rule, day) if rule.kind is RuleKind.CLASS_AWARD else _student_terms(base, rule, day)

    def _recognition_terms(self, base: RuleTerms, rule: Rule, day: date) -> RecognitionTerms:
        level = str(rule.parameter("level").at(day).value)
        if level not in LEVEL_RANKS:
            raise RuleBookError(f"rule {rule.code}: unknown recognition level {level!r}")
        kind = str(rule.parameter("collaboration_kind").at(day).value)
        return RecognitionTerms(
            **vars(base),
            collaboration_kind=kind,
            level=level,
            earlier_level=self._earlier_level(kind, day),
        )

    def _earlier_level(self, collaboration_kind: str, day: date) -> EarlierLevel:
        """The one decision shared by all rules for a kind of collaboration, wherever the pack writes it."""
        siblings = [
            rule
            for rule in self.rules
            if rule.kind is RuleKind.RECOGNITION_AWARD
            and rule.parameter("collaboration_kind").on_or_first(day).value == collaboration_kind
        ]
        decided = {rule.decisions.earlier_level for rule in siblings} - {None}
        if not decided and len(siblings) == 1:
            # One level only: nothing can be owed beside it, so what was paid before is always taken off.
            return EarlierLevel.TOP_UP
        if len(decided) != 1:
            raise RuleBookError(f"rules for {collaboration_kind} need one decision earlier_level, not {len(decided)}")
        return decided.pop() or EarlierLevel.TOP_UP


def _class_terms(base: RuleTerms, rule: Rule, day: date) -> ClassTerms:
    sizes = _texts(rule.parameter("enterprise_sizes").at(day).value)
    return ClassTerms(
        **vars(base),
        min_headcount=int(rule.parameter("min_headcount").at(day).value) + rule.decisions.headcount_extra,
        once_per_class=rule.decisions.once_per_class,
        formats=_texts(rule.parameter("formats").at(day).value),
        enterprise_sizes=tuple(_word(size, ENTERPRISE_SIZES, rule) for size in sizes),
        enterprise_in_city=_truth(rule.parameter("enterprise_in_city").at(day).value),
    )


def _student_terms(base: RuleTerms, rule: Rule, day: date) -> StudentTerms:
    categories = [
        _word(category, SCHOOL_CATEGORIES, rule)
        for category in _texts(rule.parameter("enrolling_categories").at(day).value)
    ]
    return StudentTerms(
        **vars(base),
        origin=Origin(str(rule.parameter("origin").at(day).value)),
        enrolling_categories=tuple(code for code in categories if rule.decisions.admits(code)),
    )


def _word(text: str, words: Mapping[str, str], rule: Rule) -> str:
    """The code of a word that a pack may write as its Chinese label or as its code."""
    code = words.get(text, text)
    if code not in words.values():
        raise RuleBookError(f"rule {rule.code}: unknown word {text!r}")
    return code


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).strip().lower() == "true"


def _rule(no: int, entry: Mapping[str, Any]) -> Rule:
    code = str(entry["code"])
    valid = entry["valid"]
    try:
        kind = RuleKind(entry["kind"])
    except ValueError as error:
        raise RuleBookError(f"rule {code}: kind {entry['kind']!r} cannot be settled") from error
    if entry.get("budget") is None:
        raise RuleBookError(f"rule {code} names no budget")
    payee = PayeeRole(entry["payee"])
    if payee not in PAYEES[kind]:
        raise RuleBookError(f"rule {code}: a {kind} cannot pay the {payee}")
    return Rule(
        no=no,
        code=code,
        kind=kind,
        name=str(entry["name"]),
        article=str(entry["article"]),
        valid_from=as_day(valid.get("from"), date.min),
        valid_to=as_day(valid.get("to"), date.max),
        validity_article=str(valid.get("article") or entry["article"]),
        budget=str(entry["budget"]),
        discretionary=bool(entry.get("discretionary", False)),
        selective=bool(entry.get("selective", False)),
        payee=payee,
        parameters={name: Series.read(f"{code}.{name}", values) for name, values in entry["parameters"].items()},
        decisions=Decisions.read(code, kind, entry.get("decisions") or {}),
    )


def _budget(entry: Mapping[str, Any]) -> Budget:
    return Budget(
        code=str(entry["code"]),
        name=str(entry["name"]),
        first_year=int(entry["years"]["from"] or date.min.year),
        last_year=int(entry["years"]["to"] or date.max.year),
        amount_fen=fen_of(entry["amount"], entry.get("unit")),
        article=str(entry["article"]),
    )

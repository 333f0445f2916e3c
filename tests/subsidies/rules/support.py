"""Makers of facts and the line-by-line explanation of a whole settlement, for the tests of the money rules."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from ruamel.yaml import YAML

from services.subsidies.rules import (
    CLASSES,
    RECOGNITIONS,
    STUDENTS,
    ClassCase,
    Explanation,
    Facts,
    Pins,
    RecognitionCase,
    RuleBook,
    Settled,
    StudentCase,
    SubjectKind,
    YearTerms,
    explain_class,
    explain_recognition,
    explain_student,
)
from services.subsidies.rules.series import Series, fen_of

PACK = Path(__file__).resolve().parents[3] / "policies" / "anqing-2024"
CITY = "340800"
YEAR = 2024
SNAPSHOT = date(2024, 10, 31)

STUDENT = {
    "student_no": 1,
    "person_key": b"one",
    "school": "school-a",
    "school_name": "A",
    "school_category": "secondary_vocational",
    "class_code": None,
    "enrolment_year": YEAR,
    "enrolled_on": date(2024, 9, 1),
    "left_on": None,
    "origin_division": "340822",
    "sending_school": "sender",
    "sending_school_in_city": True,
    "claimed_rule": "sending_award",
    "claim_accepted": True,
    "prior_paid": False,
}

CLASS = {
    "class_no": 1,
    "school": "school-a",
    "class_code": "C1",
    "format": "订单",
    "enterprise_division": "340803",
    "enterprise_size": "large",
    "has_size_evidence": True,
    "score": Decimal("90"),
    "claim_accepted": True,
    "prior_paid": False,
}

RECOGNITION = {
    "recognition_no": 1,
    "collaboration": "park",
    "kind": "consortium",
    "level": "provincial",
    "granted_on": date(2024, 5, 1),
    "lead_member": "lead",
    "host_member": "host",
    "claim_accepted": True,
    "prior_paid": False,
    "prior_paid_fen": 0,
}

PINS = Pins(
    alliance="anqing",
    year=YEAR,
    snapshot_date=SNAPSHOT,
    policy_pack="anqing-2024",
    policy_version=1,
    policy_sha256="a" * 64,
    registry_version="b" * 64,
    roster_sequence=7,
    claims_sha256="c" * 64,
    prior_payments_sha256="d" * 64,
)


@functools.cache
def pack_part() -> dict[str, Any]:
    """The subsidies part of the real pack, as YAML gives it."""
    part: dict[str, Any] = YAML(typ="safe").load(PACK / "subsidies.yaml")
    return part


@functools.cache
def book() -> RuleBook:
    return RuleBook.from_part(pack_part(), CITY)


def frame(rows: Iterable[Mapping[str, Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame([dict(row) for row in rows], schema=dict(schema), orient="row")


def facts_of(
    students: Iterable[Mapping[str, Any]] = (),
    classes: Iterable[Mapping[str, Any]] = (),
    recognitions: Iterable[Mapping[str, Any]] = (),
) -> Facts:
    """Facts from partial rows; what a row leaves out is taken from the payable examples above."""
    return Facts.of(
        frame(({**STUDENT, **row} for row in students), STUDENTS),
        frame(({**CLASS, **row} for row in classes), CLASSES),
        frame(({**RECOGNITION, **row} for row in recognitions), RECOGNITIONS),
    )


def pupils(count: int, class_code: str = "C1", school: str = "school-a", **changes: Any) -> list[dict[str, Any]]:
    """Members of a class who claim nothing, numbered apart from other students."""
    base = 1_000_000 + sum(map(ord, class_code + school)) * 1000
    return [
        {
            "student_no": base + n,
            "person_key": f"{school}/{class_code}/{n}".encode(),
            "school": school,
            "class_code": class_code,
            "claimed_rule": None,
            **changes,
        }
        for n in range(count)
    ]


def line(settled: Settled, kind: SubjectKind, number: int) -> dict[str, Any]:
    """The one line of a subject."""
    found = settled.lines.filter(pl.col("subject_kind") == int(kind), pl.col("subject_no") == number)
    assert found.height == 1, f"{found.height} lines for {kind.name} {number}"
    return found.row(0, named=True)


def explanations(settled: Settled, facts: Facts, terms: YearTerms) -> list[Explanation]:
    """Every line of a settlement explained case by case, in line order.

    Money ahead of a line is summed here in plain Python from earlier explanations, not read from the bulk lines; a
    ranked class waits for all fixed awards and for the classes of better rank, which stand before it.
    """
    students = [StudentCase(**row) for row in facts.students.to_dicts()]
    heads = dict(settled.headcounts.iter_rows())
    classes = [ClassCase(**row, headcount=heads[row["class_no"]]) for row in facts.classes.to_dicts()]
    recognitions = [RecognitionCase(**row) for row in facts.recognitions.to_dicts()]
    rules = {rule.no: rule for rule in terms.rules}
    told: list[Explanation] = []
    ahead: dict[str, int] = {}
    for row in settled.lines.sort("line_no").to_dicts():
        rule = rules[row["rule_no"]]
        before = ahead.get(rule.budget, 0)
        number = row["subject_no"]
        if row["subject_kind"] == SubjectKind.STUDENT:
            case = next(s for s in students if s.student_no == number)
            one = explain_student(terms, case, students, before)
        elif row["subject_kind"] == SubjectKind.CLASS:
            klass = next(c for c in classes if c.class_no == number)
            one = explain_class(terms, rule, klass, classes, before)
        else:
            recognised = next(r for r in recognitions if r.recognition_no == number)
            one = explain_recognition(terms, rule, recognised, recognitions, before)
        ahead[rule.budget] = before + one.amount_fen
        told.append(one)
    return told


def told_line(one: Explanation) -> dict[str, Any]:
    """What an explanation says, in the columns of a line."""
    return {
        "rule_no": one.rule_no,
        "subject_kind": int(one.kind),
        "subject_no": one.subject_no,
        "payee": one.payee,
        "outcome": int(one.outcome),
        "reason": None if one.reason is None else int(one.reason),
        "rank": one.rank,
        "funding": None if one.funding is None else int(one.funding),
        "amount_fen": one.amount_fen,
    }


def with_terms(rulebook: RuleBook, *, min_headcount: int | None = None, pool_yuan: str | None = None) -> RuleBook:
    """The same book with another headcount or pool, so that small worlds reach the limits."""
    rules = rulebook.rules
    if min_headcount is not None:
        series = Series.read("min_headcount", [{"from": "2024-01-01", "value": min_headcount, "article": "二11"}])
        rules = tuple(
            replace(rule, parameters={**rule.parameters, "min_headcount": series})
            if "min_headcount" in rule.parameters
            else rule
            for rule in rules
        )
    budgets = rulebook.budgets
    if pool_yuan is not None:
        pool = fen_of(pool_yuan, "元")
        budgets = tuple(replace(one, amount_fen=pool) if one.code == "award_pool" else one for one in budgets)
    return replace(rulebook, rules=rules, budgets=budgets)

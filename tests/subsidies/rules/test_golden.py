"""The golden cases of the Anqing pack, settled in bulk and explained one by one."""

from __future__ import annotations

import pytest

from services.subsidies.rules import Reason, RuleBook, settle
from tests.subsidies.rules.golden import GoldenCase, golden_cases
from tests.subsidies.rules.support import PACK, book, explanations, told_line

CASES = list(golden_cases(PACK / "golden"))


def decided(case: GoldenCase) -> RuleBook:
    decided_book = book()
    for name, value in case.decisions.items():
        rule, _, decision = name.rpartition(".")
        decided_book = decided_book.deciding(decision, value, rule or None)
    return decided_book


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bulk_settlement_gives_exactly_the_expected_lines(case: GoldenCase) -> None:
    settled = settle(case.year, case.snapshot_date, decided(case), case.facts)
    lines = settled.lines.to_dicts()
    assert len(lines) == len(case.expected)
    for line, expected in zip(lines, case.expected, strict=True):
        assert {name: line[name] for name in expected} == expected
    pool = settled.pools["award_pool"]
    assert {"应付": pool.payable_fen, "资金池内": pool.within_fen, "超出资金池": pool.above_fen} == case.totals


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_explanations_give_the_same_lines(case: GoldenCase) -> None:
    rulebook = decided(case)
    settled = settle(case.year, case.snapshot_date, rulebook, case.facts)
    told = explanations(settled, case.facts, rulebook.terms(case.year, case.snapshot_date))
    for explanation, expected in zip(told, case.expected, strict=True):
        line = told_line(explanation)
        assert {name: line[name] for name in expected} == expected


def test_every_reason_and_every_rule_has_a_golden_case() -> None:
    reasons = {line["reason"] for case in CASES for line in case.expected} - {None}
    assert reasons == {int(reason) for reason in Reason}
    paid = set()
    for case in CASES:
        settled = settle(case.year, case.snapshot_date, decided(case), case.facts)
        paid |= set(settled.totals.filter(settled.totals["payable_count"] > 0)["rule"])
    assert paid == {rule.code for rule in book().rules}


def test_names_of_cases_are_unique() -> None:
    names = [str(case) for case in CASES]
    assert len(set(names)) == len(names)

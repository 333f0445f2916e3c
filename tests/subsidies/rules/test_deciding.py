"""What a decision above a pool rests on: scenarios of stored lines, shares by payee, terms charged with a deferral."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.subsidies.queries.totals import shares_by_payee
from services.subsidies.rules import LINES, RuleBook, ScenarioCode, YearTerms, scenarios, settle, settle_under
from services.subsidies.rules.scenarios import by_code, same_effect
from services.subsidies.rules.vocabulary import Funding, Outcome
from tests.subsidies.rules import strategies
from tests.subsidies.rules.support import SNAPSHOT, YEAR, book, facts_of, pupils, with_terms


def terms_with(pool_fen: int) -> YearTerms:
    return replace(book().terms(YEAR, SNAPSHOT), budgets_fen={"award_pool": pool_fen})


@st.composite
def payable_lines(draw: st.DrawFn) -> tuple[pl.DataFrame, YearTerms]:
    """Lines as they are stored, of fixed and ranked rules, excluded ones between them, and a pool that is short."""
    terms = book().terms(YEAR, SNAPSHOT)
    amounts = draw(st.lists(st.integers(1, 10**12), min_size=1, max_size=30))
    rules = sorted((draw(st.sampled_from(terms.rules)) for _ in amounts), key=lambda rule: (rule.selective, rule.no))
    pool = draw(st.integers(0, sum(amounts) - 1))
    rows, ahead = [], 0
    for number, (rule, fen) in enumerate(zip(rules, amounts, strict=True), start=1):
        if draw(st.integers(0, 5)) == 0:
            line = {"outcome": Outcome.EXCLUDED, "reason": 2, "funding": None, "payee": None, "amount_fen": 0}
        else:
            ahead += fen
            funding = Funding.WITHIN_POOL if ahead <= pool else Funding.ABOVE_POOL
            payee = draw(st.sampled_from(["a", "b", "c"]))
            line = {"outcome": Outcome.PAYABLE, "reason": None, "funding": funding, "payee": payee, "amount_fen": fen}
        rows.append(
            {"line_no": number, "rule_no": rule.no, "subject_kind": 1, "subject_no": number, "rank": None, **line}
        )
    return pl.DataFrame(rows, schema=dict(LINES), orient="row"), replace(terms, budgets_fen={"award_pool": pool})


@settings(max_examples=80, deadline=None)
@given(payable_lines(), st.sampled_from(ScenarioCode))
def test_the_lines_of_a_decision_add_up_to_its_sums_and_so_do_its_payees(
    world: tuple[pl.DataFrame, YearTerms], code: ScenarioCode
) -> None:
    lines, terms = world
    scenario = by_code(scenarios(lines, terms, "award_pool"), code)
    payable = lines.filter(pl.col("outcome") == int(Outcome.PAYABLE))
    assert scenario.lines["line_no"].to_list() == payable["line_no"].to_list()
    assert scenario.claimed_fen == payable["amount_fen"].sum()
    assert scenario.paid_fen <= max(terms.budgets_fen["award_pool"], 0)
    payees = shares_by_payee(lines, scenario.lines)
    assert len({(entry["rule_no"], entry["payee"]) for entry in payees}) == len(payees)
    for name in ("paid_fen", "deferred_fen", "unfunded_fen"):
        assert scenario.lines[name].sum() == sum(entry[name] for entry in payees) == getattr(scenario, name)
    assert sum(entry["count"] for entry in payees) == (scenario.lines["paid_fen"] > 0).sum()
    assert sum(entry["deferred_count"] for entry in payees) == (scenario.lines["deferred_fen"] > 0).sum()
    for entry in payees:
        mine = payable.filter(pl.col("payee") == entry["payee"], pl.col("rule_no") == entry["rule_no"])
        shares = scenario.lines.filter(pl.col("line_no").is_in(mine["line_no"].implode()))
        assert [entry[name] for name in ("paid_fen", "deferred_fen", "unfunded_fen")] == [
            shares[name].sum() for name in ("paid_fen", "deferred_fen", "unfunded_fen")
        ]


def test_ranked_classes_share_nothing_when_fixed_awards_use_the_pool_to_the_last_fen() -> None:
    """Two students of 500 and two classes of 100,000 against exactly 1,000, and against one 分 less and more."""
    rows: dict[str, Any] = {
        "students": [{}, {"student_no": 2, "person_key": b"two"}, *pupils(20, "C1"), *pupils(20, "C2")],
        "classes": [{"class_no": n, "class_code": f"C{n}", "score": Decimal(100 - n)} for n in (1, 2)],
    }
    by_hand = {
        "1000": ([50_000, 50_000, 0, 0], [50_000, 50_000, 0, 0]),
        "999.99": ([50_000, 0, 0, 0], [50_000, 0, 0, 0]),
        "1000.01": ([50_000, 50_000, 0, 0], [50_000, 50_000, 1, 0]),
    }
    for pool, (fixed_first, shared) in by_hand.items():
        rulebook = with_terms(book(), pool_yuan=pool)
        settled = settle(YEAR, SNAPSHOT, rulebook, facts_of(**rows))
        found = scenarios(settled.lines, rulebook.terms(YEAR, SNAPSHOT), "award_pool")
        assert by_code(found, ScenarioCode.FIXED_FIRST).lines["paid_fen"].to_list() == fixed_first
        assert by_code(found, ScenarioCode.PRO_RATA_CLASSES).lines["paid_fen"].to_list() == shared


@settings(max_examples=30, deadline=None)
@given(strategies.rows(), strategies.rulebooks(), st.integers(0, 600_000_000))
def test_a_charged_pool_settles_as_a_smaller_one(world: dict[str, Any], rulebook: RuleBook, carried: int) -> None:
    terms = rulebook.terms(YEAR, SNAPSHOT).charged({"award_pool": carried})
    pool = max(rulebook.terms(YEAR, SNAPSHOT).budgets_fen["award_pool"] - carried, 0)
    smaller = with_terms(rulebook, pool_yuan=str(Decimal(pool) / 100))
    assert (terms.budgets_fen["award_pool"], terms.carried_fen) == (pool, {"award_pool": carried})
    facts = strategies.facts(world)
    charged, other = settle_under(terms, facts), settle(YEAR, SNAPSHOT, smaller, facts)
    assert charged.lines.equals(other.lines)
    assert charged.pools == other.pools


@pytest.mark.parametrize("standing", [None, *ScenarioCode])
def test_only_the_same_scenario_or_first_fixed_first_changes_nothing_for_other_years(
    standing: ScenarioCode | None,
) -> None:
    allowed = {code for code in ScenarioCode if same_effect(standing, code)}
    assert allowed == {standing or ScenarioCode.FIXED_FIRST}


def test_terms_that_nothing_is_carried_over_to_stay_as_they_are() -> None:
    terms = terms_with(100)
    assert terms.charged({}) == terms
    assert terms.charged({"other": 5}).budgets_fen == {"award_pool": 100}

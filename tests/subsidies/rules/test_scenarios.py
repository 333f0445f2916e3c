"""Claims above the pool: what each scenario pays, to the last 分."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from services.subsidies.rules import FUNDING, RuleBook, Scenario, ScenarioCode, scenarios, settle
from services.subsidies.rules.scenarios import by_code
from tests.subsidies.rules import strategies
from tests.subsidies.rules.support import SNAPSHOT, YEAR, book, facts_of, pupils, with_terms


def shown(rulebook: RuleBook, **rows: Any) -> dict[ScenarioCode, Scenario]:
    settled = settle(YEAR, SNAPSHOT, rulebook, facts_of(**rows))
    found = scenarios(settled.lines, rulebook.terms(YEAR, SNAPSHOT), "award_pool")
    return {code: by_code(found, code) for code in ScenarioCode}


def three_classes_and_a_student() -> dict[str, Any]:
    classes = [{"class_no": n, "class_code": f"C{n}", "score": Decimal(100 - n)} for n in (1, 2, 3)]
    members = [one for n in (1, 2, 3) for one in pupils(20, f"C{n}")]
    return {"students": [{}, *members], "classes": classes}


def test_a_pool_that_suffices_pays_all_in_every_scenario() -> None:
    for scenario in shown(book(), **three_classes_and_a_student()).values():
        assert scenario.paid_fen == scenario.claimed_fen == 30_050_000
        assert scenario.left_fen == 500_000_000 - 30_050_000
        assert (scenario.deferred_fen, scenario.unfunded_fen) == (0, 0)


def test_fixed_awards_come_first_and_ranked_classes_while_money_lasts() -> None:
    found = shown(with_terms(book(), pool_yuan="250000"), **three_classes_and_a_student())
    first = found[ScenarioCode.FIXED_FIRST]
    assert first.lines["paid_fen"].to_list() == [50_000, 10_000_000, 10_000_000, 0]
    assert (first.paid_fen, first.unfunded_fen, first.left_fen) == (20_050_000, 10_000_000, 4_950_000)
    carried = found[ScenarioCode.CARRY_OVER]
    assert carried.lines["paid_fen"].equals(first.lines["paid_fen"])
    assert (carried.deferred_fen, carried.unfunded_fen) == (10_000_000, 0)


def test_classes_share_what_fixed_awards_leave() -> None:
    found = shown(with_terms(book(), pool_yuan="250000"), **three_classes_and_a_student())
    shared = found[ScenarioCode.PRO_RATA_CLASSES]
    # 249,500.00 yuan over three equal claims: 83,166.66 each, and the two spare 分 go to the two best.
    assert shared.lines["paid_fen"].to_list() == [50_000, 8_316_667, 8_316_667, 8_316_666]
    assert shared.left_fen == 0


def test_all_share_the_pool_by_their_claims() -> None:
    found = shown(with_terms(book(), pool_yuan="100000"), **three_classes_and_a_student())
    shared = found[ScenarioCode.PRO_RATA_ALL]
    exact = [Fraction(claim * 10_000_000, 30_050_000) for claim in (50_000, 10_000_000, 10_000_000, 10_000_000)]
    assert shared.lines["paid_fen"].to_list() == [16_639, 3_327_787, 3_327_787, 3_327_787]
    assert all(abs(paid - share) < 1 for paid, share in zip(shared.lines["paid_fen"], exact, strict=True))
    assert shared.paid_fen == 10_000_000


def test_classes_get_nothing_when_fixed_awards_alone_do_not_fit() -> None:
    rulebook = with_terms(book(), pool_yuan="700")
    rows = three_classes_and_a_student()
    rows["students"].append({"student_no": 2, "person_key": b"two"})
    found = shown(rulebook, **rows)
    for code in (ScenarioCode.FIXED_FIRST, ScenarioCode.PRO_RATA_CLASSES):
        assert found[code].lines["paid_fen"].to_list() == [50_000, 0, 0, 0, 0]
    assert found[ScenarioCode.PRO_RATA_ALL].paid_fen == 70_000


def test_amounts_of_a_whole_province_do_not_overflow() -> None:
    huge = with_terms(book(), pool_yuan="40000000000")
    part = [{"student_no": n, "person_key": str(n).encode()} for n in range(1, 4)]
    settled = settle(YEAR, SNAPSHOT, huge, facts_of(part))
    grown = settled.lines.with_columns(amount_fen=pl.lit(2_000_000_000_000, dtype=pl.Int64))
    found = scenarios(grown, huge.terms(YEAR, SNAPSHOT), "award_pool")
    shared = by_code(found, ScenarioCode.PRO_RATA_ALL)
    assert shared.paid_fen == 4_000_000_000_000
    assert shared.lines["paid_fen"].to_list() == [1_333_333_333_334, 1_333_333_333_333, 1_333_333_333_333]


@settings(max_examples=40, deadline=None)
@given(strategies.rows(), strategies.rulebooks())
def test_every_scenario_splits_each_claim_without_remainder(world: dict[str, Any], rulebook: RuleBook) -> None:
    settled = settle(YEAR, SNAPSHOT, rulebook, strategies.facts(world))
    claimed = settled.lines.filter(pl.col("funding").is_not_null())
    for scenario in scenarios(settled.lines, rulebook.terms(YEAR, SNAPSHOT), "award_pool"):
        lines = scenario.lines
        assert dict(lines.schema) == dict(FUNDING)
        assert lines["line_no"].to_list() == claimed["line_no"].to_list()
        assert lines["claimed_fen"].to_list() == claimed["amount_fen"].to_list()
        assert (lines["paid_fen"] + lines["deferred_fen"] + lines["unfunded_fen"] == lines["claimed_fen"]).all()
        assert all((lines[name] >= 0).all() for name in lines.columns)
        assert scenario.paid_fen == lines["paid_fen"].sum() <= scenario.pool_fen
        assert scenario.paid_fen + scenario.deferred_fen + scenario.unfunded_fen == scenario.claimed_fen
        if scenario.code is ScenarioCode.PRO_RATA_ALL:
            assert scenario.paid_fen == min(scenario.pool_fen, scenario.claimed_fen)


def test_scenarios_speak_chinese_and_an_absent_one_is_an_error() -> None:
    found = shown(book())
    assert found[ScenarioCode.CARRY_OVER].label == "超出部分结转下年"
    assert all(scenario.explanation.endswith("。") for scenario in found.values())
    with pytest.raises(KeyError):
        by_code([], ScenarioCode.CARRY_OVER)

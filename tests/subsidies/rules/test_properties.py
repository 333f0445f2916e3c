"""What holds for every settlement, whatever the facts, the pool and our decisions."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.subsidies.rules import Funding, Outcome, RuleBook, Settled, SubjectKind, settle, settlement_hash
from tests.subsidies.rules import strategies
from tests.subsidies.rules.support import PINS, SNAPSHOT, YEAR, explanations, told_line

World = dict[str, list[dict[str, Any]]]
PROFILE = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The two forms of the rules are written apart, so this one looks at many more worlds.
THOROUGH = settings(PROFILE, max_examples=200)


def settled_of(world: World, rulebook: RuleBook) -> Settled:
    return settle(YEAR, SNAPSHOT, rulebook, strategies.facts(world))


def by_subject(settled: Settled) -> dict[tuple[int, int], dict[str, Any]]:
    return {(line["subject_kind"], line["subject_no"]): line for line in settled.lines.to_dicts()}


@THOROUGH
@given(strategies.rows(), strategies.rulebooks())
def test_every_explanation_says_what_its_bulk_line_says(world: World, rulebook: RuleBook) -> None:
    facts = strategies.facts(world)
    settled = settle(YEAR, SNAPSHOT, rulebook, facts)
    told = explanations(settled, facts, rulebook.terms(YEAR, SNAPSHOT))
    lines = settled.lines.drop("line_no").to_dicts()
    assert [told_line(one) for one in told] == lines
    for one in told:
        failing = [condition.reason for condition in one.conditions if not condition.holds]
        assert one.reason == (failing[0] if failing else None)
        reasons = [int(condition.reason) for condition in one.conditions]
        assert len(set(reasons)) == len(reasons)


@PROFILE
@given(strategies.rows(), strategies.rulebooks())
def test_no_person_is_paid_twice(world: World, rulebook: RuleBook) -> None:
    settled = settled_of(world, rulebook)
    people = {row["student_no"]: row["person_key"] for row in world["students"]}
    paid = settled.lines.filter(
        pl.col("subject_kind") == int(SubjectKind.STUDENT), pl.col("outcome") == int(Outcome.PAYABLE)
    )
    keys = [people[number] for number in paid["subject_no"]]
    assert len(keys) == len(set(keys))


@PROFILE
@given(strategies.rows(), strategies.rulebooks())
def test_lines_carry_money_exactly_when_payable(world: World, rulebook: RuleBook) -> None:
    settled = settled_of(world, rulebook)
    assert settled.lines["line_no"].to_list() == list(range(1, settled.lines.height + 1))
    for line in settled.lines.to_dicts():
        payable = line["outcome"] == Outcome.PAYABLE
        assert payable == (line["reason"] is None) == (line["funding"] is not None) == (line["amount_fen"] > 0)
        assert not payable or line["payee"] is not None


@PROFILE
@given(strategies.rows(), strategies.rulebooks())
def test_the_parts_add_up_and_the_pool_is_never_exceeded(world: World, rulebook: RuleBook) -> None:
    settled = settled_of(world, rulebook)
    pool = settled.pools["award_pool"]
    within = settled.lines.filter(pl.col("funding") == int(Funding.WITHIN_POOL))["amount_fen"].sum()
    above = settled.above_pool["amount_fen"].sum()
    assert pool.within_fen == within <= pool.pool_fen
    assert settled.above_pool_fen == above
    assert pool.payable_fen == within + above == settled.lines["amount_fen"].sum() == settled.payable_fen
    assert settled.totals["payable_fen"].sum() == pool.payable_fen
    assert (settled.totals["within_fen"] + settled.totals["above_fen"] == settled.totals["payable_fen"]).all()
    counted = settled.totals["payable_count"].sum() + settled.totals["excluded_count"].sum()
    assert counted == settled.lines.height


@PROFILE
@given(strategies.rows(), strategies.rulebooks(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_neither_lines_nor_hash(
    world: World, rulebook: RuleBook, dice: random.Random
) -> None:
    shuffled = {kind: dice.sample(rows, len(rows)) for kind, rows in world.items()}
    one, other = settled_of(world, rulebook), settled_of(shuffled, rulebook)
    assert one.lines.equals(other.lines)
    assert one.totals.equals(other.totals)
    assert settlement_hash(PINS, one.lines) == settlement_hash(PINS, other.lines)


@PROFILE
@given(strategies.rows(), strategies.rulebooks(), strategies.student(), st.sampled_from(["left", "school", "claim"]))
def test_an_ineligible_student_changes_nothing_payable(
    world: World, rulebook: RuleBook, row: dict[str, Any], fault: str
) -> None:
    faults = {
        "left": {"left_on": SNAPSHOT.replace(day=1)},
        "school": {"school_category": None},
        "claim": {"claim_accepted": False},
    }
    added = {**row, "student_no": 0, "class_code": None, **faults[fault]}
    before = by_subject(settled_of(world, rulebook))
    after = by_subject(settled_of({**world, "students": [*world["students"], added]}, rulebook))
    newcomer = after.pop((int(SubjectKind.STUDENT), 0), None)
    assert newcomer is None or newcomer["outcome"] == Outcome.EXCLUDED
    for lines in (before, after):
        for line in lines.values():
            line.pop("line_no")
    assert after == before


@PROFILE
@given(strategies.rows().filter(lambda world: world["classes"]), strategies.rulebooks(), st.data())
def test_removing_a_class_never_costs_another_its_funding(
    world: World, rulebook: RuleBook, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from([row["class_no"] for row in world["classes"]]))
    fewer = {**world, "classes": [row for row in world["classes"] if row["class_no"] != gone]}
    before, after = by_subject(settled_of(world, rulebook)), by_subject(settled_of(fewer, rulebook))
    for subject, line in after.items():
        assert line["amount_fen"] == before[subject]["amount_fen"]
        if before[subject]["funding"] == Funding.WITHIN_POOL:
            assert line["funding"] == Funding.WITHIN_POOL


@PROFILE
@given(strategies.rows(), strategies.rulebooks())
def test_a_collaboration_never_gets_more_than_its_highest_level_unless_levels_stack(
    world: World, rulebook: RuleBook
) -> None:
    settled = settled_of(world, rulebook)
    rows = {row["recognition_no"]: row for row in world["recognitions"]}
    terms = rulebook.terms(YEAR, SNAPSHOT)
    full = {rule.no: rule for rule in terms.recognition_rules}
    got: dict[tuple[str, str, str], int] = {}
    highest: dict[tuple[str, str, str], int] = {}
    for line in settled.lines.filter(pl.col("subject_kind") == int(SubjectKind.RECOGNITION)).to_dicts():
        row, rule = rows[line["subject_no"]], full[line["rule_no"]]
        level = row["level"] if rule.earlier_level == "stack" else "any"
        key = (row["kind"], row["collaboration"], level)
        got[key] = got.get(key, 0) + line["amount_fen"]
        highest[key] = max(highest.get(key, 0), rule.amount_fen)
    assert all(got[key] <= highest[key] for key in got)


@PROFILE
@given(strategies.rows(), strategies.rulebooks())
def test_ranks_count_the_eligible_classes_from_one(world: World, rulebook: RuleBook) -> None:
    settled = settled_of(world, rulebook)
    classes = settled.lines.filter(pl.col("subject_kind") == int(SubjectKind.CLASS))
    payable = classes.filter(pl.col("outcome") == int(Outcome.PAYABLE))
    assert payable["rank"].to_list() == list(range(1, payable.height + 1))
    assert classes.filter(pl.col("outcome") == int(Outcome.EXCLUDED))["rank"].null_count() == (
        classes.height - payable.height
    )

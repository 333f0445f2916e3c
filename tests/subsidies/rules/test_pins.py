"""The settlement hash: the same pins and lines always, and any change seen."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from services.subsidies.rules import LINES, Settled, SubjectKind, settle, settlement_hash
from tests.subsidies.rules.support import PINS, SNAPSHOT, YEAR, book, facts_of, line, pupils


@pytest.fixture(scope="module")
def settled() -> Settled:
    students = [{}, {"student_no": 2, "person_key": b"two", "sending_school": None}, *pupils(20)]
    return settle(YEAR, SNAPSHOT, book(), facts_of(students, [{}], [{}]))


def test_the_hash_can_be_recomputed_from_plain_text(settled: Settled) -> None:
    text = (
        '{"alliance":"anqing","claims_sha256":"'
        + "c" * 64
        + '","policy_pack":"anqing-2024","policy_sha256":"'
        + "a" * 64
        + '","policy_version":1,"prior_payments_sha256":"'
        + "d" * 64
        + '","registry_version":"'
        + "b" * 64
        + '","roster_sequence":7,"snapshot_date":"2024-10-31","year":2024}\n'
        "1,1,1,1,lead,1,,,1,50000000\n"
        "2,5,2,1,sender,1,,,1,50000\n"
        "3,5,2,2,,2,8,,,0\n"
        "4,4,3,1,school-a,1,,1,1,10000000\n"
    )
    assert settlement_hash(PINS, settled.lines) == hashlib.sha256(text.encode()).hexdigest()


def test_the_order_in_which_lines_are_read_back_does_not_matter(settled: Settled) -> None:
    assert settlement_hash(PINS, settled.lines.reverse()) == settlement_hash(PINS, settled.lines)


@pytest.mark.parametrize(
    "change",
    [
        {"year": 2025},
        {"snapshot_date": date(2024, 11, 1)},
        {"policy_version": 2},
        {"registry_version": "e" * 64},
        {"roster_sequence": 8},
        {"claims_sha256": "e" * 64},
        {"prior_payments_sha256": "e" * 64},
        {"alliance": "chenzhou"},
    ],
)
def test_every_pin_counts(settled: Settled, change: dict[str, object]) -> None:
    other = replace(PINS, **change)
    assert settlement_hash(other, settled.lines) != settlement_hash(PINS, settled.lines)


@pytest.mark.parametrize("column", list(LINES))
def test_every_column_of_a_line_counts(settled: Settled, column: str) -> None:
    value = pl.lit("x") if column == "payee" else pl.lit(9)
    last = pl.int_range(pl.len()) == pl.len() - 1
    changed = settled.lines.with_columns(pl.when(last).then(value).otherwise(pl.col(column)).alias(column))
    assert settlement_hash(PINS, changed) != settlement_hash(PINS, settled.lines)


def test_long_settlements_hash_the_same_in_slices(settled: Settled, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = settlement_hash(PINS, settled.lines)
    monkeypatch.setattr("services.subsidies.rules.pins._SLICE_ROWS", 1)
    assert settlement_hash(PINS, settled.lines) == whole


def test_a_hundred_thousand_students_add_up() -> None:
    count = 100_000
    numbers = pl.int_range(1, count + 1, eager=True)
    one = facts_of([{}]).students
    many = pl.concat([one] * count).with_columns(
        student_no=numbers,
        # Every hundredth row is the person of the row before it.
        person_key=pl.when(numbers % 100 == 0).then(numbers - 1).otherwise(numbers).cast(pl.String).cast(pl.Binary),
        claimed_rule=pl.when(numbers % 4 == 1).then(pl.lit("cross_city_enrolment")).otherwise(pl.col("claimed_rule")),
        origin_division=pl.when(numbers % 4 == 1).then(pl.lit("341702")).otherwise(pl.col("origin_division")),
    )
    facts = facts_of()
    result = settle(YEAR, SNAPSHOT, book(), replace(facts, students=many))
    rows = {row["rule"]: row for row in result.totals.to_dicts()}
    assert rows["cross_city_enrolment"]["payable_fen"] == 25_000 * 100_000
    assert rows["sending_award"]["payable_count"] == 75_000 - 1_000
    assert rows["sending_award"]["excluded_count"] == 1_000
    assert result.pools["award_pool"].within_fen == 500_000_000
    assert line(result, SubjectKind.STUDENT, 100)["reason"] == 10

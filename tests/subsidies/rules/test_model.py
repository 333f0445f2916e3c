"""Reading a pack's rules, and the values in force on a day."""

from __future__ import annotations

import copy
import json
from datetime import date, datetime
from typing import Any

import pytest

from services.subsidies.rules import RuleBook, RuleBookError
from services.subsidies.rules.series import Series, as_day, fen_of
from services.subsidies.rules.vocabulary import EarlierLevel, Origin, PayeeRole
from tests.subsidies.rules.support import CITY, SNAPSHOT, YEAR, book, pack_part


def changed(**edits: Any) -> dict[str, Any]:
    """A copy of the pack's part with edits by `rule__path` (double underscores between steps)."""
    part = copy.deepcopy(pack_part())
    for path, value in edits.items():
        code, *steps = path.split("__")
        node: Any = next(rule for rule in part["rules"] if rule["code"] == code)
        for step in steps[:-1]:
            node = node[int(step) if step.isdigit() else step]
        node[steps[-1]] = value
    return part


def test_the_anqing_pack_reads_in_its_order() -> None:
    assert [rule.code for rule in book().rules] == [
        "consortium_provincial",
        "consortium_national",
        "industry_college",
        "school_enterprise_class",
        "sending_award",
        "cross_city_enrolment",
    ]
    assert [rule.no for rule in book().rules] == [1, 2, 3, 4, 5, 6]
    assert book().rule("sending_award").discretionary
    assert book().rule("school_enterprise_class").selective


def test_the_terms_of_a_year_hold_the_amounts_in_fen() -> None:
    terms = book().terms(YEAR, SNAPSHOT)
    amounts = {rule.code: rule.amount_fen for rule in terms.rules}
    assert amounts == {
        "consortium_provincial": 50_000_000,
        "consortium_national": 100_000_000,
        "industry_college": 30_000_000,
        "school_enterprise_class": 10_000_000,
        "sending_award": 50_000,
        "cross_city_enrolment": 100_000,
    }
    assert terms.budgets_fen["award_pool"] == 500_000_000
    (classes,) = terms.class_rules
    assert (classes.min_headcount, classes.formats) == (20, ("冠名", "订单"))
    assert classes.enterprise_sizes == ("large", "medium")
    sending, crossing = terms.student_rules
    assert (sending.origin, sending.payee) == (Origin.IN_CITY, PayeeRole.SENDING_SCHOOL)
    assert (crossing.origin, crossing.payee) == (Origin.OTHER_CITY, PayeeRole.ENROLLING_SCHOOL)
    assert crossing.enrolling_categories == ("secondary_vocational", "technician")
    assert terms.recognition_rules[1].earlier_level is EarlierLevel.TOP_UP


def test_stored_json_reads_like_yaml() -> None:
    stored = json.loads(json.dumps(pack_part(), default=lambda value: value.isoformat()))
    assert RuleBook.from_part(stored, CITY) == book()


def test_a_budget_is_empty_outside_its_years() -> None:
    assert book().terms(2023, date(2023, 10, 31)).budgets_fen["award_pool"] == 0
    assert book().terms(2027, date(2027, 10, 31)).budgets_fen["award_pool"] == 500_000_000
    assert book().terms(2028, date(2028, 10, 31)).budgets_fen["award_pool"] == 0


@pytest.mark.parametrize(
    ("year", "snapshot", "reference", "in_force"),
    [
        (2023, date(2023, 12, 31), date(2023, 12, 31), False),
        (2023, date(2024, 1, 15), date(2023, 12, 31), False),
        (2024, date(2024, 1, 1), date(2024, 1, 1), True),
        (2027, date(2027, 12, 31), date(2027, 12, 31), True),
        (2027, date(2028, 1, 10), date(2027, 12, 31), True),
        (2028, date(2027, 12, 31), date(2028, 1, 1), False),
        (2028, date(2028, 1, 1), date(2028, 1, 1), False),
    ],
)
def test_the_reference_day_lies_in_the_settled_year(year: int, snapshot: date, reference: date, in_force: bool) -> None:
    terms = book().terms(year, snapshot)
    assert terms.reference_day == reference
    assert {rule.in_force for rule in terms.rules} == {in_force}


def test_a_parameter_changes_on_its_day() -> None:
    amounts = [
        {"from": date(2026, 7, 1), "value": "600", "unit": "元/人", "article": "新1"},
        {"from": date(2024, 1, 1), "value": "500", "unit": "元/人", "article": "二15"},
    ]
    rulebook = RuleBook.from_part(changed(sending_award__parameters__amount=amounts), CITY)
    before = rulebook.terms(2026, date(2026, 6, 30)).student_rules[0]
    after = rulebook.terms(2026, date(2026, 7, 1)).student_rules[0]
    assert (before.amount_fen, before.cite("amount")) == (50_000, "二15")
    assert (after.amount_fen, after.cite("amount")) == (60_000, "新1")


def test_a_series_has_no_value_before_its_first() -> None:
    series = Series.read("x", [{"from": "2024-01-01", "value": 1}, {"from": "2025-01-01", "value": 2}])
    assert [series.at(day).value for day in (date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1))] == [1, 1, 2]
    assert series.on_or_first(date(2000, 1, 1)).value == 1
    with pytest.raises(RuleBookError, match="no value on 2023-12-31"):
        series.at(date(2023, 12, 31))


def test_an_open_beginning_is_always_in_force() -> None:
    assert Series.read("x", [{"from": None, "value": 3}]).at(date(1900, 1, 1)).value == 3


@pytest.mark.parametrize("entries", [[], [{"from": "2024-01-01", "value": 1}, {"from": "2024-01-01", "value": 2}]])
def test_an_empty_or_ambiguous_series_is_refused(entries: list[dict[str, Any]]) -> None:
    with pytest.raises(RuleBookError):
        Series.read("x", entries)


@pytest.mark.parametrize(
    ("amount", "unit", "fen"),
    [("500", "元", 50_000), ("0.01", "元/人", 1), ("50", "万元", 50_000_000), (500, "元/年", 50_000)],
)
def test_money_is_read_in_fen(amount: Any, unit: str, fen: int) -> None:
    assert fen_of(amount, unit) == fen


@pytest.mark.parametrize(("amount", "unit"), [("0.001", "元"), ("-1", "元"), ("500", "人"), ("500", None), ("x", "元")])
def test_what_is_not_money_is_refused(amount: str, unit: str | None) -> None:
    with pytest.raises(RuleBookError):
        fen_of(amount, unit)


def test_days_are_read_from_dates_and_text() -> None:
    assert as_day(None, date.max) == date.max
    assert as_day("2024-01-01", date.max) == as_day(datetime(2024, 1, 1, 8), date.max) == date(2024, 1, 1)  # noqa: DTZ001 - YAML has no zone
    with pytest.raises(RuleBookError, match="not a date"):
        as_day("2024年", date.max)


@pytest.mark.parametrize(
    "edits",
    [
        {"sending_award__kind": "per_unit_award"},
        {"sending_award__budget": "nowhere"},
        {"sending_award__budget": None},
        {"sending_award__code": "industry_college"},
        {"sending_award__payee": "host_school"},
        {"sending_award__decisions__one_payment_per_student": {"value": "twice"}},
        {"sending_award__decisions__unheard_of": {"value": "yes"}},
        {"school_enterprise_class__decisions__payee": {"value": "lead_member"}},
    ],
)
def test_a_rule_that_cannot_be_settled_is_refused_when_read(edits: dict[str, Any]) -> None:
    with pytest.raises(RuleBookError):
        RuleBook.from_part(changed(**edits), CITY)


@pytest.mark.parametrize(
    "edits",
    [
        {"sending_award__parameters": {}},
        {"sending_award__parameters__enrolling_categories__0__value": ["大学"]},
        {"school_enterprise_class__parameters__enterprise_sizes__0__value": ["巨型"]},
        {"consortium_national__parameters__level__0__value": "galactic"},
        {"consortium_national__parameters__level__0__value": "provincial"},
        {"consortium_national__decisions__earlier_level": {"value": "stack"}},
    ],
)
def test_a_value_that_cannot_be_applied_is_refused(edits: dict[str, Any]) -> None:
    rulebook = RuleBook.from_part(changed(**edits), CITY)
    with pytest.raises(RuleBookError):
        rulebook.terms(YEAR, SNAPSHOT)


@pytest.mark.parametrize("division", ["3408", "340822", "", "34080000"])
def test_the_city_is_named_by_its_own_code(division: str) -> None:
    with pytest.raises(RuleBookError):
        RuleBook.from_part(pack_part(), division)


def test_a_decision_can_be_taken_otherwise_by_one_rule_or_all() -> None:
    stacked = book().deciding("earlier_level", "stack").terms(YEAR, SNAPSHOT)
    assert {rule.earlier_level for rule in stacked.recognition_rules[:2]} == {EarlierLevel.STACK}
    led = book().deciding("payee", "lead_member", "industry_college").terms(YEAR, SNAPSHOT)
    assert led.recognition_rules[2].payee is PayeeRole.LEAD_MEMBER
    with pytest.raises(RuleBookError, match="no rule takes"):
        book().deciding("frequency", "every_year", "sending_award")
    with pytest.raises(RuleBookError, match="not one the settlement carries out"):
        book().deciding("frequency", "now and then")


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(RuleBookError, match="no rule nothing"):
        book().rule("nothing")

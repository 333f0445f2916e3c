"""The settlement worked out by hand adds up, and a plain recount of the written files comes to the same."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hub.demo.alliance import COLLABORATIONS, MEMBER_BY_SLUG, MEMBERS
from hub.demo.class_plan import CLASSES
from hub.demo.plan import SNAPSHOT_DATE, YEAR
from hub.demo.rosters import RosterFile
from tests.demo.reading import Facts, Row, Taken, class_reason, headcounts, judged_students, ranked

RULE_OF_LABEL = {"生源输送奖励": "sending_award", "跨市招生补助": "cross_city_enrolment"}
SNAPSHOT = date.fromisoformat(SNAPSHOT_DATE)
Expected = dict[str, Any]


def yuan(text: str) -> Decimal:
    return Decimal(text)


@pytest.fixture(scope="session")
def judged(facts: Facts) -> list[tuple[Row, str, str]]:
    return judged_students(facts, YEAR, SNAPSHOT)


@pytest.fixture(scope="session")
def counts(facts: Facts) -> Counter[tuple[str, str]]:
    return headcounts(facts, SNAPSHOT)


def test_pins_are_those_of_the_plan(expected: Expected) -> None:
    assert expected["year"] == YEAR
    assert expected["snapshot_date"] == SNAPSHOT


@pytest.mark.parametrize(
    "code",
    ["consortium_provincial", "industry_college", "sending_award", "cross_city_enrolment", "school_enterprise_class"],
)
def test_each_rule_adds_up(expected: Expected, code: str) -> None:
    rule = expected["rules"][code]
    assert yuan(rule["amount"]) == rule["payable"] * yuan(rule["rate"])
    assert rule["lines"] == rule["payable"] + sum(rule["excluded"].values())


def test_totals_add_up(expected: Expected) -> None:
    rules, totals = expected["rules"], expected["totals"]
    assert totals["lines"] == sum(rule["lines"] for rule in rules.values())
    assert totals["payable_lines"] == sum(rule["payable"] for rule in rules.values())
    assert totals["excluded_lines"] == totals["lines"] - totals["payable_lines"]
    assert yuan(totals["payable"]) == sum(yuan(rule["amount"]) for rule in rules.values())
    fixed = sum(yuan(rule["amount"]) for code, rule in rules.items() if code != "school_enterprise_class")
    assert yuan(totals["fixed_awards"]) == fixed
    assert yuan(totals["within_pool"]) + yuan(totals["above_pool"]) == yuan(totals["payable"])
    assert yuan(totals["within_pool"]) + yuan(totals["unspent"]) == yuan(expected["pool"]["amount"])


def test_the_pool_takes_whole_classes_while_they_fit(expected: Expected) -> None:
    left = yuan(expected["pool"]["amount"]) - yuan(expected["totals"]["fixed_awards"])
    rate = yuan(expected["rules"]["school_enterprise_class"]["rate"])
    within = int(left // rate)
    assert len(expected["classes_within_pool"]) == within == 18
    assert left - within * rate == yuan(expected["totals"]["unspent"])
    assert len(expected["classes_above_pool"]) * rate == yuan(expected["totals"]["above_pool"])


def test_payees_add_up(expected: Expected) -> None:
    rules, payees = expected["rules"], expected["payees"]
    rate = {code: yuan(rule["rate"]) for code, rule in rules.items()}
    for payee in payees.values():
        fixed = sum((payee.get(code, 0) * rate[code] for code in rules), Decimal(0))
        classes = rate["school_enterprise_class"]
        assert yuan(payee["within_pool"]) == fixed + payee.get("classes_within", 0) * classes
        assert yuan(payee["above_pool"]) == payee.get("classes_above", 0) * classes
    for funding in ("within_pool", "above_pool"):
        assert sum(yuan(payee[funding]) for payee in payees.values()) == yuan(expected["totals"][funding])
    assert set(payees) <= {member.name for member in MEMBERS}


def test_student_outcomes_match_a_plain_recount(expected: Expected, judged: list[tuple[Row, str, str]]) -> None:
    for label, code in RULE_OF_LABEL.items():
        mine = [(reason, payee) for row, reason, payee in judged if row["claimed_rule"] == label]
        rule = expected["rules"][code]
        assert len(mine) == rule["lines"]
        assert Counter(reason for reason, _ in mine if reason) == rule["excluded"]
        paid = Counter(payee for reason, payee in mine if not reason)
        assert paid == {name: payee[code] for name, payee in expected["payees"].items() if code in payee}


def test_class_outcomes_match_a_plain_recount(
    expected: Expected, facts: Facts, counts: Counter[tuple[str, str]]
) -> None:
    eligible: list[tuple[Row, str]] = []
    excluded: list[tuple[Row, str]] = []
    for row in facts.classes:
        reason = class_reason(row, counts[row["school"], row["class_code"]], 20)
        (excluded if reason else eligible).append((row, reason))
    assert Counter(reason for _, reason in excluded) == expected["rules"]["school_enterprise_class"]["excluded"]
    assert {(row["school"], row["class_code"], reason) for row, reason in excluded} == {
        (MEMBER_BY_SLUG[item["school"]].name, item["code"], item["reason"]) for item in expected["classes_excluded"]
    }
    order = ranked([row for row, _ in eligible], counts)
    assert [(row["school"], row["class_code"], row["score"]) for row in order] == [
        (MEMBER_BY_SLUG[item["school"]].name, item["code"], item["score"] or "") for item in ranking(expected)
    ]


def ranking(expected: Expected) -> list[dict[str, Any]]:
    return [*expected["classes_within_pool"], *expected["classes_above_pool"]]


def test_ranks_and_headcounts(expected: Expected, counts: Counter[tuple[str, str]]) -> None:
    assert [item["rank"] for item in ranking(expected)] == list(range(1, 53))
    planned = {(plan.school, plan.code): plan.headcount for plan in CLASSES}
    listed = [*ranking(expected), *expected["classes_excluded"]]
    assert {(item["school"], item["code"]): item["headcount"] for item in listed} == planned
    named = {(MEMBER_BY_SLUG[school].name, code): number for (school, code), number in planned.items()}
    assert {key: counts[key] for key in named} == named


def test_payees_of_classes(expected: Expected) -> None:
    for funding, key in (("classes_within_pool", "classes_within"), ("classes_above_pool", "classes_above")):
        by_host = Counter(MEMBER_BY_SLUG[item["school"]].name for item in expected[funding])
        assert by_host == {name: payee[key] for name, payee in expected["payees"].items() if payee.get(key)}


def test_recognitions_of_the_year(expected: Expected) -> None:
    for kind, code in (("consortium", "consortium_provincial"), ("industry_college", "industry_college")):
        dates = [
            recognition.granted_on
            for item in COLLABORATIONS
            for recognition in item.recognitions
            if item.kind == kind and recognition.level == "provincial"
        ]
        assert len(dates) == expected["rules"][code]["lines"]
        assert sum(day.startswith(str(YEAR)) for day in dates) == expected["rules"][code]["payable"]


def test_imports_match_what_a_careful_clerk_takes_in(expected: Expected, taken: dict[str, Taken]) -> None:
    stated = {item["file"]: item for item in expected["imports"]}
    assert set(stated) == set(taken)
    for name, part in taken.items():
        assert len(part.rows) == stated[name]["accepted"], name
        assert part.rejected == [(item["line"], item["code"], item["field"]) for item in stated[name]["rejected"]], name


def test_imports_match_what_the_generator_meant(expected: Expected, rosters: list[RosterFile]) -> None:
    for file, stated in zip(rosters, expected["imports"], strict=True):
        assert file.path.name == stated["file"]
        assert [vars(refusal) for refusal in file.refusals] == stated["rejected"]
        assert file.rows == stated["accepted"] + len(stated["rejected"])


def test_every_error_code_occurs(expected: Expected) -> None:
    codes = {line["code"] for item in expected["imports"] for line in item["rejected"]}
    assert codes == {
        "id_number_invalid", "field_missing", "date_invalid", "year_invalid", "school_unknown",
        "enterprise_uscc_invalid", "value_not_allowed", "duplicate_in_file", "left_on_missing",
    }  # fmt: skip


def test_claims_cover_what_is_paid(expected: Expected, rosters: list[RosterFile], facts: Facts) -> None:
    owners = {file.owner for file in rosters}
    assert set(expected["claims"]["school_enterprise_class"]) == owners
    assert set(expected["claims"]["sending_award"]) == owners
    assert set(expected["claims"]["cross_city_enrolment"]) < owners
    assert {row["year"] for row in facts.classes} == {str(YEAR)}

"""Small worlds of facts for the property tests: few schools and people, so that they meet, and every fault at times."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from services.subsidies.rules import Facts, RuleBook
from tests.subsidies.rules.support import book, facts_of, with_terms

SCHOOLS = {"s1": "甲校", "s2": "乙校", "s3": "丙校"}
CLASS_CODES = ["C1", "C2"]

_mostly = st.sampled_from([True] * 7 + [False])
_seldom = _mostly.map(lambda usual: not usual)
_days = st.sampled_from([date(2024, 9, 1), date(2024, 9, 2), date(2024, 10, 31), date(2024, 11, 1)])
_GRANTS = [date(2024, 3, 1), date(2024, 3, 2), date(2024, 12, 31), date(2023, 12, 31)]


@st.composite
def student(draw: st.DrawFn) -> dict[str, Any]:
    """A student row but for its number; most conditions hold most of the time."""
    school = draw(st.sampled_from(list(SCHOOLS)))
    sender = draw(st.sampled_from(["sender", "sender", "sender", None]))
    return {
        "person_key": draw(st.sampled_from([b"p1", b"p2", b"p3", b"p4", b"p5", b"p6"])),
        "school": school,
        "school_name": SCHOOLS[school],
        "school_category": draw(
            st.sampled_from(["secondary_vocational"] * 4 + ["technician", "higher_vocational", None])
        ),
        "class_code": draw(st.sampled_from([*CLASS_CODES, None])),
        "enrolment_year": draw(st.sampled_from([2024] * 6 + [2023])),
        "enrolled_on": draw(_days),
        "left_on": draw(st.sampled_from([None] * 5 + [date(2024, 10, d) for d in (30, 31)] + [date(2024, 11, 1)])),
        "origin_division": draw(st.sampled_from(["340822", "340881", "341702", "420902", None])),
        "sending_school": sender,
        "sending_school_in_city": draw(_mostly) if sender else None,
        "claimed_rule": draw(st.sampled_from(["sending_award"] * 3 + ["cross_city_enrolment"] * 3 + [None])),
        "claim_accepted": draw(_mostly),
        "prior_paid": draw(_seldom),
    }


@st.composite
def school_class(draw: st.DrawFn) -> dict[str, Any]:
    """A class row but for its number, school and code."""
    scores = [None, Decimal("60"), Decimal("88.5"), Decimal("88.50"), Decimal("100")]
    return {
        "format": draw(st.sampled_from(["冠名", "订单", "订单", "学徒制"])),
        "enterprise_division": draw(st.sampled_from(["340803"] * 5 + ["340104", None])),
        "enterprise_size": draw(st.sampled_from(["large", "medium", "large", "small", None])),
        "has_size_evidence": draw(_mostly),
        "score": draw(st.sampled_from(scores)),
        "claim_accepted": draw(_mostly),
        "prior_paid": draw(_seldom),
    }


@st.composite
def recognition(draw: st.DrawFn) -> dict[str, Any]:
    """A recognition but for its number."""
    return {
        "collaboration": draw(st.sampled_from(["x", "y"])),
        "kind": draw(st.sampled_from(["consortium", "consortium", "industry_college", "county_fusion"])),
        "level": draw(st.sampled_from(["provincial", "national", "municipal"])),
        "granted_on": draw(st.sampled_from(_GRANTS)),
        "lead_member": draw(st.sampled_from(["lead", "lead", None])),
        "host_member": draw(st.sampled_from(["host", "host", None])),
        "claim_accepted": draw(_mostly),
        "prior_paid": draw(_seldom),
        "prior_paid_fen": draw(st.sampled_from([0, 0, 0, 50_000_000, 100_000_000, 30_000_001])),
    }


@st.composite
def rows(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Numbered rows of all three kinds; a class is any pair of a school and a code."""
    pairs = draw(st.lists(st.tuples(st.sampled_from(list(SCHOOLS)), st.sampled_from(CLASS_CODES)), unique=True))
    return {
        "students": [{"student_no": n, **row} for n, row in enumerate(draw(st.lists(student(), max_size=16)), start=1)],
        "classes": [
            {"class_no": n, "school": school, "class_code": code, **draw(school_class())}
            for n, (school, code) in enumerate(pairs, start=1)
        ],
        "recognitions": [
            {"recognition_no": n, **row} for n, row in enumerate(draw(st.lists(recognition(), max_size=5)), start=1)
        ],
    }


def facts(world: dict[str, list[dict[str, Any]]]) -> Facts:
    return facts_of(**world)


@st.composite
def rulebooks(draw: st.DrawFn) -> RuleBook:
    """The pack's rules with a small minimum headcount, a pool that may be short, and any of our decisions."""
    changed = book()
    for name, value in {
        "earlier_level": draw(st.sampled_from(["top_up", "stack", "none"])),
        "headcount": draw(st.sampled_from(["inclusive_at_snapshot", "exclusive_at_snapshot"])),
        "frequency": draw(st.sampled_from(["once_per_class", "every_year"])),
        "technician_schools": draw(st.sampled_from(["included", "excluded"])),
    }.items():
        changed = changed.deciding(name, value)
    pool = draw(st.sampled_from(["5000000", "1500500", "300000", "1000.01", "0"]))
    return with_terms(changed, min_headcount=draw(st.integers(1, 3)), pool_yuan=pool)

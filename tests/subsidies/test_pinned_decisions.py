"""Pins that name decisions of other years: kept without loss, and unchanged where there are none."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.subsidies.queries.pinned import Pinned, PriorDecision, PriorSettlement
from services.subsidies.rules.pins import Pins

PINS = Pins("anqing", 2026, date(2026, 11, 30), "anqing-2024", 1, "", "", 0, "", "")
budgets = st.sampled_from(["award_pool", "other_pool"])
decisions = st.lists(
    st.builds(PriorDecision, id=st.uuids(), budget=budgets, deferred_fen=st.integers(0, 10**12)),
    unique_by=lambda decision: decision.budget,
    max_size=2,
)
prior = st.builds(
    PriorSettlement,
    no=st.integers(1, 9),
    year=st.integers(2024, 2027),
    hash=st.just("h"),
    decisions=decisions.map(tuple),
)
years = st.lists(prior, unique_by=lambda settlement: settlement.year).map(tuple)


@given(years)
def test_decisions_of_other_years_are_kept_without_loss(settlements: tuple[PriorSettlement, ...]) -> None:
    pinned = Pinned(PINS, (), settlements)
    assert Pinned.from_json(pinned.to_json()) == pinned
    assert pinned.decisions == [decision.id for settlement in settlements for decision in settlement.decisions]


@given(years)
def test_only_what_the_year_before_deferred_is_carried_over(settlements: tuple[PriorSettlement, ...]) -> None:
    pinned = Pinned(PINS, (), settlements)
    expected: dict[str, int] = {}
    for settlement in settlements:
        for decision in settlement.decisions:
            if settlement.year == 2025 and decision.deferred_fen > 0:
                expected[decision.budget] = decision.deferred_fen
    assert pinned.carried_fen == expected


def test_a_year_without_decisions_is_pinned_as_it_was_before_there_were_any() -> None:
    stored = {"no": 3, "year": 2025, "hash": "h"}
    pinned = Pinned(PINS, (), (PriorSettlement(3, 2025, "h"),))
    assert pinned.to_json()["prior"] == [stored]
    assert Pinned.from_json({**pinned.to_json(), "prior": [stored]}) == pinned
    decision = PriorDecision(UUID(int=1), "award_pool", 5)
    decided = replace(pinned, prior=(PriorSettlement(3, 2025, "h", (decision,)),))
    assert decided.to_json()["prior"] == [
        {**stored, "decisions": [{"id": str(UUID(int=1)), "budget": "award_pool", "deferred_fen": 5}]}
    ]

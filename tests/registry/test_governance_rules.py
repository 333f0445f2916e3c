"""Quorum, majority and outcome: golden cases at the boundaries, and any vote against counting seat by seat."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.governance import (
    Count,
    MajorityOf,
    Outcome,
    Share,
    VotingRules,
    outcome_of,
    resolution_number,
)

TWO_THIRDS = Share(2, 3, strict=False)
HALF = Share(1, 2, strict=True)
ORDINARY = VotingRules(TWO_THIRDS, HALF, MajorityOf.VOTES)


@pytest.mark.parametrize(
    ("share", "part", "whole", "reached"),
    [
        (TWO_THIRDS, 16, 24, True),  # 三分之二以上: the share itself is enough
        (TWO_THIRDS, 15, 24, False),
        (TWO_THIRDS, 17, 25, True),  # 16⅔ of 25
        (TWO_THIRDS, 16, 25, False),
        (HALF, 12, 24, False),  # 过半数: half is not enough
        (HALF, 13, 24, True),
        (HALF, 13, 25, True),
        (HALF, 12, 25, False),
        (Share(1, 2, strict=False), 12, 24, True),
        (Share(1, 1, strict=False), 24, 24, True),  # unanimous
        (Share(1, 1, strict=False), 23, 24, False),
        (HALF, 0, 0, False),  # of nothing nothing is reached
        (TWO_THIRDS, 0, 0, False),
        (Share(333, 1000, strict=True), 1, 3, True),
    ],
)
def test_a_share_is_reached_exactly(share: Share, part: int, whole: int, reached: bool) -> None:
    assert share.reached(part, whole) is reached


@pytest.mark.parametrize(
    ("share", "whole", "needed"),
    [(TWO_THIRDS, 24, 16), (TWO_THIRDS, 25, 17), (HALF, 24, 13), (HALF, 25, 13), (Share(1, 2, strict=False), 24, 12)],
)
def test_how_many_it_takes(share: Share, whole: int, needed: int) -> None:
    assert share.needed(whole) == needed


@pytest.mark.parametrize(
    ("count", "outcome"),
    [
        (Count(24, 16, 9, 7, 0), Outcome.PASSED),
        (Count(24, 16, 8, 8, 0), Outcome.REJECTED),  # a tie is no majority
        (Count(24, 15, 15, 0, 0), Outcome.INQUORATE),  # unanimous, but too few were there
        (Count(24, 16, 1, 0, 15), Outcome.PASSED),  # abstentions are no votes cast
        (Count(24, 16, 0, 0, 16), Outcome.REJECTED),  # nobody voted for or against
        (Count(24, 24, 12, 12, 0), Outcome.REJECTED),
        (Count(24, 24, 13, 11, 0), Outcome.PASSED),
        (Count(0, 0, 0, 0, 0), Outcome.INQUORATE),
    ],
)
def test_outcomes_by_votes_cast(count: Count, outcome: Outcome) -> None:
    assert outcome_of(count, ORDINARY) is outcome


@pytest.mark.parametrize(
    ("of", "outcome"),
    [(MajorityOf.VOTES, Outcome.PASSED), (MajorityOf.PRESENT, Outcome.REJECTED), (MajorityOf.SEATS, Outcome.REJECTED)],
)
def test_of_what_a_majority_is_a_share_decides(of: MajorityOf, outcome: Outcome) -> None:
    assert outcome_of(Count(24, 16, 7, 1, 8), VotingRules(TWO_THIRDS, HALF, of)) is outcome


def test_a_tie_is_told_as_one() -> None:
    assert Count(24, 16, 8, 8, 0).is_tie
    assert not Count(24, 16, 0, 0, 16).is_tie
    assert not Count(24, 16, 9, 7, 0).is_tie


def test_a_number_is_written_as_official_documents_do() -> None:
    assert resolution_number("宜职教集", 2026, 1) == "宜职教集〔2026〕1号"
    assert resolution_number(None, 2026, 12) == "〔2026〕12号"


SEATS = st.lists(st.sampled_from(["for", "against", "abstain", "silent", "absent"]), max_size=60)


@st.composite
def shares(draw: st.DrawFn) -> Share:
    denominator = draw(st.integers(1, 12))
    return Share(draw(st.integers(1, denominator)), denominator, draw(st.booleans()))


def naive(seats: list[str], rules: VotingRules) -> Outcome:
    """Counted seat by seat with exact fractions."""

    def reached(share: Share, part: int, whole: int) -> bool:
        if whole == 0:
            return False
        wanted = Fraction(share.numerator, share.denominator)
        return Fraction(part, whole) > wanted if share.strict else Fraction(part, whole) >= wanted

    there = [seat for seat in seats if seat != "absent"]
    if not reached(rules.quorum, len(there), len(seats)):
        return Outcome.INQUORATE
    cast = [seat for seat in there if seat in ("for", "against")]
    whole = {MajorityOf.VOTES: cast, MajorityOf.PRESENT: there, MajorityOf.SEATS: seats}[rules.majority_of]
    agreed = sum(seat == "for" for seat in seats)
    return Outcome.PASSED if reached(rules.majority, agreed, len(whole)) else Outcome.REJECTED


@given(SEATS, shares(), shares(), st.sampled_from(list(MajorityOf)))
def test_any_vote_comes_out_as_counted_seat_by_seat(
    seats: list[str], quorum: Share, majority: Share, of: MajorityOf
) -> None:
    rules = VotingRules(quorum, majority, of)
    present = [seat for seat in seats if seat != "absent"]
    count = Count(len(seats), len(present), *(seats.count(vote) for vote in ("for", "against", "abstain")))
    assert outcome_of(count, rules) is naive(seats, rules)


@given(shares(), st.integers(0, 200))
def test_what_is_needed_is_the_least_that_reaches_the_share(share: Share, whole: int) -> None:
    needed = share.needed(whole)
    assert not share.reached(needed - 1, whole)
    assert share.reached(needed, whole) or whole == 0

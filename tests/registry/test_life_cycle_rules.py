"""The two tables of transitions: golden cases, and that no way leads where none should."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel import registry_words as words
from services.kernel.errors import Conflict
from services.kernel.working_days import Deadline
from services.registry.domain.life_cycle import (
    APPLICATION_TRANSITIONS,
    MEMBER_TRANSITIONS,
    OPEN_STATES,
    ApplicationState,
    ApplicationStep,
    MemberStep,
    ReviewGrade,
    check_publicity_over,
    member_steps_open_to,
    next_application_state,
    next_member_status,
    order_issues,
    publicity_end,
    status_after,
    steps_open_to,
)
from services.registry.domain.members import MemberStatus

ENDED = {ApplicationState.ADMITTED, ApplicationState.REJECTED, ApplicationState.WITHDRAWN}
WHOLE_WAY = [ApplicationStep.ENDORSE, ApplicationStep.APPROVE, ApplicationStep.PUBLISH, ApplicationStep.ADMIT]


def test_the_way_in_has_every_station() -> None:
    state, stations = "submitted", []
    for step in WHOLE_WAY:
        state = next_application_state(state, step)
        stations.append(state)
    assert stations == ["deliberation", "approved", "publicity", "admitted"]


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("submitted", ApplicationStep.ADMIT),
        ("submitted", ApplicationStep.PUBLISH),
        ("deliberation", ApplicationStep.ADMIT),
        ("approved", ApplicationStep.ADMIT),  # without a public notice
        ("deliberation", ApplicationStep.RETURN),
        ("returned", ApplicationStep.ENDORSE),
        ("publicity", ApplicationStep.PUBLISH),
        *((state.value, step) for state in sorted(ENDED) for step in ApplicationStep),
    ],
)
def test_what_the_table_does_not_list_is_refused(state: str, step: ApplicationStep) -> None:
    with pytest.raises(Conflict, match=words.APPLICATION_STATES[state]):
        next_application_state(state, step)


def test_every_state_step_status_and_grade_has_words() -> None:
    assert set(words.APPLICATION_STATES) == set(ApplicationState)
    assert set(words.APPLICATION_STEPS) == set(ApplicationStep)
    assert set(words.MEMBER_STEPS) == set(MemberStep)
    assert set(words.MEMBER_STATUSES) == set(MemberStatus)
    assert set(words.REVIEW_GRADES) == set(ReviewGrade)
    assert set(ApplicationState) - set(OPEN_STATES) == ENDED
    assert {status for status, _ in MEMBER_TRANSITIONS} == set(MemberStatus)


@given(st.lists(st.sampled_from(ApplicationStep), max_size=12))
def test_nobody_is_admitted_who_was_not_reviewed_deliberated_and_published(steps: list[ApplicationStep]) -> None:
    """Whatever is tried in whatever order: what is refused changes nothing, what ended stays ended."""
    state, done = ApplicationState.SUBMITTED, []
    for step in steps:
        before = state
        if step in steps_open_to(state):
            state = next_application_state(state, step)
            done.append(step)
        else:
            with pytest.raises(Conflict):
                next_application_state(state, step)
        assert before not in ENDED or state == before
        assert (state, step) != (ApplicationState.ADMITTED, ApplicationStep.SUBMIT)
    if state is ApplicationState.ADMITTED:
        places = [len(done) - 1 - done[::-1].index(step) for step in WHOLE_WAY]
        assert places == sorted(places)
        assert done[-1] is ApplicationStep.ADMIT
    assert ApplicationStep.SUBMIT not in done, "only its own form submits an application"
    assert (ApplicationStep.OBJECT in done or ApplicationStep.ANSWER in done) <= (ApplicationStep.PUBLISH in done)


def test_every_open_state_can_still_end() -> None:
    reach = {state: {state} for state in ApplicationState}
    for _ in ApplicationState:
        for (before, _step), after in APPLICATION_TRANSITIONS.items():
            reach[before] |= reach[after]
    assert all(reach[state] & ENDED for state in ApplicationState)
    assert all(ApplicationState.ADMITTED in reach[state] for state in OPEN_STATES)


@dataclass
class Notice:
    publicity_ends_on: date | None


@pytest.mark.parametrize(
    ("published", "days", "end"),
    [
        (date(2025, 11, 28), 5, Deadline(date(2025, 12, 5), estimated=False)),  # a Friday
        (date(2026, 12, 28), 5, Deadline(date(2027, 1, 4), estimated=True)),
    ],
)
def test_the_notice_ends_on_its_last_working_day(published: date, days: int, end: Deadline) -> None:
    assert publicity_end(published, days, {}) == end


def test_an_admission_waits_for_the_day_after_the_notice_and_for_answers() -> None:
    notice = Notice(date(2025, 12, 5))
    with pytest.raises(Conflict, match="公示还没有结束"):
        check_publicity_over(notice, date(2025, 12, 5), 0)
    with pytest.raises(Conflict, match="1 条异议"):
        check_publicity_over(notice, date(2025, 12, 6), 1)
    with pytest.raises(Conflict, match="公示还没有结束"):
        check_publicity_over(Notice(None), date(2025, 12, 6), 0)
    check_publicity_over(notice, date(2025, 12, 6), 0)


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([], "active"),
        ([MemberStep.ANNUAL_REVIEW], "active"),
        ([MemberStep.RECTIFICATION], "rectifying"),
        ([MemberStep.RECTIFICATION, MemberStep.RECTIFIED], "active"),
        ([MemberStep.RECTIFICATION, MemberStep.SUSPENSION, MemberStep.RESUMPTION], "active"),
        ([MemberStep.SUSPENSION, MemberStep.ANNUAL_REVIEW], "suspended"),
        ([MemberStep.SUSPENSION, MemberStep.EXIT], "exited"),
        ([MemberStep.EXIT, MemberStep.ADMISSION], "active"),
    ],
)
def test_a_members_status_follows_its_steps(steps: list[MemberStep], status: str) -> None:
    assert status_after(steps) == status


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("active", MemberStep.RECTIFIED),
        ("active", MemberStep.RESUMPTION),
        ("active", MemberStep.ADMISSION),
        ("rectifying", MemberStep.RECTIFICATION),
        ("suspended", MemberStep.RECTIFICATION),
        ("suspended", MemberStep.RECTIFIED),
        ("exited", MemberStep.EXIT),
        ("exited", MemberStep.RESUMPTION),
        ("exited", MemberStep.ANNUAL_REVIEW),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(status: str, step: MemberStep) -> None:
    with pytest.raises(Conflict, match=words.MEMBER_STATUSES[status]):
        next_member_status(status, step)


@given(st.lists(st.sampled_from(MemberStep), max_size=15))
def test_whoever_left_comes_back_by_an_admission_only(steps: list[MemberStep]) -> None:
    status = "active"
    for step in steps:
        if (status, step) not in MEMBER_TRANSITIONS:
            continue
        assert step is MemberStep.ADMISSION or step in member_steps_open_to(status)
        after = next_member_status(status, step)
        assert (status == "exited") == (step is MemberStep.ADMISSION)
        assert (after == "exited") == (step is MemberStep.EXIT)
        status = after


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (date(2025, 2, 28), ["before_membership"]),
        (date(2025, 3, 1), ["before_previous_step"]),
        (date(2025, 5, 31), ["before_previous_step"]),
        (date(2025, 6, 1), []),
        (date(2025, 6, 2), []),
    ],
)
def test_steps_are_taken_in_their_order(day: date, codes: list[str]) -> None:
    assert [issue.code for issue in order_issues(day, date(2025, 3, 1), date(2025, 6, 1))] == codes


def test_a_first_step_may_hold_from_the_first_day() -> None:
    assert order_issues(date(2025, 3, 1), date(2025, 3, 1), None) == []

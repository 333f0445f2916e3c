"""Who sees a change, when an attempt is repeated, what a receiver may ask for."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.exchange.domain import (
    LONGEST_REST,
    Audience,
    DeliveryState,
    DisabledReason,
    Fault,
    next_delay,
    retry_after,
)
from services.exchange.settings import SPECIFIED_DELAYS
from services.kernel.outbox import OFFICE_ONLY
from services.kernel.permissions import Department, Role
from services.kernel.principal import Principal
from tests.exchange.world import COLLEGE, HUAINING, QIANSHAN, SCHOOL

NOW = datetime(2025, 12, 1, 4, 0, tzinfo=UTC)


def caller(role: Role, **unit: object) -> Principal:
    return Principal("p", "某人", role, "anqing", frozenset(), **unit)  # type: ignore[arg-type]


CALLERS = {
    "secretariat": caller(Role.SECRETARIAT_HEAD),
    "huaining": caller(Role.COUNTY_CLERK, division=HUAINING),
    "college": caller(Role.UNIT_REPORTER, member=COLLEGE),
    "leader": caller(Role.LEADER),
    "department": caller(Role.JOINT_REVIEWER, department=Department.FINANCE),
    "service": caller(Role.SERVICE),
}
SEEN = {
    # division, member: who sees it
    (None, None): set(CALLERS),
    (HUAINING, None): {"secretariat", "huaining"},
    (QIANSHAN, None): {"secretariat"},
    (None, COLLEGE): {"secretariat", "college"},
    (None, SCHOOL): {"secretariat"},
    (OFFICE_ONLY, None): {"secretariat"},
    (HUAINING, COLLEGE): {"secretariat", "huaining", "college"},
    (QIANSHAN, SCHOOL): {"secretariat"},
}


@pytest.mark.parametrize("place", SEEN)
def test_who_sees_a_change(place: tuple[str | None, None]) -> None:
    assert {name for name, who in CALLERS.items() if Audience.of(who).admits(*place)} == SEEN[place]


@pytest.mark.parametrize("name", ["secretariat", "huaining", "college"])
def test_an_endpoint_sees_what_its_unit_sees(name: str) -> None:
    assert Audience.of_owner(CALLERS[name].owner) == Audience.of(CALLERS[name])


def test_an_unknown_owner_sees_only_what_is_for_everybody() -> None:
    assert Audience.of_owner("department:finance") == Audience()
    assert not Audience().admits(HUAINING, None)


def test_attempts_are_those_of_the_specification() -> None:
    assert [next_delay(n, (5, 300)) for n in (1, 2, 3)] == [timedelta(seconds=5), timedelta(seconds=300), None]
    assert sum(SPECIFIED_DELAYS) == timedelta(hours=75, minutes=35, seconds=5).total_seconds()


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, timedelta(0)),
        ("", timedelta(0)),
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("-5", timedelta(0)),
        ("soon", timedelta(0)),
        ("99999999999999999999", LONGEST_REST),
        ("٣", timedelta(0)),
        ("Mon, 01 Dec 2025 04:10:00 GMT", timedelta(minutes=10)),
        ("Mon, 01 Dec 2025 04:10:00 -0000", timedelta(minutes=10)),
        ("Mon, 01 Dec 2025 03:00:00 GMT", timedelta(0)),
        ("Mon, 01 Dec 2099 03:00:00 GMT", LONGEST_REST),
        ("Mon, 01 Dec 99999999999999999999 03:00:00 GMT", timedelta(0)),
        ("Mon, 01 Dec 2025 03:00:00 +99999999999999999999", timedelta(0)),
    ],
)
def test_how_long_a_receiver_may_ask_us_to_wait(header: str | None, wanted: timedelta) -> None:
    assert retry_after(header, NOW) == wanted


@pytest.mark.parametrize("kind", [DeliveryState, DisabledReason, Fault])
def test_every_state_has_a_chinese_label(kind: type[DeliveryState] | type[DisabledReason] | type[Fault]) -> None:
    labels = [value.label for value in kind]
    assert all(not label.isascii() for label in labels)
    assert len(set(labels)) == len(labels)


def test_units_that_do_not_exist_are_not_mixed_up() -> None:
    assert not Audience(member=uuid4()).admits(None, COLLEGE)

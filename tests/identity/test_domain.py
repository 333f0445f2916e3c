"""The pure rules: locks by random histories, names, credentials, settings that production refuses."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from services.identity.credentials import alliance_of, digest, new_credential
from services.identity.domain import (
    Guard,
    Outcome,
    SigningKeyUnreadable,
    judge,
    normalise_username,
    post_issues,
    together,
    username_issues,
)
from services.identity.keyring import Keyring
from services.identity.oauth.client import narrowed
from services.kernel.permissions import ADMINISTRATORS, Department, Role
from tests.identity.world import identity_settings
from tests.support.services import hub_settings

NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
LOCK = timedelta(minutes=15)
LIMIT = 5


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1200)), max_size=60))
def test_no_history_lets_more_than_five_guesses_be_judged_within_one_lock(history: list[tuple[bool, int]]) -> None:
    guard, now = Guard(), NOON
    wrong_since_success: list[datetime] = []
    for right, seconds in history:
        now += timedelta(seconds=seconds)
        before = guard
        outcome, guard = judge(guard, right=right, active=True, now=now, limit=LIMIT, lock=LOCK)
        if before.locked(now):
            assert outcome is Outcome.LOCKED
            continue
        assert (outcome is Outcome.ACCEPTED) == right
        if right:
            wrong_since_success = []
            assert guard == Guard()
        else:
            wrong_since_success = [at for at in wrong_since_success if at > now - LOCK] + [now]
            assert len(wrong_since_success) <= LIMIT
            assert (outcome is Outcome.LOCKED) == guard.locked(now)


@given(st.integers(0, LIMIT - 1), st.integers(0, 3600))
def test_a_deactivated_account_is_told_only_by_the_right_password(failures: int, rest: int) -> None:
    guard = Guard(failures, NOON)
    now = NOON + timedelta(seconds=rest)
    outcome, after = judge(guard, right=True, active=False, now=now, limit=LIMIT, lock=LOCK)
    assert outcome is Outcome.DEACTIVATED
    assert after.failures <= failures
    outcome, _ = judge(guard, right=False, active=False, now=now, limit=LIMIT, lock=LOCK)
    assert outcome in (Outcome.WRONG, Outcome.LOCKED)


def test_a_lock_ends_exactly_with_its_time() -> None:
    guard = Guard()
    for _ in range(LIMIT):
        _, guard = judge(guard, right=False, active=True, now=NOON, limit=LIMIT, lock=LOCK)
    just_before, end = NOON + LOCK - timedelta(seconds=1), NOON + LOCK
    assert judge(guard, right=True, active=True, now=just_before, limit=LIMIT, lock=LOCK)[0] is Outcome.LOCKED
    assert judge(guard, right=True, active=True, now=end, limit=LIMIT, lock=LOCK)[0] is Outcome.ACCEPTED


@given(st.text(max_size=80))
def test_a_normalised_name_stays_as_it_is(name: str) -> None:
    once = normalise_username(name)
    if not username_issues(once):
        assert normalise_username(once) == once
        assert once == once.lower().strip()


@pytest.mark.parametrize(
    ("role", "division", "member", "department", "codes"),
    [
        (Role.SECRETARIAT_CLERK, None, None, None, []),
        (Role.COUNTY_REVIEWER, "340822", None, None, []),
        (Role.UNIT_REPORTER, None, "m", None, []),
        (Role.JOINT_REVIEWER, None, None, Department.FINANCE, []),
        (Role.SERVICE, None, None, None, ["role_not_for_people"]),
        (Role.COUNTY_CLERK, "34082", None, None, ["division_malformed"]),
        (Role.COUNTY_CLERK, None, None, None, ["division_and_role"]),
        (Role.JOINT_REVIEWER, None, None, None, ["department_and_role"]),
        (
            Role.AUDIT_ADMIN,
            "340822",
            "m",
            Department.FINANCE,
            ["division_and_role", "member_and_role", "department_and_role"],
        ),
    ],
)
def test_a_post_fits_its_role(
    role: Role, division: str | None, member: str | None, department: Department | None, codes: list[str]
) -> None:
    assert [issue.code for issue in post_issues(role, division, member, department)] == codes


@given(st.lists(st.sampled_from(sorted(set(Role) - {Role.SERVICE})), max_size=4))
def test_an_administrators_post_stands_alone(roles: list[Role]) -> None:
    assert together(roles) == (len(roles) < 2 or not ADMINISTRATORS & set(roles))


@given(st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True))
def test_a_credential_names_its_alliance_and_two_never_agree(alliance: str) -> None:
    first, second = new_credential(alliance), new_credential(alliance)
    assert alliance_of(first, "other") == alliance
    assert digest(first) != digest(second)


@given(st.text(max_size=90))
def test_what_is_no_credential_belongs_to_the_default_alliance_or_to_a_well_formed_one(given_text: str) -> None:
    found = alliance_of(given_text, "anqing")
    assert 1 <= len(found) <= 32
    assert found.isascii()


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_narrowing_never_gives_what_is_not_allowed(wanted: set[str], allowed: set[str]) -> None:
    given_scopes = set(narrowed(" ".join(wanted), frozenset(allowed)).split())
    assert given_scopes == (wanted & allowed if wanted else allowed)


def test_keys_of_one_purpose_and_secret_do_not_serve_another() -> None:
    one, other = (Keyring(SecretStr(secrets.token_urlsafe(32))) for _ in range(2))
    sealed = one.seal_private_key("pem")
    assert one.open_private_key(sealed) == "pem"
    assert one.blind_name("mishuchu") != other.blind_name("mishuchu")
    with pytest.raises(SigningKeyUnreadable, match="HUB_IDENTITY_KEY_SECRET"):
        other.open_private_key(sealed)
    with pytest.raises(SigningKeyUnreadable):
        one.open_private_key(one.page.encrypt(b"pem"))


@pytest.mark.parametrize("weak", [{"argon2_memory_kib": 8}, {"argon2_time_cost": 1}])
def test_production_refuses_weak_password_hashing_and_any_weak_secret(tmp_path: Path, weak: dict[str, int]) -> None:
    hub = hub_settings(tmp_path, environment="production", public_url="https://hub.example")
    sound = {"argon2_memory_kib": 19456, "argon2_time_cost": 2}
    assert identity_settings("postgresql+asyncpg://x/y", tmp_path, hub=hub, **sound).secure_cookies
    with pytest.raises(ValidationError, match="argon2 needs"):
        identity_settings("postgresql+asyncpg://x/y", tmp_path, hub=hub, **{**sound, **weak})
    with pytest.raises(ValidationError, match="at least 24 characters"):
        identity_settings("postgresql+asyncpg://x/y", tmp_path, key_secret="short")

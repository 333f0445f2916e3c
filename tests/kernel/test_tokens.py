"""Access tokens: what verifies and what is refused, and that keys rotate."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jose import jwt

from services.kernel.clock import FixedClock
from services.kernel.errors import NotSignedIn
from services.kernel.permissions import (
    ADMINISTRATORS,
    GRANTS,
    ROLE_LABELS,
    SECOND_FACTOR_ROLES,
    Permission,
    Role,
    scope_of,
)
from services.kernel.principal import principal_from_claims
from services.kernel.tokens import Jwks, SigningKey, TokenVerifier, generate_private_pem, sign

NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
ISSUER, AUDIENCE = "https://hub.example", "alliance-hub"
KEY = SigningKey("k1", generate_private_pem())
OTHER = SigningKey("k2", generate_private_pem())


class Source:
    """A JWKS that counts how often it was asked for."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = list(keys)
        self.asked = 0

    async def __call__(self) -> Jwks:
        self.asked += 1
        return {"keys": [key.public_jwk() for key in self.keys]}


def claims(**changes: Any) -> dict[str, Any]:
    end = int((NOON + timedelta(minutes=15)).timestamp())
    base = {"iss": ISSUER, "aud": AUDIENCE, "exp": end, "sub": "p1", "role": "secretariat_clerk", "alliance": "anqing"}
    return {k: v for k, v in {**base, **changes}.items() if v is not None}


def verifier(source: Source, clock: FixedClock | None = None) -> TokenVerifier:
    return TokenVerifier(source, issuer=ISSUER, audience=AUDIENCE, clock=clock or FixedClock(NOON))


def verify(token: str, source: Source | None = None) -> dict[str, Any]:
    return asyncio.run(verifier(source or Source(KEY)).verify(token))


def test_a_good_token_gives_its_claims() -> None:
    assert verify(sign(claims(), KEY)) == claims()


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("nonsense", "token_malformed"),
        (sign(claims(), OTHER), "token_key_unknown"),
        (sign(claims(), SigningKey("k1", OTHER.private_pem)), "token_invalid"),
        (sign(claims(iss="https://evil.example"), KEY), "token_invalid"),
        (sign(claims(aud="another"), KEY), "token_invalid"),
        (sign(claims(aud=None), KEY), "token_invalid"),
        (sign(claims(exp=None), KEY), "token_invalid"),
        (sign(claims(exp=int(NOON.timestamp())), KEY), "token_expired"),
        (sign(claims(), KEY, token_type="JWT"), "token_refused"),
        (jwt.encode(claims(), "x" * 40, "HS256", headers={"kid": "k1", "typ": "at+jwt"}), "token_refused"),
    ],
)
def test_a_bad_token_is_refused_with_its_reason(token: str, code: str) -> None:
    with pytest.raises(NotSignedIn) as refusal:
        verify(token)
    assert refusal.value.code == code


def test_an_unsigned_token_is_refused() -> None:
    header, body, _ = sign(claims(), KEY).split(".")
    none = jwt.encode(claims(), "x", "HS256", headers={"alg": "none", "typ": "at+jwt", "kid": "k1"}).split(".")[0]
    for token in (f"{none}.{body}.", f"{header}.{body}."):
        with pytest.raises(NotSignedIn):
            verify(token)


def test_a_remembered_token_costs_no_second_look_and_still_ends() -> None:
    source, clock = Source(KEY), FixedClock(NOON)
    checked = verifier(source, clock)
    token = sign(claims(), KEY)

    async def body() -> None:
        await checked.verify(token)
        await checked.verify(token)
        clock.advance(timedelta(minutes=16))
        with pytest.raises(NotSignedIn):
            await checked.verify(token)

    asyncio.run(body())
    assert source.asked == 1


def test_a_new_key_is_fetched_when_it_first_appears() -> None:
    source, clock = Source(KEY), FixedClock(NOON)
    checked = verifier(source, clock)

    async def body() -> None:
        await checked.verify(sign(claims(), KEY))
        source.keys.append(OTHER)
        clock.advance(timedelta(seconds=11))
        await checked.verify(sign(claims(), OTHER))
        await checked.verify(sign(claims(sub="p2"), KEY))

    asyncio.run(body())
    assert source.asked == 2


def test_unknown_keys_do_not_make_a_flood_of_fetches() -> None:
    source = Source(KEY)
    checked = verifier(source)

    async def body() -> None:
        for number in range(20):
            with pytest.raises(NotSignedIn):
                await checked.verify(sign(claims(sub=f"p{number}"), OTHER))

    asyncio.run(body())
    assert source.asked == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "emperor"}, "token_incomplete"),
        ({"alliance": None}, "token_incomplete"),
        ({"role": "county_clerk"}, "division_missing"),
        ({"role": "unit_reporter"}, "member_missing"),
        ({"role": "joint_reviewer"}, "department_missing"),
        ({"role": "joint_reviewer", "department": "navy"}, "token_incomplete"),
        ({"role": "service"}, "alliance_missing"),
    ],
)
def test_claims_that_describe_nobody_are_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(NotSignedIn) as refusal:
        principal_from_claims(claims(**changes))
    assert refusal.value.code == code


def test_only_a_service_may_name_its_alliance() -> None:
    assert principal_from_claims(claims(), service_alliance="xiaogan").alliance == "anqing"
    service = principal_from_claims(claims(role="service", alliance=None), service_alliance="xiaogan")
    assert service.alliance == "xiaogan"


def test_every_role_has_a_label_and_grants_and_every_permission_a_holder() -> None:
    assert set(GRANTS) == set(Role) == set(ROLE_LABELS)
    assert set().union(*GRANTS.values()) == set(Permission)
    assert all(scope_of(role).split() == sorted(GRANTS[role]) for role in Role)


def holders(permission: Permission) -> list[Role]:
    return [role for role in Role if permission in GRANTS[role]]


def test_who_computes_does_not_confirm_and_only_the_secretariat_does_either() -> None:
    assert holders(Permission.SUBSIDIES_SETTLE) == [Role.SECRETARIAT_CLERK]
    assert holders(Permission.SUBSIDIES_CONFIRM) == [Role.SECRETARIAT_HEAD]
    for permission in (Permission.SUBSIDIES_REVIEW, Permission.REGISTRY_WRITE):
        assert holders(permission) == [Role.SECRETARIAT_CLERK, Role.SECRETARIAT_HEAD]


def test_the_three_administrators_share_nothing_and_touch_no_business() -> None:
    """等保 2.0: accounts, posts and the log are in three hands; only looking at accounts is shared by two."""
    business = frozenset().union(*(GRANTS[role] for role in Role if role not in ADMINISTRATORS))
    for role in ADMINISTRATORS:
        assert not GRANTS[role] & business
        others = frozenset().union(*(GRANTS[other] for other in ADMINISTRATORS - {role}))
        assert GRANTS[role] & others <= {Permission.ACCOUNTS_READ}
    assert all(GRANTS[role] < set(Permission) for role in Role)
    assert ADMINISTRATORS | set(holders(Permission.SUBSIDIES_CONFIRM)) <= SECOND_FACTOR_ROLES


def test_a_leader_and_a_joint_reviewer_only_look() -> None:
    for role in (Role.LEADER, Role.JOINT_REVIEWER):
        assert all(permission.value.endswith(":read") for permission in GRANTS[role])

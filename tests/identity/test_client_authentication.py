"""How programs prove themselves, by Authlib's own client: secrets, signed assertions, and a program without either."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwt import encode

from tests.identity.forging import hmac_signed, unsigned
from tests.identity.registrations import APP_CALLBACK, Registered, application, machine
from tests.identity.world import (
    AUTHORIZE,
    CALLBACK,
    CLERK,
    REVOKE,
    TOKEN,
    VERIFIER,
    AsyncOAuth2Client,
    Play,
    World,
    authorize_url,
    parameters,
)
from tests.support.tokens import ISSUER

INTROSPECT = f"{ISSUER}/oauth/introspect"


def public(*keys: RSAKey | ECKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False, kid=str(number)) for number, key in enumerate(keys)]}


def assertion(world: World, client_id: str, key: Any, alg: str = "RS256", **changes: Any) -> str:
    """A sound assertion (RFC 7523, 3) with claims replaced or, by None, left out."""
    now = int(world.clock.now().timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "exp": now + 60, "iat": now, "jti": "j", **changes}
    header = {"alg": alg, "kid": "0"}
    return encode(header, {name: value for name, value in claims.items() if value is not None}, key, algorithms=[alg])


async def sent(world: World, url: str = TOKEN, auth: tuple[str, str] | None = None, **form: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=world.transport) as http:
        return await http.post(url, data=form, auth=auth)


async def by_assertion(world: World, token: str, **form: str) -> tuple[int, str]:
    """Client credentials by an assertion: status, and error code or token type."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    wanted = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": token, **form}
    answer = await sent(world, **wanted)
    return answer.status_code, answer.json().get("error") or answer.json()["token_type"]


@pytest.mark.parametrize(("alg", "key"), [("RS256", RSAKey.generate_key(2048)), ("ES256", ECKey.generate_key("P-256"))])
def test_authlibs_client_signs_its_assertions(play: Play, alg: str, key: Any) -> None:
    async def story(world: World) -> None:
        made = await machine(world, auth_method="private_key_jwt", jwks=public(key))
        method = PrivateKeyJWT(TOKEN, alg=alg, headers={"kid": "0"})
        async with AsyncOAuth2Client(
            made.client_id,
            key,
            token_endpoint_auth_method="private_key_jwt",
            revocation_endpoint_auth_method="private_key_jwt",
            transport=world.transport,
        ) as client:
            client.register_client_auth_method(method)
            method.claims = short_life(world)
            granted = await client.fetch_token(TOKEN, grant_type="client_credentials", scope="feed:read")
            assert granted["scope"] == "feed:read"
            method.claims = short_life(world)
            told = await client.introspect_token(INTROSPECT, token=granted["access_token"])
            assert (told.json()["active"], told.json()["client_id"]) == (True, made.client_id)
            method.claims = short_life(world)
            assert (await client.revoke_token(REVOKE, token=granted["access_token"])).status_code == 200
        jti = (await world.verifier().verify(granted["access_token"]))["jti"]
        assert jti in {row.value for row in await world.rows("SELECT value FROM revocation WHERE kind = 'token'")}

    play(story)


def pem_of(key: RSAKey | ECKey) -> str:
    return key.as_pem(private=True).decode()


def short_life(world: World) -> dict[str, Any]:
    """Authlib's own assertions live for an hour of the machine's clock, and keep a `jti` in the claims once given."""
    now = int(world.clock.now().timestamp())
    return {"iat": now, "exp": now + 60}


def test_an_assertion_must_be_the_clients_own_for_this_server_short_and_new(play: Play) -> None:
    async def story(world: World) -> None:
        mine, second, other = (RSAKey.generate_key(2048) for _ in range(3))
        made = await machine(world, auth_method="private_key_jwt", jwks=public(mine, second))
        theirs = await machine(world, auth_method="private_key_jwt", jwks=public(other))
        basic = await machine(world)
        now = int(world.clock.now().timestamp())
        own = made.client_id
        assert await by_assertion(world, assertion(world, own, mine)) == (200, "Bearer")
        listed = assertion(world, own, mine, aud=["x", TOKEN], jti="list")
        assert await by_assertion(world, listed, client_id=own) == (200, "Bearer")
        whole = {"iss": own, "sub": own, "aud": ISSUER, "exp": now + 60}
        wrong = {
            "used before": assertion(world, own, mine),
            "another client's key": assertion(world, own, other, jti="1"),
            "in another client's name": assertion(world, theirs.client_id, mine, jti="2"),
            "wrong audience": assertion(world, own, mine, aud="https://elsewhere.example.org", jti="3"),
            "no audience": assertion(world, own, mine, aud=None, jti="4"),
            "expired": assertion(world, own, mine, exp=now - 31, jti="5"),
            "too long": assertion(world, own, mine, exp=now + 331, jti="6"),
            "no end": assertion(world, own, mine, exp=None, jti="7"),
            "end is text": assertion(world, own, mine, exp="soon", jti="8"),
            "end beyond all time": assertion(world, own, mine, exp=10**30, jti="8a"),
            "end before all time": assertion(world, own, mine, exp=-(10**30), jti="8b"),
            "not yet": assertion(world, own, mine, nbf=now + 60, jti="9"),
            "no jti": assertion(world, own, mine, jti=None),
            "jti too long": assertion(world, own, mine, jti="x" * 300),
            "jti a number": assertion(world, own, mine, jti=7),
            "issued by somebody else": assertion(world, own, mine, iss=theirs.client_id, jti="10"),
            "other algorithm": assertion(world, own, mine, "RS512", jti="11"),
            "HS256 with the public key": hmac_signed({"kid": "0"}, {**whole, "jti": "12"}, pem_of(mine)),
            "no such client": assertion(world, "county-340822-ffffffff", mine, jti="13"),
            "a client with a secret": assertion(world, basic.client_id, mine, jti="14"),
            "alg none": unsigned({"kid": "0"}, {**whole, "jti": "15"}),
            "no JWT": "x",
        }
        for name, token in wrong.items():
            assert await by_assertion(world, token) == (400, "invalid_client"), name
        last = assertion(world, own, mine, jti="fresh")
        assert await by_assertion(world, last, client_assertion_type="urn:x") == (401, "invalid_client")
        assert await by_assertion(world, last) == (200, "Bearer")
        world.clock.advance(timedelta(seconds=60))
        assert await by_assertion(world, last) == (400, "invalid_client"), "used, though not yet over for every clock"

    play(story)


def test_a_client_proves_itself_only_in_the_way_it_is_registered_for(play: Play) -> None:
    async def story(world: World) -> None:
        basic, post = await machine(world), await machine(world, auth_method="client_secret_post")
        form = {"grant_type": "client_credentials"}

        def fields(client: Registered) -> dict[str, str]:
            return {"client_id": client.client_id, "client_secret": client.secret}

        assert (await sent(world, auth=basic.auth, **form)).status_code == 200
        assert (await sent(world, **form, **fields(post))).status_code == 200
        for answer in (await sent(world, auth=post.auth, **form), await sent(world, **form, **fields(basic))):
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        swapped = {"client_id": basic.client_id, "client_secret": post.secret}
        assert (await sent(world, **form, **swapped)).json()["error"] == "invalid_client"
        alone = await sent(world, **form, client_id=basic.client_id)
        assert (alone.status_code, alone.json()["error"]) == (401, "invalid_client")
        told = [reason for action, _, reason in await world.audited() if action == "client.refused"]
        assert told == ["invalid_client"] * 4

    play(story)


def test_a_public_program_needs_pkce_and_gets_no_credentials_of_its_own(play: Play) -> None:
    async def story(world: World) -> None:
        app = await application(world, auth_method="none")
        own = {"client_id": app.client_id}
        browser = world.browser()
        async with world.oauth(app.client_id, "unused", scope="openid", redirect_uri=APP_CALLBACK) as client:
            page = await browser.followed(await browser.attempt(authorize_url(client), CLERK.username, world.password))
            page = await browser.followed(await browser.choose(page))
            code = parameters((await browser.submit(page, decision="allow")).headers["location"])["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": APP_CALLBACK, **own}
        for changes, error in (({}, "invalid_request"), ({"code_verifier": "w" * 64}, "invalid_grant")):
            refused = await sent(world, **form, **changes)
            assert (refused.status_code, refused.json()["error"]) == (400, error)
        tokens = (await sent(world, **form, code_verifier=VERIFIER)).json()
        newer = (await sent(world, grant_type="refresh_token", refresh_token=tokens["refresh_token"], **own)).json()
        assert newer["scope"] == "openid"
        told = await sent(world, INTROSPECT, token=newer["access_token"], **own)
        assert (told.status_code, told.json()["error"]) == (401, "invalid_client")
        alone = await sent(world, grant_type="client_credentials", **own)
        assert (alone.status_code, alone.json()["error"]) == (401, "invalid_client")
        stolen = await sent(world, REVOKE, token=newer["refresh_token"], client_id="frontend")
        assert stolen.status_code == 401
        assert (await sent(world, REVOKE, token=newer["refresh_token"], **own)).status_code == 200
        over = await sent(world, grant_type="refresh_token", refresh_token=newer["refresh_token"], **own)
        assert over.json()["error"] == "invalid_grant"

    play(story)


def test_a_client_learns_of_its_own_tokens_only(play: Play) -> None:
    async def story(world: World) -> None:
        mine, theirs = await machine(world), await machine(world, division="340811")
        token = (await sent(world, auth=mine.auth, grant_type="client_credentials")).json()["access_token"]
        person = await world.tokens(scope="openid")
        told = (await sent(world, INTROSPECT, auth=mine.auth, token=token, token_type_hint="nonsense")).json()
        claims = await world.verifier().verify(token)
        assert told == {"active": True, "token_type": "Bearer", **claims}
        own = {"token": person["refresh_token"], "token_type_hint": "access_token"}
        refresh = (await world.post(INTROSPECT, own)).json()
        assert (refresh["active"], refresh["scope"], refresh["client_id"]) == (True, "openid", "frontend")
        for foreign in (person["access_token"], person["refresh_token"], "anqing.unknown", "x", "短"):
            assert (await sent(world, INTROSPECT, auth=mine.auth, token=foreign)).json() == {"active": False}
        assert (await sent(world, INTROSPECT, auth=theirs.auth, token=token)).json() == {"active": False}
        stolen = await sent(world, REVOKE, auth=theirs.auth, token=token)
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        missing = await sent(world, INTROSPECT, auth=mine.auth)
        assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
        world.clock.advance(timedelta(minutes=15))
        assert (await sent(world, INTROSPECT, auth=mine.auth, token=token)).json() == {"active": False}

    play(story)


def test_only_this_hub_is_a_resource_and_no_parameter_stands_twice(play: Play) -> None:
    async def story(world: World) -> None:
        made = await machine(world)
        form = {"grant_type": "client_credentials"}
        for resource, error in (
            (ISSUER, None),
            ("alliance-hub", None),
            ("https://elsewhere.example/", "invalid_target"),
        ):
            answer = await sent(world, auth=made.auth, **form, resource=resource)
            assert answer.json().get("error") == error, resource
        async with httpx.AsyncClient(transport=world.transport) as http:
            twice = b"grant_type=client_credentials&scope=feed:read&scope=registry:read"
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            refused = await http.post(TOKEN, content=twice, headers=kind, auth=made.auth)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")

    play(story)


def test_an_authorisation_request_may_come_as_a_form(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth(scope="openid") as client:
            asked = parameters(authorize_url(client, state="by form"))
        onward = await browser.http.post(AUTHORIZE, data=asked)
        assert onward.status_code == 303
        where = str(httpx.URL(ISSUER).join(onward.headers["location"]))
        back = await browser.sign_in(where, CLERK.username, world.password)
        assert back.startswith(CALLBACK)
        assert parameters(back)["state"] == "by form"

    play(story)

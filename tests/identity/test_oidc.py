"""OpenID Connect: ID tokens, userinfo, discovery, the client's wishes, and tokens that only look like ours."""

import base64
import hashlib
import json
from datetime import timedelta

import httpx
import pytest
from authlib.oauth2 import rfc9207
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from jose import jwt

from services.identity.parts import IdentityParts
from services.identity.queries import signing_key
from services.kernel.permissions import Role
from services.kernel.tokens import SigningKey, generate_private_pem, sign
from tests.identity.forging import hmac_signed, unsigned
from tests.identity.office import Office
from tests.identity.world import BUREAU, CLERK, TOKEN, VERIFIER, Browser, Play, World, authorize_url, parameters
from tests.support.tokens import ISSUER

USERINFO = f"{ISSUER}/oauth/userinfo"


async def key_of(world: World) -> SigningKey:
    parts: IdentityParts = world.app.state.identity
    async with world.database.read("anqing") as session:
        return await signing_key(session, parts.keyring, world.clock.now())


async def userinfo(world: World, token: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=world.transport) as http:
        return await http.request(method, USERINFO, headers={"Authorization": f"Bearer {token}"})


def test_the_id_token_says_who_signed_in_how_and_when(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth(scope="openid registry:read") as client:
            back = await browser.sign_in(authorize_url(client, nonce="n-1"), CLERK.username, world.password)
            signed_in = int(world.clock.now().timestamp())
            world.clock.advance(timedelta(minutes=1))
            tokens = await client.fetch_token(TOKEN, authorization_response=back, code_verifier=VERIFIER)
        key, now = await key_of(world), int(world.clock.now().timestamp())
        public, options = key.public_jwk(), {"verify_exp": False}
        checked = {"audience": "frontend", "issuer": ISSUER, "access_token": tokens["access_token"]}
        claims = jwt.decode(tokens["id_token"], public, algorithms=["RS256"], options=options, **checked)
        access = await world.verifier().verify(tokens["access_token"])
        half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
        assert claims == {
            "iss": ISSUER,
            "sub": access["sub"],
            "aud": "frontend",
            "iat": now,
            "exp": now + 900,
            "auth_time": signed_in,
            "nonce": "n-1",
            "amr": ["pwd"],
            "sid": access["sid"],
            "alliance": "anqing",
            "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
        }
        assert jwt.get_unverified_header(tokens["id_token"])["typ"] == "JWT"

    play(story)


def test_without_openid_there_is_no_id_token_and_no_userinfo(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens(scope="registry:read")
        assert "id_token" not in tokens
        refused = await userinfo(world, tokens["access_token"])
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="openid"'
        bare = await userinfo(world, (await world.tokens(scope="openid"))["access_token"], "POST")
        assert set(bare.json()) == {"sub"}

    play(story)


def test_userinfo_tells_person_post_and_unit_also_while_practising(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        worker = await office.hire("lianshen", Role.JOINT_REVIEWER)
        browser, held = world.browser(), (await world.rows("SELECT id FROM post WHERE division = '340822'"))[0]
        async with world.oauth(scope="openid profile subsidies:submit") as client:
            back = await browser.sign_in(
                f"{authorize_url(client)}&prompt=select_account",
                BUREAU.username,
                world.password,
                choice=f"{held.id}.practice",
            )
            tokens = await client.fetch_token(TOKEN, authorization_response=back, code_verifier=VERIFIER)
        access = await world.verifier().verify(tokens["access_token"])
        assert (access["alliance"], access["division"]) == ("anqing-practice", "340822")
        told = (await userinfo(world, tokens["access_token"])).json()
        expected = {
            "sub": access["sub"],
            "name": "怀宁县示例教育局",
            "preferred_username": "bureau-340822",
            "role": "county_clerk",
            "role_label": "县区教育局经办",
            "alliance": "anqing-practice",
            "alliance_name": "安庆职业教育集团",
            "practice": True,
            "division": "340822",
            "post": str(held.id),
            "post_title": access["title"],
            "unit_name": access["unit_name"],
        }
        assert told == expected
        newer = await world.post(TOKEN, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
        again = await world.verifier().verify(newer.json()["access_token"])
        assert again["alliance"] == "anqing-practice"
        await world.execute("UPDATE post_holding SET until_date = from_date WHERE post_id = :post", post=held.id)
        gone = await userinfo(world, tokens["access_token"])
        assert (gone.status_code, gone.json()["code"]) == (401, "post_not_held")
        assert (await userinfo(world, worker.token)).status_code == 403, "no openid in that token"

    play(story)


def test_the_metadata_is_complete_valid_and_true(play: Play) -> None:
    async def story(world: World) -> None:
        async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
            told = (await http.get("/.well-known/oauth-authorization-server")).json()
            assert (await http.get("/.well-known/openid-configuration")).json() == told
            keys = (await http.get(told["jwks_uri"])).json()["keys"]
            for name, value in told.items():
                if name.endswith("_endpoint"):
                    method = "GET" if name in ("authorization_endpoint", "end_session_endpoint") else "POST"
                    assert (await http.request(method, value)).status_code not in (404, 405), name
        assert told["issuer"] == ISSUER
        assert [key["alg"] for key in keys] == told["id_token_signing_alg_values_supported"] == ["RS256"]
        assert not {"d", "p", "q"} & set(keys[0])
        over_tls = json.loads(json.dumps(told).replace("http://", "https://"))  # the standards know no other
        OpenIDProviderMetadata(over_tls).validate()
        AuthorizationServerMetadata(over_tls).validate([rfc9207.AuthorizationServerMetadata])
        assert not {"implicit", "password"} & set(told["grant_types_supported"])

    play(story)


def test_prompt_and_max_age_decide_whether_the_person_signs_in_again(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth(scope="openid") as client:
            await browser.sign_in(authorize_url(client), CLERK.username, world.password)
            world.clock.advance(timedelta(minutes=10))
            asked = [({}, 303), ({"prompt": "none"}, 303), ({"max_age": "700"}, 303), ({"prompt": "consent"}, 303)]
            asked += [({"prompt": "login"}, 200), ({"max_age": "500"}, 200), ({"prompt": "select_account"}, 200)]
            for wish, status in asked:
                assert (await browser.open(authorize_url(client, **wish))).status_code == status, wish
            silent = await browser.open(authorize_url(client, prompt="none", max_age="500"))
            assert parameters(silent.headers["location"])["error"] == "login_required"
            theirs = await world.tokens(BUREAU, scope="openid")
            other = await browser.open(authorize_url(client, prompt="none", id_token_hint=theirs["id_token"]))
            assert parameters(other.headers["location"])["error"] == "login_required"
            unknown = await browser.open(authorize_url(client, prompt="none", id_token_hint="x.y.z"))
            assert "code" in parameters(unknown.headers["location"])
            anew = await _again(world, browser, authorize_url(client, prompt="login"))
            tokens = await client.fetch_token(TOKEN, authorization_response=anew, code_verifier=VERIFIER)
            same = await browser.open(authorize_url(client, prompt="none", id_token_hint=tokens["id_token"]))
            assert "code" in parameters(same.headers["location"])
        claims = jwt.get_unverified_claims(tokens["id_token"])
        assert claims["auth_time"] == int(world.clock.now().timestamp())

    play(story)


async def _again(world: World, browser: Browser, url: str) -> str:
    return await browser.sign_in(url, CLERK.username, world.password)


@pytest.mark.parametrize("place", ["userinfo", "me", "introspect"])
def test_a_token_that_only_looks_like_ours_is_refused_everywhere(play: Play, place: str) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens()
        key = await key_of(world)
        good = await world.verifier().verify(tokens["access_token"])
        header = {"typ": "at+jwt", "kid": key.kid}
        forged = {
            "alg none": unsigned(header, good),
            "HS256 with the public key": hmac_signed(header, good, key.private_pem),
            "expired": sign({**good, "exp": int(world.clock.now().timestamp())}, key),
            "wrong audience": sign({**good, "aud": "another-service"}, key),
            "wrong issuer": sign({**good, "iss": "https://attacker.example"}, key),
            "a stranger's key under our kid": sign(good, SigningKey(key.kid, generate_private_pem())),
            "ID token": tokens["id_token"],
            "access token's claims as JWT": sign(good, key, token_type="JWT"),
            "no signature": tokens["access_token"].rsplit(".", 1)[0] + ".",
        }
        assert await _accepted(world, place, tokens["access_token"])
        for name, token in forged.items():
            assert not await _accepted(world, place, token), name

    play(story)


async def _accepted(world: World, place: str, token: str) -> bool:
    """Whether a token is taken at an endpoint; anything but a clear refusal fails the test."""
    if place == "introspect":
        told = (await world.post(f"{ISSUER}/oauth/introspect", {"token": token})).json()
        assert told["active"] or told == {"active": False}
        return bool(told["active"])
    async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
        path = "/oauth/userinfo" if place == "userinfo" else "/api/identity/v1/me"
        answer = await http.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 401), answer.text
    assert answer.status_code == 200 or answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    return answer.status_code == 200

"""Answers that no honest provider gives, and providers that give none."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.identity.federation.config import Kind
from tests.architecture.odd_requests import ODD_TEXTS
from tests.identity.federation.rogue import CLIENT, SECRET, RogueCas, RogueOidc, cas_success, new_key
from tests.identity.federation.travel import Traveller, add_provider, bind, provider_id, serving_tcp, start_of
from tests.identity.world import Play, World


async def come(world: World) -> httpx.Response:
    return await Traveller(world).go(start_of(provider_id(1)))


async def refused(world: World, status: int, code: str) -> None:
    """Nobody gets in, and the log says why."""
    page = await come(world)
    assert (page.status_code, (await world.audited())[-1][2]) == (status, code), page.text
    assert page.headers["content-type"].startswith("text/html")
    assert ("retry-after" in page.headers) == (status == 503)
    assert (await world.rows("SELECT count(*) AS n FROM login_session"))[0].n == 0


def played(play: Play, story: Callable[[World, RogueOidc], Any]) -> None:
    """Run a story with a rogue provider that is set up and has a person bound."""
    rogue = RogueOidc(0)

    async def whole(world: World) -> None:
        rogue.now = int(world.clock.now().timestamp())
        config = {"issuer": rogue.url, "client_id": CLIENT}
        await bind(world, await add_provider(world, 1, Kind.OIDC, config, SECRET), "u1")
        await story(world, rogue)

    with serving_tcp(rogue.app()) as url:
        rogue.url = url
        play(whole, federation_private_addresses=True)


def test_each_spoilt_token_is_refused(play: Play) -> None:
    async def story(world: World, rogue: RogueOidc) -> None:
        for claims, code in (
            ({"nonce": "of-another-attempt"}, "id_token_nonce"),
            ({"iss": "https://evil.example"}, "id_token_issuer"),
            ({"aud": "another-client"}, "id_token_audience"),
            ({"aud": [CLIENT, "another"], "azp": "another"}, "id_token_party"),
            ({"exp": rogue.now - 61}, "id_token_expired"),
            ({"sub": ""}, "subject_missing"),
            ({"sub": "u" * 256}, "subject_missing"),
            ({"sub": ["u1"]}, "subject_missing"),
        ):
            rogue.claims = claims
            if "sub" in claims:
                rogue.person = {"sub": claims["sub"], "name": "王五"}
            await refused(world, 403, code)
        rogue.claims, rogue.person = {}, {"sub": "u2", "name": "赵六"}
        await refused(world, 403, "userinfo_subject")
        rogue.person = {"sub": "u1", "name": "王五"}
        rogue.id_token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9."
        await refused(world, 403, "id_token_unsigned")
        rogue.id_token = None
        assert (await come(world)).status_code == 303  # it was for these reasons, and no other

    played(play, story)


def test_keys_may_change_and_are_fetched_anew_once(play: Play) -> None:
    async def story(world: World, rogue: RogueOidc) -> None:
        assert (await come(world)).status_code == 303
        assert (await come(world)).status_code == 303
        assert rogue.asked.count("keys") == 1
        assert rogue.asked.count("discovery") == 1
        rogue.key = new_key()
        assert (await come(world)).status_code == 303
        assert rogue.asked.count("keys") == 2
        # A key that is nowhere published: asked for once more, then refused.
        rogue.published, rogue.key = [rogue.key], new_key()
        page = await come(world)
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "id_token_key_unknown"
        assert rogue.asked.count("keys") == 3
        # What was fetched is old after a while.
        rogue.published = []
        world.clock.advance(timedelta(minutes=10))
        rogue.now = int(world.clock.now().timestamp())
        assert (await come(world)).status_code == 303
        assert rogue.asked.count("discovery") == 2

    played(play, story)


def test_each_useless_answer_is_a_page_that_says_whose_fault_it_is(play: Play) -> None:
    packed = gzip.compress(b" " * 50_000_000)

    async def story(world: World, rogue: RogueOidc) -> None:
        for answer, status, code in (
            (JSONResponse({"error": "invalid_client"}, 401), 503, "invalid_client"),
            (JSONResponse({"error": "invalid_grant"}, 400), 403, "code_refused"),
            (JSONResponse({}, 500), 503, "federation_provider_down"),
            (JSONResponse({"access_token": "x"}), 403, "id_token_missing"),
            (Response("<html>"), 403, "answer_not_json"),
            (Response("[" * 100_000), 403, "answer_not_json"),
            (Response("[1]"), 403, "answer_not_json"),
            (Response(packed, headers={"Content-Encoding": "gzip"}), 403, "answer_not_json"),
            (Response(b" " * 300_000), 503, "answer_too_large"),
            (RedirectResponse("http://127.0.0.1:1/", 307), 403, "answer_not_json"),
        ):
            rogue.token = answer
            await refused(world, status, code)
        rogue.token = None
        for metadata, code in (
            ({"issuer": "https://another.example"}, "issuer_differs"),
            ({"jwks_uri": None}, "document_incomplete"),
            ({"token_endpoint": "ftp://x/"}, "document_incomplete"),
        ):
            world.clock.advance(timedelta(minutes=10))  # what was fetched before is forgotten
            rogue.metadata = metadata
            await refused(world, 503, code)

    played(play, story)


def test_a_provider_that_is_down_gets_a_clear_page(play: Play) -> None:
    with serving_tcp(RogueOidc(0).app()) as url:
        pass  # the port was free, and is again

    async def story(world: World) -> None:
        await bind(world, await add_provider(world, 1, Kind.OIDC, {"issuer": url, "client_id": CLIENT}, SECRET), "u1")
        page = await come(world)
        assert page.status_code == 503
        assert page.headers["retry-after"] == "30"
        assert "单位登录系统暂时无法使用" in page.text
        assert "用户名和密码" in page.text
        assert (await world.audited())[-1][2] == "federation_provider_down"

    play(story, federation_private_addresses=True)


def test_a_state_that_was_never_given_out_writes_into_no_other_alliance(play: Play) -> None:
    async def story(world: World) -> None:
        state = f"nowhere.{'x' * 43}"
        browser = Traveller(world)
        browser.http.cookies.set("hub_federation", state, domain="127.0.0.1")
        page = await browser.http.get(f"/oauth/federation/{provider_id(1)}/callback?state={state}")
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "federation_attempt_invalid"
        assert await world.rows("SELECT 1 FROM audit_entry", "nowhere") == []

    play(story)


def test_private_addresses_are_not_asked_unless_allowed(play: Play) -> None:
    rogue = RogueOidc(0)

    async def story(world: World) -> None:
        for number, host in ((1, "127.0.0.1"), (2, "localhost")):
            config = {"issuer": rogue.url.replace("127.0.0.1", host), "client_id": CLIENT}
            await add_provider(world, number, Kind.OIDC, config, SECRET)
            page = await Traveller(world).go(start_of(provider_id(number)))
            assert page.status_code == 503
            assert (await world.audited())[-1][2] == "address_private"
        assert rogue.asked == []

    with serving_tcp(rogue.app()) as url:
        rogue.url = url
        play(story)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
REMOTE = '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'


@pytest.mark.parametrize("own_name", [False, True])
def test_a_cas_answer_is_read_safely(play: Play, own_name: bool) -> None:
    rogue = RogueCas()

    async def story(world: World) -> None:
        config = {"base_url": f"{url}/cas", "subject_attribute": "uid" if own_name else ""}
        await bind(world, await add_provider(world, 1, Kind.CAS, config), "u1")
        user = "<cas:attributes><cas:uid>{0}</cas:uid></cas:attributes>" if own_name else "<cas:user>{0}</cas:user>"
        for answer, code in (
            (cas_success(user.format("&c;"), BOMB), "cas_xml"),
            (cas_success(user.format("&f;"), FILE), "cas_xml"),
            (cas_success(user.format("u1"), REMOTE), "cas_xml"),
            (cas_success(user.format("u1"))[:-5], "cas_xml"),
            ("\xff\xfe", "cas_xml"),
            (cas_success(user.format("u1")).replace("www.yale.edu/tp/cas", "evil.example"), "ticket_refused"),
            (cas_success(user.format("u1")).replace("serviceResponse", "somethingElse"), "ticket_refused"),
            (cas_success(""), "subject_missing"),
            (cas_success(user.format("u1<!-- -->23")), "federation_not_bound"),
        ):
            rogue.answer = answer
            await refused(world, 403, code)
        rogue.status = 404
        await refused(world, 503, "cas_status")
        rogue.status, rogue.answer = 200, cas_success(user.format(" u1 "))
        assert (await come(world)).status_code == 303

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)


def test_odd_parameters_are_refused_on_a_page_and_never_fail(play: Play) -> None:
    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": "https://cas.example.edu.cn/cas"})
        room = f"/oauth/federation/{provider_id(1)}"
        odd = (*ODD_TEXTS, f"anqing.{'x' * 43}", f"{'x' * 40}.{'x' * 43}", "ST-1")
        for text in odd:
            for name in ("return_to", "invitation", "binding"):
                answer = await Traveller(world).http.get(f"{room}/start", params={name: text})
                assert answer.status_code in ((303,) if not text else (403, 422)), (name, text, answer.text)
            for name in ("state", "code", "error", "iss", "ticket"):
                browser = Traveller(world)
                browser.http.cookies.set("hub_federation", quote(text)[:3000], domain="127.0.0.1")
                answer = await browser.http.get(f"{room}/callback", params={"state": quote(text)[:3000], name: text})
                assert answer.status_code == 403, (name, text, answer.text)
            answer = await Traveller(world).http.get(f"/oauth/federation/{quote(text or ' ', safe='')}/start")
            assert answer.status_code == 404

    play(story)

"""One's own second factor by the API: set up, replace, renew, remove; what needs a code and what is refused."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.identity.schemas.account import AccountCreate
from services.kernel.permissions import Role
from tests.identity.stepping import at_next_step, choices_on, sent_to_client
from tests.identity.world import (
    BUREAU,
    CALLBACK,
    TOKEN,
    VERIFIER,
    Phone,
    Play,
    World,
    authorize_url,
    parameters,
)
from tests.support.tokens import ISSUER

API = "/api/identity/v1/me"
HEAD = AccountCreate(username="fuzeren", display_name="秘书处负责人", role=Role.SECRETARIAT_HEAD)


async def signed_in(world: World, account: AccountCreate = BUREAU) -> httpx.AsyncClient:
    """The API as the account's frontend has it."""
    token = (await world.tokens(account))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=world.transport, base_url=ISSUER + API, headers=headers)


async def set_up(world: World, me: httpx.AsyncClient) -> tuple[Phone, list[str]]:
    offer = (await me.post("/totp")).json()
    phone = Phone(offer["secret"], world.clock)
    confirmed = await me.post("/totp/confirmation", json={"code": phone.code()})
    assert confirmed.status_code == 200, confirmed.text
    return phone, confirmed.json()["codes"]


async def state(me: httpx.AsyncClient) -> dict[str, Any]:
    told: dict[str, Any] = (await me.get("/totp")).json()
    return told


async def remove(me: httpx.AsyncClient, code: str) -> httpx.Response:
    return await me.request("DELETE", "/totp", json={"code": code})


def test_a_factor_is_set_up_and_asked_for_at_the_next_sign_in(play: Play) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        assert await state(me) == {
            "enrolled": False,
            "confirmed_at": None,
            "required": False,
            "recovery_codes_left": 0,
        }
        offer = await me.post("/totp")
        assert offer.headers["cache-control"] == "no-store"
        assert offer.json()["uri"].startswith("otpauth://totp/")
        assert offer.json()["image"].startswith("data:image/svg+xml")
        assert (await me.post("/totp")).json() == offer.json()
        assert not (await state(me))["enrolled"]
        phone, codes = await set_up(world, me)
        told = await state(me)
        assert (told["enrolled"], told["recovery_codes_left"], len(codes)) == (True, 10, 10)
        browser = world.browser()
        async with world.oauth() as client:
            page = await browser.followed(await browser.attempt(authorize_url(client), BUREAU.username, world.password))
        assert "输入动态口令" in page.text
        assert sent_to_client(await browser.submit(page, code=phone.code()))

    play(story)


def test_the_session_that_set_it_up_is_not_asked_again(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth() as client:
            url = authorize_url(client)
            back = await browser.sign_in(url, BUREAU.username, world.password)
            granted = await client.fetch_token(
                f"{ISSUER}/oauth/token", authorization_response=back, code_verifier="v" * 64
            )
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        me = httpx.AsyncClient(transport=world.transport, base_url=ISSUER + API, headers=headers)
        await set_up(world, me)
        answer = await browser.open(url)
        assert "code=" in answer.headers["location"]

    play(story)


def test_who_practises_has_the_same_factor(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await at_next_step(world, browser, prompt="select_account")
        answer = await browser.submit(page, choice=choices_on(page)[1])
        form = {"grant_type": "authorization_code", "code": parameters(answer.headers["location"])["code"]}
        granted = await world.post(TOKEN, {**form, "redirect_uri": CALLBACK, "code_verifier": VERIFIER})
        headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
        me = httpx.AsyncClient(transport=world.transport, base_url=ISSUER + API, headers=headers)
        phone, _ = await set_up(world, me)
        world.phones[BUREAU.username] = phone
        assert (await state(await signed_in(world)))["enrolled"]

    play(story)


@pytest.mark.parametrize("code", ["000000", "", "abc"])
def test_a_wrong_first_code_is_refused_at_its_field_and_sets_nothing_up(play: Play, code: str) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        await me.post("/totp")
        refused = await me.post("/totp/confirmation", json={"code": code})
        assert refused.status_code == 422
        assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("code", "code_wrong")]
        assert not (await state(me))["enrolled"]

    play(story)


def test_another_session_cannot_confirm_what_this_one_was_offered(play: Play) -> None:
    async def story(world: World) -> None:
        me, elsewhere = await signed_in(world), await signed_in(world)
        offer = (await me.post("/totp")).json()
        code = Phone(offer["secret"], world.clock).code()
        assert (await elsewhere.post("/totp/confirmation", json={"code": code})).status_code == 422
        assert (await me.post("/totp/confirmation", json={"code": code})).status_code == 200

    play(story)


def test_a_new_phone_needs_a_code_of_the_old_one(play: Play) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        old, codes = await set_up(world, me)
        offer = (await me.post("/totp")).json()
        assert offer["secret"] != old.secret
        new = Phone(offer["secret"], world.clock)
        refused = await me.post("/totp/confirmation", json={"code": new.code()})
        assert [one["field"] for one in refused.json()["errors"]] == ["current_code"]
        slip = await me.post("/totp/confirmation", json={"code": "000000", "current_code": codes[0]})
        assert [one["field"] for one in slip.json()["errors"]] == ["code"]
        body = {"code": new.code(), "current_code": codes[0]}
        changed = await me.post("/totp/confirmation", json=body)
        assert changed.status_code == 200
        assert set(changed.json()["codes"]).isdisjoint(codes)
        assert (await me.post("/recovery-codes", json={"code": old.code()})).status_code == 422
        assert (await me.post("/recovery-codes", json={"code": new.code()})).status_code == 200

    play(story)


def test_new_recovery_codes_end_the_old_ones(play: Play) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        phone, old = await set_up(world, me)
        renewed = await me.post("/recovery-codes", json={"code": phone.code()})
        assert renewed.headers["cache-control"] == "no-store"
        assert (await me.post("/recovery-codes", json={"code": old[0]})).status_code == 422
        assert (await me.post("/recovery-codes", json={"code": renewed.json()["codes"][0]})).status_code == 200
        assert (await state(me))["recovery_codes_left"] == 10

    play(story)


def test_it_is_removed_against_a_code_and_set_up_anew_with_another_secret(play: Play) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        phone, codes = await set_up(world, me)
        assert (await remove(me, "000000")).status_code == 422
        assert (await remove(me, codes[0])).status_code == 204
        assert await world.rows("SELECT 1 FROM recovery_code") == []
        assert not (await state(me))["enrolled"]
        for answer in (await remove(me, codes[1]), await me.post("/recovery-codes", json={"code": codes[1]})):
            assert (answer.status_code, answer.json()["code"]) == (409, "second_factor_absent")
        assert (await me.post("/totp")).json()["secret"] != phone.secret

    play(story)


def test_it_cannot_be_removed_where_a_post_needs_it(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(HEAD)
        me = await signed_in(world, HEAD)
        phone = world.phones[HEAD.username]
        assert (await state(me))["required"]
        refused = await remove(me, phone.code())
        assert (refused.status_code, refused.json()["code"]) == (409, "second_factor_required")
        assert (await state(me))["enrolled"]

    play(story)


def test_wrong_codes_lock_here_as_at_the_sign_in(play: Play) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        phone, codes = await set_up(world, me)
        for _ in range(4):
            assert (await me.post("/recovery-codes", json={"code": "000000"})).status_code == 422
        locked = await remove(me, "000000")
        assert (locked.status_code, locked.json()["code"]) == (429, "sign_in_locked")
        assert locked.headers["retry-after"] == "900"
        await world.app.state.verifier.revocations.refresh()
        gone = await remove(me, phone.code())
        assert (gone.status_code, gone.json()["code"]) == (401, "token_revoked")
        async with world.oauth() as client:
            answer = await world.browser().attempt(authorize_url(client), BUREAU.username, world.password)
        assert answer.status_code == 429
        assert (await world.rows("SELECT count(*) FROM recovery_code WHERE used_at IS NULL"))[0][0] == len(codes)

    play(story)


def test_a_third_partys_program_gets_no_hold_on_how_somebody_signs_in(play: Play) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        await world.execute("UPDATE oauth_client SET kind = 'third_party' WHERE client_id = 'frontend'")
        for answer in (
            await me.post("/totp"),
            await me.post("/totp/confirmation", json={"code": "000000"}),
            await me.post("/recovery-codes", json={"code": "000000"}),
            await remove(me, "000000"),
            await me.post("/password", json={"current_password": world.password, "new_password": "another-phrase-9"}),
            await me.get("/sessions"),
            await me.delete(f"/sessions/{UUID(int=1)}"),
            await me.get("/consents"),
            await me.delete("/consents/frontend"),
            await me.get("/external-identities"),
            await me.post("/external-identities", json={"provider": str(UUID(int=1))}),
            await me.delete(f"/external-identities/{UUID(int=1)}"),
        ):
            assert answer.status_code == 403
            assert "第三方应用" in answer.json()["detail"]
        assert (await me.get("/totp")).status_code == 200
        assert (await me.get("/posts")).status_code == 200

    play(story)


def test_nobody_reads_or_changes_it_without_a_token(play: Play) -> None:
    async def story(world: World) -> None:
        stranger = httpx.AsyncClient(transport=world.transport, base_url=ISSUER + API)
        for answer in (await stranger.get("/totp"), await stranger.post("/totp"), await remove(stranger, "000000")):
            assert answer.status_code == 401

    play(story)


def test_it_is_audited_under_the_post_and_no_code_is_repeated_in_an_error(play: Play) -> None:
    async def story(world: World) -> None:
        me = await signed_in(world)
        _, codes = await set_up(world, me)
        refused = await me.post("/recovery-codes", json={"code": ["765432"]})
        assert refused.status_code == 422
        assert "765432" not in refused.text
        await remove(me, codes[0])
        told = [entry[:2] for entry in await world.audited() if entry[0][:4] in ("seco", "reco")]
        assert told == [
            ("second_factor.enrolled", "county_clerk"),
            ("recovery_codes.renewed", "county_clerk"),
            ("recovery_code.used", "county_clerk"),
            ("second_factor.removed", "county_clerk"),
        ]

    play(story)

"""The sign-in page: its form, its refusals, and that nothing in them tells whether an account exists."""

import asyncio
import re
from datetime import timedelta
from uuid import uuid4

import httpx

from services.identity import admin
from services.identity.schemas.account import AccountCreate
from services.kernel.permissions import Role
from tests.identity.office import Office
from tests.identity.world import (
    AUTHORIZE,
    BUREAU,
    CALLBACK,
    CLERK,
    HOME,
    TOKEN,
    VERIFIER,
    Play,
    World,
    authorize_url,
    parameters,
)
from tests.support.tokens import ISSUER

NOBODY = "nobody-at-all"
INVITED = AccountCreate(username="xinren", display_name="新人", role=Role.LEADER)
XIAOGAN = AccountCreate(username="xiaogan-mishuchu", display_name="秘书", role=Role.SECRETARIAT_CLERK)
XIAOGAN_NAME = "孝感市域产教联合体"


async def found_xiaogan(world: World) -> None:
    """A second alliance in the same deployment, with one account."""
    await admin.name_alliance(world.settings, "xiaogan", XIAOGAN_NAME)
    await admin.ensure_account(world.settings, XIAOGAN, world.password, alliance="xiaogan", clock=world.clock)


async def attempt(world: World, username: str, password: str) -> httpx.Response:
    async with world.oauth() as client:
        return await world.browser().attempt(authorize_url(client, state="s"), username, password)


def shown(page: httpx.Response) -> str:
    """The page without what differs from one showing to the next: tokens, the request's number, the name typed."""
    text = re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)
    text = re.sub(r"code_challenge=[\w-]+|请求编号 \w+", "", text)
    return re.sub(rf'value="({CLERK.username}|{NOBODY})"', "", text)


def test_the_page_is_chinese_and_needs_no_script(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth() as client:
            page = await world.browser().open(authorize_url(client))
        assert page.status_code == 200
        assert '<html lang="zh-CN">' in page.text
        assert "安庆职业教育集团" in page.text
        assert "<script" not in page.text
        assert not re.search(r"\sstyle=|<style|\son\w+=", page.text)
        assert re.search(r'<label[^>]*for="username">用户名</label>', page.text)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert f"form-action 'self' {ISSUER};" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        cookie = page.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie

    play(story)


def test_over_tls_cookies_are_bound_to_the_host(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth() as client:
            page = await world.browser().open(authorize_url(client))
        assert page.headers["set-cookie"].startswith("__Host-hub_sign_in_form=")
        assert "Secure" in page.headers["set-cookie"]

    play(story, public_url="https://hub.example")


def test_what_was_typed_is_shown_again_escaped_and_the_password_never(play: Play) -> None:
    async def story(world: World) -> None:
        page = await attempt(world, '"><b>x', "a-typed-password")
        assert page.status_code == 403
        assert "&#34;&gt;&lt;b&gt;x" in page.text
        assert "<b>x" not in page.text
        assert "a-typed-password" not in page.text

    play(story)


def test_empty_fields_are_named_all_at_once_and_count_as_no_failure(play: Play) -> None:
    async def story(world: World) -> None:
        page = await attempt(world, " ", "")
        assert page.status_code == 422
        assert "请填写用户名。" in page.text
        assert "请填写密码。" in page.text
        assert page.text.count('aria-invalid="true"') == 2
        assert await world.rows("SELECT 1 FROM sign_in_guard") == []

    play(story)


def test_a_form_of_another_origin_is_refused_even_with_the_right_password(play: Play) -> None:
    async def story(world: World) -> None:
        fields = {"username": CLERK.username, "password": world.password}
        async with world.oauth() as client:
            url = authorize_url(client)
        own, foreign = world.browser(), world.browser()
        page, other_page = await own.open(url), await foreign.open(url)
        other_token = re.search(r'name="csrf_token" value="([^"]*)"', other_page.text)[1]  # type: ignore[index]
        without_cookie = await world.browser().submit(page, **fields)
        without_token = await own.submit(page, **fields, csrf_token="")
        with_a_strangers = await own.submit(page, **fields, csrf_token=other_token)
        for refused in (without_cookie, without_token, with_a_strangers):
            assert refused.status_code == 403
            assert "登录页已过期" in refused.text
            assert "location" not in refused.headers
        world.clock.advance(timedelta(minutes=31))
        assert (await own.submit(page, **fields)).status_code == 403
        assert (await own.submit(await own.open(url), **fields)).status_code == 303
        assert "sign_in.refused" not in {action for action, _, _ in await world.audited()}

    play(story)


def test_an_unknown_name_and_a_wrong_password_give_the_same_page_also_when_locked(play: Play) -> None:
    async def story(world: World) -> None:
        for number in range(7):
            known = await attempt(world, CLERK.username, "wrong-password")
            unknown = await attempt(world, NOBODY, "wrong-password")
            assert known.status_code == unknown.status_code == (403 if number < 4 else 429)
            assert shown(known) == shown(unknown)
            assert known.headers.get("retry-after") == unknown.headers.get("retry-after")

    play(story)


def test_unknown_invited_and_deactivated_names_look_alike_and_cost_one_hash_as_a_wrong_password_does(
    play: Play,
) -> None:
    async def story(world: World) -> None:
        hasher = world.app.state.identity.tools.passwords._hasher
        verified: list[str] = []

        class Counting:
            check_needs_rehash, hash = hasher.check_needs_rehash, hasher.hash

            def verify(self, stored: str, password: str) -> bool:
                verified.append(stored.rsplit("$", 2)[0])  # the parameters, without salt and hash
                return bool(hasher.verify(stored, password))

        world.app.state.identity.tools.passwords._hasher = Counting()
        await world.add(INVITED)
        await world.execute(
            "UPDATE account SET state = 'invited', password_hash = NULL, password_set_at = NULL WHERE username = :name",
            name=INVITED.username,
        )
        await admin.deactivate(world.settings, BUREAU.username, clock=world.clock)
        pages = []
        for name in (CLERK.username, NOBODY, "no\x00body", "短", INVITED.username, BUREAU.username):
            verified.clear()
            refused = await attempt(world, name, "wrong-password")
            assert refused.status_code == 403
            assert verified == ["$argon2id$v=19$m=8,t=1,p=1"]
            pages.append(re.sub(r'\s+(value="[^"]*")?\s*', " ", shown(refused)))
        assert len(set(pages)) == 1
        for _ in range(5):
            await attempt(world, NOBODY, "wrong-password")
        for password in ("wrong-password", world.password):
            verified.clear()
            assert (await attempt(world, NOBODY, password)).status_code == 429
            assert len(verified) == 1
        verified.clear()
        assert (await attempt(world, INVITED.username, world.password)).status_code == 403
        assert (await attempt(world, CLERK.username, world.password)).status_code == 303
        assert len(verified) == 2

    play(story)


def test_the_fifth_failure_locks_and_then_the_right_password_is_refused_until_the_lock_ends(play: Play) -> None:
    async def story(world: World) -> None:
        for _ in range(4):
            wrong = await attempt(world, CLERK.username, "wrong-password")
            assert "连续输错 5 次将暂停登录 15 分钟" in wrong.text
        locked = await attempt(world, CLERK.username.upper(), "wrong-password")
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")
        assert "暂停登录 15 分钟" in locked.text
        assert (await attempt(world, CLERK.username, world.password)).status_code == 429
        assert (await attempt(world, BUREAU.username, world.password)).status_code == 303
        world.clock.advance(timedelta(minutes=15))
        assert (await attempt(world, CLERK.username, world.password)).status_code == 303

    play(story)


def test_the_failure_that_locks_ends_what_the_account_holds_open_and_no_failure_before_it(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        elsewhere, other = await office.sign_in(clerk.account), await office.hire("other", Role.COUNTY_CLERK)
        for _ in range(4):
            await attempt(world, "clerk", "wrong-password")
        assert (await office.call(clerk, "GET", "/me")).status_code == 200
        assert (await attempt(world, "clerk", "wrong-password")).status_code == 429
        for worker in (clerk, elsewhere):
            assert await office.refused(worker, "GET", "/me") == (401, "token_revoked")
        assert (await office.call(other, "GET", "/me")).status_code == 200
        assert await office.actions("account.sign_out") == [("account.sign_out", "连续失败锁定")]
        (ended,) = await world.rows("SELECT after, actor FROM audit_entry WHERE action = 'account.sign_out'")
        assert (ended.after, ended.actor) == ({"sessions_ended": 2}, "identity")

    play(story)


def test_a_lock_takes_the_browsers_cookie_and_the_refresh_token_and_both_stay_dead_after_it(play: Play) -> None:
    async def story(world: World) -> None:
        browser, tokens = world.browser(), await world.tokens()
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        async with world.oauth() as client:
            await browser.sign_in(authorize_url(client), CLERK.username, world.password)
            assert (await browser.open(authorize_url(client))).status_code == 303
            for _ in range(5):
                await attempt(world, CLERK.username, "wrong-password")
            world.clock.advance(timedelta(minutes=15))
            assert 'name="password"' in (await browser.open(authorize_url(client))).text
        assert (await world.post(TOKEN, form)).json()["error"] == "invalid_grant"

    play(story)


def test_attempts_during_a_lock_end_nothing_more(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        for _ in range(5):
            await attempt(world, "clerk", "wrong-password")
        by_its_unit = await office.sign_in(
            clerk.account
        )  # the unit's own sign-in proves more than a guess at a password
        assert (await attempt(world, "clerk", "wrong-password")).status_code == 429
        assert (await office.call(by_its_unit, "GET", "/me")).status_code == 200
        assert len(await office.actions("account.sign_out")) == 1

    play(story)


def test_a_success_clears_the_count(play: Play) -> None:
    async def story(world: World) -> None:
        for _ in range(3):
            for _ in range(4):
                assert (await attempt(world, CLERK.username, "wrong-password")).status_code == 403
            assert (await attempt(world, CLERK.username, world.password)).status_code == 303

    play(story)


def test_guesses_sent_at_once_are_counted_one_by_one(play: Play) -> None:
    async def story(world: World) -> None:
        guesses = [attempt(world, CLERK.username, f"guess-{number}") for number in range(12)]
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*guesses))
        assert statuses == [403] * 4 + [429] * 8

    play(story)


def test_a_lock_in_one_alliance_is_none_in_another(play: Play) -> None:
    async def story(world: World) -> None:
        for _ in range(5):
            await attempt(world, CLERK.username, "wrong-password")
        assert len(await world.rows("SELECT 1 FROM sign_in_guard")) == 1
        assert await world.rows("SELECT 1 FROM sign_in_guard", alliance="xiaogan") == []
        assert await world.rows("SELECT 1 FROM account", alliance="xiaogan") == []

    play(story)


def test_a_name_of_another_alliance_signs_in_there(play: Play) -> None:
    async def story(world: World) -> None:
        await found_xiaogan(world)
        async with world.oauth() as client:
            url, _ = client.create_authorization_url(AUTHORIZE, code_verifier=VERIFIER)
            back = await world.browser().sign_in(url, XIAOGAN.username.upper(), world.password)
            tokens = await client.fetch_token(TOKEN, authorization_response=back, code_verifier=VERIFIER)
        claims = await world.verifier().verify(tokens["access_token"])
        assert (claims["alliance"], claims["role"]) == ("xiaogan", Role.SECRETARIAT_CLERK)
        here = await world.verifier().verify((await world.tokens())["access_token"])
        assert here["alliance"] == "anqing"

    play(story)


def test_a_name_that_two_alliances_have_is_that_of_the_one_shown_at_sign_in(play: Play) -> None:
    async def story(world: World) -> None:
        await found_xiaogan(world)
        theirs = XIAOGAN.model_copy(update={"username": CLERK.username})
        await admin.ensure_account(world.settings, theirs, world.password, alliance="xiaogan", clock=world.clock)
        token = (await world.tokens())["access_token"]
        assert (await world.verifier().verify(token))["alliance"] == "anqing"

    play(story)


def test_no_refusal_tells_in_which_alliance_a_name_is_known(play: Play) -> None:
    async def story(world: World) -> None:
        await found_xiaogan(world)
        for number in range(6):
            theirs = await attempt(world, XIAOGAN.username, "wrong-password")
            unknown = await attempt(world, NOBODY, "wrong-password")
            assert theirs.status_code == unknown.status_code == (403 if number < 4 else 429)
            assert shown(theirs).replace(f'value="{XIAOGAN.username}"', "") == shown(unknown)
            assert "安庆职业教育集团" in theirs.text
            assert XIAOGAN_NAME not in theirs.text
        assert len(await world.rows("SELECT 1 FROM sign_in_guard WHERE failures = 5", alliance="xiaogan")) == 1
        assert (await attempt(world, XIAOGAN.username, world.password)).status_code == 429
        assert (await attempt(world, CLERK.username, world.password)).status_code == 303

    play(story)


def test_a_deactivated_account_is_told_so_only_with_the_right_password(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth() as client:
            await browser.sign_in(authorize_url(client), CLERK.username, world.password)
            tokens = await world.tokens()
            await admin.deactivate(world.settings, CLERK.username, reason="调离", clock=world.clock)
            wrong = await attempt(world, CLERK.username, "wrong-password")
            assert "用户名或密码不正确" in wrong.text
            right = await attempt(world, CLERK.username, world.password)
            assert right.status_code == 403
            assert "已停用" in right.text
            assert (await browser.open(authorize_url(client))).status_code == 200  # no longer signed in
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await world.post(TOKEN, form)).json()["error"] == "invalid_grant"
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        told = await browser.http.get("/oauth/userinfo", headers=headers)
        assert told.status_code == 401

    play(story)


def test_a_code_given_before_the_deactivation_is_worth_nothing_after_it(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth() as client:
            back = await world.browser().sign_in(authorize_url(client), CLERK.username, world.password)
        await admin.deactivate(world.settings, CLERK.username, clock=world.clock)
        form = {"grant_type": "authorization_code", "code": parameters(back)["code"]}
        refused = await world.post(TOKEN, {**form, "redirect_uri": CALLBACK, "code_verifier": VERIFIER})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")

    play(story)


def test_a_sign_in_under_stronger_parameters_renews_the_hash(play: Play) -> None:
    async def story(world: World) -> None:
        world.app.state.identity.tools.passwords._hasher = type(world.app.state.identity.tools.passwords._hasher)(
            time_cost=2, memory_cost=16, parallelism=1
        )
        assert (await attempt(world, CLERK.username, world.password)).status_code == 303
        (row,) = await world.rows("SELECT password_hash FROM account WHERE username = 'mishuchu'")
        assert row.password_hash.startswith("$argon2id$v=19$m=16,t=2,p=1$")
        assert (await attempt(world, CLERK.username, world.password)).status_code == 303

    play(story)


def test_every_sign_in_and_refusal_is_audited_without_what_was_typed(play: Play) -> None:
    async def story(world: World) -> None:
        await world.tokens()
        await attempt(world, CLERK.username, "wrong-password")
        await attempt(world, "my-secret-typed-here", "wrong-password")
        entries = [entry for entry in await world.audited() if entry[0].startswith("sign_in.")]
        assert entries == [
            ("sign_in.accepted", "secretariat_clerk", None),
            ("sign_in.refused", "service", "wrong"),
            ("sign_in.refused", "service", "wrong, no such account"),
        ]
        whole = str(await world.rows("SELECT a::text FROM audit_entry a"))
        assert "my-secret-typed-here" not in whole
        assert "wrong-password" not in whole

    play(story)


def test_signing_out_ends_the_session_and_its_tokens_and_goes_where_the_client_registered(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth() as client:
            back = await browser.sign_in(authorize_url(client), CLERK.username, world.password)
            tokens = await client.fetch_token(
                TOKEN, grant_type="authorization_code", code=parameters(back)["code"], code_verifier=VERIFIER
            )
            elsewhere = await world.tokens()
            params = {"client_id": "frontend", "post_logout_redirect_uri": HOME, "state": "bye"}
            left = await browser.submit(await browser.http.get("/oauth/logout", params=params))
            assert (left.status_code, left.headers["location"]) == (303, f"{HOME}?state=bye")
            assert (await browser.open(authorize_url(client))).status_code == 200
        for token, status in ((tokens, 400), (elsewhere, 200)):
            form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
            assert (await world.post(TOKEN, form)).status_code == status
        assert "sign_out" in {action for action, _, _ in await world.audited()}

    play(story)


def test_signing_out_never_redirects_to_an_address_that_is_not_registered(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        bad = ["https://attacker.example/", f"{HOME}x", "//attacker.example", ""]
        for target in bad:
            params = {"client_id": "frontend", "post_logout_redirect_uri": target}
            page = await browser.http.get("/oauth/logout", params=params)
            assert page.status_code == 200
            assert "已退出登录" in page.text
        for client_id in ("registry", "no\x00body", str(uuid4())):
            params = {"client_id": client_id, "post_logout_redirect_uri": HOME}
            assert (await browser.http.get("/oauth/logout", params=params)).status_code == 200

    play(story)

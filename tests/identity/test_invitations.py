"""Links by which a password is set: for whom, once, for a while, without leaving the token anywhere."""

import json
import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from services.identity.actors import operator
from services.identity.commands.deactivate_account import deactivate_account
from services.identity.commands.invite import invite
from services.identity.domain import InvitationPurpose
from services.identity.queries import get_account
from services.kernel.observability import logged_path
from tests.identity.world import BUREAU, CLERK, TOKEN, Browser, Play, World, authorize_url

NEW = "Yi-Ge-Xin-Mima-2025"
PURPOSES = list(InvitationPurpose)


async def link_for(
    world: World, username: str = BUREAU.username, purpose: InvitationPurpose = InvitationPurpose.INVITATION
) -> str:
    """The path of a fresh link."""
    async with world.database.write("anqing") as session:
        account = await get_account(session, "anqing", username)
        made = await invite(session, world.clock, operator("anqing"), world.settings, account, purpose)
    return urlsplit(made.link).path


async def set_password(browser: Browser, link: str, password: str = NEW, repeated: str | None = None) -> httpx.Response:
    repeated = password if repeated is None else repeated
    return await browser.submit(await browser.open(link), password=password, repeated=repeated)


async def may_sign_in(world: World, username: str, password: str) -> bool:
    async with world.oauth() as client:
        answer = await world.browser().attempt(authorize_url(client), username, password)
    return answer.status_code == 303


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_says_whose_it_is_sets_the_password_and_signs_nobody_in(play: Play, purpose: InvitationPurpose) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        link = await link_for(world, purpose=purpose)
        page = await browser.open(link)
        assert page.status_code == 200
        for told in ("怀宁县示例教育局", BUREAU.username, "安庆职业教育集团"):
            assert told in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        done = await set_password(browser, link)
        assert done.status_code == 200
        assert "密码已设置" in done.text
        async with world.oauth() as client:
            assert "用户名" in (await browser.open(authorize_url(client))).text
        assert await may_sign_in(world, BUREAU.username, NEW)
        assert not await may_sign_in(world, BUREAU.username, world.password)

    play(story)


def test_an_invited_account_has_no_password_until_the_link_is_used(play: Play) -> None:
    async def story(world: World) -> None:
        await world.execute(
            "UPDATE account SET state = 'invited', password_hash = NULL, password_set_at = NULL WHERE username = :name",
            name=BUREAU.username,
        )
        assert not await may_sign_in(world, BUREAU.username, world.password)
        await set_password(world.browser(), await link_for(world))
        assert await may_sign_in(world, BUREAU.username, NEW)
        (row,) = await world.rows(f"SELECT state FROM account WHERE username = '{BUREAU.username}'")
        assert row.state == "active"

    play(story)


def test_a_link_serves_once_also_when_sent_twice_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        link = await link_for(world)
        first, second = world.browser(), world.browser()
        page = await second.open(link)
        assert (await set_password(first, link)).status_code == 200
        late = await second.submit(page, password=NEW + "x", repeated=NEW + "x")
        assert late.status_code == 404
        assert "链接无效" in late.text
        assert BUREAU.username not in late.text
        assert (await first.open(link)).status_code == 404
        assert await may_sign_in(world, BUREAU.username, NEW)

    play(story)


def test_every_link_that_does_not_stand_gives_the_same_page(play: Play) -> None:
    async def story(world: World) -> None:
        replaced = await link_for(world)
        expired = await link_for(world)
        told = []
        world.clock.advance(timedelta(hours=world.settings.invitation_hours))
        of_the_gone = await link_for(world, CLERK.username)
        async with world.database.write("anqing") as session:
            await _deactivate(world, session)
        cut = of_the_gone[:-1]
        unknown = "/oauth/invitation/anqing." + "A" * 43
        foreign = of_the_gone.replace("anqing.", "xiaogan.")
        for link in (replaced, expired, of_the_gone, cut, unknown, foreign, "/oauth/reset/x", "/oauth/invitation/%00"):
            page = await world.browser().open(link)
            assert page.status_code == 404, link
            told.append(re.sub(r"请求编号 \w+", "", page.text))
            sent = await world.browser().http.post(link, data={"password": NEW, "repeated": NEW})
            assert sent.status_code == 404
        assert len(set(told)) == 1
        assert CLERK.username not in told[0]

    async def _deactivate(world: World, session: object) -> None:
        account = await get_account(session, "anqing", CLERK.username)  # type: ignore[arg-type]
        await deactivate_account(session, world.clock, operator("anqing"), account, reason="调离")  # type: ignore[arg-type]

    play(story)


def test_a_link_stands_until_its_hour_and_the_newest_only(play: Play) -> None:
    async def story(world: World) -> None:
        first = await link_for(world)
        second = await link_for(world)
        assert (await world.browser().open(first)).status_code == 404
        world.clock.advance(timedelta(hours=world.settings.invitation_hours) - timedelta(seconds=1))
        assert (await world.browser().open(second)).status_code == 200
        world.clock.advance(timedelta(seconds=1))
        assert (await world.browser().open(second)).status_code == 404

    play(story)


def test_all_faults_of_a_password_are_told_at_once_and_the_link_still_serves(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        link = await link_for(world)
        page = await set_password(browser, link, "mima", "amim")
        assert page.status_code == 422
        for fault in ("密码至少 12 个字符", "三种", "两次输入的密码不一致"):
            assert fault in page.text
        assert "mima" not in re.sub(r'name="\w+"|id="[\w-]+"', "", page.text)
        assert (await set_password(browser, link)).status_code == 200

    play(story)


def test_the_form_belongs_to_one_browser_and_one_link(play: Play) -> None:
    async def story(world: World) -> None:
        browser, other = world.browser(), world.browser()
        mine, clerks = await link_for(world), await link_for(world, CLERK.username)
        page, clerks_page = await browser.open(mine), await browser.open(clerks)
        token = re.search(r'name="csrf_token" value="([^"]*)"', clerks_page.text)[1]  # type: ignore[index]
        for refused in (
            await other.submit(page, password=NEW, repeated=NEW),
            await browser.submit(page, password=NEW, repeated=NEW, csrf_token=token),
            await browser.submit(page, password=NEW, repeated=NEW, csrf_token=""),
        ):
            assert refused.status_code == 403
            assert "页面已过期" in refused.text
        assert await may_sign_in(world, BUREAU.username, world.password)

    play(story)


def test_a_reset_lifts_the_lock_and_signs_out_everywhere(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens(BUREAU)
        for _ in range(5):
            await may_sign_in(world, BUREAU.username, "wrong-password")
        assert not await may_sign_in(world, BUREAU.username, world.password)
        await set_password(world.browser(), await link_for(world, purpose=InvitationPurpose.PASSWORD_RESET))
        assert await may_sign_in(world, BUREAU.username, NEW)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await world.post(TOKEN, form)).json()["error"] == "invalid_grant"

    play(story)


def test_a_reset_does_not_remove_the_second_factor(play: Play) -> None:
    async def story(world: World) -> None:
        sealed = b"sealed"
        await world.execute(
            "UPDATE account SET totp_secret = :sealed, totp_confirmed_at = now() WHERE username = :name",
            sealed=sealed,
            name=BUREAU.username,
        )
        await set_password(world.browser(), await link_for(world, purpose=InvitationPurpose.PASSWORD_RESET))
        (row,) = await world.rows(f"SELECT totp_secret FROM account WHERE username = '{BUREAU.username}'")
        assert row.totp_secret == sealed

    play(story)


def test_use_and_refusal_are_audited_and_the_token_is_written_nowhere(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets: list[str] = []

    async def story(world: World) -> None:
        link = await link_for(world)
        secrets.extend((link.rpartition(".")[2], NEW))
        await set_password(world.browser(), link)
        await world.browser().open(link)
        actions = [(action, reason) for action, _, reason in await world.audited() if action.startswith("invitation")]
        assert actions == [("invitation.accept", None), ("invitation.refused", "not standing")]
        whole = str(await world.rows("SELECT a::text FROM audit_entry a"))
        assert not any(secret in whole for secret in secrets)

    play(story)
    logged = capsys.readouterr().err
    paths = [json.loads(line).get("path") for line in logged.splitlines()]
    assert paths.count("/oauth/invitation/…") == 3
    assert not any(secret in logged for secret in secrets)


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/oauth/invitation/anqing.abc", "/oauth/invitation/…"),
        ("/oauth/reset/anqing.abc", "/oauth/reset/…"),
        ("/oauth/reset/a/b\nc", "/oauth/reset/…"),
        ("/oauth/invitation/", "/oauth/invitation/"),
        ("/oauth/authorize", "/oauth/authorize"),
        ("/api/registry/v1/members", "/api/registry/v1/members"),
    ],
)
def test_the_access_line_leaves_the_token_out(path: str, logged: str) -> None:
    assert logged_path(path) == logged

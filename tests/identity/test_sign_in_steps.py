"""The steps after the password: second factor, setting one up, choosing a post; and that none can be left out."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import httpx
import pytest

from services.identity.schemas.account import AccountCreate
from services.kernel.permissions import Role
from tests.identity.world import (
    BUREAU,
    CALLBACK,
    CLERK,
    TOKEN,
    VERIFIER,
    Browser,
    Phone,
    Play,
    World,
    authorize_url,
    parameters,
)

HEAD = AccountCreate(username="fuzeren", display_name="秘书处负责人", role=Role.SECRETARIAT_HEAD)
ADMIN = AccountCreate(username="xitong", display_name="系统管理员", role=Role.SYSTEM_ADMIN)
LEADER = AccountCreate(username="lingdao", display_name="分管领导", role=Role.LEADER)


async def url_of(world: World, **changes: str | None) -> str:
    async with world.oauth() as client:
        return authorize_url(client, **changes)


async def at_next_step(
    world: World, browser: Browser, account: AccountCreate = BUREAU, **changes: str
) -> httpx.Response:
    """The page after the right password."""
    url = await url_of(world, **changes)
    return await browser.followed(await browser.attempt(url, account.username, world.password))


async def claims_of(world: World, back: str) -> dict[str, object]:
    """What the token says that the code of this address gives."""
    form = {"grant_type": "authorization_code", "code": parameters(back)["code"], "redirect_uri": CALLBACK}
    granted = await world.post(TOKEN, {**form, "code_verifier": VERIFIER})
    assert granted.status_code == 200, granted.text
    return await world.verifier().verify(granted.json()["access_token"])


async def enrolled(world: World, account: AccountCreate = ADMIN) -> tuple[Phone, list[str]]:
    """Set a second factor up at the first sign-in; returns the phone and the recovery codes."""
    browser = world.browser()
    page = await at_next_step(world, browser, account)
    phone = Phone(secret_on(page), world.clock)
    told = await browser.submit(page, code=phone.code())
    return phone, re.findall(r"<code>([^<]+)</code>", told.text)


def secret_on(page: httpx.Response) -> str:
    found = re.search(r'class="enrol-secret">([^<]+)<', page.text)
    assert found, page.text
    return found[1].replace(" ", "")


def choices_on(page: httpx.Response) -> list[str]:
    return re.findall(r'name="choice" value="([^"]+)"', page.text)


def sent_to_client(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and answer.headers["location"].startswith(CALLBACK)


# ---- choosing a post


def test_a_post_is_chosen_and_the_token_speaks_for_it(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await at_next_step(world, browser)
        assert "选择岗位" in page.text
        work, practice = choices_on(page)
        assert practice == f"{work}.practice"
        answer = await browser.submit(page, choice=work)
        assert sent_to_client(answer)
        claims = await claims_of(world, answer.headers["location"])
        assert (claims["post"], claims["alliance"], claims["role"]) == (work, "anqing", "county_clerk")
        assert claims["amr"] == ["pwd"]

    play(story)


def test_practice_leads_into_the_practice_alliance(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await at_next_step(world, browser)
        answer = await browser.submit(page, choice=choices_on(page)[1])
        claims = await claims_of(world, answer.headers["location"])
        assert (claims["alliance"], claims["division"]) == ("anqing-practice", "340822")

    play(story)


def test_the_only_choice_is_taken_without_a_page(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(LEADER)
        answer = await world.browser().attempt(await url_of(world), LEADER.username, world.password)
        assert sent_to_client(answer)
        assert (await claims_of(world, answer.headers["location"]))["role"] == "leader"

    play(story)


def test_the_post_of_last_time_stands_first_and_its_button_has_the_focus(play: Play) -> None:
    async def story(world: World) -> None:
        second = await world.give_post(BUREAU, Role.COUNTY_REVIEWER, division="340822", title="审核股长")
        for choice in (f"{second}.practice", str(second)):
            browser = world.browser()
            page = await at_next_step(world, browser)
            assert len(choices_on(page)) == 4
            await browser.submit(page, choice=choice)
            world.clock.advance(timedelta(minutes=1))
            again = await at_next_step(world, world.browser())
            assert choices_on(again)[:2] == [str(second), f"{second}.practice"]
            assert re.findall(r'name="choice" value="([^"]+)" autofocus', again.text) == [choice]

    play(story)


@pytest.mark.parametrize("choice", ["", "x", str(uuid4()), "’; DROP"])
def test_a_post_that_one_does_not_hold_cannot_be_chosen(play: Play, choice: str) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await at_next_step(world, browser)
        refused = await browser.submit(page, choice=choice)
        assert refused.status_code == 422
        assert "所选岗位已不可用" in refused.text
        foreign = choices_on(await at_next_step(world, world.browser(), CLERK))[0]
        assert (await browser.submit(page, choice=foreign)).status_code == 422

    play(story)


def test_a_post_that_ended_while_the_page_stood_open_cannot_be_chosen(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await at_next_step(world, browser)
        await world.execute("UPDATE post SET active = false WHERE id = :id", id=UUID(choices_on(page)[0]))
        refused = await browser.submit(page, choice=choices_on(page)[0])
        assert not sent_to_client(refused)
        assert "没有可用的岗位" in (await browser.followed(refused)).text

    play(story)


def test_whoever_holds_no_post_is_told_whom_to_ask_and_gets_no_session(play: Play) -> None:
    async def story(world: World) -> None:
        await world.execute("UPDATE post SET active = false WHERE role = 'county_clerk'")
        browser = world.browser()
        url = await url_of(world)
        page = await browser.attempt(url, BUREAU.username, world.password)
        assert page.status_code == 403
        assert "没有在任的岗位" in page.text
        assert "秘书处" in page.text
        assert await world.rows("SELECT 1 FROM login_session") == []
        assert ("sign_in.refused", "service", "no_post") in await world.audited()
        wrong = await browser.attempt(url, BUREAU.username, "wrong-password")
        assert "用户名或密码不正确" in wrong.text

    play(story)


def test_a_post_held_from_tomorrow_is_none_today(play: Play) -> None:
    async def story(world: World) -> None:
        await world.execute("UPDATE post_holding SET from_date = from_date + 1")
        page = await world.browser().attempt(await url_of(world), BUREAU.username, world.password)
        assert page.status_code == 403
        world.clock.advance(timedelta(days=1))
        page = await world.browser().attempt(await url_of(world), BUREAU.username, world.password)
        assert page.status_code == 303

    play(story)


def test_a_session_whose_post_ended_asks_for_another(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        url = await url_of(world)
        await browser.sign_in(url, BUREAU.username, world.password)
        await world.give_post(BUREAU, Role.COUNTY_REVIEWER, division="340822", title="审核股长")
        assert sent_to_client(await browser.open(url))
        await world.execute("UPDATE post SET active = false WHERE role = 'county_clerk'")
        page = await browser.open(url)
        assert "选择岗位" in page.text
        answer = await browser.submit(page, choice=choices_on(page)[0])
        assert (await claims_of(world, answer.headers["location"]))["role"] == "county_reviewer"

    play(story)


def test_a_session_whose_last_post_ended_ends(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        url = await url_of(world)
        await browser.sign_in(url, BUREAU.username, world.password)
        await world.execute("UPDATE post SET active = false WHERE role = 'county_clerk'")
        silent = await browser.open(await url_of(world, prompt="none"))
        assert parameters(silent.headers["location"])["error"] == "login_required"
        gone = await browser.open(url)
        assert gone.status_code == 403
        assert "没有在任的岗位" in gone.text
        assert await world.rows("SELECT 1 FROM login_session WHERE ended_at IS NULL") == []
        assert 'name="password"' in (await browser.open(url)).text

    play(story)


def test_the_post_is_changed_without_the_password_and_the_old_session_ends_with_its_tokens(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        url, change = await url_of(world), await url_of(world, prompt="select_account")
        old = await claims_of(world, await browser.sign_in(url, BUREAU.username, world.password))
        page = await browser.open(change)
        assert "选择岗位" in page.text
        answer = await browser.submit(page, choice=choices_on(page)[1])
        new = await claims_of(world, answer.headers["location"])
        assert (old["alliance"], new["alliance"]) == ("anqing", "anqing-practice")
        assert old["sid"] != new["sid"]
        ended = {str(row.id) for row in await world.rows("SELECT id FROM login_session WHERE ended_at IS NOT NULL")}
        assert ended == {old["sid"]}
        revoked = await world.rows("SELECT value FROM revocation WHERE kind = 'session'")
        assert [row.value for row in revoked] == [old["sid"]]
        assert sent_to_client(await browser.open(url))
        stale = await browser.submit(page, choice=choices_on(page)[0])
        assert stale.status_code == 403

    play(story)


def test_a_changed_post_lives_no_longer_than_the_sign_in(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        await browser.sign_in(await url_of(world), BUREAU.username, world.password)
        change = await url_of(world, prompt="select_account")
        for number in range(20):
            world.clock.advance(timedelta(minutes=29))
            page = await browser.open(change)
            await browser.submit(page, choice=choices_on(page)[number % 2])
        world.clock.advance(timedelta(minutes=29))
        assert 'name="password"' in (await browser.open(change)).text

    play(story)


# ---- the second factor


@pytest.mark.parametrize("account", [ADMIN, HEAD], ids=["administrator", "approves-money"])
def test_who_needs_a_second_factor_sets_it_up_at_the_first_sign_in(play: Play, account: AccountCreate) -> None:
    async def story(world: World) -> None:
        await world.add(account)
        browser = world.browser()
        page = await at_next_step(world, browser, account)
        assert "设置动态口令" in page.text
        assert '<img class="enrol-code" src="data:image/svg+xml' in page.text
        assert "img-src 'self' data:" in page.headers["content-security-policy"]
        assert secret_on(await browser.open(str(page.url))) == secret_on(page)
        told = await browser.submit(page, code=Phone(secret_on(page), world.clock).code())
        assert len(re.findall(r"<code>[^<]+</code>", told.text)) == 10
        onward = unescape(re.search(r'<a class="btn btn-primary" href="([^"]*)"', told.text)[1])  # type: ignore[index]
        answer = await browser.choose(await browser.open(onward))
        claims = await claims_of(world, answer.headers["location"])
        assert claims["amr"] == ["pwd", "otp", "mfa"]

    play(story)


def test_the_code_is_asked_for_at_every_sign_in_and_opens_the_way(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        phone, _ = await enrolled(world)
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        assert "输入动态口令" in page.text
        answer = await browser.submit(page, code=phone.code())
        assert sent_to_client(answer)
        assert (await claims_of(world, answer.headers["location"]))["amr"] == ["pwd", "otp", "mfa"]

    play(story)


def test_a_wrong_first_code_shows_the_same_secret_again_and_counts_as_no_guess(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        for _ in range(7):
            again = await browser.submit(page, code="000000")
            assert again.status_code == 422
            assert secret_on(again) == secret_on(page)
        assert (await browser.submit(page, code=Phone(secret_on(page), world.clock).code())).status_code == 200

    play(story)


def test_two_browsers_are_offered_different_secrets_and_the_first_that_confirms_counts(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        mine, other = world.browser(), world.browser()
        my_page, other_page = await at_next_step(world, mine, ADMIN), await at_next_step(world, other, ADMIN)
        assert secret_on(my_page) != secret_on(other_page)
        assert (await mine.submit(my_page, code=Phone(secret_on(my_page), world.clock).code())).status_code == 200
        late = await other.submit(other_page, code=Phone(secret_on(other_page), world.clock).code())
        assert "输入动态口令" in (await other.followed(late)).text

    play(story)


def test_a_code_serves_once_also_in_another_browser(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        phone, _ = await enrolled(world)
        first, second = world.browser(), world.browser()
        page, other = await at_next_step(world, first, ADMIN), await at_next_step(world, second, ADMIN)
        code = phone.code()
        assert sent_to_client(await first.submit(page, code=code))
        replayed = await second.submit(other, code=code)
        assert replayed.status_code == 403
        assert "已经用过" in replayed.text
        assert sent_to_client(await second.submit(replayed, code=phone.code()))

    play(story)


def test_the_code_that_set_the_factor_up_signs_nobody_in(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        code = Phone(secret_on(page), world.clock).code()
        await browser.submit(page, code=code)
        other = world.browser()
        refused = await other.submit(await at_next_step(world, other, ADMIN), code=code)
        assert refused.status_code == 403

    play(story)


def test_each_recovery_code_serves_once(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        _, codes = await enrolled(world)
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        answer = await browser.submit(page, code=codes[0].lower().replace("-", " "))
        assert (await claims_of(world, answer.headers["location"]))["amr"] == ["pwd", "mfa"]
        other = world.browser()
        again = await at_next_step(world, other, ADMIN)
        assert (await other.submit(again, code=codes[0])).status_code == 403
        assert sent_to_client(await other.submit(again, code=codes[1]))
        rows = await world.rows("SELECT code_hash::text, used_at FROM recovery_code")
        assert len([row for row in rows if row.used_at]) == 2
        assert not any(code.replace("-", "") in str(rows) for code in codes)

    play(story)


def test_anothers_recovery_code_is_worth_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        await world.add(HEAD)
        await enrolled(world)
        _, codes = await enrolled(world, HEAD)
        browser = world.browser()
        refused = await browser.submit(await at_next_step(world, browser, ADMIN), code=codes[0])
        assert refused.status_code == 403

    play(story)


def test_wrong_passwords_and_wrong_codes_lock_together_and_the_password_does_not_start_anew(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        phone, codes = await enrolled(world)
        url = await url_of(world)
        for _ in range(2):
            await world.browser().attempt(url, ADMIN.username, "wrong-password")
        for _ in range(2):
            browser = world.browser()
            wrong = await browser.submit(await at_next_step(world, browser, ADMIN), code="000000")
            assert wrong.status_code == 403
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        locked = await browser.submit(page, code="AAAA-AAAA-AAAA")
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")
        assert 'name="password"' in locked.text
        assert 'name="password"' in (await browser.followed(await browser.submit(page, code=phone.code()))).text
        assert (await world.browser().attempt(url, ADMIN.username, world.password)).status_code == 429
        world.clock.advance(timedelta(minutes=15))
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        assert sent_to_client(await browser.submit(page, code=codes[0]))

    play(story)


def test_a_locked_name_refuses_the_right_code_of_a_sign_in_under_way(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        phone, codes = await enrolled(world)
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        for _ in range(5):
            await world.browser().attempt(await url_of(world), ADMIN.username, "wrong-password")
        assert (await browser.submit(page, code=codes[0])).status_code == 429
        assert (await world.rows("SELECT count(*) FROM recovery_code WHERE used_at IS NOT NULL"))[0][0] == 0
        assert phone.secret

    play(story)


def test_a_complete_sign_in_forgets_the_failures_before_it(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        phone, _ = await enrolled(world)
        for _ in range(3):
            browser = world.browser()
            page = await at_next_step(world, browser, ADMIN)
            for _ in range(4):
                assert (await browser.submit(page, code="123")).status_code == 403
            assert sent_to_client(await browser.submit(page, code=phone.code()))

    play(story)


def test_a_post_that_needs_a_factor_makes_a_session_without_one_set_it_up(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        url = await url_of(world)
        await browser.sign_in(url, CLERK.username, world.password)
        await world.give_post(CLERK, Role.SECRETARIAT_HEAD, title="副秘书长")
        page = await browser.open(url)
        assert "设置动态口令" in page.text
        assert "location" not in page.headers

    play(story)


def test_no_secret_and_no_code_is_audited(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        phone, codes = await enrolled(world)
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        await browser.submit(page, code="765432")
        await browser.submit(page, code=codes[3])
        actions = [(action, reason) for action, _, reason in await world.audited() if action[:4] in ("seco", "reco")]
        assert actions == [
            ("second_factor.enrolled", None),
            ("recovery_codes.renewed", None),
            ("second_factor.refused", "wrong"),
            ("recovery_code.used", None),
        ]
        stored = str(await world.rows("SELECT a::text FROM audit_entry a"))
        stored += str(await world.rows("SELECT a::text FROM account a"))
        for secret in (phone.secret, codes[3], codes[3].replace("-", ""), "765432"):
            assert secret not in stored

    play(story)


# ---- none can be left out


STEPS = {"factor": {"code": "123456"}, "enrolment": {"code": "123456"}, "post": {"choice": "x"}, "consent": {}}


@pytest.mark.parametrize("step", STEPS)
def test_no_step_answers_a_browser_that_gave_no_password(play: Play, step: str) -> None:
    async def story(world: World) -> None:
        url = (await url_of(world)).replace("/oauth/authorize?", f"/oauth/authorize/{step}?")
        browser = world.browser()
        await browser.open(await url_of(world))
        answer = await browser.http.post(url, data=STEPS[step])
        assert answer.status_code == 403
        assert 'name="password"' in answer.text
        assert (await browser.http.get(url)).status_code == 405

    play(story)


Leap = Callable[[World, Browser, str], Awaitable[httpx.Response]]


async def by_loading_again(_world: World, browser: Browser, url: str) -> httpx.Response:
    return await browser.open(url)


async def by_the_form_of_the_post(world: World, browser: Browser, url: str) -> httpx.Response:
    (post,) = await world.rows("SELECT id FROM post WHERE role = 'system_admin'")
    return await browser.http.post(url.replace("authorize?", "authorize/post?"), data={"choice": str(post.id)})


async def by_the_form_of_the_consent(_world: World, browser: Browser, url: str) -> httpx.Response:
    return await browser.http.post(url.replace("authorize?", "authorize/consent?"), data={"decision": "allow"})


async def by_setting_up_another(_world: World, browser: Browser, url: str) -> httpx.Response:
    return await browser.http.post(url.replace("authorize?", "authorize/enrolment?"), data={"code": "123456"})


async def by_changing_the_post(world: World, browser: Browser, _url: str) -> httpx.Response:
    return await browser.open(await url_of(world, prompt="select_account"))


@pytest.mark.parametrize(
    "leap",
    [
        by_loading_again,
        by_the_form_of_the_post,
        by_the_form_of_the_consent,
        by_setting_up_another,
        by_changing_the_post,
    ],
)
def test_the_second_factor_cannot_be_left_out(play: Play, leap: Leap) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        await enrolled(world)
        browser = world.browser()
        await at_next_step(world, browser, ADMIN)
        answer = await browser.followed(await leap(world, browser, await url_of(world)))
        assert not sent_to_client(answer)
        assert "输入动态口令" in answer.text
        assert "location" not in answer.headers

    play(story)


def test_a_form_serves_one_step_one_request_and_one_browser(play: Play) -> None:
    async def story(world: World) -> None:
        browser, other = world.browser(), world.browser()
        page = await at_next_step(world, browser)
        choice = choices_on(page)[0]
        password_page = await world.browser().open(await url_of(world))
        foreign_token = re.search(r'name="csrf_token" value="([^"]*)"', password_page.text)[1]  # type: ignore[index]
        assert (await browser.submit(page, choice=choice, csrf_token=foreign_token)).status_code == 403
        assert (await browser.submit(page, choice=choice, csrf_token="")).status_code == 403
        assert 'name="password"' in (await other.submit(page, choice=choice)).text
        action = unescape(re.search(r'<form[^>]*action="([^"]*)"', page.text)[1])  # type: ignore[index]
        token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)[1]  # type: ignore[index]
        changed = re.sub(r"state=[^&]*", "state=another", action)
        fields = {"csrf_token": token, "choice": choice}
        assert (await browser.http.post(changed, data=fields)).status_code == 403
        assert sent_to_client(await browser.submit(page, choice=choice))

    play(story)


def test_the_password_form_serves_no_second_sign_in(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await browser.open(await url_of(world))
        fields = {"username": BUREAU.username, "password": world.password}
        assert (await browser.submit(page, **fields)).status_code == 303
        assert (await browser.submit(page, **fields)).status_code == 403

    play(story)


def test_every_step_gives_a_new_cookie_and_the_one_before_is_worth_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(HEAD)
        browser, thief = world.browser(), world.browser()
        url = await url_of(world)
        seen = []
        page = await at_next_step(world, browser, HEAD)
        seen.append(browser.http.cookies["hub_identity"])
        told = await browser.submit(page, code=Phone(secret_on(page), world.clock).code())
        assert told.status_code == 200
        seen.append(browser.http.cookies["hub_identity"])
        await browser.choose(await browser.open(url))
        seen.append(browser.http.cookies["hub_identity"])
        assert len(set(seen)) == 3
        for old in seen[:2]:
            thief.http.cookies.set("hub_identity", old)
            assert 'name="password"' in (await thief.open(url)).text
        stored = str(await world.rows("SELECT s::text FROM login_session s"))
        assert not any(cookie in stored for cookie in seen)

    play(story)


def test_a_sign_in_under_way_dies_after_minutes_however_busy_it_is(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await at_next_step(world, browser)
        url = await url_of(world)
        world.clock.advance(timedelta(minutes=5))
        assert "选择岗位" in (await browser.open(url)).text
        world.clock.advance(timedelta(minutes=5))
        late = await browser.submit(page, choice=choices_on(page)[0])
        assert late.status_code == 403
        assert "登录已超时" in late.text
        assert 'name="password"' in (await browser.open(url)).text

    play(story)


def test_a_deactivated_account_goes_no_further(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        page = await at_next_step(world, browser)
        await world.execute("UPDATE account SET state = 'deactivated' WHERE username = :name", name=BUREAU.username)
        refused = await browser.submit(page, choice=choices_on(page)[0])
        assert refused.status_code == 403
        assert 'name="password"' in refused.text

    play(story)


def test_a_new_sign_in_ends_the_session_that_the_browser_had(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        old = await claims_of(world, await browser.sign_in(await url_of(world), BUREAU.username, world.password))
        back = await browser.sign_in(await url_of(world, prompt="login"), CLERK.username, world.password)
        new = await claims_of(world, back)
        assert new["sub"] != old["sub"]
        living = await world.rows("SELECT id FROM login_session WHERE ended_at IS NULL")
        assert [str(row.id) for row in living] == [new["sid"]]

    play(story)


# ---- what the client wishes


def test_prompt_none_shows_no_page(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        silent = await url_of(world, prompt="none", state="s1")
        for _ in ("nobody", "on the way"):
            answer = await browser.open(silent)
            assert sent_to_client(answer)
            told = parameters(answer.headers["location"])
            assert (told["error"], told["state"]) == ("login_required", "s1")
            await at_next_step(world, browser)
        await browser.sign_in(await url_of(world, prompt="login"), BUREAU.username, world.password)
        assert "code" in parameters((await browser.open(silent)).headers["location"])
        both = await browser.open(await url_of(world, prompt="none login"))
        assert parameters(both.headers["location"])["error"] == "invalid_request"

    play(story)


def test_prompt_login_asks_once_more_and_then_leads_back(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        await browser.sign_in(await url_of(world), BUREAU.username, world.password)
        again = await url_of(world, prompt="login", state="s2")
        assert 'name="password"' in (await browser.open(again)).text
        back = await browser.sign_in(again, BUREAU.username, world.password)
        assert parameters(back)["state"] == "s2"

    play(story)


def test_max_age_asks_whoever_signed_in_longer_ago(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        await browser.sign_in(await url_of(world), BUREAU.username, world.password)
        world.clock.advance(timedelta(seconds=60))
        assert sent_to_client(await browser.open(await url_of(world, max_age="60")))
        world.clock.advance(timedelta(seconds=1))
        assert 'name="password"' in (await browser.open(await url_of(world, max_age="60"))).text
        back = await browser.sign_in(await url_of(world, max_age="0"), BUREAU.username, world.password)
        assert "code" in parameters(back)
        world.clock.advance(timedelta(seconds=1))
        silent = await browser.open(await url_of(world, max_age="0", prompt="none"))
        assert parameters(silent.headers["location"])["error"] == "login_required"

    play(story)


def test_the_name_that_the_client_knows_is_filled_in_escaped(play: Play) -> None:
    async def story(world: World) -> None:
        page = await world.browser().open(await url_of(world, login_hint='"><b>bureau'))
        assert 'value="&#34;&gt;&lt;b&gt;bureau"' in page.text
        assert "<b>bureau" not in page.text

    play(story)


@pytest.mark.parametrize("state", ["a b+c&d=e/%", "中文", "'\"<>", "x" * 500])
def test_the_clients_state_survives_every_step(play: Play, state: str) -> None:
    async def story(world: World) -> None:
        await world.add(HEAD)
        back = await world.browser().sign_in(await url_of(world, state=state), HEAD.username, world.password)
        assert parameters(back)["state"] == state

    play(story)

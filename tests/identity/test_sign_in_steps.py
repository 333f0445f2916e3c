"""No step of a sign-in can be left out, and no form serves twice or elsewhere."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest

from services.kernel.permissions import Role
from tests.identity.stepping import (
    ADMIN,
    HEAD,
    at_next_step,
    choices_on,
    claims_of,
    enrolled,
    secret_on,
    sent_to_client,
    two_posts,
    url_of,
)
from tests.identity.world import BUREAU, CLERK, Browser, Phone, Play, World

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
        loaded = await browser.http.get(url)
        assert loaded.status_code == 303
        assert loaded.headers["location"] == f"/oauth/authorize?{urlsplit(url).query}"

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
        await two_posts(world)
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
        await world.give_post(HEAD, Role.SECRETARIAT_CLERK, title="经办")
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
        await two_posts(world)
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
        await two_posts(world)
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

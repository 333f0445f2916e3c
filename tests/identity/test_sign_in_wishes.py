"""What the client wishes of a sign-in: prompt, max_age, login_hint (OpenID Connect Core 1.0, 3.1.2.1)."""

from datetime import timedelta

import pytest

from tests.identity.stepping import (
    HEAD,
    at_next_step,
    sent_to_client,
    two_posts,
    url_of,
)
from tests.identity.world import BUREAU, Play, World, parameters


def test_prompt_none_shows_no_page(play: Play) -> None:
    async def story(world: World) -> None:
        await two_posts(world)
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


def test_prompt_none_gets_a_code_for_the_only_post_and_none_once_that_ended(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        silent = await url_of(world, prompt="none")
        await browser.attempt(await url_of(world), BUREAU.username, world.password)
        assert "code" in parameters((await browser.open(silent)).headers["location"])
        await world.execute("UPDATE post SET active = false WHERE role = 'county_clerk'")
        await two_posts(world)
        told = parameters((await browser.open(silent)).headers["location"])
        assert told["error"] == "login_required"

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

"""Choosing the post to work in: at the sign-in, and later without the password."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from services.identity.schemas.account import AccountCreate
from services.kernel.permissions import Role
from tests.identity.stepping import (
    HEAD,
    LEADER,
    at_next_step,
    choices_on,
    claims_of,
    sent_to_client,
    two_posts,
    url_of,
)
from tests.identity.world import BUREAU, CLERK, Play, World, parameters


def test_a_post_is_chosen_and_the_token_speaks_for_it(play: Play) -> None:
    async def story(world: World) -> None:
        second = await two_posts(world)
        browser = world.browser()
        page = await at_next_step(world, browser)
        assert "选择岗位" in page.text
        choices = choices_on(page)
        assert [f"{work}.practice" for work in choices[::2]] == choices[1::2]
        answer = await browser.submit(page, choice=str(second))
        assert sent_to_client(answer)
        claims = await claims_of(world, answer.headers["location"])
        assert (claims["post"], claims["alliance"], claims["role"]) == (str(second), "anqing", "county_reviewer")
        assert claims["amr"] == ["pwd"]

    play(story)


def test_practice_leads_into_the_practice_alliance(play: Play) -> None:
    async def story(world: World) -> None:
        await two_posts(world)
        browser = world.browser()
        page = await at_next_step(world, browser)
        answer = await browser.submit(page, choice=choices_on(page)[1])
        claims = await claims_of(world, answer.headers["location"])
        assert (claims["alliance"], claims["division"]) == ("anqing-practice", "340822")

    play(story)


@pytest.mark.parametrize("account", [LEADER, BUREAU], ids=["without-practice", "with-practice"])
def test_the_only_post_is_taken_without_a_page_and_for_work(play: Play, account: AccountCreate) -> None:
    async def story(world: World) -> None:
        if account is LEADER:
            await world.add(LEADER)
        answer = await world.browser().attempt(await url_of(world), account.username, world.password)
        assert sent_to_client(answer)
        claims = await claims_of(world, answer.headers["location"])
        assert (claims["role"], claims["alliance"]) == (account.role, "anqing")

    play(story)


def test_practice_is_entered_from_the_only_post_by_changing_it(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        await browser.sign_in(await url_of(world), BUREAU.username, world.password)
        page = await browser.open(await url_of(world, prompt="select_account"))
        work, practice = choices_on(page)
        assert practice == f"{work}.practice"
        assert "练习环境是与正式环境分开的一套数据" in page.text
        answer = await browser.submit(page, choice=practice)
        assert (await claims_of(world, answer.headers["location"]))["alliance"] == "anqing-practice"
        again = await browser.open(await url_of(world))
        assert (await claims_of(world, again.headers["location"]))["alliance"] == "anqing-practice"

    play(story)


def test_who_wants_to_choose_is_asked_also_after_the_password_and_the_second_factor(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(HEAD)
        change = await url_of(world, prompt="select_account")
        browser = world.browser()
        page = await browser.followed(await browser.attempt(change, HEAD.username, world.password))
        page = await browser.pass_factor(page, HEAD.username)  # set up, and on from the recovery codes
        assert len(choices_on(page)) == 2
        other = world.browser()
        asked = await other.followed(await other.attempt(change, HEAD.username, world.password))
        assert "输入动态口令" in asked.text
        page = await other.pass_factor(asked, HEAD.username)
        answer = await other.submit(page, choice=choices_on(page)[1])
        assert (await claims_of(world, answer.headers["location"]))["alliance"] == "anqing-practice"
        page = await at_next_step(world, world.browser(), prompt="select_account")
        assert len(choices_on(page)) == 2

    play(story)


def test_the_page_does_not_speak_of_practice_to_who_has_none(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(LEADER)
        page = await at_next_step(world, world.browser(), LEADER, prompt="select_account")
        assert len(choices_on(page)) == 1
        assert "练习" not in page.text

    play(story)


def test_the_post_of_last_time_stands_first_and_its_button_has_the_focus(play: Play) -> None:
    async def story(world: World) -> None:
        second = await two_posts(world)
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


@pytest.mark.parametrize("choice", ["", "x", str(UUID(int=7)), "’; DROP"])
def test_a_post_that_one_does_not_hold_cannot_be_chosen(play: Play, choice: str) -> None:
    async def story(world: World) -> None:
        await two_posts(world)
        browser = world.browser()
        page = await at_next_step(world, browser)
        refused = await browser.submit(page, choice=choice)
        assert refused.status_code == 422
        assert "所选岗位已不可用" in refused.text
        foreign = choices_on(await at_next_step(world, world.browser(), CLERK, prompt="select_account"))[0]
        assert (await browser.submit(page, choice=foreign)).status_code == 422

    play(story)


def test_a_post_that_ended_while_the_page_stood_open_cannot_be_chosen(play: Play) -> None:
    async def story(world: World) -> None:
        second = await two_posts(world)
        browser = world.browser()
        page = await at_next_step(world, browser)
        await world.execute("UPDATE post SET active = false WHERE id = :id", id=second)
        refused = await browser.submit(page, choice=str(second))
        assert refused.status_code == 422
        assert len(choices_on(refused)) == 2
        await world.execute("UPDATE post SET active = false WHERE division = '340822'")
        refused = await browser.submit(page, choice=choices_on(refused)[0])
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
        await two_posts(world)
        assert sent_to_client(await browser.open(url))
        await world.execute("UPDATE post SET active = false WHERE role = 'county_clerk'")
        page = await browser.open(url)
        assert "选择岗位" in page.text
        answer = await browser.submit(page, choice=choices_on(page)[0])
        assert (await claims_of(world, answer.headers["location"]))["role"] == "county_reviewer"

    play(story)


@pytest.mark.parametrize("posts_afterwards", [1, 2])
def test_a_session_does_not_slip_into_another_post_over_the_second_factor(play: Play, posts_afterwards: int) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        url = await url_of(world)
        old = await claims_of(world, await browser.sign_in(url, CLERK.username, world.password))
        await world.execute("UPDATE post SET active = false WHERE role = 'secretariat_clerk'")
        await world.give_post(CLERK, Role.SECRETARIAT_HEAD, title="副秘书长")
        if posts_afterwards == 2:
            await world.give_post(CLERK, Role.SECRETARIAT_CLERK, title="另一岗位")
        page = await browser.pass_factor(await browser.open(url), CLERK.username)
        assert len(choices_on(page)) == 2 * posts_afterwards
        new = await claims_of(world, (await browser.choose(page)).headers["location"])
        assert new["post"] != old["post"]
        assert new["sid"] != old["sid"]
        assert [row.value for row in await world.rows("SELECT value FROM revocation")] == [old["sid"]]

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

"""The second factor at the sign-in: set up, asked for, counted, and never taken twice."""

import asyncio
import re
from datetime import timedelta
from html import unescape

import pytest

from services.identity.schemas.account import AccountCreate
from services.kernel.permissions import Role
from tests.identity.stepping import (
    ADMIN,
    HEAD,
    at_next_step,
    claims_of,
    enrolled,
    secret_on,
    sent_to_client,
    url_of,
)
from tests.identity.world import CLERK, Phone, Play, World


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


def test_a_locked_name_ends_a_sign_in_under_way_and_its_right_code_serves_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        phone, codes = await enrolled(world)
        browser = world.browser()
        page = await at_next_step(world, browser, ADMIN)
        for _ in range(5):
            await world.browser().attempt(await url_of(world), ADMIN.username, "wrong-password")
        assert 'name="password"' in (await browser.followed(await browser.submit(page, code=codes[0]))).text
        assert (await world.rows("SELECT count(*) FROM recovery_code WHERE used_at IS NOT NULL"))[0][0] == 0
        assert phone.secret

    play(story)


def test_codes_guessed_at_once_from_many_browsers_lock_and_end_every_one_of_them(play: Play) -> None:
    async def story(world: World) -> None:
        await world.add(ADMIN)
        await enrolled(world)
        browsers = [world.browser() for _ in range(8)]
        pages = [await at_next_step(world, browser, ADMIN) for browser in browsers]
        guesses = [browser.submit(page, code="000000") for browser, page in zip(browsers, pages, strict=True)]
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
        assert set(statuses) <= {303, 403, 429}
        assert 429 in statuses
        assert (await world.rows("SELECT count(*) FROM login_session WHERE ended_at IS NULL"))[0][0] == 0
        assert (await world.rows("SELECT failures FROM sign_in_guard WHERE locked_until IS NOT NULL"))[0][0] == 5

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

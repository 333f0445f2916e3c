"""企业微信, against a fake written from the vendor's documents (fake_wecom.py says so)."""

from datetime import timedelta

import httpx
import pytest

from services.identity.federation.config import Kind
from services.identity.federation.errors import ProviderMisconfigured
from tests.identity.federation.fake_wecom import AGENT, CORP, SECRET, FakeWecom
from tests.identity.federation.travel import (
    Traveller,
    add_provider,
    bind,
    callback_of,
    parts_of,
    provider_id,
    serving_tcp,
    start_of,
)
from tests.identity.world import Play, World


def config_at(url: str, **changes: str) -> dict[str, str]:
    return {"corp_id": CORP, "agent_id": AGENT, "api_base": url, "login_base": url, **changes}


async def come(world: World) -> httpx.Response:
    """Sign in in a fresh browser."""
    return await Traveller(world).go(start_of(provider_id(1)))


async def last_code(world: World) -> str | None:
    return (await world.audited())[-1][2]


def test_the_corporations_token_is_kept_until_it_ends_and_renewed_once_when_it_ended_early(play: Play) -> None:
    fake = FakeWecom()

    async def story(world: World) -> None:
        await bind(world, await add_provider(world, 1, Kind.WECOM, config_at(url), SECRET), "ZhangSan")
        assert (await come(world)).status_code == 303
        assert (await come(world)).status_code == 303
        assert fake.asked == ["gettoken", "getuserinfo", "getuserinfo"]
        # Ended before its time: told so by 42001, fetched anew, asked again with the same code.
        fake.tokens.clear()
        fake.asked.clear()
        assert (await come(world)).status_code == 303
        assert fake.asked == ["getuserinfo", "gettoken", "getuserinfo"]
        # Over by the clock, a minute early: fetched before it is used.
        fake.asked.clear()
        world.clock.advance(timedelta(seconds=7200 - 60))
        assert (await come(world)).status_code == 303
        assert fake.asked == ["gettoken", "getuserinfo"]
        # A corporation whose tokens never work is not asked for ever.
        fake.always = 42001
        fake.asked.clear()
        assert (await come(world)).status_code == 503
        assert fake.asked == ["getuserinfo", "gettoken", "getuserinfo"]

    with serving_tcp(fake.app()) as url:
        play(story, federation_private_addresses=True)


def test_who_is_no_member_or_brings_a_used_code_is_refused(play: Play) -> None:
    fake = FakeWecom()

    async def story(world: World) -> None:
        await bind(world, await add_provider(world, 1, Kind.WECOM, config_at(url), SECRET), "ZhangSan")
        fake.who = {"openid": "oDOGms-6yCnGrRovBj2yHij5JL6E", "external_userid": "wmEAlECwAAHrbWYDetiu3IaG_g"}
        page = await come(world)
        assert page.status_code == 403
        assert "不是该企业的成员" in page.text
        assert await last_code(world) == "not_a_member"
        browser = Traveller(world)
        back = await browser.to_callback(start_of(provider_id(1)))
        fake.codes.clear()
        assert (await browser.http.get(back)).status_code == 403
        assert await last_code(world) == "code_refused"
        for code, status, sentence in (
            (50001, 503, "没有登记为应用的可信域名（错误码 50001）"),
            (60020, 503, "不在应用的企业可信 IP 中"),
            (45009, 503, "企业微信繁忙"),
            (99999, 503, "错误码 99999"),
        ):
            fake.always = code
            page = await come(world)
            assert page.status_code == status
            assert sentence in page.text
            assert int(page.headers["retry-after"]) > 0
            assert SECRET not in page.text

    with serving_tcp(fake.app()) as url:
        play(story, federation_private_addresses=True)


def test_a_check_tells_a_wrong_secret_from_a_wrong_corporation(play: Play) -> None:
    fake = FakeWecom()

    async def story(world: World) -> None:
        adapters, callback = parts_of(world).adapters, callback_of(provider_id(1))
        await adapters.of("wecom", config_at(url), SECRET).check(callback)
        with pytest.raises(ProviderMisconfigured, match="应用 Secret 不正确"):
            await adapters.of("wecom", config_at(url), "another-secret").check(callback)
        with pytest.raises(ProviderMisconfigured, match="企业 ID"):
            await adapters.of("wecom", config_at(url, corp_id="ww-other"), SECRET).check(callback)

    with serving_tcp(fake.app()) as url:
        play(story, federation_private_addresses=True)

"""钉钉, against a fake written from the vendor's documents (fake_dingtalk.py says so)."""

import httpx
import pytest

from services.identity.federation.config import Kind
from services.identity.federation.errors import ProviderMisconfigured
from tests.identity.federation.fake_dingtalk import CLIENT, CORP, SECRET, FakeDingtalk
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

UNION_ID = "z21HjQliSzpw0YWxxxxx"


def config_at(url: str, **changes: str) -> dict[str, str]:
    return {"client_id": CLIENT, "api_base": url, "login_base": url, **changes}


def test_the_auth_code_leads_to_the_union_id(play: Play) -> None:
    fake = FakeDingtalk()

    async def story(world: World) -> None:
        await bind(world, await add_provider(world, 1, Kind.DINGTALK, config_at(url), SECRET), UNION_ID)

        async def come() -> httpx.Response:
            return await Traveller(world).go(start_of(provider_id(1)))

        assert (await come()).status_code == 303
        assert (await world.rows("SELECT display FROM external_identity"))[0].display == "李四"

        browser = Traveller(world)
        back = httpx.URL(await browser.to_callback(start_of(provider_id(1))))
        renamed = back.copy_remove_param("authCode").copy_set_param("code", back.params["authCode"])
        assert (await browser.http.get(renamed)).status_code == 403
        assert (await world.audited())[-1][2] == "code_missing"

        browser = Traveller(world)
        used = await browser.to_callback(start_of(provider_id(1)))
        fake.codes.clear()
        assert (await browser.http.get(used)).status_code == 403
        assert (await world.audited())[-1][2] == "code_refused"

        fake.denies = True
        page = await come()
        assert page.status_code == 403
        assert "取消了授权" in page.text
        fake.denies, fake.permitted = False, False
        page = await come()
        assert page.status_code == 503
        assert "通讯录个人信息读" in page.text
        fake.permitted, fake.who = True, {"nick": "没有 unionId 的人"}
        assert (await come()).status_code == 403
        assert (await world.audited())[-1][2] == "subject_missing"

    with serving_tcp(fake.app()) as url:
        play(story, federation_private_addresses=True)


def test_with_a_corporation_in_the_record_only_its_people_come_through(play: Play) -> None:
    fake = FakeDingtalk()

    async def story(world: World) -> None:
        config = config_at(url, corp_id=CORP)
        await bind(world, await add_provider(world, 1, Kind.DINGTALK, config, SECRET), UNION_ID)
        assert (await Traveller(world).go(start_of(provider_id(1)))).status_code == 303
        fake.chosen = "ding-another-organisation"
        page = await Traveller(world).go(start_of(provider_id(1)))
        assert page.status_code == 403
        assert "不是本单位" in page.text
        assert (await world.audited())[-1][2] == "other_corporation"

    with serving_tcp(fake.app()) as url:
        play(story, federation_private_addresses=True)


def test_a_check_finds_a_wrong_secret(play: Play) -> None:
    fake = FakeDingtalk()

    async def story(world: World) -> None:
        adapters, callback = parts_of(world).adapters, callback_of(provider_id(1))
        await adapters.of("dingtalk", config_at(url), SECRET).check(callback)
        with pytest.raises(ProviderMisconfigured, match="不认可应用的 Client ID 或密钥"):
            await adapters.of("dingtalk", config_at(url), "another-secret").check(callback)

    with serving_tcp(fake.app()) as url:
        play(story, federation_private_addresses=True)

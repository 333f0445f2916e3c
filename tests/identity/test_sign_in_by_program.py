"""The demonstration's own sign-in (hub/demo/sign_in.py), which tests use as well, against identity's real pages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.demo.errors import DemoError
from hub.demo.sign_in import Account, OAuthClient, signed_in
from hub.demo.steps import AUTHENTICATORS
from services.identity.schemas.account import AccountCreate
from services.kernel.permissions import Role
from tests.identity.world import BUREAU, CALLBACK, Play, World
from tests.support.tokens import ISSUER

ADMIN = AccountCreate(username="xitong", display_name="系统管理员", role=Role.SYSTEM_ADMIN)


async def me(world: World, **wanted: Any) -> dict[str, Any]:
    """Whom the API takes the account for, once signed in."""
    account = Account(password=world.password, **wanted)
    client = OAuthClient("frontend", CALLBACK, world.frontend_secret)
    async with await signed_in(ISSUER, client, account, world.transport) as http:
        told: dict[str, Any] = (await http.get("/api/identity/v1/me")).json()
        return told


def test_a_second_factor_is_set_up_once_and_known_afterwards(play: Play) -> None:
    async def story(world: World) -> None:
        world.clock.instant = datetime.now(UTC)
        await world.add(ADMIN)
        for _ in range(2):
            world.clock.instant = datetime.now(UTC)  # the authenticator goes by the machine's clock, step by step
            assert (await me(world, username=ADMIN.username))["role"] == "system_admin"
        AUTHENTICATORS.pop(ADMIN.username)
        with pytest.raises(DemoError, match="没有它的密钥"):
            await me(world, username=ADMIN.username)

    play(story)


def test_a_post_is_chosen_by_title_or_id_and_practice_by_wish(play: Play) -> None:
    async def story(world: World) -> None:
        second = await world.give_post(BUREAU, Role.COUNTY_REVIEWER, division="340822", title="审核股长")
        assert (await me(world, username=BUREAU.username, post="审核股长"))["role"] == "county_reviewer"
        told = await me(world, username=BUREAU.username, post=str(second), practice=True)
        assert (told["post"], told["alliance"]) == (str(second), "anqing-practice")
        assert (await me(world, username=BUREAU.username))["alliance"] == "anqing"
        with pytest.raises(DemoError, match="没有所要的岗位"):
            await me(world, username=BUREAU.username, post="局长")

    play(story)

"""Walks through the pages of a sign-in, and reads what they offer."""

import re
from uuid import UUID

import httpx

from services.identity.schemas.account import AccountCreate
from services.kernel.permissions import Role
from tests.identity.world import BUREAU, CALLBACK, TOKEN, VERIFIER, Browser, Phone, World, authorize_url, parameters

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


async def two_posts(world: World) -> UUID:
    """Give the bureau's clerk a second post, so that there is something to choose at the sign-in."""
    return await world.give_post(BUREAU, Role.COUNTY_REVIEWER, division="340822", title="审核股长")


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

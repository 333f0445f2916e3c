"""Clients registered on a test world by the very commands that the API calls."""

from dataclasses import dataclass
from typing import Any

from services.identity.actors import operator
from services.identity.commands.create_application import create_application
from services.identity.commands.create_client import create_client
from services.identity.schemas.clients import ApplicationCreate, ClientCreate
from tests.identity.world import World

APP_CALLBACK = "https://app.example.org/callback"
APP_HOME = "https://app.example.org/signed-out"


@dataclass(frozen=True)
class Registered:
    """A client's id, and its secret where it has one."""

    client_id: str
    secret: str

    @property
    def auth(self) -> tuple[str, str]:
        return self.client_id, self.secret


async def machine(world: World, **changes: Any) -> Registered:
    """A machine client of county 340822 with a secret for HTTP Basic, or as `changes` has it."""
    draft = ClientCreate.model_validate({"name": "怀宁县示例平台", "division": "340822", **changes})
    async with world.database.write("anqing") as session:
        client, secret = await create_client(session, world.clock, operator("anqing"), draft)
    return Registered(client.client_id, secret or "")


async def application(world: World, **changes: Any) -> Registered:
    """A third party's application that may ask for everything a sign-in and reading need."""
    wanted = {
        "name": "示例排课系统",
        "description": "为学校排课的外部系统",
        "redirect_uris": [APP_CALLBACK],
        "post_logout_redirect_uris": [APP_HOME],
        "scopes": ["openid", "profile", "offline_access", "registry:read", "targets:read"],
        **changes,
    }
    async with world.database.write("anqing") as session:
        draft = ApplicationCreate.model_validate(wanted)
        client, secret = await create_application(session, world.clock, operator("anqing"), draft)
    return Registered(client.client_id, secret or "")

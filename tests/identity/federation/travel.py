"""A browser that goes to the hub in this process and to other systems over loopback, and rows to travel with."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from sqlalchemy import select, text

from services.identity.actors import operator
from services.identity.commands.create_account import create_account
from services.identity.commands.create_post import create_post
from services.identity.commands.create_provider import read_config
from services.identity.commands.grant_post import grant_post
from services.identity.commands.invite import invite
from services.identity.credentials import digest
from services.identity.domain import InvitationPurpose
from services.identity.federation.config import Kind
from services.identity.parts import IdentityParts
from services.identity.schemas.posts import HoldingCreate, PostCreate
from services.identity.tables import Account, ExternalIdentity, IdentityProvider
from services.kernel.clock import business_date
from services.kernel.ids import new_id
from services.kernel.permissions import Role
from tests.identity.world import CLERK, World
from tests.support.tokens import ISSUER

MEMBER = UUID(int=0xA)
OTHER_MEMBER = UUID(int=0xB)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_STEPS = 15


def provider_id(number: int) -> UUID:
    """The id of a provider that peers know beforehand."""
    return UUID(int=number)


def callback_of(identity_provider: UUID) -> str:
    return f"{ISSUER}/oauth/federation/{identity_provider}/callback"


def start_of(identity_provider: UUID, **query: str) -> str:
    return str(httpx.URL(f"{ISSUER}/oauth/federation/{identity_provider}/start", params=query))


def parts_of(world: World) -> IdentityParts:
    parts: IdentityParts = world.app.state.identity
    return parts


@dataclass
class Traveller:
    """One browser with its cookies."""

    world: World
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        unkept = httpx.Limits(max_keepalive_connections=0)  # nobody closes a traveller's connections
        hub = {ISSUER: self.world.transport}
        self.http = httpx.AsyncClient(
            base_url=ISSUER, mounts=hub, limits=unkept, timeout=20, verify=False
        )  # no TLS here

    async def go(self, url: str) -> httpx.Response:
        """Follow redirects to the page at their end; the way home is not taken, for no page of the hub is there."""
        answer = await self.http.get(url)
        for _step in range(MOST_STEPS):
            if answer.status_code not in REDIRECTS or _target(answer) == f"{ISSUER}/":
                return answer
            answer = await self.http.get(_target(answer))
        raise AssertionError(f"redirected without end, at last to {answer.url}")

    async def to_callback(self, url: str) -> str:
        """Follow redirects up to the hub's callback, which is not opened."""
        answer = await self.http.get(url)
        return await self.on_to_callback(answer)

    async def on_to_callback(self, answer: httpx.Response) -> str:
        for _step in range(MOST_STEPS):
            assert answer.status_code in REDIRECTS, answer.text
            if re.match(rf"{ISSUER}/oauth/federation/[^/]+/callback", _target(answer)):
                return _target(answer)
            answer = await self.http.get(_target(answer))
        raise AssertionError("never came to the callback")

    async def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Send the first form of a page that posts, with its hidden fields."""
        form = next(
            f for f in re.findall(r"<form\b.*?</form>", page.text, re.S) if re.search(r'method="post"', f, re.I)
        )
        hidden = {}
        for tag in re.findall(r"<input\b[^>]*>", form):
            facts = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
            if facts.get("type") == "hidden" and "name" in facts:
                hidden[facts["name"]] = facts.get("value", "")
        action = re.search(r'<form[^>]*\baction="([^"]*)"', form)
        target = page.url.join(unescape(action[1])) if action and action[1] else page.url
        return await self.http.post(target, data={**hidden, **fields}, headers={"Referer": str(page.url)})

    async def stage(self) -> str | None:
        """How far the login session of this browser's cookie came; None without one."""
        cookie = self.http.cookies.get("hub_identity", domain="127.0.0.1")
        if not cookie:
            return None
        rows = await self.world.rows(
            "SELECT stage FROM login_session WHERE ended_at IS NULL"
            f" AND token_hash = decode('{digest(cookie).hex()}', 'hex')"
        )
        return str(rows[0].stage) if rows else None


def _target(answer: httpx.Response) -> str:
    return str(answer.url.join(answer.headers["location"]))


async def add_provider(
    world: World,
    number: int,
    kind: Kind,
    config: dict[str, Any],
    secret: str = "",
    *,
    member: UUID | None = None,
    division: str | None = None,
    active: bool = True,
) -> UUID:
    """A provider with an id that peers know beforehand."""
    sound, issues = read_config(kind, config, private_allowed=True)
    assert not issues, issues
    now = world.clock.now()
    provider = IdentityProvider(
        alliance="anqing",
        id=provider_id(number),
        kind=kind,
        name=f"第 {number} 个单位登录",
        member=member,
        division=division,
        config=sound,
        secret=parts_of(world).keyring.seal_provider(secret) if secret else None,
        active=active,
        created_at=now,
        updated_at=now,
        row_version=1,
    )
    async with world.database.write("anqing") as session:
        session.add(provider)
    return provider.id


async def execute(world: World, sql: str, **values: object) -> None:
    """Change rows as somebody else would, behind the back of what is under test."""
    async with world.database.write("anqing") as session:
        await session.execute(text(sql), values)


async def bind(world: World, identity_provider: UUID, subject: str, username: str = CLERK.username) -> UUID:
    """Make an account the one who has this subject; returns the account's id."""
    async with world.database.write("anqing") as session:
        account = (await session.scalars(select(Account).where(Account.username == username))).one()
        session.add(
            ExternalIdentity(
                alliance="anqing",
                id=new_id(),
                provider_id=identity_provider,
                subject=subject,
                account_id=account.id,
                display="",
                bound_at=world.clock.now(),
            )
        )
    return account.id


async def invited(world: World, username: str = "xinren", *, member: UUID = MEMBER, purpose: str = "invitation") -> str:
    """A new person of a member unit who has nothing but an invitation; returns the token in its link."""
    parts = parts_of(world)
    actor = operator("anqing")
    async with world.database.write("anqing") as session:
        account = await create_account(session, world.clock, actor, username, "新任教师")
        draft = PostCreate(title="填报员", unit_name="示例学院", role=Role.UNIT_REPORTER, member=member)
        post = await create_post(session, world.clock, actor, draft)
        grant = HoldingCreate(account=account.id, from_date=business_date(world.clock), reason="测试")
        await grant_post(session, world.clock, actor, post.id, grant)
        link = await invite(session, world.clock, actor, parts.settings, account, InvitationPurpose(purpose))
    return link.link.rpartition("/")[2]


@contextmanager
def serving_tcp(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a free loopback port, in a thread; yields its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    instance = uvicorn.Server(config)
    thread = threading.Thread(target=instance.run, daemon=True)
    thread.start()
    while not instance.started:
        assert thread.is_alive(), "the fake did not start"
        thread.join(0.005)
    port = instance.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        instance.should_exit = True
        thread.join(timeout=10)

"""A whole identity service on the test database: Authlib's own client on one side, a browser on the other."""

import itertools
import re
import secrets
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pyotp
import pytest
from authlib.deprecate import AuthlibDeprecationWarning
from fastapi import FastAPI
from sqlalchemy import text

from services.identity import admin
from services.identity.actors import operator
from services.identity.app import create_app
from services.identity.commands import rotate_keys
from services.identity.commands.add_person import add_person
from services.identity.commands.create_post import create_post
from services.identity.commands.grant_post import grant_post
from services.identity.parts import IdentityParts
from services.identity.queries import get_account
from services.identity.revoked import RevokedList
from services.identity.schemas.account import AccountCreate
from services.identity.schemas.posts import HoldingCreate, PostCreate
from services.identity.settings import IdentitySettings
from services.kernel.clock import FixedClock, business_date
from services.kernel.database import Database
from services.kernel.permissions import Role
from services.kernel.tokens import TokenVerifier, generate_private_pem
from tests.support.services import hub_settings, service_settings
from tests.support.tokens import AUDIENCE, ISSUER

with warnings.catch_warnings():
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # it says that it would rather have httpx2
    from authlib.integrations.httpx_client import AsyncOAuth2Client

CALLBACK = f"{ISSUER}/login/callback"
HOME = f"{ISSUER}/"
AUTHORIZE, TOKEN, REVOKE = (f"{ISSUER}/oauth/{name}" for name in ("authorize", "token", "revoke"))
VERIFIER = "v" * 64
CLERK = AccountCreate(username="mishuchu", display_name="集团秘书处", role=Role.SECRETARIAT_CLERK)
BUREAU = AccountCreate(
    username="bureau-340822", display_name="怀宁县示例教育局", role=Role.COUNTY_CLERK, division="340822"
)
SERVICES = ("registry", "targets", "subsidies", "exchange")


@dataclass
class World:
    """The service under test and its secrets; every password and secret is made for this one test."""

    settings: IdentitySettings
    clock: FixedClock
    app: FastAPI
    password: str = field(default_factory=lambda: secrets.token_urlsafe(15))
    frontend_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    service_secrets: dict[str, str] = field(
        default_factory=lambda: {name: secrets.token_urlsafe(32) for name in SERVICES}
    )
    phones: "dict[str, Phone]" = field(default_factory=dict)

    @property
    def transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(app=self.app, raise_app_exceptions=False)

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def bootstrap(self) -> None:
        await admin.bootstrap(
            self.settings,
            frontend_secret=self.frontend_secret,
            service_secrets=self.service_secrets,
            redirect_uris=[CALLBACK],
            alliance_name="安庆职业教育集团",
            clock=self.clock,
        )

    def oauth(self, client_id: str = "frontend", secret: str | None = None, **options: Any) -> AsyncOAuth2Client:
        """Authlib's client, speaking to the application in this process."""
        known = {"frontend": self.frontend_secret, **self.service_secrets}
        return AsyncOAuth2Client(
            client_id,
            secret or known[client_id],
            redirect_uri=options.pop("redirect_uri", CALLBACK),
            code_challenge_method="S256",
            revocation_endpoint_auth_method="client_secret_basic",
            transport=self.transport,
            **options,
        )

    def browser(self) -> "Browser":
        return Browser(httpx.AsyncClient(transport=self.transport, base_url=ISSUER), self.clock, self.phones)

    def verifier(self) -> TokenVerifier:
        """The kernel's verifier as another service has it, reading the published JWKS over HTTP."""

        async def jwks() -> dict[str, Any]:
            async with httpx.AsyncClient(transport=self.transport) as http:
                keys: dict[str, Any] = (await http.get(f"{ISSUER}/.well-known/jwks.json")).json()
                return keys

        return TokenVerifier(jwks, issuer=ISSUER, audience=AUDIENCE, clock=self.clock)

    async def tokens(self, account: AccountCreate = CLERK, **options: Any) -> dict[str, Any]:
        """Sign in and exchange the code: the whole happy path."""
        async with self.oauth(**options) as client:
            url, _ = client.create_authorization_url(AUTHORIZE, code_verifier=VERIFIER)
            back = await self.browser().sign_in(url, account.username, self.password)
            granted: dict[str, Any] = await client.fetch_token(
                TOKEN, authorization_response=back, code_verifier=VERIFIER
            )
            return granted

    async def post(self, url: str, form: dict[str, str], *, client_id: str = "frontend") -> httpx.Response:
        """A form sent as a client that authenticates by HTTP Basic."""
        secret = {"frontend": self.frontend_secret, **self.service_secrets}[client_id]
        async with httpx.AsyncClient(transport=self.transport) as http:
            return await http.post(url, data=form, auth=(client_id, secret))

    async def rows(self, sql: str, alliance: str = "anqing") -> list[Any]:
        async with self.database.read(alliance) as session:
            return list((await session.execute(text(sql))).all())

    async def add(self, account: AccountCreate) -> None:
        """One more account, with the password that all have in this world, in a post of its own."""
        parts: IdentityParts = self.app.state.identity
        async with self.database.write("anqing") as session:
            await add_person(session, self.clock, operator("anqing"), parts.tools.passwords, account, self.password)

    async def give_post(self, account: AccountCreate, role: Role, *, title: str, division: str | None = None) -> UUID:
        """One more post for an account, from today."""
        actor = operator("anqing")
        draft = PostCreate(title=title, unit_name=account.display_name, role=role, division=division)
        async with self.database.write("anqing") as session:
            holder = await get_account(session, "anqing", account.username)
            post = await create_post(session, self.clock, actor, draft)
            held = HoldingCreate(account=holder.id, from_date=business_date(self.clock), reason="测试任职")
            await grant_post(session, self.clock, actor, post.id, held)
            return post.id

    async def execute(self, sql: str, **values: Any) -> None:
        """Change rows as no command does, to bring about a state."""
        async with self.database.write("anqing") as session:
            await session.execute(text(sql), values)

    async def audited(self) -> list[tuple[str, str, str | None]]:
        """(action, actor's role, reason) in order."""
        rows = await self.rows("SELECT action, actor_role, reason FROM audit_entry ORDER BY entry_no")
        return [tuple(row) for row in rows]


@dataclass
class Phone:
    """An authenticator application, with the secret that it read off an enrolment page."""

    secret: str
    clock: FixedClock
    last_step: int = 0

    def code(self) -> str:
        """The next code that was never shown before; waits for it on the test's clock."""
        totp = pyotp.TOTP(self.secret)
        if totp.timecode(self.clock.now()) <= self.last_step:
            self.clock.advance(timedelta(seconds=totp.interval))
        self.last_step = totp.timecode(self.clock.now())
        return totp.at(self.clock.now())


@dataclass
class Browser:
    """A browser: it keeps cookies and sends the form that a page holds."""

    http: httpx.AsyncClient
    clock: FixedClock
    phones: dict[str, Phone] = field(default_factory=dict)

    async def open(self, url: str) -> httpx.Response:
        return await self.http.get(url)

    async def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Send the page's form with its hidden fields; `csrf_token=` replaces the page's own."""
        action = unescape(re.search(r'<form[^>]*action="([^"]*)"', page.text)[1])  # type: ignore[index]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        return await self.http.post(action, data={**hidden, **fields})

    async def attempt(self, url: str, username: str, password: str) -> httpx.Response:
        """Give user name and password; on success the answer leads on to the next step."""
        return await self.submit(await self.open(url), username=username, password=password)

    async def followed(self, answer: httpx.Response) -> httpx.Response:
        """What a step leads to: its redirect to another step is followed, the one to the client is not."""
        if answer.headers.get("location", "").startswith("/oauth/authorize?"):
            return await self.http.get(answer.headers["location"])
        return answer

    async def sign_in(self, url: str, username: str, password: str, choice: str = "") -> str:
        """Sign in through all steps; returns where the browser is sent."""
        page = await self.followed(await self.attempt(url, username, password))
        answer = await self.pass_factor(page, username)
        answer = await self.choose(answer, choice)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def pass_factor(self, page: httpx.Response, username: str) -> httpx.Response:
        """Set the second factor up where that is asked for, or give its code."""
        if enrolment := re.search(r'class="enrol-secret">([^<]+)<', page.text):
            phone = self.phones[username] = Phone(enrolment[1].replace(" ", ""), self.clock)
            told = await self.submit(page, code=phone.code())
            assert told.status_code == 200, told.text
            return await self.open(unescape(re.search(r'<a class="btn btn-primary" href="([^"]*)"', told.text)[1]))  # type: ignore[index]
        if page.status_code == 200 and "/oauth/authorize/factor?" in page.text:
            return await self.followed(await self.submit(page, code=self.phones[username].code()))
        return page

    async def choose(self, page: httpx.Response, choice: str = "") -> httpx.Response:
        """Choose a post by its button's value, or the first that is no practice."""
        if page.status_code != 200 or "/oauth/authorize/post?" not in page.text:
            return page
        offered = re.findall(r'name="choice" value="([^"]+)"', page.text)
        return await self.submit(page, choice=choice or next(key for key in offered if "practice" not in key))


def parameters(url: str) -> dict[str, str]:
    """The query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def authorize_url(client: AsyncOAuth2Client, **changes: str | None) -> str:
    """Authlib's authorisation URL with parameters replaced or, by None, left out."""
    url, _ = client.create_authorization_url(AUTHORIZE, code_verifier=VERIFIER)
    wanted = {name: value for name, value in {**parameters(url), **changes}.items() if value is not None}
    return str(httpx.URL(AUTHORIZE, params=wanted))


def identity_settings(database_url: str, files: Path, **changes: Any) -> IdentitySettings:
    """Settings with the cheapest argon2 there is; the demonstration allows it, production does not."""
    if "public_url" in changes:
        changes["hub"] = hub_settings(files, public_url=changes.pop("public_url"))
    fast = {"argon2_time_cost": 1, "argon2_memory_kib": 8, "argon2_parallelism": 1}
    return service_settings(
        IdentitySettings, database_url, files, **{"key_secret": secrets.token_urlsafe(32), **fast, **changes}
    )


SIGNING_KEYS = itertools.count()


@lru_cache(maxsize=3)
def _private_pem(number: int) -> str:
    return generate_private_pem()


def next_private_pem() -> str:
    """One of three keys of this test process, in turn: to make one for every test takes longer than the test."""
    return _private_pem(next(SIGNING_KEYS) % 3)


@asynccontextmanager
async def world_of(database_url: str, files: Path, clock: FixedClock, **changes: Any) -> AsyncIterator[World]:
    """An application with its clients registered and two accounts."""
    settings = identity_settings(database_url, files, **changes)
    app = create_app(settings, clock=clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rotate_keys, "generate_private_pem", next_private_pem)
        async with app.router.lifespan_context(app):
            yield await _furnished(World(settings, clock, app))


async def _furnished(world: World) -> World:
    """With its clients and two accounts."""
    app, clock = world.app, world.clock
    app.state.revoked = RevokedList(world.database, clock, "anqing", fresh_seconds=0)
    await world.bootstrap()
    parts: IdentityParts = app.state.identity
    async with parts.database.write("anqing") as session:
        for account in (CLERK, BUREAU):
            passwords = parts.tools.passwords
            await add_person(session, clock, operator("anqing"), passwords, account, world.password)
    return world


class Play(Protocol):
    """Runs a test's story in a fresh world; keyword arguments become settings."""

    def __call__(self, story: Callable[[World], Awaitable[None]], **changes: Any) -> None: ...

"""What no longer counts before its time: ended sessions, older generations of clients, single tokens.

Identity publishes the list at `/internal/revocations`; every process that verifies tokens asks for it each second, so a
locked account stops within seconds everywhere. While identity does not answer the last list stands: nothing new can be
revoked then, and no token outlives its few minutes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from services.kernel.errors import Unavailable
from services.kernel.upstream import Upstream

log = logging.getLogger(__name__)
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Revoked:
    """One state of the list; `clients` holds the least generation of a client that is still accepted."""

    sessions: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()
    clients: Mapping[str, int] = field(default_factory=dict)
    version: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any], version: str = "") -> "Revoked":
        """The list from its JSON."""
        sessions, tokens = frozenset(content["sessions"]), frozenset(content["tokens"])
        clients = {str(name): int(least) for name, least in content["clients"].items()}
        return cls(sessions, tokens, clients, version)

    def covers(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token with these claims has been revoked."""
        if claims.get("sid") in self.sessions or claims.get("jti") in self.tokens:
            return True
        least = self.clients.get(str(claims.get("client_id")))
        return least is not None and "gen" in claims and int(claims["gen"]) < least


RevocationSource = Callable[[str], Awaitable[Revoked | None]]
"""Given the version that is known, the newer list, or None when it has not changed. Raises Unavailable."""


class RevocationFeed:
    """Keeps `current` fresh in the background; `running()` brackets it."""

    def __init__(self, source: RevocationSource, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._source = source
        self._poll_seconds = poll_seconds
        self.current = Revoked()

    async def refresh(self) -> None:
        """Ask once. Raises Unavailable."""
        newer = await self._source(self.current.version)
        if newer is not None:
            self.current = newer

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[RevocationFeed]":
        """Poll until the block ends."""
        task = asyncio.create_task(self._poll())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _poll(self) -> None:
        reached = True
        while True:
            try:
                await self.refresh()
                reached = True
            except Unavailable:
                if reached:
                    log.warning("revocations not reached, the last list stands")
                reached = False
            await asyncio.sleep(self._poll_seconds)


class HttpRevocations:
    """The list as identity publishes it, over one kept connection."""

    def __init__(self, identity: str) -> None:
        self._upstream = Upstream(identity)
        self._http: aiohttp.ClientSession | None = None

    async def __call__(self, known: str) -> Revoked | None:
        if self._http is None:
            self._http = self._upstream.session(total_seconds=5, limit=1)
        headers = {"If-None-Match": f'"{known}"'} if known else {}
        try:
            async with self._http.get(f"{self._upstream.base_url}/internal/revocations", headers=headers) as answer:
                if answer.status == 304:
                    return None
                answer.raise_for_status()
                return Revoked.of(await answer.json(), answer.headers["ETag"].strip('"'))
        except (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError) as fault:  # or no such list
            raise Unavailable("登录服务暂时无法连接，请稍后重试。", retry_after_seconds=3) from fault

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


@asynccontextmanager
async def following(identity: str) -> AsyncIterator[RevocationFeed]:
    """A feed of identity's list, polled while the block runs."""
    source = HttpRevocations(identity)
    try:
        async with RevocationFeed(source).running() as feed:
            yield feed
    finally:
        await source.close()

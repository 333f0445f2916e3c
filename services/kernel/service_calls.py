"""Calls from one service to another: the service's own token, and snapshots of the other's facts with ETag."""

import asyncio
import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import desc, select
from sqlalchemy.dialects.postgresql import insert

from services.kernel.auth import ALLIANCE_HEADER
from services.kernel.clock import Clock
from services.kernel.database import AnySession, Database
from services.kernel.errors import NotFound, Unavailable
from services.kernel.settings import ServiceSettings
from services.kernel.shared_tables import snapshot as snapshots
from services.kernel.tokens import Jwks
from services.kernel.upstream import Upstream

log = logging.getLogger(__name__)
EARLY = timedelta(seconds=30)
T = TypeVar("T")


async def fetch_jwks(identity: str) -> Jwks:
    """The public keys of identity. Raises Unavailable when it does not answer."""
    try:
        async with Upstream(identity).session(total_seconds=5) as http:
            async with http.get(f"{Upstream(identity).base_url}/.well-known/jwks.json") as answer:
                answer.raise_for_status()
                keys: Jwks = await answer.json()
                return keys
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise Unavailable("登录服务暂时无法连接，请稍后重试。", retry_after_seconds=3) from fault


class ServiceToken:
    """The service's own access token, by client credentials; renewed shortly before it ends."""

    def __init__(self, service: str, settings: ServiceSettings, clock: Clock) -> None:
        self._identity = Upstream(settings.hub.upstream_identity)
        login = f"{service}:{settings.client_secret.get_secret_value()}"
        self._authorization = "Basic " + base64.b64encode(login.encode()).decode()
        self._clock = clock
        self._token = ""
        self._ends: datetime | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        """Return a valid token. Raises Unavailable when identity does not answer."""
        async with self._lock:
            if self._ends is None or self._clock.now() >= self._ends:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        form = {"grant_type": "client_credentials"}
        headers = {"Authorization": self._authorization}
        try:
            async with self._identity.session(total_seconds=5) as http:
                async with http.post(f"{self._identity.base_url}/oauth/token", data=form, headers=headers) as answer:
                    answer.raise_for_status()
                    granted = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise Unavailable("登录服务暂时无法连接，请稍后重试。", retry_after_seconds=3) from fault
        self._token = granted["access_token"]
        self._ends = self._clock.now() + timedelta(seconds=granted["expires_in"]) - EARLY


class Neighbour:
    """Another service, asked in this one's own name."""

    def __init__(self, address: str, token: ServiceToken, *, seconds: float, unavailable: str) -> None:
        """`unavailable` is what people read when it does not answer within `seconds`, or cannot be understood."""
        self._upstream = Upstream(address)
        self._token = token
        self._seconds = seconds
        self._unavailable = unavailable

    async def read(self, shape: TypeAdapter[T], path: str, alliance: str, query: Mapping[str, str] | None = None) -> T:
        """What it answers to a GET in an alliance. Raises Unavailable."""
        content = await self._get(path, alliance, query)
        if content is None:
            raise Unavailable(self._unavailable)
        return self._shaped(shape, content)

    async def find(self, shape: TypeAdapter[T], path: str, alliance: str) -> T | None:
        """The same for one thing that may not be there (404). Raises Unavailable."""
        content = await self._get(path, alliance, None)
        return None if content is None else self._shaped(shape, content)

    def _shaped(self, shape: TypeAdapter[T], content: bytes) -> T:
        try:
            return shape.validate_json(content)
        except ValidationError as fault:
            raise Unavailable(self._unavailable) from fault

    async def _get(self, path: str, alliance: str, query: Mapping[str, str] | None) -> bytes | None:
        headers = {"Authorization": f"Bearer {await self._token.get()}", ALLIANCE_HEADER: alliance}
        url = f"{self._upstream.base_url}{path}"
        try:
            async with self._upstream.session(total_seconds=self._seconds) as http:
                async with http.get(url, params=query, headers=headers) as answer:
                    if answer.status == HTTPStatus.NOT_FOUND:
                        return None
                    answer.raise_for_status()
                    return await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise Unavailable(self._unavailable) from fault


@dataclass(frozen=True)
class Snapshot:
    """Facts of another service at one version; `fresh` is false when its owner did not answer just now."""

    version: str
    fetched_at: datetime
    content: dict[str, Any]
    fresh: bool


class SnapshotClient:
    """Keeps the last snapshot of another service in our own schema and asks the owner whether it changed."""

    def __init__(self, source: str, address: str, path: str, token: ServiceToken, clock: Clock) -> None:
        self._source = source
        self._upstream = Upstream(address)
        self._path = path
        self._token = token
        self._clock = clock

    async def latest(self, database: Database, alliance: str) -> Snapshot:
        """The newest snapshot: fetched now if it changed, else the kept one, also when the owner is down.

        Raises Unavailable when the owner does not answer and nothing was ever kept.
        """
        async with database.read(alliance) as session:
            kept = await self._newest(session, alliance)
        try:
            answer = await self._ask(alliance, kept.version if kept else None)
        except Unavailable:
            if kept is None:
                raise
            log.warning("snapshot owner unavailable", extra={"source": self._source})
            return kept
        if answer is None and kept is not None:
            return Snapshot(kept.version, kept.fetched_at, kept.content, fresh=True)
        assert answer is not None  # noqa: S101  # 304 is only answered to a version that we sent
        version, content = answer
        return await self._keep(database, alliance, version, content)

    async def at(self, session: AnySession, alliance: str, version: str) -> Snapshot:
        """The snapshot that was pinned. Raises NotFound when this service never held it."""
        kept = await self._newest(session, alliance, version)
        if kept is None:
            raise NotFound("找不到当时所用的登记快照。", code="snapshot_missing")
        return kept

    async def _newest(self, session: AnySession, alliance: str, version: str | None = None) -> Snapshot | None:
        statement = select(snapshots).where(snapshots.c.alliance == alliance, snapshots.c.source == self._source)
        if version is not None:
            statement = statement.where(snapshots.c.version == version)
        row = (await session.execute(statement.order_by(desc(snapshots.c.fetched_at)).limit(1))).one_or_none()
        return Snapshot(row.version, row.fetched_at, row.content, fresh=False) if row else None

    async def _keep(self, database: Database, alliance: str, version: str, content: dict[str, Any]) -> Snapshot:
        now = self._clock.now()
        row = {"alliance": alliance, "source": self._source, "version": version, "fetched_at": now, "content": content}
        statement = insert(snapshots).values(row)
        same = [snapshots.c.alliance, snapshots.c.source, snapshots.c.version]
        async with database.write(alliance) as session:
            await session.execute(statement.on_conflict_do_update(index_elements=same, set_={"fetched_at": now}))
        return Snapshot(version, now, content, fresh=True)

    async def _ask(self, alliance: str, version: str | None) -> tuple[str, dict[str, Any]] | None:
        headers = {"Authorization": f"Bearer {await self._token.get()}", ALLIANCE_HEADER: alliance}
        if version is not None:
            headers["If-None-Match"] = f'"{version}"'
        try:
            async with self._upstream.session(total_seconds=20) as http:
                async with http.get(f"{self._upstream.base_url}{self._path}", headers=headers) as answer:
                    if answer.status == 304:
                        return None
                    answer.raise_for_status()
                    return answer.headers["ETag"].strip('"'), await answer.json()
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise Unavailable("登记服务暂时无法连接，请稍后重试。") from fault

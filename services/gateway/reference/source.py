"""The services' OpenAPI documents, fetched and kept for a while, and what is made of them for each audience."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from services.gateway.reference.audiences import Audience
from services.gateway.reference.merging import merged
from services.gateway.reference.pages import render
from services.gateway.routes import API_SERVICES
from services.kernel.clock import Clock
from services.kernel.errors import Unavailable

log = logging.getLogger(__name__)
Read = Callable[[str, bytes], Awaitable[bytes]]
"""Asks a part for a target. Raises Unavailable."""


RETRY = timedelta(seconds=5)
"""When a part that did not answer is asked again."""


@dataclass(frozen=True)
class Sent:
    """Something as it is sent, and the version by which a reader knows that it has not changed."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, content: bytes) -> "Sent":
        return cls(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@dataclass(frozen=True)
class Published:
    """The merged document of an audience, and the page made of it."""

    document: Sent
    page: Sent


class DocumentSource:
    """Asks each service anew after `keep_seconds`; one that does not answer is represented by what it said last."""

    def __init__(self, read: Read, *, public_url: str, keep_seconds: float, clock: Clock) -> None:
        self._read = read
        self._public_url = public_url
        self._keep = timedelta(seconds=keep_seconds)
        self._clock = clock
        self._said: dict[str, bytes] = {}
        self._asked: datetime | None = None
        self._published: dict[str, Published] = {}
        self._lock = asyncio.Lock()

    async def of(self, audience: Audience) -> Published:
        """The document of an audience, whichever services answer."""
        async with self._lock:
            now = self._clock.now()
            patience = self._keep if len(self._said) == len(API_SERVICES) else min(self._keep, RETRY)
            if self._asked is None or now - self._asked >= patience:
                self._asked = now
                await self._ask_all()
            if audience.code not in self._published:
                # Beside the loop: a merge takes a tenth of a second, in which no request would be answered.
                self._published[audience.code] = await asyncio.to_thread(self._publish, audience, dict(self._said))
            return self._published[audience.code]

    async def _ask_all(self) -> None:
        answers = await asyncio.gather(*(self._ask(part) for part in API_SERVICES))
        said = {part: answer for part, answer in zip(API_SERVICES, answers, strict=True) if answer is not None}
        if said != self._said:
            self._said = said
            self._published.clear()

    async def _ask(self, part: str) -> bytes | None:
        try:
            answer = await self._read(part, f"/api/{part}/v1/openapi.json".encode())
            readable = isinstance(orjson.loads(answer), dict)
        except (Unavailable, orjson.JSONDecodeError):
            readable = False
        if not readable:
            log.warning("no document of a part", extra={"part": part})
            return self._said.get(part)
        return answer

    def _publish(self, audience: Audience, said: dict[str, bytes]) -> Published:
        parts = {part: orjson.loads(said[part]) if part in said else None for part in API_SERVICES}
        document = merged(parts, audience, self._public_url)
        return Published(Sent.of(orjson.dumps(document)), Sent.of(render(audience, document).encode()))

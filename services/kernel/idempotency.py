"""Idempotency-Key on creates: the same key and request is answered once and then repeated, never done twice.

The key is inserted in the transaction of the change; a second request with the same key waits for the first one to
commit and then gets its answer. The same key with another request is a conflict, and so is that of the same person in
another post. A key is forgotten after `KEPT`: its owner's next create deletes it.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.kernel.auth import CurrentPrincipal
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal
from services.kernel.sessions import Writing
from services.kernel.shared_tables import idempotency_key as keys

KEPT: Final = timedelta(days=7)
"""How long an answer is repeated; whoever tries again does so within hours."""


@dataclass
class Once:
    """One create under its key; without a key it does nothing."""

    session: WriteSession
    principal: Principal
    key: str | None
    request_hash: bytes

    def include(self, *parts: bytes) -> None:
        """Make an uploaded file (or its hash) and its fields part of the request that the key stands for."""
        digest = hashlib.sha256(self.request_hash)
        for part in parts:
            digest.update(hashlib.sha256(part).digest())
        self.request_hash = digest.digest()

    async def replay(self) -> Response | None:
        """Claim the key; return the earlier answer when this very request was already carried out.

        Raises Conflict when the key was used for another request.
        """
        if self.key is None:
            return None
        await self._forget_old_keys()
        claim = insert(keys).values(
            alliance=self.principal.alliance,
            actor=self.principal.subject,
            key=self.key,
            request_hash=self.request_hash,
        )
        claimed = await self.session.execute(claim.on_conflict_do_nothing().returning(keys.c.key))
        if claimed.first() is not None:
            return None
        row = (await self.session.execute(select(keys).where(*self._match()))).one()
        if bytes(row.request_hash) != self.request_hash:
            raise Conflict("这个 Idempotency-Key 已用于另一请求，请换一个新的。", code="idempotency_key_reused")
        return Response(row.body, row.status, {**row.headers, "Idempotent-Replay": "true"})

    async def answer(self, model: BaseModel, status: int = 201, headers: dict[str, str] | None = None) -> Response:
        """Render the answer and remember it under the key."""
        body = model.model_dump_json().encode()
        kept = {"Content-Type": "application/json", **(headers or {})}
        if self.key is not None:
            await self.session.execute(
                update(keys).where(*self._match()).values(status=status, headers=kept, body=body)
            )
        return Response(body, status, kept)

    async def _forget_old_keys(self) -> None:
        """Delete the caller's own; the database wrote their times, so its clock judges them."""
        await self.session.execute(delete(keys).where(*self._own(), keys.c.created_at < func.now() - KEPT))

    def _own(self) -> tuple[ColumnElement[bool], ...]:
        return (keys.c.alliance == self.principal.alliance, keys.c.actor == self.principal.subject)

    def _match(self) -> tuple[ColumnElement[bool], ...]:
        return (*self._own(), keys.c.key == self.key)


Key = Annotated[str | None, Header(max_length=200, description="重试时保持不变的请求键")]


def _begun(request: Request, principal: Principal) -> "hashlib._Hash":
    """What every request stands for: operation, address, and for whom the caller speaks."""
    return hashlib.sha256(f"{request.method} {request.url.path}\n{principal.owner} {principal.post}\n".encode())


async def _once_by_parts(
    request: Request, session: Writing, principal: CurrentPrincipal, idempotency_key: Key = None
) -> Once:
    return Once(session, principal, idempotency_key, _begun(request, principal).digest())


async def _once(request: Request, once: Annotated[Once, Depends(_once_by_parts, scope="function")]) -> Once:
    # The parts of a multipart form are included by the route, which alone reads them.
    if once.key is not None and not request.headers.get("content-type", "").startswith("multipart/"):
        digest = _begun(request, once.principal)
        digest.update(await request.body())
        once.request_hash = digest.digest()
    return once


IdempotentCreate = Annotated[Once, Depends(_once, scope="function")]
IdempotentUpload = Annotated[Once, Depends(_once_by_parts, scope="function")]
"""A create whose body the route itself reads: it includes what the body was, for a stream its hash."""

"""End what somebody holds open: browsers, refresh tokens, and by a revocation the access tokens that still live."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, union, update
from sqlalchemy.dialects.postgresql import insert

from services.identity.tables import LoginSession, RefreshToken, Revocation
from services.kernel.clock import Clock
from services.kernel.database import WriteSession

REVOCATION_KEPT: Final = timedelta(hours=2)
"""Longer than the longest life of an access token that the settings allow (one hour)."""

Held = type[LoginSession] | type[RefreshToken]


async def end_sessions(
    session: WriteSession,
    clock: Clock,
    alliance: str,
    *,
    session_id: UUID | None = None,
    account_id: UUID | None = None,
    post_id: UUID | None = None,
    keep: UUID | None = None,
) -> int:
    """End the sessions that meet every condition given but not `keep`, with all their tokens. Returns how many.

    A refresh token may outlive the row of its session, so sessions are sought by both. The caller audits why.
    """
    if session_id is None and account_id is None and post_id is None:
        raise ValueError("name whose sessions end")
    wanted = {"account_id": account_id, "post_id": post_id}
    browsers = select(LoginSession.id).where(LoginSession.ended_at.is_(None))
    tokens = select(RefreshToken.session_id).where(RefreshToken.revoked_at.is_(None))
    if session_id is not None:
        browsers = browsers.where(LoginSession.id == session_id)
        tokens = tokens.where(RefreshToken.session_id == session_id)
    found = union(
        browsers.where(*_matching(LoginSession, alliance, wanted)),
        tokens.where(*_matching(RefreshToken, alliance, wanted)),
    )
    ended = [sid for sid in (await session.scalars(found)).all() if sid != keep]
    await _end(session, clock.now(), alliance, ended)
    return len(ended)


async def end_sessions_opened_by(
    session: WriteSession, clock: Clock, alliance: str, externals: Collection[UUID]
) -> int:
    """End the sessions that these identities at units' own sign-ins opened. Returns how many; the caller audits why.

    Whoever changed the post since has a successor of the session, which is of the same identity.
    """
    own = select(LoginSession.id).where(LoginSession.alliance == alliance, LoginSession.ended_at.is_(None))
    ended = list((await session.scalars(own.where(LoginSession.external_id.in_(externals)))).all())
    await _end(session, clock.now(), alliance, ended)
    return len(ended)


def _matching(table: Held, alliance: str, wanted: dict[str, UUID | None]) -> list[ColumnElement[bool]]:
    given = [getattr(table, name) == value for name, value in wanted.items() if value is not None]
    return [table.alliance == alliance, *given]


async def _end(session: WriteSession, now: datetime, alliance: str, ended: list[UUID]) -> None:
    own = update(LoginSession).where(LoginSession.alliance == alliance, LoginSession.id.in_(ended))
    await session.execute(own.where(LoginSession.ended_at.is_(None)).values(ended_at=now))
    tokens = update(RefreshToken).where(RefreshToken.alliance == alliance, RefreshToken.session_id.in_(ended))
    await session.execute(tokens.where(RefreshToken.revoked_at.is_(None)).values(revoked_at=now))
    for sid in ended:
        await revoke(session, now, "session", str(sid))


async def revoke(
    session: WriteSession,
    now: datetime,
    kind: str,
    value: str,
    *,
    generation: int | None = None,
    kept: timedelta = REVOCATION_KEPT,
) -> None:
    """Have every service refuse a session (`sid`), a token (`jti`), or a client's tokens before a generation."""
    row = insert(Revocation).values(kind=kind, value=value, generation=generation, at=now, expires_at=now + kept)
    newer = {
        "generation": func.greatest(Revocation.generation, row.excluded.generation),
        "expires_at": func.greatest(Revocation.expires_at, row.excluded.expires_at),
        "at": row.excluded.at,
    }
    await session.execute(row.on_conflict_do_update(index_elements=["kind", "value"], set_=newer))

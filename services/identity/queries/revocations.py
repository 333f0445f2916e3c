"""The list of what is refused before its time, as every service follows it (docs/design.md, section 10)."""

import hashlib
from datetime import datetime

from sqlalchemy import select

from services.identity.tables import Revocation
from services.kernel.database import AnySession
from services.kernel.revocations import Revoked


async def revocations(session: AnySession, now: datetime) -> Revoked:
    """The list as it stands; its version is told by its content, so that several processes publish the same."""
    living = select(Revocation).where(Revocation.expires_at > now).order_by(Revocation.kind, Revocation.value)
    rows = (await session.scalars(living)).all()
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.kind} {row.value} {row.generation}\n".encode())
    return Revoked(
        sessions=frozenset(row.value for row in rows if row.kind == "session"),
        tokens=frozenset(row.value for row in rows if row.kind == "token"),
        clients={row.value: row.generation for row in rows if row.generation is not None},
        version=digest.hexdigest()[:32],
    )

"""Storing a policy pack's parts as numbered versions: the same in every service that keeps some."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import desc, select, text

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.principal import Principal

LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtext('apply policy ' || current_schema || ' ' || :alliance || ' ' || :pack))"
)


@dataclass(frozen=True)
class AppliedVersion:
    """The version that now stands; `changed` says whether this application made it."""

    pack: str
    version: int
    sha256: str
    changed: bool


async def newest_version(session: AnySession, table: Any, alliance: str, pack: str) -> Any | None:
    """The newest row of a service's `policy_version` table for one pack, or None."""
    same = (table.alliance == alliance, table.pack == pack)
    return (await session.scalars(select(table).where(*same).order_by(desc(table.version)).limit(1))).one_or_none()


async def store_version(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    *,
    table: Any,
    pack: str,
    sha256: str,
    content: dict[str, Any],
    same: Callable[[Any], bool],
) -> AppliedVersion:
    """Add a row to `table` unless the newest one is the `same`; one application of a pack at a time.

    `content` fills the service's own columns. A return to earlier content is a new version again.
    """
    await session.execute(LOCK, {"alliance": principal.alliance, "pack": pack})
    newest = await newest_version(session, table, principal.alliance, pack)
    if newest is not None and same(newest):
        return AppliedVersion(pack, newest.version, newest.sha256, changed=False)
    version = newest.version + 1 if newest else 1
    applied = {"applied_at": clock.now(), "applied_by": principal.subject}
    session.add(table(alliance=principal.alliance, pack=pack, version=version, sha256=sha256, **content, **applied))
    after = {"version": version, "sha256": sha256}
    await audit(session, clock, principal, "policy.apply", "policy", pack, after=after)
    return AppliedVersion(pack, version, sha256, changed=True)

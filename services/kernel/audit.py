"""Audit: who did what to which thing, written in the transaction of the change itself.

Entries are collected on the session and inserted last (`WriteSession.write_last`); a trigger numbers and chains them.
"""

from typing import Any
from uuid import UUID

from services.kernel import context
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.kernel.shared_tables import audit_entry

OBJECT_LENGTH = 100


async def audit(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    action: str,
    object_kind: str,
    object_id: UUID | str | int,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Record one action; `before` and `after` hold JSON values without personal data."""
    session.write_last(
        audit_entry,
        {
            "alliance": principal.alliance,
            "at": clock.now(),
            **_who(principal),
            "client_address": context.client_address.get(),
            "action": action,
            "object_kind": object_kind,
            "object_id": str(object_id),
            "before": before,
            "after": after,
            "reason": reason,
            "request_id": context.request_id.get(),
        },
    )


async def audit_read(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    object_kind: str,
    object_id: UUID | str | int = "*",
    *,
    rows: int,
    query: dict[str, Any] | None = None,
) -> None:
    """Record that personal data was shown: `<kind>.read`, how many rows, and by which filters they were found.

    `query` holds the filters that narrow the list; a name or number that was searched for is not repeated in it.
    """
    after = {"rows": rows, **({"query": query} if query else {})}
    await audit(session, clock, principal, f"{object_kind}.read", object_kind, object_id, after=after)


async def audit_export(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    object_kind: str,
    object_id: UUID | str | int = "*",
    *,
    rows: int,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Record that a file left the hub: `<kind>.exported`, how many rows, why, and what else tells which file."""
    after = {"rows": rows, **(details or {})}
    await audit(
        session, clock, principal, f"{object_kind}.exported", object_kind, object_id, after=after, reason=reason
    )


def _who(principal: Principal) -> dict[str, Any]:
    """The caller's part of an entry; what a caller has not is null."""
    return {
        "actor": principal.subject,
        "actor_name": principal.name,
        "actor_role": principal.role.value,
        "post": principal.post,
        "post_title": principal.post_title or None,
        "unit": principal.owner,
        "unit_name": principal.unit_name or None,
        "client_id": principal.client_id or None,
        "session_id": principal.session_id or None,
    }

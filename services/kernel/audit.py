"""Audit: who did what to which thing, written in the transaction of the change itself."""

from typing import Any
from uuid import UUID

from services.kernel import context
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.kernel.shared_tables import audit_entry


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
    await session.execute(
        audit_entry.insert().values(
            alliance=principal.alliance,
            at=clock.now(),
            actor=principal.subject,
            actor_name=principal.name,
            actor_role=principal.role.value,
            client_address=context.client_address.get(),
            action=action,
            object_kind=object_kind,
            object_id=str(object_id),
            before=before,
            after=after,
            reason=reason,
            request_id=context.request_id.get(),
        )
    )

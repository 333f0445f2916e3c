"""What the exit of a member touches: the version of what was shown, and what is still open after it left."""

import hashlib
import json
from typing import Any
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.touches import Touch
from services.registry.queries import member_contacts
from services.registry.queries.touches import SOURCES


def version_of(*shown: Any) -> str:
    """The version of what was shown, to be told again by whoever confirms on the strength of it."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:32]


async def unsettled(session: AnySession, scope: Scope, member_id: UUID) -> list[Touch]:
    """What a member that left still holds or takes part in; whom to reach there may well stay on record."""
    rooms = [source for source in SOURCES if source is not member_contacts.touched_by]
    return [touch for source in rooms for touch in await source(session, scope, member_id)]

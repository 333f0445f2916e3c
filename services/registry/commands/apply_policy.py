"""Apply a pack's document and structure: a new version when their content is new, nothing otherwise."""

import hashlib
from typing import Any

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.policy_versions import AppliedVersion, store_version
from services.kernel.principal import Principal
from services.registry.commands.apply_plate_rules import apply_plate_rules
from services.registry.tables import PolicyVersion

PARTS = ("document", "structure")


async def apply_policy(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    pack: str,
    parts: dict[str, dict[str, Any]],
    hashes: dict[str, str],
) -> AppliedVersion:
    """Store the parts `document` and `structure` as one new version when either hash is new; idempotent.

    The rules of plates follow what is applied.
    """
    sha256 = hashlib.sha256("\n".join(hashes[part] for part in PARTS).encode()).hexdigest()
    applied = await store_version(
        session,
        clock,
        principal,
        table=PolicyVersion,
        pack=pack,
        sha256=sha256,
        content={part: parts[part] for part in PARTS},
        same=lambda newest: newest.sha256 == sha256,
    )
    await apply_plate_rules(session, principal, pack, parts["structure"].get("plates", []))
    return applied

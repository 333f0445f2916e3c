"""Apply a pack's targets: a new version when their content is new, nothing otherwise."""

from typing import Any

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.policy_versions import AppliedVersion, store_version
from services.kernel.principal import Principal
from services.targets.tables import PolicyVersion


async def apply_policy(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    pack: str,
    parts: dict[str, dict[str, Any]],
    hashes: dict[str, str],
) -> AppliedVersion:
    """Store the parts `targets` and `document` as a new version when either is new; idempotent."""
    return await store_version(
        session,
        clock,
        principal,
        table=PolicyVersion,
        pack=pack,
        sha256=hashes["targets"],
        content={"content": parts["targets"], "document": parts["document"]},
        same=lambda newest: (newest.sha256, newest.document) == (hashes["targets"], parts["document"]),
    )

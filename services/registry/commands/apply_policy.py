"""Apply a pack's document and structure: a new version when their content is new, nothing otherwise."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.queries.others import newest_policy
from services.registry.tables import PolicyVersion

LOCK = text("SELECT pg_advisory_xact_lock(hashtext('registry policy ' || :alliance || ' ' || :pack))")
PARTS = ("document", "structure")


@dataclass(frozen=True)
class AppliedVersion:
    """The version that now stands; `changed` says whether this application made it."""

    pack: str
    version: int
    sha256: str
    changed: bool


async def apply_policy(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    pack: str,
    parts: dict[str, dict[str, Any]],
    hashes: dict[str, str],
) -> AppliedVersion:
    """Store the parts `document` and `structure` as one new version when either hash is new; idempotent."""
    await session.execute(LOCK, {"alliance": principal.alliance, "pack": pack})
    sha256 = hashlib.sha256("\n".join(hashes[part] for part in PARTS).encode()).hexdigest()
    newest = await newest_policy(session, Scope.of(principal), pack)
    if newest is not None and newest.sha256 == sha256:
        return AppliedVersion(pack, newest.version, sha256, changed=False)
    version = newest.version + 1 if newest else 1
    row = PolicyVersion(alliance=principal.alliance, pack=pack, version=version, sha256=sha256)
    row.document, row.structure = parts["document"], parts["structure"]
    row.applied_at, row.applied_by = clock.now(), principal.subject
    session.add(row)
    after = {"version": version, "sha256": sha256}
    await audit(session, clock, principal, "policy.apply", "policy", pack, after=after)
    return AppliedVersion(pack, version, sha256, changed=True)

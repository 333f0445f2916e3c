"""Apply a pack's targets: a new version when their content is new, nothing otherwise."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.targets.queries.policy import newest_version
from services.targets.tables import PolicyVersion

LOCK = text("SELECT pg_advisory_xact_lock(hashtext('apply policy ' || :alliance || ' ' || :pack))")


@dataclass(frozen=True)
class AppliedPolicy:
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
) -> AppliedPolicy:
    """Store the parts `targets` and `document` as a new version when either is new; idempotent."""
    await session.execute(LOCK, {"alliance": principal.alliance, "pack": pack})
    newest = await newest_version(session, principal.alliance, pack)
    if newest is not None and (newest.sha256, newest.document) == (hashes["targets"], parts["document"]):
        return AppliedPolicy(pack, newest.version, newest.sha256, changed=False)
    row = PolicyVersion(
        alliance=principal.alliance,
        pack=pack,
        version=newest.version + 1 if newest else 1,
        sha256=hashes["targets"],
        content=parts["targets"],
        document=parts["document"],
        applied_at=clock.now(),
        applied_by=principal.subject,
    )
    session.add(row)
    after = {"version": row.version, "sha256": row.sha256}
    await audit(session, clock, principal, "policy.apply", "policy", pack, after=after)
    return AppliedPolicy(pack, row.version, row.sha256, changed=True)

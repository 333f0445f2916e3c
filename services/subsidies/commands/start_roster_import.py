"""Take a stored roster file: record it and queue the job that reads it, unless it was taken in before."""

from pathlib import PurePath

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.jobs import enqueue
from services.kernel.principal import Principal
from services.subsidies.clients.registry import RegistryFacts
from services.subsidies.domain import ImportState, StoredRoster
from services.subsidies.queries.policy import Policy, current_policy
from services.subsidies.tables import RosterImport

JOB_KIND = "import_roster"
FILE_NAME_LENGTH = 200


async def start_roster_import(
    session: WriteSession, clock: Clock, principal: Principal, roster: StoredRoster
) -> RosterImport:
    """Record the import of one file for the caller's own rosters. Raises Conflict when no policy was applied."""
    await current_policy(session, principal.alliance)
    row = RosterImport(
        alliance=principal.alliance,
        id=new_id(),
        owner=principal.owner,
        kind=roster.kind.value,
        year=roster.year,
        mode=roster.mode.value,
        format=roster.form.value,
        state=ImportState.QUEUED.value,
        file_name=PurePath(roster.file_name.replace("\\", "/")).name[-FILE_NAME_LENGTH:],
        file_id=roster.file_id,
        bytes=roster.size,
        sha256=roster.sha256,
        created_at=clock.now(),
        created_by=principal.subject,
        created_by_name=principal.name,
    )
    row.job_id = await enqueue(session, clock, principal, "subsidies", JOB_KIND, {"import": str(row.id)})
    session.add(row)
    after = {"kind": row.kind, "year": row.year, "mode": row.mode, "bytes": row.bytes, "sha256": row.sha256}
    await audit(session, clock, principal, "roster.import", "roster_import", row.id, after=after)
    return row


def facts_key(registry: RegistryFacts, policy: Policy) -> str:
    """The versions that decide which rows of a file are sound."""
    return f"{registry.version[:80]} {policy.sha256}"

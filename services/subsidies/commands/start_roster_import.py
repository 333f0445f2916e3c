"""Take an uploaded roster file: keep it encrypted, and queue the job that reads it."""

from pathlib import PurePath

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.kernel.jobs import enqueue
from services.kernel.principal import Principal
from services.subsidies.domain import ImportState, RosterKind
from services.subsidies.queries.policy import current_policy
from services.subsidies.tables import RosterImport

JOB_KIND = "import_roster"
FILE_NAME_LENGTH = 200


async def start_roster_import(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    files: FileStore,
    *,
    kind: RosterKind,
    year: int,
    file_name: str,
    content: bytes,
) -> RosterImport:
    """Record the import of one file for the caller's own rosters. Raises Conflict when no policy was applied."""
    await current_policy(session, principal.alliance)
    row = RosterImport(
        alliance=principal.alliance,
        id=new_id(),
        owner=principal.owner,
        kind=kind.value,
        year=year,
        state=ImportState.QUEUED.value,
        file_name=PurePath(file_name.replace("\\", "/")).name[-FILE_NAME_LENGTH:],
        file_id=files.save(content),
        created_at=clock.now(),
        created_by=principal.subject,
        created_by_name=principal.name,
    )
    row.job_id = await enqueue(session, clock, principal, "subsidies", JOB_KIND, {"import": str(row.id)})
    session.add(row)
    after = {"kind": row.kind, "year": year, "bytes": len(content)}
    await audit(session, clock, principal, "roster.import", "roster_import", row.id, after=after)
    return row

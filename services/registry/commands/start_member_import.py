"""Take in a workbook of members: keep the file and queue the job that reads it."""

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.kernel.jobs import enqueue
from services.kernel.principal import Principal
from services.registry.tables import MemberImport

JOB_KIND = "member_import"


async def start_member_import(
    session: WriteSession, clock: Clock, principal: Principal, files: FileStore, content: bytes, file_name: str
) -> MemberImport:
    """Store the file, record the import, queue the job. The caller has checked that the file holds the table."""
    started = MemberImport(
        alliance=principal.alliance,
        id=new_id(),
        file=files.save(content),
        file_name=file_name[-200:],
        state="queued",
        issues=[],
        created_by=principal.subject,
        created_at=clock.now(),
        **dict.fromkeys(("total", "created", "updated", "unchanged", "rejected"), 0),
    )
    payload = {"import": str(started.id)}
    started.job = await enqueue(session, clock, principal, "registry", JOB_KIND, payload)
    session.add(started)
    return started

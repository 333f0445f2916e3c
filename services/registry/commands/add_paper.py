"""Keep a paper that an applicant sent to its own application."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.storage import Storage
from services.kernel.tenancy import Scope
from services.registry.commands.add_attachment import ReceivedFile, attachment_row, stored_content, tell_added
from services.registry.commands.application_rows import applicant
from services.registry.domain.application_papers import PaperLimits, check_paper_fits, check_papers_open
from services.registry.queries.application_papers import SUBJECT_KIND, papers_of
from services.registry.queries.applications import find_application
from services.registry.tables import Attachment


async def add_paper(
    session: WriteSession,
    clock: Clock,
    storage: Storage,
    limits: PaperLimits,
    alliance: str,
    application_id: UUID,
    received: ReceivedFile,
) -> Attachment:
    """Store, insert, audit, tell; the same content again is the same paper. Raises NotFound, Conflict, Unavailable.

    The application is locked, so that papers that come at once are counted one after the other, and it gets a new
    version: whoever reviews it meanwhile is told that it changed.
    """
    application = await find_application(session, Scope(alliance), application_id, lock=True)
    check_papers_open(application.state, limits)
    standing = await papers_of(session, alliance, application.id)
    for paper in standing:
        if paper.sha256 == received.sha256:
            return paper
    check_paper_fits([paper.size for paper in standing], len(received.content), limits)
    sender = applicant(alliance, application.number)
    async with stored_content(storage, alliance, received) as stored:
        paper = attachment_row(clock, sender, SUBJECT_KIND, application.id, received, stored, sender.subject)
        session.add(paper)
        application.updated_at = clock.now()
        await session.flush()
    await tell_added(session, clock, sender, paper)
    return paper

"""Take away a paper that an applicant sent: its content goes for good, the audit keeps that it was there."""

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.registry.commands.answer_receipt import opened_by
from services.registry.commands.application_rows import applicant
from services.registry.commands.remove_attachment import tell_removed
from services.registry.domain.application_papers import PaperLimits, check_papers_open
from services.registry.queries.application_papers import find_paper
from services.registry.receipts import FormTokens
from services.registry.schemas.public_applications import PaperRemoval
from services.registry.tables import Attachment, MembershipApplication

BY_APPLICANT = "申请单位移除"


async def remove_paper(
    session: WriteSession, clock: Clock, forms: FormTokens, limits: PaperLimits, asked: PaperRemoval
) -> tuple[MembershipApplication, Attachment]:
    """The application, and the paper that it lost. Raises NotFound, and Conflict once papers are closed."""
    application = await opened_by(session, forms, asked)
    check_papers_open(application.state, limits)
    paper = await find_paper(session, asked.alliance, application.id, asked.paper)
    sender = applicant(application.alliance, application.number)
    await delete_paper(session, clock, sender, paper, BY_APPLICANT)
    application.updated_at = clock.now()
    await session.flush()
    return application, paper


async def delete_paper(
    session: WriteSession, clock: Clock, principal: Principal, paper: Attachment, reason: str
) -> None:
    """Delete the record, audit, tell. Its file in the store is the caller's, once the transaction has ended."""
    await session.delete(paper)
    await tell_removed(session, clock, principal, paper, reason)

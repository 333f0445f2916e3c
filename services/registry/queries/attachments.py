"""Read attachments: those of a subject, and single ones, now or as of a day."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate
from services.kernel.tenancy import Scope
from services.registry.domain.application_papers import APPLICANT_KEY
from services.registry.domain.attachments import Subject
from services.registry.tables import Attachment


async def list_attachments(
    session: AnySession,
    scope: Scope,
    subject: Subject,
    page: PageRequest,
    as_of: date | None,
    *,
    of_applicants: bool = True,
) -> tuple[list[Attachment], str | None, int]:
    """One page of a subject's attachments in the order of their arrival: those that stand, or stood on a day.

    `of_applicants`: whether what units that applied sent is among them.
    """
    table = at(Attachment, as_of)
    statement = scope.select(table).where(table.subject_kind == subject.kind, table.subject == subject.id)
    if as_of is None:
        statement = statement.where(table.removed_on.is_(None))
    if not of_applicants:
        statement = statement.where(~table.uploaded_by.startswith(APPLICANT_KEY))
    return await paginate(session, statement, page, order=table.uploaded_at, tie=table.id)


async def find_attachment(
    session: AnySession, scope: Scope, attachment_id: UUID, as_of: date | None = None, *, of_applicants: bool = True
) -> Attachment:
    """One attachment that stands, or stood on a day. Raises NotFound; the caller still asks for its subject."""
    table = at(Attachment, as_of)
    found = (await session.scalars(scope.select(table).where(table.id == attachment_id))).one_or_none()
    if found is None or (found.uploaded_by.startswith(APPLICANT_KEY) and not of_applicants):
        raise NotFound("没有这份附件，或它不在您的管辖范围内。", code="attachment_not_found")
    if as_of is None and found.removed_on is not None:
        raise NotFound("这份附件已被移除。", code="attachment_removed")
    return found


async def count_attachments(session: AnySession, scope: Scope, subject: Subject) -> int:
    """How many attachments of a subject stand."""
    own = (
        Attachment.subject_kind == subject.kind,
        Attachment.subject == subject.id,
        Attachment.removed_on.is_(None),
    )
    return (await session.execute(scope.limit(select(func.count()), Attachment).where(*own))).scalar_one()


async def stored_ids(session: AnySession, alliance: str, wanted: set[UUID]) -> set[UUID]:
    """Which of these objects of the store a record names."""
    statement = select(Attachment.stored).where(Attachment.alliance == alliance, Attachment.stored.in_(wanted))
    return set((await session.scalars(statement)).all())

"""Read the papers that applicants sent; those that the office added to an application are not among them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.registry.domain.application_papers import APPLICANT_KEY, FORGOTTEN
from services.registry.tables import Attachment, MembershipApplication

SUBJECT_KIND = "application"
OF_APPLICANTS = Attachment.uploaded_by.startswith(APPLICANT_KEY)
"""Every other attachment was sent by a unit, a county or the office."""


async def papers_of(session: AnySession, alliance: str, application: UUID) -> list[Attachment]:
    """The papers of an application that stand, as its applicant sees them, in the order of their arrival."""
    statement = (
        select(Attachment)
        .where(*_of(alliance, application), Attachment.removed_on.is_(None))
        .order_by(Attachment.uploaded_at, Attachment.id)
    )
    return list((await session.scalars(statement)).all())


async def find_paper(session: AnySession, alliance: str, application: UUID, paper: UUID) -> Attachment:
    """One of them. Raises NotFound."""
    statement = select(Attachment).where(
        *_of(alliance, application), Attachment.removed_on.is_(None), Attachment.id == paper
    )
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound("没有这份材料，可能已被移除。", code="paper_not_found")
    return found


async def every_paper_of(session: AnySession, alliance: str, application: UUID) -> list[Attachment]:
    """Also those that the office removed."""
    return list((await session.scalars(select(Attachment).where(*_of(alliance, application)))).all())


async def forgettable(session: AnySession, alliance: str, before: datetime, most: int) -> list[MembershipApplication]:
    """Applications without a step or paper since `before` that came to nothing and still hold contact or papers.

    Locked; those that somebody has in hand are left for the next time.
    """
    table = MembershipApplication
    papers = exists().where(
        and_(
            Attachment.alliance == table.alliance,
            Attachment.subject_kind == SUBJECT_KIND,
            Attachment.subject == table.id,
            OF_APPLICANTS,
        )
    )
    over = (table.alliance == alliance, table.state.in_(sorted(FORGOTTEN)), table.updated_at < before)
    statement = select(table).where(*over, or_(table.contact_person != "", papers)).order_by(table.updated_at)
    return list((await session.scalars(statement.limit(most).with_for_update(skip_locked=True))).all())


def _of(alliance: str, application: UUID) -> tuple[ColumnElement[bool], ...]:
    own = (Attachment.alliance == alliance, Attachment.subject_kind == SUBJECT_KIND)
    return (*own, Attachment.subject == application, OF_APPLICANTS)

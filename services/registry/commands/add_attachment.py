"""Keep a file that was received and recognised as an attachment of a subject."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, NotFound
from services.kernel.ids import new_id
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.principal import Principal
from services.kernel.storage import Storage
from services.kernel.tenancy import Scope
from services.registry.domain.attachments import Subject, may_keep
from services.registry.queries.attachments import count_attachments
from services.registry.tables import Attachment

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('attachments of ' || :alliance || :subject, 0))")


@dataclass(frozen=True)
class ReceivedFile:
    """A file whose name may be shown and whose type was found in its content; `sha256` is of the content."""

    file_name: str
    content: bytes
    content_type: str
    sha256: str


async def add_attachment(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    storage: Storage,
    subject: Subject,
    received: ReceivedFile,
    *,
    at_most: int,
) -> Attachment:
    """Store, insert, audit, tell. Raises NotFound for another unit's subject, Conflict for too many, Unavailable.

    What was stored for a transaction that then fails is deleted here or, at the latest, by the sweep.
    """
    if not may_keep(principal, subject):
        raise NotFound("这条记录不属于您的单位，附件由秘书处或该单位维护。", code="subject_not_own")
    async with stored_content(storage, principal.alliance, received) as stored:
        await _leave_room(session, principal, subject, at_most)
        attachment = attachment_row(clock, principal, subject.kind, subject.id, received, stored, principal.owner)
        session.add(attachment)
        await session.flush()
    await tell_added(session, clock, principal, attachment)
    return attachment


@asynccontextmanager
async def stored_content(storage: Storage, alliance: str, received: ReceivedFile) -> AsyncIterator[UUID]:
    """The file in the store, under this id; deleted again when what follows fails. Raises Unavailable."""
    stored = await storage.save(alliance, received.content)
    try:
        yield stored
    except BaseException:
        await storage.delete(alliance, stored)
        raise


def attachment_row(
    clock: Clock,
    principal: Principal,
    kind: str,
    subject: UUID,
    received: ReceivedFile,
    stored: UUID,
    uploaded_by: str,
) -> Attachment:
    """The record of a file that is in the store, not yet saved."""
    return Attachment(
        alliance=principal.alliance,
        id=new_id(),
        subject_kind=kind,
        subject=subject,
        file_name=received.file_name,
        content_type=received.content_type,
        size=len(received.content),
        sha256=received.sha256,
        stored=stored,
        uploaded_on=business_date(clock),
        uploaded_at=clock.now(),
        uploaded_by=uploaded_by,
        uploaded_by_name=principal.name,
    )


async def _leave_room(session: WriteSession, principal: Principal, subject: Subject, at_most: int) -> None:
    """Two uploads at once count one after the other, so that they never exceed the limit together."""
    await session.execute(ONE_AT_A_TIME, {"alliance": principal.alliance, "subject": str(subject.id)})
    if await count_attachments(session, Scope.of(principal), subject) >= at_most:
        raise Conflict(
            f"每条记录最多 {at_most} 份附件；请先移除不用的，或把多页扫描件合成一个 PDF。", code="too_many_attachments"
        )


async def tell_added(session: WriteSession, clock: Clock, principal: Principal, attachment: Attachment) -> None:
    """Audit, tell. The name stays out of both: people put other people's names into it."""
    facts = {
        "subject_kind": attachment.subject_kind,
        "subject": str(attachment.subject),
        "content_type": attachment.content_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
    }
    await audit(session, clock, principal, "attachment.add", "attachment", attachment.id, after=facts)
    publish(
        session,
        clock,
        principal.alliance,
        "attachment.added",
        object_kind="attachment",
        object_id=attachment.id,
        division=OFFICE_ONLY,
        data=facts,
    )

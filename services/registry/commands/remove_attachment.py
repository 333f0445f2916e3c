"""Remove an attachment from its subject; what it was stays on record, with the day and why."""

from sqlalchemy import select

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, Forbidden, NotFound
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.registry.domain.attachments import Subject, may_keep
from services.registry.tables import Attachment, Member


async def remove_attachment(
    session: WriteSession, clock: Clock, principal: Principal, subject: Subject, attachment: Attachment, reason: str
) -> None:
    """Date the removal, audit, tell.

    Raises NotFound for another unit's subject, Forbidden for another unit's file, Conflict for the logo in use.
    """
    if not may_keep(principal, subject):
        raise NotFound("这条记录不属于您的单位，附件由秘书处或该单位维护。", code="subject_not_own")
    if attachment.uploaded_by != principal.owner and not principal.may(Permission.REGISTRY_WRITE):
        raise Forbidden("这份附件由其他单位上传，请联系秘书处移除。", code="attachment_of_others")
    own = (Attachment.alliance == attachment.alliance, Attachment.id == attachment.id)
    await session.execute(select(Attachment.id).where(*own).with_for_update())  # whoever makes it a logo now waits
    shown = select(Member.id).where(Member.alliance == attachment.alliance, Member.logo == attachment.id)
    if await session.scalar(shown) is not None:
        raise Conflict("这张图片是单位现用的标识，请先在单位资料中更换或清空标识，再移除。", code="attachment_is_logo")
    attachment.removed_on = max(business_date(clock), attachment.uploaded_on)
    attachment.removal_reason = reason
    await tell_removed(session, clock, principal, attachment, reason)


async def tell_removed(
    session: WriteSession, clock: Clock, principal: Principal, attachment: Attachment, reason: str
) -> None:
    """Audit, tell. The name stays out of both, as when it was added."""
    facts = {
        "subject_kind": attachment.subject_kind,
        "subject": str(attachment.subject),
        "sha256": attachment.sha256,
    }
    key = attachment.id
    await audit(session, clock, principal, "attachment.remove", "attachment", key, before=facts, reason=reason)
    publish(
        session,
        clock,
        principal.alliance,
        "attachment.removed",
        object_kind="attachment",
        object_id=key,
        division=OFFICE_ONLY,
        data=facts,
    )

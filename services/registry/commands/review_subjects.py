"""What the commands on yearly reviews share: whose review it is, and finding one."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import Conflict, NotFound
from services.kernel.tenancy import Scope
from services.registry.commands.recognition_subjects import Subject, subject_of, subject_of_collaboration
from services.registry.domain.recognitions import stands
from services.registry.queries.recognitions import find_recognition
from services.registry.tables import CollaborationReview, Recognition


@dataclass(frozen=True)
class Reviewed:
    """A collaboration, or one plate of a member, with the recognitions that a review is about."""

    subject: Subject
    grants: tuple[Recognition, ...]
    plate: UUID | None = None

    @property
    def id(self) -> UUID:
        """What the reviews hang on."""
        return self.plate or self.subject.of.id

    def standing(self, day: date) -> list[Recognition]:
        return [grant for grant in self.grants if stands(grant, day)]


async def reviewed_collaboration(session: WriteSession, scope: Scope, collaboration_id: UUID) -> Reviewed:
    """A collaboration with its recognitions. Raises NotFound."""
    subject = await subject_of_collaboration(session, scope, collaboration_id)
    grants = await session.scalars(scope.select(Recognition).where(Recognition.collaboration == collaboration_id))
    return Reviewed(subject, tuple(grants))


async def reviewed_plate(session: WriteSession, scope: Scope, recognition_id: UUID) -> Reviewed:
    """A plate of a member. Raises NotFound, Conflict for one of a collaboration, which is reviewed as a whole."""
    grant = await find_recognition(session, scope, recognition_id)
    if grant.collaboration is not None:
        raise Conflict("这是合作载体的认定，请在该载体的年度考核里登记。", code="review_of_collaboration")
    return Reviewed(await subject_of(session, scope, grant), (grant,), grant.id)


async def find_review(session: AnySession, scope: Scope, subject: UUID, review_id: UUID) -> CollaborationReview:
    """One review of a collaboration or plate. Raises NotFound."""
    same = (CollaborationReview.subject == subject, CollaborationReview.id == review_id)
    found = (await session.scalars(scope.select(CollaborationReview).where(*same))).one_or_none()
    if found is None:
        raise NotFound("没有这次考核。", code="review_not_found")
    return found

"""Collaborations, recognitions and reviews as the wire shows them, as they stood on a day."""

from datetime import date
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.recognitions import due_years, review_due_on, standing_level, state_of
from services.registry.queries.collaborations import Details, details_of
from services.registry.queries.recognitions import names_of_subjects, plate_rules, reviews_of
from services.registry.schemas.collaborations import (
    CollaborationRead,
    CollaborationSummary,
    MemberRef,
    ParticipantRead,
)
from services.registry.schemas.recognitions import RecognitionEntry, RecognitionRead, ReviewRead, SubjectRef
from services.registry.tables import Collaboration, CollaborationReview, Recognition


def ref(details: Details, member: UUID | None) -> MemberRef | None:
    return MemberRef(id=member, name=details.names[member]) if member else None


def summary(found: Collaboration, details: Details, day: date) -> CollaborationSummary:
    """A collaboration for a list."""
    standing = standing_level(details.recognitions.get(found.id, []), day)
    return CollaborationSummary(
        id=found.id,
        kind=found.kind,
        name=found.name,
        host_member=ref(details, found.host_member),
        lead_member=ref(details, found.lead_member),
        founded_on=found.founded_on,
        status=found.status,
        ended_on=found.ended_on,
        level=standing.level if standing else None,
        recognised_on=standing.granted_on if standing else None,
    )


async def read(
    session: AnySession, scope: Scope, found: Collaboration, day: date, as_of: date | None = None
) -> CollaborationRead:
    """A collaboration for its own page."""
    details = await details_of(session, scope, [found], as_of)
    taking = details.parts.get(found.id, {}).items()
    parts = [ParticipantRead(id=member, name=details.names[member], part=part) for member, part in taking]
    return CollaborationRead(
        **summary(found, details, day).model_dump(),
        end_reason=found.end_reason,
        details=found.details or {},
        participants=sorted(parts, key=lambda part: part.name),
        recognitions=[recognition(grant, day) for grant in details.recognitions.get(found.id, [])],
        as_of=day,
        row_version=found.row_version,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def recognition(grant: Recognition, day: date) -> RecognitionRead:
    """A recognition as it stood on the day: a later withdrawal is not told."""
    told = grant.withdrawn_on is not None and grant.withdrawn_on <= day
    return RecognitionRead(
        id=grant.id,
        level=grant.level,
        title=grant.title,
        granted_on=grant.granted_on,
        document_number=grant.document_number,
        lapses_on=grant.lapses_on,
        withdrawn_on=grant.withdrawn_on if told else None,
        withdrawal_reason=grant.withdrawal_reason if told else None,
        state=state_of(grant, day),
    )


async def entries(
    session: AnySession, scope: Scope, found: list[Recognition], day: date, as_of: date | None
) -> list[RecognitionEntry]:
    """Recognitions for the list of all, with the reviews that they lack."""
    subjects = await names_of_subjects(session, scope, found)
    every = {rule.kind: rule.review_every_years for rule in await plate_rules(session, scope, as_of)}
    reviewed: dict[UUID, set[int]] = {}
    for review in await reviews_of(session, scope, {grant.collaboration or grant.id for grant in found}, day):
        reviewed.setdefault(review.subject, set()).add(review.year)
    shown = []
    for grant in found:
        type_, name, kind = subjects[grant.id]
        years = every.get(kind or "")
        due = due_years(grant, years, reviewed.get(grant.collaboration or grant.id, set()), day) if years else []
        shown.append(
            RecognitionEntry(
                **recognition(grant, day).model_dump(),
                subject=SubjectRef(type=type_, id=grant.collaboration or grant.member, name=name),
                kind=kind,
                due_years=due,
                review_due_on=review_due_on(grant, due[0]) if due else None,
            )
        )
    return shown


def review_read(review: CollaborationReview, day: date) -> ReviewRead:
    """A review as it stood on the day: a later decision is not told."""
    shown = {name: getattr(review, name) for name in ReviewRead.model_fields}
    if review.decided_on is not None and review.decided_on > day:
        shown |= dict.fromkeys(DECISION)
    return ReviewRead(**shown)


DECISION = ("decision", "decided_on", "decision_document", "resolution", "decision_reason", "rectify_until")

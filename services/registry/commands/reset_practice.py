"""Empty what a unit keeps in the registry of a practice alliance, so that it can begin anew.

A unit or a county keeps contacts, majors and teachers of its own units; the secretariat those of all, and governance
and leading industries besides. Members and collaborations stay: the rosters and claims that others try out name them.
Copying (`copy_to_practice`) brings back what the alliance itself has. No history of what went is kept.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select, true

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.history import EARLIEST
from services.kernel.permissions import Party
from services.kernel.practice import refuse_outside_practice
from services.kernel.principal import Principal
from services.kernel.shared_tables import idempotency_key as keys
from services.kernel.tenancy import Scope
from services.registry.queries.kept_units import kept_by
from services.registry.tables import (
    AgendaItem,
    Attachment,
    Attendance,
    Body,
    BodyTerm,
    IndustryMatch,
    Lead,
    LeadEnterprise,
    LeadingIndustry,
    Meeting,
    MemberContact,
    MemberMajor,
    PracticePeriod,
    Resolution,
    ResolutionVote,
    Seat,
    SeatHolding,
    Teacher,
)

OF_UNITS: Final[tuple[type[Any], ...]] = (Teacher, MemberMajor, MemberContact)
OF_THE_OFFICE: Final[tuple[type[Any], ...]] = (
    ResolutionVote,
    Resolution,
    Attendance,
    AgendaItem,
    Meeting,
    SeatHolding,
    Seat,
    BodyTerm,
    Lead,
    Body,
    IndustryMatch,
    LeadEnterprise,
    LeadingIndustry,
)
"""In the order in which they can go."""
WITH_FILES: Final = ("meeting", "resolution")


async def reset_practice(session: WriteSession, clock: Clock, principal: Principal) -> dict[str, int]:
    """Remove what the caller's unit keeps. Returns counts by table. Raises Conflict outside a practice alliance.

    The caller's Idempotency-Keys are forgotten, so that an exercise can be repeated word for word.
    """
    refuse_outside_practice(principal)
    await session.effective_on(EARLIEST)
    removed = {}
    for table, condition in _emptied(principal):
        own = (table.alliance == principal.alliance, condition)
        gone = await session.execute(delete(table).where(*own).returning(table.alliance))
        removed[table.__tablename__] = len(gone.all())
    own_keys = (keys.c.alliance == principal.alliance, keys.c.actor == principal.subject)
    await session.execute(delete(keys).where(*own_keys))
    await audit(session, clock, principal, "practice.reset", "owner", principal.owner, after=removed)
    return removed


def _emptied(principal: Principal) -> Iterator[tuple[type[Any], ColumnElement[bool]]]:
    """Tables and which of their rows go, in the order in which they can."""
    scope = Scope.of(principal)
    teachers = select(Teacher.id).where(Teacher.alliance == scope.alliance, kept_by(scope, Teacher.member))
    yield PracticePeriod, PracticePeriod.teacher.in_(teachers)
    for table in OF_UNITS:
        yield table, kept_by(scope, table.member)
    if principal.party is Party.SECRETARIAT:
        yield Attachment, Attachment.subject_kind.in_(WITH_FILES)  # the bytes are swept, since nothing names them
        for table in OF_THE_OFFICE:
            yield table, true()

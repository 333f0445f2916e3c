"""How many students a class has on a day, for the registry's page of the class."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.subsidies.tables import RosterImport, Student


@dataclass(frozen=True)
class Headcount:
    """Distinct students, and when the newest of the rosters they stand on was taken in (null: they are on none)."""

    headcount: int
    taken_in_at: datetime | None


async def headcount_of(session: AnySession, scope: Scope, school: UUID, class_code: str, day: date) -> Headcount:
    """The class of a school on a day: who enrolled by then and had not left before, as a settlement counts them."""
    statement = scope.limit(
        select(func.count(Student.person_key.distinct()), func.max(RosterImport.finished_at)), Student
    )
    same_import = (RosterImport.alliance == Student.alliance) & (RosterImport.id == Student.import_id)
    present = statement.outerjoin(RosterImport, same_import).where(
        Student.superseded_seq.is_(None),
        Student.school == school,
        Student.class_code == class_code,
        Student.enrolled_on <= day,
        or_(Student.left_on.is_(None), Student.left_on >= day),
    )
    return Headcount(*(await session.execute(present)).one())

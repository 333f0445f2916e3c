"""Read applications: lists, single ones with their steps, the one that a receipt names."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, desc, func, or_, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.domain.life_cycle import OPEN_STATES, ApplicationState, ApplicationStep
from services.registry.tables import ApplicationEvent, MembershipApplication

MOST_EXPORTED: Final = 5_000
OPEN: Final = tuple(sorted(state.value for state in OPEN_STATES))


@dataclass(frozen=True)
class ApplicationFilter:
    """Conditions of a list; `q` is a fragment of a name, its pinyin or initials, a code or an application's number."""

    q: str | None = None
    state: ApplicationState | None = None
    division: str | None = None
    unfinished: bool = False


def matching(scope: Scope, asked: ApplicationFilter, as_of: date | None) -> tuple[type[Any], Select[Any]]:
    """The table as of that day, and the applications that the scope sees and the filter asks for."""
    table = at(MembershipApplication, as_of)
    statement: Select[Any] = scope.select(table)
    if asked.q:
        statement = statement.where(table.search_text.contains(asked.q.strip().lower(), autoescape=True))
    if asked.state:
        statement = statement.where(table.state == asked.state.value)
    if asked.division:
        statement = statement.where(table.division == asked.division)
    return table, statement.where(table.state.in_(OPEN)) if asked.unfinished else statement


async def list_applications(
    session: AnySession, scope: Scope, asked: ApplicationFilter, page: PageRequest, as_of: date | None
) -> tuple[list[MembershipApplication], str | None, int]:
    """One page, newest first unless sorted, the next cursor, and how many match."""
    table, statement = matching(scope, asked, as_of)
    sortable = {"created_at": table.created_at, "submitted_on": table.submitted_on, "number": table.number}
    request = page if page.sort else PageRequest(page.limit, page.cursor, "-created_at")
    order = sort_column(request, sortable, "created_at")
    return await paginate(session, statement, request, order=order, tie=table.id)


async def all_applications(
    session: AnySession, scope: Scope, asked: ApplicationFilter, as_of: date | None
) -> list[MembershipApplication]:
    """Every matching application, newest first, for an export."""
    table, statement = matching(scope, asked, as_of)
    ordered = statement.order_by(desc(table.created_at), table.id).limit(MOST_EXPORTED)
    return list((await session.scalars(ordered)).all())


async def find_application(
    session: AnySession, scope: Scope, application_id: UUID, *, as_of: date | None = None, lock: bool = False
) -> MembershipApplication:
    """One application that the scope sees; `lock` keeps others from changing it meanwhile. Raises NotFound."""
    table = at(MembershipApplication, as_of)
    statement = scope.select(table).where(table.id == application_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("没有这份入会申请，或它不归您查看。", code="application_not_found")
    return found


async def by_number(session: AnySession, alliance: str, number: str) -> MembershipApplication | None:
    """The application of a receipt, locked until the transaction ends."""
    own = (MembershipApplication.alliance == alliance, MembershipApplication.number == number)
    statement = select(MembershipApplication).where(*own).with_for_update()
    return (await session.scalars(statement)).one_or_none()


async def events_of(
    session: AnySession, alliance: str, application_id: UUID, as_of: date | None = None
) -> list[ApplicationEvent]:
    """The steps of an application, oldest first."""
    table = at(ApplicationEvent, as_of)
    own = (table.alliance == alliance, table.application == application_id)
    statement = select(table).where(*own).order_by(table.on_date, table.no)
    return list((await session.scalars(statement)).all())


def open_objections(events: list[ApplicationEvent]) -> list[UUID]:
    """The objections that nobody answered yet."""
    answered = {event.answers for event in events}
    return [event.id for event in events if event.step == ApplicationStep.OBJECT and event.id not in answered]


async def open_twins(
    session: AnySession, alliance: str, name: str, uscc: str | None, own: UUID | None = None
) -> list[MembershipApplication]:
    """The other applications that still go on for the same name or code."""
    table = MembershipApplication
    same = or_(table.name == name, table.uscc == uscc) if uscc else table.name == name
    statement = select(table).where(table.alliance == alliance, table.state.in_(OPEN), same)
    return [one for one in (await session.scalars(statement)).all() if one.id != own]


async def count_of_day(session: AnySession, alliance: str, day: date, origin: bytes | None = None) -> int:
    """How many applications came on a day, in all or from one origin."""
    table = MembershipApplication
    statement = select(func.count(table.id)).where(table.alliance == alliance, table.submitted_on == day)
    if origin is not None:
        statement = statement.where(table.origin_hash == origin)
    return int((await session.execute(statement)).scalar_one())


async def count_of_year(session: AnySession, alliance: str, year: int) -> int:
    """How many applications have a number of this year."""
    table = MembershipApplication
    own = (table.alliance == alliance, table.number.startswith(f"{year}-"))
    return int((await session.execute(select(func.count(table.id)).where(*own))).scalar_one())


async def of_form(session: AnySession, alliance: str, form_hash: bytes) -> MembershipApplication | None:
    """The application that was made with a form."""
    table = MembershipApplication
    own = (table.alliance == alliance, table.form_hash == form_hash)
    return (await session.scalars(select(table).where(*own))).one_or_none()

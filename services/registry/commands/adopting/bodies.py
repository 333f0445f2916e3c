"""The bodies of a document with their seats and holders."""

from datetime import date
from uuid import UUID

from services.kernel.pinyin import search_text, sort_key
from services.kernel.policy.models import Body as PackBody
from services.kernel.policy.models import Seat as PackSeat
from services.registry.commands.adopting.context import CHANGED, FOUND, MADE, SKIPPED, Adoption, seat_name
from services.registry.commands.create_body import insert_body
from services.registry.commands.create_seat import insert_seat
from services.registry.commands.succeed_seat import hold
from services.registry.domain.governance import SuccessionMode
from services.registry.queries.governance import holdings_of
from services.registry.schemas.governance import SuccessionCreate
from services.registry.tables import Body, Seat


async def adopt_bodies(adoption: Adoption) -> None:
    """Find each body by the document's code, its name or an alias, or make it, those above first; then the seats."""
    known = list(await adoption.session.scalars(adoption.scope.select(Body).where(Body.dissolved_on.is_(None))))
    places = {wanted.code: place for place, wanted in enumerate(adoption.structure.bodies, start=1)}
    bodies: dict[str, Body | None] = {}
    for wanted in _from_the_top(adoption.structure.bodies):
        found = _find(adoption, wanted, known)
        above = bodies.get(wanted.parent) if wanted.parent else None
        bodies[wanted.code] = found
        adoption.note("body", wanted.name, FOUND if found else MADE)
        if adoption.making and found is None:
            bodies[wanted.code] = await _make(adoption, wanted, places[wanted.code], above)
    for wanted in adoption.structure.bodies:
        body = bodies[wanted.code]
        await _adopt_seats(adoption, wanted, body.id if body else None)


def _from_the_top(bodies: list[PackBody]) -> list[PackBody]:
    """Each body after the one above it, whichever way the document orders them."""
    waiting, ordered = list(bodies), list[PackBody]()
    done: set[str | None] = {None}
    while waiting:
        ready = [body for body in waiting if body.parent in done] or waiting  # a circle is the pack check's to refuse
        ordered += ready
        done |= {body.code for body in ready}
        waiting = [body for body in waiting if body.code not in done]
    return ordered


def _find(adoption: Adoption, wanted: PackBody, known: list[Body]) -> Body | None:
    coded = [body for body in known if (body.pack, body.code) == (adoption.pack, wanted.code)]
    named = [body for body in known if body.name == wanted.name]
    aliased = [body for body in known if {wanted.name, *wanted.aliases} & {body.name, *body.aliases}]
    return next(iter([*coded, *named, *(aliased if len(aliased) == 1 else [])]), None)


async def _make(adoption: Adoption, wanted: PackBody, place: int, above: Body | None) -> Body:
    columns: dict[str, object] = {
        "pack": adoption.pack,
        "code": wanted.code,
        "name": wanted.name,
        "aliases": wanted.aliases,
        "kind": wanted.kind,
        "parent": above.id if above else None,
        "host_member": adoption.member_of(wanted.host),
        "host_name": adoption.written(wanted.host),
        "host_options": wanted.host_options,
        "duties": wanted.duties,
        "succession": wanted.succession.mode if wanted.succession else None,
        "article": wanted.article,
        "founded_on": adoption.day,
        "position": place,
        "quorum_strict": False,
        "majority_strict": True,
        "majority_of": "votes",
        "sort_key": sort_key(wanted.name),
        "search_text": search_text(wanted.name, *wanted.aliases),
    }
    return await insert_body(adoption.writing, adoption.clock, adoption.principal, columns)


async def _adopt_seats(adoption: Adoption, wanted: PackBody, body: UUID | None) -> None:
    known: list[Seat] = []
    if body is not None:
        mine = adoption.scope.select(Seat).where(Seat.body == body, Seat.abolished_on.is_(None))
        known = list(await adoption.session.scalars(mine.order_by(Seat.position)))
    for place, seat in enumerate(wanted.seats, start=1):
        equal = [one for one in known if one.code == seat.code]
        for number in range(max(seat.count or 1, 1)):
            standing = equal[number] if number < len(equal) else None
            await _adopt_seat(adoption, wanted, seat, body, standing, place)


async def _adopt_seat(
    adoption: Adoption, wanted: PackBody, seat: PackSeat, body: UUID | None, standing: Seat | None, place: int
) -> None:
    name = seat_name(wanted.name, seat.title, seat.unit, seat.post)
    member = adoption.member_of(seat.unit)
    completes = standing is not None and standing.member is None and member is not None
    adoption.note("seat", name, CHANGED if completes else FOUND if standing else MADE)
    if adoption.making and body is not None and standing is None:
        standing = await _make_seat(adoption, wanted, seat, body, place)
    elif adoption.making and completes and standing is not None:
        standing.member = member  # the unit was entered since
        await adoption.writing.flush()
    if seat.holder is not None:
        await _adopt_holder(adoption, seat, standing, name)


async def _make_seat(adoption: Adoption, wanted: PackBody, seat: PackSeat, body: UUID, place: int) -> Seat:
    by_notice = SuccessionMode.BY_NOTICE.value
    columns = {
        "code": seat.code,
        "title": seat.title,
        "member": adoption.member_of(seat.unit),
        "unit_name": adoption.written(seat.unit),
        "post": seat.post,
        "position": place,
        "votes": seat.count is not None,
        "open_ended": seat.count is None,
        "succession": wanted.succession.mode if wanted.succession else by_notice,
        "article": seat.article,
        "established_on": _since(adoption, seat) or adoption.day,
    }
    return await insert_seat(adoption.writing, adoption.clock, adoption.principal, body, columns)


def _since(adoption: Adoption, seat: PackSeat) -> date | None:
    return seat.since or (adoption.day if seat.holder else None)


async def _adopt_holder(adoption: Adoption, seat: PackSeat, standing: Seat | None, name: str) -> None:
    """The person whom the document names, unless somebody was already recorded: history is never rewritten."""
    since = _since(adoption, seat)
    title = f"{name} {seat.holder}"
    holdings = await holdings_of(adoption.session, adoption.scope, standing.id) if standing else []
    if holdings:
        adoption.note("holder", title, FOUND)
    elif since is None:
        adoption.note("holder", title, SKIPPED, "文件没有写明任职起始日，也没有印发日期，请手工登记。")
    else:
        adoption.note("holder", title, MADE)
        if adoption.making and standing is not None:
            values = {"holder": seat.holder, "from_date": since, "document": adoption.title}
            draft = SuccessionCreate.model_validate(values)
            await hold(adoption.writing, adoption.clock, adoption.principal, standing, draft, None)

"""Somebody takes a seat: the standing holder's time ends and the next one's begins."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import refuse, tell
from services.registry.commands.seat_holdings import order_issues, standing_on, touch
from services.registry.domain.governance import SuccessionMode
from services.registry.queries.governance import find_seat, holdings_of
from services.registry.schemas.governance import SuccessionCreate
from services.registry.tables import Seat, SeatHolding


async def succeed_seat(
    session: WriteSession, clock: Clock, principal: Principal, seat_id: UUID, draft: SuccessionCreate
) -> Seat:
    """Lock, check, end what stands, begin the next, audit, tell. Raises NotFound, InvalidInput.

    A seat that passes by post needs no document; one that passes by notice does.
    """
    scope = Scope.of(principal)
    seat = await find_seat(session, scope, seat_id, lock=True)
    holdings = await holdings_of(session, scope, seat_id)
    standing = standing_on(holdings, draft.from_date)
    refuse(_issues(draft, seat, holdings, standing))
    if standing is not None:
        standing.until_date = draft.from_date
    await session.flush()  # the one before ends first: the database lets no two overlap
    await hold(session, clock, principal, seat, draft, standing)
    return seat


async def hold(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    seat: Seat,
    draft: SuccessionCreate,
    predecessor: SeatHolding | None,
) -> None:
    """Insert a checked holding and tell. The names stand in the holdings for good, so audit and event need none."""
    key = {"alliance": principal.alliance, "id": new_id(), "seat": seat.id}
    holding = SeatHolding(**key, created_at=clock.now(), **draft.model_dump())
    session.add(holding)
    touch(seat, clock)
    await session.flush()
    before = {"holding": str(predecessor.id)} if predecessor else None
    after = {"holding": str(holding.id), **draft.model_dump(mode="json", exclude={"holder"})}
    await audit(session, clock, principal, "seat.succeed", "seat", seat.id, before=before, after=after)
    told = {"body": str(seat.body), "from_date": draft.from_date.isoformat(), "document": draft.document}
    tell(session, clock, principal.alliance, "seat.succeeded", seat.id, told)


def _issues(
    draft: SuccessionCreate, seat: Seat, holdings: list[SeatHolding], standing: SeatHolding | None
) -> list[FieldIssue]:
    issues = order_issues("from_date", draft.from_date, seat, holdings)
    if seat.open_ended:
        sentence = "这是文件未定席数的占位席位，请先新设具体席位再登记任职人。"
        issues.append(FieldIssue("holder", "seat_open_ended", sentence))
    if seat.succession == SuccessionMode.BY_NOTICE and draft.document is None:
        issues.append(FieldIssue("document", "document_missing", "这个席位须另行文调整，请填写任职文件文号。"))
    if standing is not None and standing.holder == draft.holder:
        issues.append(FieldIssue("holder", "same_holder", "现任就是这个人，不需要换任。"))
    return issues

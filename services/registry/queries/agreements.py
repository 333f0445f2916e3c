"""Read agreements: which ones a caller sees, and single ones, now or as of a day."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.tables import Agreement, AgreementParty, Member


def visible(scope: Scope, table: type[Agreement], as_of: date | None) -> Select[Agreement]:
    """The agreements of the scope: of a county those to which a unit of its division is party, of a unit its own."""
    statement = scope.select(table)
    if scope.division is None and scope.member is None:
        return statement
    party = at(AgreementParty, as_of)
    own = select(party.agreement).where(party.alliance == scope.alliance)
    if scope.division is not None:
        own = own.where(party.member.in_(scope.limit(select(Member.id), Member)))
    else:
        own = own.where(party.member == scope.member)
    return statement.where(table.id.in_(own))


async def find_agreement(session: AnySession, scope: Scope, agreement_id: UUID, as_of: date | None = None) -> Agreement:
    """One agreement that the scope sees. Raises NotFound."""
    table = at(Agreement, as_of)
    found = (await session.scalars(visible(scope, table, as_of).where(table.id == agreement_id))).one_or_none()
    if found is None:
        raise NotFound("没有这份协议，或它不在您的管辖范围内。", code="agreement_not_found")
    return found

"""Hand the agreements that still hold from one member to another, as when two units become one."""

from datetime import date
from uuid import UUID

from services.kernel.database import WriteSession
from services.kernel.tenancy import Scope
from services.registry.queries.agreements import effective_date, open_parties
from services.registry.tables import AgreementParty, Member


async def transfer(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Put the successor in the place of its predecessor; returns in how many agreements.

    Where the successor is a party already, it stands once, in the earlier part. What has ended stays as it was signed.
    The caller sets the session's effective day, from which this holds, and audits.
    """
    scope, day = Scope(from_member.alliance), await effective_date(session)
    own = await open_parties(session, scope, from_member.id, day)
    others = {one.agreement: one for one in await open_parties(session, scope, to_member.id, day)}
    for party in own:
        await _replace(session, party, others.get(party.agreement), to_member.id, day)
    await session.flush()
    return len(own)


async def _replace(
    session: WriteSession, party: AgreementParty, there: AgreementParty | None, to_member: UUID, day: date
) -> None:
    await session.delete(party)
    if there is not None:
        there.part = min(there.part, party.part)
        return
    key = {"alliance": party.alliance, "agreement": party.agreement, "member": to_member}
    session.add(AgreementParty(**key, part=party.part, since=day))

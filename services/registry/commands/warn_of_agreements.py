"""Warn of agreements that end soon: one event at each level, once, also after days on which nothing ran."""

from datetime import date

from sqlalchemy.dialects.postgresql import insert

from services.kernel.clock import Clock, business_date
from services.kernel.database import Database, WriteSession
from services.kernel.tenancy import Scope
from services.registry.commands.agreement_rows import tell
from services.registry.domain.agreements import WARNING_DAYS, days_left, warning_level
from services.registry.queries.agreements import AgreementFilter, matching
from services.registry.tables import Agreement, AgreementWarning


async def warn_of_agreements(database: Database, clock: Clock, alliance: str) -> int:
    """Give every warning that is due today and was not given yet; returns how many were given."""
    today = business_date(clock)
    asked = AgreementFilter(today, expiring_within=max(WARNING_DAYS), unrenewed=True)
    async with database.write(alliance) as session:
        due = list((await session.scalars(matching(Scope(alliance), Agreement, asked))).all())
        return sum([await _warn(session, clock, agreement, today) for agreement in due])


async def _warn(session: WriteSession, clock: Clock, agreement: Agreement, today: date) -> int:
    """Give the tightest warning that is due; the wider ones that were missed are noted with it, not given late."""
    until = agreement.until_date
    level = None if until is None else warning_level(until, today)
    if until is None or level is None:
        return 0
    key = {"alliance": agreement.alliance, "agreement": agreement.id, "until_date": until, "warned_on": today}
    rows = [{**key, "days": days} for days in WARNING_DAYS if days >= level]
    noted = insert(AgreementWarning).values(rows).on_conflict_do_nothing().returning(AgreementWarning.days)
    if level not in (await session.scalars(noted)).all():
        return 0
    tell(session, clock, agreement, "agreement.expiring", days=level, days_left=days_left(until, today))
    return 1

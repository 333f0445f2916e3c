"""Empty what a unit sent in a practice alliance, so that it can begin anew."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError

from services.kernel.alliances import is_practice
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal
from services.kernel.shared_tables import idempotency_key as keys
from services.subsidies.tables import RosterImport

RESET: Final = text("SELECT practice_reset(:unit)")
WAIT_BRIEFLY: Final = text("SET LOCAL lock_timeout = '2s'")
WAIT_AS_EVER: Final = text("SET LOCAL lock_timeout = DEFAULT")
LOCK_NOT_AVAILABLE: Final = "55P03"


class ImportRunning(Conflict):
    """An import, of whichever unit, holds the roster number of the alliance until it ends: that may take minutes."""

    code = "import_running"


@dataclass(frozen=True)
class Emptied:
    """How many of each kind went, and the files that nobody needs once this is committed."""

    counts: dict[str, int]
    files: frozenset[UUID]


async def reset_practice(session: WriteSession, clock: Clock, principal: Principal) -> Emptied:
    """Delete the caller's own rosters, imports and claims. Raises ImportRunning, or Conflict outside practice.

    Practice settlements of the years that the unit had rosters or claims in go with them, whoever computed them: their
    lines name rows that no longer exist. Those of other years stay, as does what other units sent. The caller's
    Idempotency-Keys are forgotten, so that an exercise can be repeated word for word. The files are the caller's to
    delete, after the commit: a transaction that fails must find them where they were.
    """
    if not is_practice(principal.alliance):
        raise Conflict("只能在练习环境（沙箱）中清空数据，正式数据没有改动。", code="not_a_practice_alliance")
    own = (RosterImport.alliance == principal.alliance, RosterImport.owner == principal.owner)
    stored = (await session.execute(select(RosterImport.file_id, RosterImport.rejects_file_id).where(*own))).all()
    counts = await _reset(session, principal.owner)
    await session.execute(delete(keys).where(keys.c.alliance == principal.alliance, keys.c.actor == principal.subject))
    await audit(session, clock, principal, "practice.reset", "practice", principal.owner, after=counts)
    return Emptied(counts, frozenset(file_id for row in stored for file_id in row if file_id is not None))


async def _reset(session: WriteSession, owner: str) -> dict[str, int]:
    await session.execute(WAIT_BRIEFLY)
    try:
        counts: dict[str, int] = (await session.execute(RESET, {"unit": owner})).scalar_one()
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise ImportRunning(
            "练习环境里有名册正在导入或核算（可能是其他单位的），暂时不能清空，数据没有改动。请等它结束后再试，一般只需几分钟。"
        ) from fault
    await session.execute(WAIT_AS_EVER)
    return counts

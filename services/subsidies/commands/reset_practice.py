"""Empty what a unit sent in a practice alliance, so that it can begin anew."""

from typing import Final

from sqlalchemy import delete, select, text

from services.kernel.alliances import is_practice
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.files import FileStore
from services.kernel.principal import Principal
from services.kernel.shared_tables import idempotency_key as keys
from services.subsidies.tables import RosterImport

RESET: Final = text("SELECT practice_reset(:unit)")


async def reset_practice(session: WriteSession, clock: Clock, principal: Principal, files: FileStore) -> dict[str, int]:
    """Delete the caller's own rosters, imports and claims; returns how many of each. Raises Conflict elsewhere.

    Practice settlements of the years that the unit had rosters or claims in go with them, whoever computed them: their
    lines name rows that no longer exist. Those of other years stay, as does what other units sent. The caller's
    Idempotency-Keys are forgotten, so that an exercise can be repeated word for word.
    """
    if not is_practice(principal.alliance):
        raise Conflict("只能在练习环境（沙箱）中清空数据，正式数据没有改动。", code="not_a_practice_alliance")
    own = (RosterImport.alliance == principal.alliance, RosterImport.owner == principal.owner)
    stored = (await session.execute(select(RosterImport.file_id, RosterImport.rejects_file_id).where(*own))).all()
    counts: dict[str, int] = (await session.execute(RESET, {"unit": principal.owner})).scalar_one()
    await session.execute(delete(keys).where(keys.c.alliance == principal.alliance, keys.c.actor == principal.subject))
    for file_id in {file_id for row in stored for file_id in row if file_id is not None}:
        files.delete(file_id)
    await audit(session, clock, principal, "practice.reset", "practice", principal.owner, after=counts)
    return counts

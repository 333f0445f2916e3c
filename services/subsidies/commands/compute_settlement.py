"""The job behind a settlement: pin the inputs, load the facts, settle, write the lines, all in one transaction."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import text

from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, HubError
from services.kernel.jobs import JobContext
from services.kernel.money import yuan_text
from services.kernel.outbox import OFFICE_ONLY, publish
from services.subsidies.clients.registry import Latest
from services.subsidies.domain import SettlementAction, SettlementState, next_settlement_state
from services.subsidies.queries.bulk import copy_csv
from services.subsidies.queries.facts import Inputs, Loaded, load_facts
from services.subsidies.queries.pinned import gather_pins
from services.subsidies.queries.policy import current_policy
from services.subsidies.queries.prior import number_recognitions
from services.subsidies.queries.totals import totals_of
from services.subsidies.rosters.storing import next_sequence
from services.subsidies.rules.bulk import LINES, Settled, settle_under
from services.subsidies.rules.facts import FactsError
from services.subsidies.rules.pins import Pins, csv_parts, started_hash
from services.subsidies.rules.series import RuleBookError
from services.subsidies.tables import Settlement
from services.subsidies.tools import Tools

STEPS = 3
LONG_WORK = text("SET LOCAL statement_timeout = '600s'")


async def compute_settlement(context: JobContext, tools: Tools) -> dict[str, Any]:
    """Compute the settlement of `payload["settlement"]`; safe to run again after a worker died.

    Raises HubError when it cannot be computed; the settlement then says why.
    """
    settlement_id = UUID(context.payload["settlement"])
    alliance = context.principal.alliance
    async with context.database.read(alliance) as session:
        row = await session.get_one(Settlement, (alliance, settlement_id))
    if row.state != SettlementState.QUEUED.value:
        return _result(row)
    try:
        await context.progress(0, STEPS, "正在读取登记信息")
        latest = await tools.registry.latest(context.database, alliance)
        await context.progress(1, STEPS, "正在计算")
        async with context.database.write(alliance) as session:
            row = await _compute(session, context, settlement_id, latest)
    except HubError as refusal:
        await _fail(context, settlement_id, refusal.detail)
        raise
    except Exception:
        await _fail(context, settlement_id, "计算时系统内部出错，已记录；请稍后重新结算。")
        raise
    await context.progress(STEPS, STEPS, f"已计算，共 {row.line_count} 行")
    return _result(row)


async def _compute(session: WriteSession, context: JobContext, settlement_id: UUID, latest: Latest) -> Settlement:
    alliance = context.principal.alliance
    await session.execute(LONG_WORK)
    row = await session.get_one(Settlement, (alliance, settlement_id), with_for_update=True)
    after = next_settlement_state(SettlementState(row.state), SettlementAction.COMPUTE)
    inputs = await _pin(session, row, latest)
    await number_recognitions(session, alliance, latest.facts)
    loaded, settled = await settle_inputs(session, inputs)
    number = row.no
    async with asyncio.TaskGroup() as work:  # the server takes the lines while a thread sums them up
        summing = work.create_task(asyncio.to_thread(totals_of, settled, inputs.terms, loaded.doubled_classes))
        writing = work.create_task(_write_lines(session, number, inputs.pinned.pins, settled.lines))
    row.state = after.value
    row.pins = inputs.pinned.to_json()
    row.hash = writing.result()
    row.totals = summing.result()
    row.line_count = settled.lines.height
    row.registry_as_of, row.registry_fresh = latest.facts.as_of, latest.fresh
    row.computed_at = context.clock.now()
    summary = {"hash": row.hash, "lines": row.line_count, "payable_fen": settled.payable_fen}
    await audit(session, context.clock, context.principal, "settlement.computed", "settlement", row.id, after=summary)
    publish(
        session,
        context.clock,
        alliance,
        "settlement.computed",
        object_kind="settlement",
        object_id=row.id,
        division=OFFICE_ONLY,
        data={"year": row.year, "lines": row.line_count, "payable": yuan_text(settled.payable_fen)},
    )
    return row


async def _pin(session: WriteSession, row: Settlement, latest: Latest) -> Inputs:
    """Under the lock on the roster number: no import may slip between the rosters and the claims that cover them."""
    sequence = await next_sequence(session, row.alliance) - 1
    policy = await current_policy(session, row.alliance)
    pinned = await gather_pins(
        session,
        alliance=row.alliance,
        year=row.year,
        snapshot_date=row.snapshot_date,
        policy=policy,
        registry_version=latest.facts.version,
        roster_sequence=sequence,
    )
    return Inputs(pinned, policy, latest.facts)


async def settle_inputs(session: WriteSession, inputs: Inputs) -> tuple[Loaded, Settled]:
    """Load the facts and settle them, off the event loop. Raises Conflict when facts and rules do not fit."""
    try:
        loaded = await load_facts(session, inputs)
        settled = await asyncio.to_thread(settle_under, inputs.terms, loaded.facts)
    except (FactsError, RuleBookError) as fault:
        raise Conflict(
            "名册与现行奖补规则不相符，不能结算：请核对申报项目后重新导入名册。", code="facts_unusable"
        ) from fault
    return loaded, settled


async def _write_lines(session: WriteSession, number: int, pins: Pins, lines: pl.DataFrame) -> str:
    """Write and key the lines of a settlement; gives its hash, made of the very bytes that were written."""
    digest = started_hash(pins)

    def hashed() -> Iterator[bytes]:
        for part in csv_parts(lines):
            digest.update(part)
            yield part

    await session.execute(text("SELECT settlement_lines_create(:no)"), {"no": number})
    await copy_csv(session, f"settlement_line_{number}", list(LINES), hashed())
    await session.execute(text("SELECT settlement_lines_attach(:no)"), {"no": number})
    return digest.hexdigest()


async def _fail(context: JobContext, settlement_id: UUID, detail: str) -> None:
    alliance = context.principal.alliance
    async with context.database.write(alliance) as session:
        row = await session.get_one(Settlement, (alliance, settlement_id), with_for_update=True)
        row.state = next_settlement_state(SettlementState(row.state), SettlementAction.FAIL).value
        row.failure = detail


def _result(row: Settlement) -> dict[str, Any]:
    return {"settlement": str(row.id), "state": row.state, "hash": row.hash, "lines": row.line_count}

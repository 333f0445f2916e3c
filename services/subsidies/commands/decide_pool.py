"""Decide what is done with what lies above a pool: each payable line of the budget is paid, deferred or not paid."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import polars as pl
from sqlalchemy import select, text

from services.kernel.audit import audit
from services.kernel.citations import CitedRead, Resolutions, checked_basis
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput, NotFound
from services.kernel.ids import new_id
from services.kernel.money import yuan_text
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.subsidies.domain import SettlementState
from services.subsidies.queries.bulk import copy_csv
from services.subsidies.queries.lines import stored_lines
from services.subsidies.queries.pinned import terms_of
from services.subsidies.queries.policy import Policy
from services.subsidies.queries.pool_decisions import standing_decision, years_relying_on
from services.subsidies.queries.settlements import basis_of, is_year_confirmed
from services.subsidies.queries.totals import shares_by_payee
from services.subsidies.rosters.storing import next_sequence
from services.subsidies.rules.model import Budget
from services.subsidies.rules.scenarios import LABELS, Scenario, ScenarioCode, by_code, same_effect, scenarios
from services.subsidies.schemas.pool_decisions import PoolDecisionCreate
from services.subsidies.tables import PoolDecision, Settlement

COLUMNS: Final = ("line_no", "paid_fen", "deferred_fen")
INCOMING: Final = "incoming_decided_line"
SLICE_ROWS: Final = 200_000


async def decide_pool(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    resolutions: Resolutions,
    settlement: Settlement,
    wanted: PoolDecisionCreate,
) -> PoolDecision:
    """Raises Conflict when nothing is to be decided, another decision stands or another year is in the way;
    InvalidInput, Unavailable.

    The registry is asked before the lock on the roster number is taken; under it no other decision, and no confirmation
    of another year that would count with this one, comes between the checks and the commit.
    """
    if settlement.state != SettlementState.CONFIRMED.value:
        raise Conflict("这次结算还没有确认，不能决定超出资金池的处理；请先确认结算。", code="settlement_not_confirmed")
    pinned, policy = await basis_of(session, settlement)
    budget = _short_budget(settlement, policy, wanted.budget)
    await _require_standing(session, settlement, budget, wanted)
    cited = await checked_basis(resolutions, principal.alliance, wanted)
    await next_sequence(session, principal.alliance)
    await _require_there(session, settlement)
    standing = await _require_standing(session, settlement, budget, wanted)
    lines = await stored_lines(session, settlement)
    shown = await asyncio.to_thread(scenarios, lines, terms_of(pinned, policy), budget.code)
    scenario = by_code(shown, wanted.scenario)
    await _check_other_years(session, settlement, budget, standing, scenario)
    row = _decision(clock, principal, settlement, wanted, cited, standing, scenario)
    row.payees = shares_by_payee(lines, scenario.lines)
    session.add(row)
    await session.flush()
    await _write_lines(session, row, scenario.lines)
    await _tell(session, clock, principal, settlement, standing, row)
    return row


def _short_budget(settlement: Settlement, policy: Policy, code: str) -> Budget:
    """The budget of the settlement, by its code, when it does not suffice."""
    pools = {pool["budget"]: pool for pool in (settlement.totals or {})["pools"]}
    if code not in pools:
        words = f"这次结算没有这项资金，可选：{'、'.join(pools)}。"
        raise InvalidInput([FieldIssue("budget", "budget_unknown", words)])
    budget = policy.book.budget(code)
    if pools[code]["above_fen"] == 0:
        raise Conflict(
            f"{settlement.year} 年度{budget.name}足够支付全部应付金额，没有超出部分，不需要作出决定。",
            code="nothing_above_pool",
        )
    return budget


async def _require_standing(
    session: WriteSession, settlement: Settlement, budget: Budget, wanted: PoolDecisionCreate
) -> PoolDecision | None:
    """The decision that stands, which must be the one that the caller saw."""
    standing = await standing_decision(session, settlement, budget.code)
    if (standing.id if standing else None) == wanted.replaces:
        return standing
    if standing is None:
        words = f"{budget.name}还没有作出过决定，没有可替换的决定；请刷新页面后重新提交。"
    else:
        words = (
            f"{budget.name}已有 {standing.decided_by_name} 作出的第 {standing.no} 次决定"
            f"（{LABELS[ScenarioCode(standing.scenario)]}）；请刷新页面核对，仍需更改的，再替换那次决定。"
        )
    raise Conflict(words, code="pool_decision_overtaken")


async def _require_there(session: WriteSession, settlement: Settlement) -> None:
    """A unit that empties its practice data takes the settlements of its years away."""
    own = (Settlement.alliance == settlement.alliance, Settlement.id == settlement.id)
    if await session.scalar(select(Settlement.id).where(*own)) is None:
        raise NotFound("没有这次结算，或它尚未确认公布。", code="settlement_not_found")


async def _check_other_years(
    session: WriteSession, settlement: Settlement, budget: Budget, standing: PoolDecision | None, scenario: Scenario
) -> None:
    """A decision that changes nothing for other years, such as the same with a better document, is always allowed."""
    before = ScenarioCode(standing.scenario) if standing else None
    if same_effect(before, scenario.code):
        return
    if scenario.code is ScenarioCode.CARRY_OVER:
        await _check_next_year(session, settlement, budget, scenario)
    if years := await years_relying_on(session, settlement):
        raise Conflict(
            f"{'、'.join(map(str, years))} 年度的结算已确认，其中哪些项目算作已支付，以 {settlement.year} 年度的支付"
            f"情况为准，现在不能改为“{scenario.label}”；可以按“{LABELS[before or ScenarioCode.FIXED_FIRST]}”作出决定。",
            code="decision_relied_upon",
        )


async def _check_next_year(session: WriteSession, settlement: Settlement, budget: Budget, scenario: Scenario) -> None:
    """What is deferred must find its money in the next year, which must still be open."""
    year = settlement.year + 1
    if not budget.exists_in(year):
        raise Conflict(
            f"奖补文件没有安排 {year} 年度的{budget.name}，不能结转；请选择其他处理方式。", code="no_pool_next_year"
        )
    if scenario.deferred_fen > budget.in_year(year):
        raise Conflict(
            f"需结转 {yuan_text(scenario.deferred_fen)} 元，超过 {year} 年度{budget.name} "
            f"{yuan_text(budget.in_year(year))} 元，不能结转；请选择其他处理方式。",
            code="deferral_exceeds_pool",
        )
    if await is_year_confirmed(session, settlement.alliance, year):
        raise Conflict(f"{year} 年度的结算已确认，不能再向该年度结转；请选择其他处理方式。", code="next_year_confirmed")


def _decision(
    clock: Clock,
    principal: Principal,
    settlement: Settlement,
    wanted: PoolDecisionCreate,
    cited: CitedRead,
    standing: PoolDecision | None,
    scenario: Scenario,
) -> PoolDecision:
    return PoolDecision(
        alliance=settlement.alliance,
        id=new_id(),
        settlement=settlement.id,
        budget=wanted.budget,
        no=standing.no + 1 if standing else 1,
        scenario=scenario.code.value,
        pool_fen=scenario.pool_fen,
        claimed_fen=scenario.claimed_fen,
        paid_fen=scenario.paid_fen,
        deferred_fen=scenario.deferred_fen,
        unfunded_fen=scenario.unfunded_fen,
        opinion=wanted.opinion,
        resolution=cited.id,
        resolution_number=cited.number,
        resolution_title=cited.title,
        replaces=standing.id if standing else None,
        decided_at=clock.now(),
        decided_by=principal.subject,
        decided_by_name=principal.name,
    )


async def _write_lines(session: WriteSession, row: PoolDecision, lines: pl.DataFrame) -> None:
    """By COPY into a temporary table first, because PostgreSQL refuses it into one with row-level security."""

    def parts() -> Iterator[bytes]:
        for part in lines.select(COLUMNS).iter_slices(SLICE_ROWS):
            yield part.write_csv(None, include_header=False).encode()

    columns = ", ".join(COLUMNS)
    shape = f"CREATE TEMP TABLE {INCOMING} ON COMMIT DROP AS SELECT {columns} FROM decided_line WITH NO DATA"  # noqa: S608  # names of this module
    await session.execute(text(shape))
    await copy_csv(session, INCOMING, COLUMNS, parts())
    insert = text(
        f"INSERT INTO decided_line (alliance, decision, {columns}) "  # noqa: S608
        f"SELECT CAST(:alliance AS varchar), CAST(:decision AS uuid), {columns} FROM {INCOMING}"
    )
    await session.execute(insert, {"alliance": row.alliance, "decision": row.id})


async def _tell(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    settlement: Settlement,
    standing: PoolDecision | None,
    row: PoolDecision,
) -> None:
    await audit(
        session,
        clock,
        principal,
        "settlement.pool_decided",
        "settlement",
        settlement.id,
        before=_told(standing) if standing else None,
        after=_told(row),
        reason=row.opinion,
    )
    sums = {name: yuan_text(getattr(row, f"{name}_fen")) for name in ("paid", "deferred", "unfunded")}
    publish(
        session,
        clock,
        settlement.alliance,
        "settlement.pool_decided",
        object_kind="settlement",
        object_id=settlement.id,
        data={"year": settlement.year, "budget": row.budget, "scenario": row.scenario, **sums},
    )


def _told(row: PoolDecision) -> dict[str, Any]:
    """A decision as the log keeps it."""
    same = ("budget", "no", "scenario", "paid_fen", "deferred_fen", "unfunded_fen")
    return {
        "decision": str(row.id),
        **{name: getattr(row, name) for name in same},
        **row.cited.model_dump(mode="json", include={"number", "title"}),
        "resolution": str(row.resolution) if row.resolution else None,
    }

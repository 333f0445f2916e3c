"""Export the agreements of a filter as a workbook; who took how many rows, and why, is recorded."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from services.kernel import registry_words as words
from services.kernel.audit import audit_export
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import Column, TableSpec, Value, write_rows
from services.registry.domain.agreements import days_left, part_label, phase_on
from services.registry.queries.agreements import AgreementFilter, Surroundings, all_agreements, surroundings_of
from services.registry.tables import Agreement

AGREEMENTS: Final = TableSpec(
    sheet="合作协议",
    title="合作协议",
    columns=(
        Column("number", "协议编号", kind="code", width=20),
        Column("title", "协议名称", width=36),
        Column("kind", "类型", width=12),
        Column("parties", "签约单位", width=48),
        Column("signed_on", "签订日期", kind="date", width=12),
        Column("from_date", "生效日期", kind="date", width=12),
        Column("last_day", "有效期至（含当日）", kind="date", width=18),
        Column("phase", "状态", width=12),
        Column("days_left", "剩余天数", kind="number", width=10),
        Column("covers", "合作事项", width=48),
        Column("ended_on", "提前终止日期", kind="date", width=14),
        Column("end_reason", "终止原因", width=30),
    ),
)


async def export_agreements(
    session: WriteSession, clock: Clock, principal: Principal, asked: AgreementFilter, reason: str | None
) -> bytes:
    """The matching agreements by title, as they stood on the day that is asked for."""
    scope = Scope.of(principal)
    found = await all_agreements(session, scope, asked)
    around = await surroundings_of(session, scope, found, asked.as_of)
    content = write_rows(AGREEMENTS, [_cells(one, around, asked) for one in found])
    await audit_export(session, clock, principal, "agreement", rows=len(found), reason=reason)
    return content


def _cells(agreement: Agreement, around: Surroundings, asked: AgreementFilter) -> Mapping[str, Value]:
    parties = around.parties.get(agreement.id, [])
    coverage = around.coverage.get(agreement.id, [])
    until = agreement.until_date
    left = days_left(until, asked.day)
    return {
        "number": agreement.number,
        "title": agreement.title,
        "kind": words.AGREEMENT_KINDS[agreement.kind],
        "parties": "；".join(f"{part_label(one.part)}：{around.names.get(one.member, '')}" for one in parties),
        "signed_on": agreement.signed_on,
        "from_date": agreement.from_date,
        "last_day": until - timedelta(days=1) if until else None,
        "phase": words.AGREEMENT_PHASES[phase_on(agreement, asked.day)],
        "days_left": max(left, 0) if left is not None and agreement.ended_on is None else None,
        "covers": "；".join(
            around.collaborations.get(one.collaboration, "") if one.collaboration else one.subject or ""
            for one in coverage
        ),
        "ended_on": agreement.ended_on,
        "end_reason": agreement.end_reason,
    }

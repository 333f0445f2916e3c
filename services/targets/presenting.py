"""From rows and measures to what the API tells; pure."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.kernel.citations import CitingDecision
from services.kernel.clock import BUSINESS_ZONE
from services.targets.domain import ReportAction, ReportState
from services.targets.measures.indicator import Indicator
from services.targets.measures.milestones import Conflict
from services.targets.measures.rollup import Reported, percentage, roll_up, shown
from services.targets.measures.status import assess, written
from services.targets.queries.policy import Plan
from services.targets.queries.source_decisions import standing
from services.targets.schemas.indicators import (
    Citation,
    IndicatorDetail,
    IndicatorRead,
    Known,
    MilestoneRead,
    TaskRead,
    YearStatus,
)
from services.targets.schemas.reports import DecisionRead, ReportDetail, ReportRead
from services.targets.schemas.source_decisions import ConflictRead, SourceDecisionRead, SourceRead
from services.targets.tables import Report, ReportDecision, SourceDecision

AcceptedReports = Mapping[tuple[str, int], Sequence[Reported]]


def citation(plan: Plan, article: str) -> Citation:
    return Citation(pack=plan.pack, number=plan.document["number"], article=article)


def year_status(
    indicator: Indicator, year: int, reports: AcceptedReports, today: date, near_due_days: int
) -> YearStatus:
    """How an indicator stands in a year, judged unrounded and shown with two decimals."""
    observed = roll_up(indicator, reports.get((indicator.code, year), ()))
    status = assess(indicator, year, observed, today, near_due_days)
    return YearStatus(
        year=year,
        required=status.required,
        required_by=status.due_on,
        numerator=observed.numerator,
        denominator=observed.denominator,
        observed=shown(observed.value),
        gap=shown(status.gap),
        reports=observed.reports,
        light=status.light.value,
        sentence=status.sentence,
    )


def latest_known(indicator: Indicator, year: int, reports: AcceptedReports) -> Known | None:
    """The newest accepted value up to a year; it informs, and is never judged for another year."""
    years = sorted((y for code, y in reports if code == indicator.code and y <= year), reverse=True)
    for known in years:
        value = shown(roll_up(indicator, reports[indicator.code, known]).value)
        if value is not None:
            return Known(year=known, observed=value)
    return None


def indicator_read(plan: Plan, indicator: Indicator, status: YearStatus, reports: AcceptedReports) -> IndicatorRead:
    milestones = [
        MilestoneRead(year=m.year, value=m.value, text=m.text, article=m.article, counts=m.counts)
        for m in indicator.sources
    ]
    return IndicatorRead(
        code=indicator.code,
        name=indicator.name,
        unit=indicator.unit,
        kind=indicator.kind,
        direction=indicator.direction,
        aspirational=indicator.aspirational,
        per_member=indicator.per_member,
        numerator_label=indicator.numerator,
        denominator_label=indicator.denominator,
        responsible=list(indicator.responsible),
        citation=citation(plan, indicator.article),
        milestones=milestones,
        status=status,
        latest=latest_known(indicator, status.year, reports),
        in_conflict=bool(indicator.undecided),
    )


def years_of(indicator: Indicator, reports: AcceptedReports, year: int) -> list[int]:
    """The years worth showing: with a milestone, with a report, and the one asked for."""
    known = {end.year for end in indicator.ends if end.year} | {y for code, y in reports if code == indicator.code}
    return sorted(known | {year})


def indicator_detail(
    plan: Plan, indicator: Indicator, year: int, reports: AcceptedReports, today: date, near_due_days: int
) -> IndicatorDetail:
    series = [year_status(indicator, y, reports, today, near_due_days) for y in years_of(indicator, reports, year)]
    status = next(s for s in series if s.year == year)
    told = indicator_read(plan, indicator, status, reports).model_dump()
    return IndicatorDetail(**told, series=series, conflicts=conflicts_read(plan, indicator))


def conflicts_read(plan: Plan, indicator: Indicator) -> list[ConflictRead]:
    """The years in conflict, and those that were decided and are in conflict no more, in order."""
    decisions = plan.decisions_on(indicator)
    years = {conflict.year for conflict in indicator.conflicts} | set(standing(decisions))
    return [_conflict_read(indicator, year, decisions) for year in sorted(years, key=lambda year: year or 0)]


def _conflict_read(indicator: Indicator, year: int | None, decisions: Sequence[SourceDecision]) -> ConflictRead:
    conflict = indicator.conflict_of(year)
    sources = conflict.sources if conflict else ()
    own = [decision for decision in decisions if decision.year == year]
    return ConflictRead(
        year=year,
        sources=[
            SourceRead(
                article=s.article, value=s.value, text=s.text, counts=conflict is not None and s == conflict.chosen
            )
            for s in sources
        ],
        decided=conflict is None or conflict.decided,
        decisions=[source_decision_read(d, holds=d is own[-1] and _holds(conflict)) for d in reversed(own)],
    )


def _holds(conflict: Conflict | None) -> bool:
    return conflict is not None and conflict.decided


def source_decision_read(decision: SourceDecision, *, holds: bool) -> SourceDecisionRead:
    rests = any((decision.resolution, decision.resolution_number))
    return SourceDecisionRead(
        id=decision.id,
        no=decision.no,
        article=decision.article,
        value=decision.value,
        text=decision.text,
        opinion=decision.opinion,
        cited=decision.cited if rests else None,
        replaces=decision.replaces,
        decided_at=decision.decided_at,
        decided_by_name=decision.decided_by_name,
        holds=holds,
    )


def citing_decision(decision: SourceDecision, indicator: Indicator, *, replaced: bool) -> CitingDecision:
    """A decision as the page of the resolution that it cites shows it."""
    year = f"{decision.year}年" if decision.year else ""
    asked = f"“{decision.text}”" if decision.value is None else f" {written(decision.value)}{indicator.unit} "
    later = "，后来另有决定" if replaced else ""
    return CitingDecision(
        title=f"{indicator.name}{year}按哪一处考核",
        detail=f"按 {decision.article} 的{asked}考核{later}",
        href=f"/targets/{decision.indicator}",
        on=decision.decided_at.astimezone(BUSINESS_ZONE).date(),
    )


def task_read(plan: Plan, task: Mapping[str, object]) -> TaskRead:
    kept = {k: task[k] for k in ("code", "title", "deliverable", "lead", "responsible", "due", "indicators")}
    return TaskRead.model_validate({**kept, "citation": citation(plan, str(task["article"]))})


def report_read(report: Report, indicator: Indicator) -> ReportRead:
    value = report.value
    if report.numerator is not None and report.denominator is not None:
        value = shown(percentage(report.numerator, report.denominator))
    return ReportRead(
        id=report.id,
        indicator=report.indicator,
        indicator_name=indicator.name,
        unit=indicator.unit,
        year=report.year,
        owner=report.owner,
        reporter=report.reporter,
        numerator=report.numerator,
        denominator=report.denominator,
        value=value,
        note=report.note,
        state=report.state,
        state_label=ReportState(report.state).label,
        reported_at=report.reported_at,
        version=report.row_version,
    )


def report_detail(report: Report, indicator: Indicator, decisions: Sequence[ReportDecision]) -> ReportDetail:
    life = [
        DecisionRead(
            action=d.action,
            action_label=ReportAction(d.action).label,
            at=d.at,
            actor_name=d.actor_name,
            opinion=d.opinion,
            figures=d.figures,
        )
        for d in decisions
    ]
    return ReportDetail(**report_read(report, indicator).model_dump(), decisions=life)

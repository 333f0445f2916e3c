"""From rows and measures to what the API tells; pure."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.targets.domain import ReportAction, ReportState
from services.targets.measures.indicator import Indicator
from services.targets.measures.rollup import Reported, percentage, roll_up, shown
from services.targets.measures.status import assess
from services.targets.queries.policy import Plan
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
from services.targets.tables import Report, ReportDecision

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
        MilestoneRead(year=m.year, value=m.value, text=m.text, article=m.article) for m in indicator.milestones
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
    )


def years_of(indicator: Indicator, reports: AcceptedReports, year: int) -> list[int]:
    """The years worth showing: with a milestone, with a report, and the one asked for."""
    known = {m.year for m in indicator.milestones if m.year} | {y for code, y in reports if code == indicator.code}
    return sorted(known | {year})


def indicator_detail(
    plan: Plan, indicator: Indicator, year: int, reports: AcceptedReports, today: date, near_due_days: int
) -> IndicatorDetail:
    series = [year_status(indicator, y, reports, today, near_due_days) for y in years_of(indicator, reports, year)]
    status = next(s for s in series if s.year == year)
    return IndicatorDetail(**indicator_read(plan, indicator, status, reports).model_dump(), series=series)


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

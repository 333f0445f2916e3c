"""The spreadsheet behind an indicator's chart."""

import io

import xlsxwriter

from services.targets.schemas.indicators import IndicatorDetail, YearStatus

HEADERS = ("年度", "要求", "要求时限", "分子", "分母", "实际", "差距", "填报数", "状态说明", "依据")


def series_workbook(detail: IndicatorDetail) -> bytes:
    """One sheet: a row a year, numbers as numbers."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("指标进度")
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet.write(0, 0, f"{detail.name}（{detail.unit}）", book.add_format({"bold": True, "font_size": 14}))
        sheet.write_row(2, 0, HEADERS, bold)
        for line, s in enumerate(detail.series, start=3):
            numbers = [s.required, s.numerator, s.denominator, s.observed, s.gap]
            required, numerator, denominator, observed, gap = (None if n is None else float(n) for n in numbers)
            source = f"{detail.citation.number or ''} {_articles(detail, s)}".strip()
            due = s.required_by.isoformat() if s.required_by else None
            sheet.write_row(
                line, 0, [s.year, required, due, numerator, denominator, observed, gap, s.reports, s.sentence, source]
            )
        sheet.set_column(0, 7, 12)
        sheet.set_column(8, 8, 60)
        sheet.set_column(9, 9, 28)
        sheet.freeze_panes(3, 1)
    return buffer.getvalue()


def _articles(detail: IndicatorDetail, status: YearStatus) -> str:
    """The place that counts for a year; every place while that is not decided."""
    year = status.required_by.year if status.required_by else None
    asked = [m for m in detail.milestones if m.year == year]
    places = [m.article for m in asked if m.counts][:1] or [m.article for m in asked]
    return "、".join(places) or detail.citation.article

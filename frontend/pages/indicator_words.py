"""An indicator in words and as a chart, as lists and its own page show it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from frontend import filters
from frontend.charts import Chart, Series

Row = dict[str, Any]
UNDECIDED = "口径待定"
MARKS = {"conflict": ("口径冲突", "warning")}


def citation(row: Row) -> Markup:
    return filters.citation(row["citation"]["pack"], row["citation"]["article"])


def named(row: Row) -> Markup:
    """The name as a link, marked while two places of the document are in an undecided conflict."""
    link = Markup('<a href="/targets/{}">{}</a>').format(quote(row["code"], safe=""), row["name"])
    return link + Markup(" ") + filters.status_badge("conflict", MARKS) if row["in_conflict"] else link


def observed(row: Row) -> str:
    """The year's value, or else the newest one before it, marked with its year."""
    value, latest = row["status"]["observed"], row["latest"]
    if value is not None:
        return f"{filters.number(value)} {row['unit']}"
    if latest is not None:
        return f"{filters.number(latest['observed'])} {row['unit']}（{latest['year']}年）"
    return filters.NOTHING


def required(row: Row) -> str:
    """What the year asks for or is on its way to."""
    status = row["status"]
    year = int(status["required_by"][:4]) if status["required_by"] else None
    if status["required"] is None:
        places = [m for m in row["milestones"] if m["year"] == year]
        if row["in_conflict"] and places and not any(m["counts"] for m in places):
            return f"{UNDECIDED}（{year_end(year)}）"
        return next((m["text"] for m in row["milestones"] if m["text"] and m["counts"]), filters.NOTHING)
    bound = "≤" if row["direction"] == "at_most" else "≥"
    return f"{bound} {filters.number(status['required'])} {row['unit']}（{year_end(year)}）"


def year_end(year: int | None) -> str:
    return f"{year}年末" if year else "未规定时限"


def asks(row: Row, place: Row) -> str:
    """What one place of the document asks for."""
    if place["value"] is None:
        return f"“{place['text']}”"
    bound = "不高于" if row["direction"] == "at_most" else "不低于"
    return f"{bound} {filters.number(place['value'])}{row['unit']}"


def set_aside(found: Row) -> Iterator[Row]:
    """The places that the pack itself does not judge; those of a conflict are shown with it."""
    of_conflicts = {(c["year"], source["article"]) for c in found["conflicts"] for source in c["sources"]}
    for m in found["milestones"]:
        if not m["counts"] and (m["year"], m["article"]) not in of_conflicts:
            yield {"article": m["article"], "words": f"{year_end(m['year'])}{asks(found, m)}"}


def series_chart(found: Row) -> Chart:
    """Requirement against fact, a category per year; a year that has none, or two undecided, has no point."""
    milestones = {m["year"]: m["value"] for m in found["milestones"] if m["counts"]}
    milestones |= {c["year"]: None for c in found["conflicts"] if not c["decided"]}
    years = [s["year"] for s in found["series"]]
    wanted = [_decimal(milestones.get(year, milestones.get(None))) for year in years]
    reached = [_decimal(s["observed"]) for s in found["series"]]
    return Chart(
        id="series",
        title=found["name"],
        categories=[f"{year}年" for year in years],
        series=(Series("要求", wanted, dashed=True), Series("实际", reached, "bar")),
        unit=found["unit"],
        category_label="年度",
        download=f"/targets/{found['code']}/series.xlsx",
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

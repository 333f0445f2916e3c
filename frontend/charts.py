"""Charts: one object gives both the ECharts option and the table of the same numbers behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from frontend.filters import number

Value = int | Decimal | None


@dataclass(frozen=True)
class Series:
    """One row of numbers, a value per category; None leaves a gap. `dashed` marks plans against facts."""

    name: str
    values: Sequence[Value]
    kind: Literal["line", "bar"] = "line"
    dashed: bool = False
    stack: str | None = None


@dataclass(frozen=True)
class Chart:
    """A chart of categories × series. `download` is the path of the spreadsheet with the same numbers."""

    id: str
    title: str
    categories: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    places: int | None = None
    download: str | None = None
    category_label: str = "项目"
    height: Literal["small", "medium", "large"] = "medium"

    @property
    def option(self) -> dict[str, Any]:
        """The ECharts option. Colours, fonts and tooltips that a strict CSP allows are added by app.js."""
        return {
            "xAxis": {"type": "category", "data": list(self.categories)},
            "yAxis": {"type": "value", "name": self.unit},
            "series": [self._series(s) for s in self.series],
        }

    @property
    def head(self) -> list[str]:
        unit = f"（{self.unit}）" if self.unit else ""
        return [self.category_label, *(f"{s.name}{unit}" for s in self.series)]

    @property
    def rows(self) -> list[list[str]]:
        """The same numbers as text, one row a category."""
        return [
            [category, *(number(s.values[place], self.places) for s in self.series)]
            for place, category in enumerate(self.categories)
        ]

    def _series(self, series: Series) -> dict[str, Any]:
        drawn: dict[str, Any] = {
            "name": series.name,
            "type": series.kind,
            "data": [None if v is None else float(v) for v in series.values],  # pixels, never computed with
        }
        if series.dashed:
            drawn["lineStyle"] = {"type": "dashed"}
        if series.stack:
            drawn["stack"] = series.stack
        return drawn

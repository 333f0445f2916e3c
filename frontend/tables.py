"""List pages: what a table shows (`Table`), and one page of it (`TableView`), which `data_table(view)` draws.

A page module declares its `Table` once; a handler asks the service with `table.params(request)` and hands
`table.view(request, answer.data)` to the template. Cells are made by `Column.cell`, not by macros.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

from fastapi import Request
from markupsafe import Markup, escape

from frontend import filters
from frontend.forms import whole_number

Kind = Literal["text", "number", "amount", "date", "datetime", "percent", "status", "light", "markup"]
FILTER_KINDS = Literal["text", "select", "date", "month", "number", "hidden"]
RIGHT = {"number", "amount", "percent"}
DEFAULT_LIMIT = 50
TRAIL_LENGTH = 20
TRAIL_MARK = "~"
DAY = "as_of"
"""The filter of a list that can show an earlier day; its links then lead to that day."""


@dataclass(frozen=True)
class Column:
    """One column. `key` reads the row (dots go deeper: `school.name`); `render(row)` replaces the reading.

    `link` is a path with fields of the row in braces (`/members/{id}`); `labels` gives words for codes, or
    (word, tone) for `status`; `sort` is the name the service sorts by; `wide` lets long text wrap.
    """

    key: str
    label: str
    kind: Kind = "text"
    sort: str | None = None
    link: str | None = None
    labels: Mapping[str, Any] | None = None
    render: Callable[[Any], Any] | None = None
    wide: bool = False
    narrow_hidden: bool = False

    @property
    def css(self) -> str:
        names = ["cell-right" if self.kind in RIGHT else "", "cell-wide" if self.wide else ""]
        return " ".join([*filter(None, names), *(["cell-optional"] if self.narrow_hidden else [])])

    def cell(self, row: Any) -> Markup:
        """The HTML of this column's cell in `row`, escaped."""
        value = self.render(row) if self.render else read(row, self.key)
        shown = self.show(value)
        if self.link and shown != filters.NOTHING:
            return Markup('<a href="{}">{}</a>').format(fill(self.link, row), shown)
        return shown

    def on_day(self, as_of: str) -> "Column":
        """The same, its link leading to the day."""
        return replace(self, link=filters.on_day(self.link, as_of)) if self.link else self

    def show(self, value: Any) -> Markup:
        """One value as this column's kind writes it."""
        if self.render or self.kind == "markup":
            return escape(filters.NOTHING if value is None else value)
        if self.kind == "status":
            return filters.status_badge(value, self.labels)
        if self.kind == "light":
            return filters.light(value)
        if self.labels is not None and value is not None:
            value = self.labels.get(value, value)
        return escape(_WRITERS[self.kind](value))


def _text(value: Any) -> Any:
    return filters.NOTHING if value is None or value == "" else value


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": filters.number,
    "amount": lambda value: filters.amount(value, unit=False),
    "date": filters.date_cn,
    "datetime": filters.datetime_cn,
    "percent": filters.percent,
}


def read(row: Any, key: str) -> Any:
    """A field of a mapping or an object; dots go deeper, and a missing step is None."""
    value = row
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
        if value is None:
            return None
    return value


def fill(pattern: str, row: Any) -> str:
    """A path with `{field}` replaced by the row's values, percent-encoded."""
    out, rest = "", pattern
    while "{" in rest:
        head, _, tail = rest.partition("{")
        key, _, rest = tail.partition("}")
        out += head + quote(str(read(row, key)), safe="")
    return out + rest


@dataclass(frozen=True)
class Filter:
    """One field of the query form; `name` is the service's parameter. `options` are (value, label).

    A hidden one keeps its only option through every search.
    """

    name: str
    label: str
    kind: FILTER_KINDS = "text"
    options: Sequence[tuple[str, str]] = ()
    placeholder: str = ""


@dataclass(frozen=True)
class Batch:
    """An action on the ticked rows: posts `ids` (several) to `url`; `confirm` is asked first."""

    label: str
    url: str
    icon: str = "check"
    confirm: str = ""


@dataclass(frozen=True)
class Action:
    """A button above the table that leads elsewhere (new, import, export)."""

    label: str
    url: str
    icon: str = "plus"
    primary: bool = False
    download: bool = False


@dataclass(frozen=True)
class Table:
    """What a list page shows, declared once. `export` is the path of a download that takes the same query."""

    id: str
    path: str
    caption: str
    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    actions: Sequence[Action] = ()
    batch: Sequence[Batch] = ()
    export: str | None = None
    row_id: str = "id"
    default_sort: str | None = None
    limit: int = DEFAULT_LIMIT
    empty_title: str = "没有符合条件的记录"
    empty_hint: str = ""
    note: str = ""

    def params(self, request: Request) -> dict[str, str | int]:
        """What to ask the service: cursor, limit, sort and the filled-in filters."""
        query = request.query_params
        asked: dict[str, str | int] = {"limit": self.limit, **self.filled(request)}
        sort = query.get("sort") or self.default_sort
        if sort:
            asked["sort"] = sort
        if query.get("cursor"):
            asked["cursor"] = query["cursor"]
        return asked

    def filled(self, request: Request) -> dict[str, str]:
        """The filled-in filters, which an export of the list takes too."""
        query = request.query_params
        return {f.name: query[f.name].strip() for f in self.filters if query.get(f.name, "").strip()}

    def on_day(self, as_of: str | None) -> "Table":
        """The same with links that lead to the day, and a note that says so."""
        if not as_of:
            return self
        return replace(self, columns=[c.on_day(as_of) for c in self.columns], note=filters.note_of_day(as_of))

    def view(
        self,
        request: Request,
        answer: Mapping[str, Any],
        *,
        totals: Mapping[str, Any] | None = None,
        filters: Sequence[Filter] | None = None,
        actions: Sequence[Action] | None = None,
        batch: Sequence[Batch] | None = None,
        columns: Sequence[Column] | None = None,
        note: str | None = None,
    ) -> "TableView":
        """One page of the table from a list answer (`items`, `next_cursor`, `total`).

        `totals` fills the 合计 row by column key. `filters`, `actions`, `batch`, `columns` and `note` (a sentence above
        the rows) replace the declared ones where they depend on the person or on other data.
        """
        given = {"filters": filters, "actions": actions, "batch": batch, "columns": columns, "note": note}
        table = replace(self, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
        query = request.query_params
        return TableView(
            table=table.on_day(self.filled(request).get(DAY)),
            rows=list(answer["items"]),
            total=answer.get("total"),
            next_cursor=answer.get("next_cursor"),
            totals=totals,
            query={k: v for k, v in self.params(request).items() if k not in ("limit", "cursor")},
            cursor=query.get("cursor", ""),
            trail=query.get("trail", "").split(TRAIL_MARK) if query.get("cursor") else [],
            first=_positive(query.get("n")) if query.get("cursor") else 1,
        )


@dataclass(frozen=True)
class SortLink:
    """A sortable header: where it leads, what it announces (`ascending`, `descending`, `none`), its icon."""

    url: str
    state: str
    icon: str


@dataclass
class TableView:
    """One page of a table, as the template draws it."""

    table: Table
    rows: list[Any]
    total: int | None
    next_cursor: str | None = None
    totals: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    cursor: str = ""
    trail: list[str] = field(default_factory=list)
    first: int = 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def filtered(self) -> bool:
        return any(self.query.get(f.name) for f in self.table.filters if f.kind != "hidden")

    @property
    def fresh_url(self) -> str:
        """The list without any condition, but for what a hidden filter keeps."""
        kept = {f.name: f.options[0][0] for f in self.table.filters if f.kind == "hidden"}
        return f"{self.table.path}?{urlencode(kept)}" if kept else self.table.path

    @property
    def width(self) -> int:
        return len(self.table.columns) + 1 + bool(self.table.batch)

    def row_id(self, row: Any) -> str:
        return str(read(row, self.table.row_id))

    def total_cell(self, column: Column) -> Markup:
        value = read(self.totals, column.key) if self.totals else None
        return Markup("") if value is None else column.show(value)

    def url(self, **changes: Any) -> str:
        """This list with the same query and other paging."""
        query = {k: v for k, v in {**self.query, **changes}.items() if v not in (None, "")}
        return f"{self.table.path}?{urlencode(query)}" if query else self.table.path

    @property
    def next_url(self) -> str | None:
        if not self.next_cursor:
            return None
        trail = [*self.trail, self.cursor][-TRAIL_LENGTH:]
        return self.url(cursor=self.next_cursor, trail=TRAIL_MARK.join(trail), n=self.last + 1)

    @property
    def previous_url(self) -> str | None:
        if not self.cursor:
            return None
        earlier = self.trail[-1] if self.trail else ""
        start = max(1, self.first - self.table.limit)
        return self.url(cursor=earlier, trail=TRAIL_MARK.join(self.trail[:-1]), n=start if earlier else None)

    @property
    def first_url(self) -> str:
        return self.url()

    @property
    def export_url(self) -> str | None:
        if self.table.export is None:
            return None
        return f"{self.table.export}?{urlencode(self.query)}" if self.query else self.table.export

    def sort_link(self, column: Column) -> SortLink:
        now = str(self.query.get("sort") or "")
        if now == column.sort:
            return SortLink(self.url(sort=f"-{column.sort}"), "ascending", "sort-ascending")
        if now == f"-{column.sort}":
            return SortLink(self.url(sort=column.sort), "descending", "sort-descending")
        return SortLink(self.url(sort=column.sort), "none", "arrows-sort")


def _positive(text: str | None) -> int:
    return max(1, whole_number(text) or 1)

"""A batch: some rows of a file, held by column, for checks that treat a column at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import polars as pl

from services.kernel.errors import InvalidInput
from services.kernel.workbooks.reading import refused
from services.kernel.workbooks.spec import Cell, CellIssue, Fault, RawRow, TableSpec
from services.kernel.workbooks.text import is_empty

Source: TypeAlias = Callable[[], Iterator[bytes]]
"""The content of a file in pieces; each call begins anew."""

MAXIMUM_ROWS: Final = 1_000_000
MAXIMUM_LINE: Final = 1 << 20
"""Characters of one row, and of one field; a row of a roster has a few hundred."""

ROW_FIELD, ROW_HEADER = "row", "整行"
_TEXT: Final = frozenset({str, type(None)})
_READABLE: Final = r"[\p{L}\p{N}]"


@dataclass(frozen=True)
class Batch:
    """Rows that are not blank. `texts` has a column of text for every field of the spec, null where nothing stands.

    `odd` holds by field and place the cells that are no text (numbers, dates). `unreadable` are faults found in reading
    a cell, `broken` lines that are no row at all.
    """

    lines: pl.Series
    texts: pl.DataFrame
    odd: dict[str, dict[int, Cell]] = field(default_factory=dict)
    unreadable: dict[tuple[int, str], Fault] = field(default_factory=dict)
    broken: list[CellIssue] = field(default_factory=list)

    def raw(self, place: int) -> RawRow:
        """One row as it stood in the file."""
        cells: list[Cell] = list(self.texts.row(place))
        for column, name in enumerate(self.texts.columns):
            if place in self.odd.get(name, ()):
                cells[column] = self.odd[name][place]
        return RawRow(int(self.lines[place]), tuple(cells))


def batch_of(
    spec: TableSpec,
    rows: Sequence[RawRow],
    unreadable: dict[tuple[int, str], Fault] | None = None,
    broken: list[CellIssue] | None = None,
) -> Batch:
    """A batch of rows that were read one by one; `unreadable` counts places among `rows`."""
    texts: dict[str, pl.Series] = {}
    odd: dict[str, dict[int, Cell]] = {}
    columns = zip(*(row.cells for row in rows), strict=True) if rows else iter([()] * len(spec.columns))
    for column, cells in zip(spec.columns, columns, strict=True):
        others: dict[int, Cell] = {}
        if not _TEXT.issuperset(map(type, cells)):
            others = {place: cell for place, cell in enumerate(cells) if type(cell) not in _TEXT}
        written = [cell if isinstance(cell, str) else None for cell in cells] if others else cells
        texts[column.field] = pl.Series(column.field, written, dtype=pl.String)
        if others:
            odd[column.field] = others
    lines = pl.Series("line", [row.line for row in rows], dtype=pl.Int32)
    return Batch(lines, pl.DataFrame(texts), odd, unreadable or {}, broken or [])


def batch_of_texts(spec: TableSpec, frame: pl.DataFrame, places: dict[str, int]) -> Batch:
    """A batch of a frame of texts: its columns are `line` and then c0, c1 … as they stand in the file."""
    wanted = [
        (pl.col(f"c{places[column.field]}") if column.field in places else pl.lit(None, pl.String)).alias(column.field)
        for column in spec.columns
    ]
    texts = frame.select("line", *wanted)
    blank = blank_places(texts.drop("line"))
    if blank:
        texts = texts.with_row_index("place").filter(~pl.col("place").is_in(blank)).drop("place")
    return Batch(texts["line"], texts.drop("line"))


def blank_places(texts: pl.DataFrame) -> list[int]:
    """The places of rows in which nothing readable stands."""
    perhaps = texts.with_row_index("place")
    for name in texts.columns:
        perhaps = perhaps.filter(~pl.col(name).str.contains(_READABLE).fill_null(value=False))
    return [place for place, *cells in perhaps.iter_rows() if all(is_empty(cell) for cell in cells)]


def too_many_rows() -> InvalidInput:
    """The refusal of a file with more rows than are taken at once."""
    return refused("too_many_rows", f"超过 {MAXIMUM_ROWS} 行，请拆成几个文件分别导入。")


def too_long(line: int) -> InvalidInput:
    """The refusal of a file with a row that no roster has."""
    return refused("row_too_long", f"第 {line} 行起有一行超过 {MAXIMUM_LINE >> 20} MB，这不是名册的内容，请检查文件。")


def broken_line(line: int, code: str, sentence: str) -> CellIssue:
    """The fault of a whole line."""
    return CellIssue(line, ROW_FIELD, ROW_HEADER, code, sentence)

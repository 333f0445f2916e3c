"""Rows of a .csv in batches. Polars reads what is plain; what has quotes goes through the csv module, as in `grids`.

Both give the same rows and line numbers; a test holds them together.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from services.kernel.workbooks.bulk.batches import (
    MAXIMUM_LINE,
    MAXIMUM_ROWS,
    Batch,
    Source,
    batch_of_texts,
    too_long,
    too_many_rows,
)
from services.kernel.workbooks.bulk.texts import encoding_of, parts_of
from services.kernel.workbooks.grids import Grid, Line, delimiter_of
from services.kernel.workbooks.guard import not_a_workbook
from services.kernel.workbooks.naming import FieldNames
from services.kernel.workbooks.reading import HEADER_SEARCH, best_header, check_headers, refused
from services.kernel.workbooks.spec import TableSpec
from services.kernel.workbooks.text import is_empty

csv.field_size_limit(MAXIMUM_LINE)
_HEADS: Final = 64_000  # characters in which the header is looked for


class CsvStream:
    """Reads the header at once, the rows when asked. Raises UnsupportedMedia or InvalidInput for the file."""

    def __init__(self, source: Source, spec: TableSpec) -> None:
        self._spec = spec
        self._parts = parts_of(source, encoding_of(source))
        self._first = next(self._parts)
        head = self._first[1][: _HEADS * 4].decode(errors="ignore")
        self._delimiter = delimiter_of(head)
        found, header, _grid = best_header(spec, [Grid("", self._head_lines(head), [])])
        check_headers(spec, found)
        self._header_line = header.number
        self._places = {field: places[0] for field, places in found.items()}
        self._width = max(self._places.values()) + 1
        self.unknown = FieldNames(spec).unknown(header.cells)

    def batches(self) -> Iterator[Batch]:
        """The rows below the header. Raises InvalidInput when there are none or too many."""
        count = 0
        for number, part in self._all_parts():
            frame = self._plain(number, part) if _is_plain(part) else self._quoted(number, part)
            batch = batch_of_texts(self._spec, frame.filter(pl.col("line") > self._header_line), self._places)
            count += len(batch.lines)
            if count > MAXIMUM_ROWS:
                raise too_many_rows()
            if len(batch.lines):
                yield batch
        if not count:
            raise refused("table_empty", "表头下面没有数据，请填写后再导入。")

    def _all_parts(self) -> Iterator[tuple[int, bytes]]:
        yield self._first
        yield from self._parts

    def _head_lines(self, head: str) -> list[Line]:
        lines: list[Line] = []
        before = 0
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=self._delimiter)
        try:
            for row in reader:
                if not all(is_empty(cell) for cell in row):
                    lines.append(Line(before + 1, list(row)))
                before = reader.line_num
                if len(lines) == HEADER_SEARCH:
                    break
        except csv.Error as fault:
            raise not_a_workbook() from fault
        return lines

    def _plain(self, number: int, part: bytes) -> pl.DataFrame:
        """Every line is a row, so the lines need only be counted.

        Polars takes the number of columns from the first line, so one of the wanted width is put before it.
        """
        part = part.replace(b"\r\n", b"\n")
        frame = pl.read_csv(
            self._delimiter.join("x" * self._width).encode() + b"\n" + part,
            separator=self._delimiter,
            has_header=False,
            quote_char=None,
            truncate_ragged_lines=True,
            extra_columns="ignore",
            schema={f"c{place}": pl.String() for place in range(self._width)},
        ).slice(1)
        if frame.height != part.count(b"\n") + (not part.endswith(b"\n")):
            return self._quoted(number, part)
        return frame.with_row_index("line", number).with_columns(pl.col("line").cast(pl.Int32))

    def _quoted(self, number: int, part: bytes) -> pl.DataFrame:
        """Rows whose cells may hold delimiters and line feeds; the last may go on in the next parts."""
        lines = _Lines(part, self._parts, number)
        reader = csv.reader(lines, delimiter=self._delimiter)
        rows: list[tuple[Any, ...]] = []
        before, nothing = 0, (None,) * self._width
        try:
            for row in reader:
                rows.append((number + before, *(tuple(row) + nothing)[: self._width]))
                before = reader.line_num
                lines.between_rows = True
        except csv.Error as fault:
            raise not_a_workbook() from fault
        schema = {"line": pl.Int32(), **{f"c{place}": pl.String() for place in range(self._width)}}
        return pl.DataFrame(rows, schema=schema, orient="row")


def _is_plain(part: bytes) -> bool:
    return b'"' not in part and part.count(b"\r") == part.count(b"\r\n")


class _Lines(Iterator[str]):
    """The lines of a part; while a row is open, those of the following parts too. Raises InvalidInput for a row that
    does not end.
    """

    def __init__(self, part: bytes, following: Iterator[tuple[int, bytes]], first: int) -> None:
        self._lines = io.StringIO(part.decode(), newline="")
        self._following = following
        self._number = first - 1
        self._length = 0  # of the row so far
        self.between_rows = True

    def __next__(self) -> str:
        line = self._lines.readline()
        if not line and not self.between_rows:
            self._lines = io.StringIO(next(self._following)[1].decode(), newline="")
            line = self._lines.readline()
        if not line:
            raise StopIteration
        self._number += 1
        self._length = len(line) if self.between_rows else self._length + len(line)
        if self._length > MAXIMUM_LINE:
            raise too_long(self._number)
        self.between_rows = False
        return line

"""A stored roster file read and checked part by part, each part ready for the database. Runs in threads."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.workbooks import CellIssue, RawRow, write_rejects
from services.kernel.workbooks.bulk import Format, Source, Stream, open_stream
from services.kernel.workbooks.bulk.checking import WHOLE_LINE
from services.subsidies.rosters.checking import CheckedRows, RosterChecker

SHOWN_ISSUES: Final = 200
WORKBOOK_ROWS: Final = 20_000
"""Returned rows that the workbook holds; the list of faults has those of all."""

MAXIMUM_FAULTS: Final = 1_000_000
SHOWN_NAMES: Final = 50
NAME_LENGTH: Final = 40
LONG_NUMBER: Final = 6


@dataclass
class Tally:
    """What was found so far; the workbook's rows are kept as they stood in the file."""

    total: int = 0
    sound: int = 0
    faults: int = 0
    bytes_read: int = 0
    shown: list[CellIssue] = field(default_factory=list)
    returned: list[RawRow] = field(default_factory=list)
    returned_issues: list[CellIssue] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        return self.total - self.sound


@dataclass(frozen=True)
class Part:
    """Rows and faults as CSV for `Incoming.add`, and how many rows were checked and returned with this part."""

    rows: bytes
    faults: bytes
    checked: int
    rejected: int


class Taking:
    """One file on its way through the checks. Nothing is read before `parts` is asked for its first part."""

    def __init__(self, source: Source, form: Format, checker: RosterChecker) -> None:
        self.tally = Tally()
        self._source = source
        self._form = form
        self._checker = checker
        self._stream: Stream | None = None

    def parts(self) -> Iterator[Part]:
        """The parts in order. Raises UnsupportedMedia, TooLarge or InvalidInput when the file is no such roster."""
        self._stream = open_stream(self._counted, self._checker.spec, self._form)
        for batch in self._stream.batches():
            checked = self._checker.check(batch)
            rows, faults = _csv(checked.rows), self._faults(checked)
            self._count(checked)
            yield Part(rows, faults, self.tally.total, self.tally.rejected)

    def rejects(self) -> bytes | None:
        """The workbook of returned rows, if any."""
        tally = self.tally
        if not tally.returned:
            return None
        return write_rejects(self._checker.spec, tally.returned, tally.returned_issues)

    def warnings(self) -> list[dict[str, Any]]:
        """Names in the file that mean nothing here, told once; one with a long number in it might tell of a person."""
        unknown = self._stream.unknown if self._stream else []
        names = [name.strip()[:NAME_LENGTH] for name in unknown if sum(map(str.isdigit, name)) < LONG_NUMBER]
        return [
            {"code": "field_unknown", "field": name, "message": f"不认识的列“{name}”，其内容没有导入。"}
            for name in names[:SHOWN_NAMES]
        ]

    def _counted(self) -> Iterator[bytes]:
        for piece in self._source():
            self.tally.bytes_read += len(piece)
            yield piece

    def _faults(self, checked: CheckedRows) -> bytes:
        names = {place: column.field for place, column in enumerate(self._checker.spec.columns)}
        numbered = checked.issues.with_row_index("no", self.tally.faults + 1)
        named = pl.col("column").replace_strict({WHOLE_LINE: "row", **names}, return_dtype=pl.String).alias("field")
        return _csv(numbered.select("no", "line", named, "code", "message"))

    def _count(self, checked: CheckedRows) -> None:
        tally, batch = self.tally, checked.batch
        tally.total += len(batch.lines) + len(batch.broken)
        tally.sound += checked.rows.height
        tally.faults += checked.issues.height
        self._show(checked)
        self._return(checked)
        if tally.faults > MAXIMUM_FAULTS:
            sentence = f"错误超过 {MAXIMUM_FAULTS} 处，没有导入。请先按已列出的错误整列改正，再重新导入。"
            raise InvalidInput([FieldIssue("file", "too_many_faults", sentence)], sentence)

    def _show(self, checked: CheckedRows) -> None:
        more = checked.issues.head(SHOWN_ISSUES - len(self.tally.shown))
        self.tally.shown += [self._checker.cells.cell_issue(issue) for issue in more.iter_rows()]

    def _return(self, checked: CheckedRows) -> None:
        """Keep the first returned rows for the workbook; a line that is no row has no cells to return."""
        room = WORKBOOK_ROWS - len(self.tally.returned)
        lines = checked.rejected.sort()
        if room <= 0 or not len(lines):
            return
        places = checked.batch.lines.is_in(lines.implode()).arg_true().head(room).to_list()
        rows = [checked.batch.raw(place) for place in places]
        kept = checked.issues.filter(pl.col("line").is_in([row.line for row in rows]))
        self.tally.returned += rows
        self.tally.returned_issues += [self._checker.cells.cell_issue(issue) for issue in kept.iter_rows()]


def _csv(frame: pl.DataFrame) -> bytes:
    """A frame as the CSV that COPY reads; bytes as hexadecimal."""
    buffer = io.BytesIO()
    binary = [
        (pl.lit("\\x") + pl.col(name).bin.encode("hex")).alias(name)
        for name, kind in frame.schema.items()
        if kind == pl.Binary()
    ]
    if frame.height:
        frame.with_columns(binary).write_csv(buffer, include_header=False)
    return buffer.getvalue()

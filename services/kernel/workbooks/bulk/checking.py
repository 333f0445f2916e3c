"""Checks a batch column by column: every distinct spelling is parsed once, by the very parser that `check_table` uses.

Columns whose cells are nearly all different (names, identity numbers) would gain nothing from that, so what is plainly
sound in them is recognised by an expression first; only the rest is parsed. Tests hold both ways together.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from services.kernel.identifiers import ID_CHECKS, ID_WEIGHTS
from services.kernel.workbooks.bulk.batches import ROW_HEADER, Batch
from services.kernel.workbooks.checking import reader_of
from services.kernel.workbooks.parsing import Parsed
from services.kernel.workbooks.spec import CellIssue, Column, Fault, TableSpec

ISSUE_SCHEMA: Final = {
    "line": pl.Int32(),
    "column": pl.Int16(),
    "code": pl.String(),
    "message": pl.String(),
}
"""One fault a row; `column` is the place in the spec, -1 for the whole line."""

WHOLE_LINE: Final = -1
_PLAIN_TEXT: Final = r"^[\p{Han}A-Za-z0-9（）()·._/-]+$"
_ID_SHAPE: Final = r"^[0-9]{17}[0-9X]$"
_TYPES: Final[dict[str, pl.DataType]] = {"date": pl.Date(), "year": pl.Int32()}


@dataclass(frozen=True)
class CheckedBatch:
    """A batch checked. `values` has `line` and a column for every field (numbers as text), also for faulty rows, in
    which null stands where the fault is; `issues` follow `ISSUE_SCHEMA`, ordered by line and column.
    """

    batch: Batch
    values: pl.DataFrame
    issues: pl.DataFrame


class BulkChecker:
    """Checks batches of one table; what was parsed once is remembered."""

    def __init__(self, spec: TableSpec) -> None:
        self.spec = spec
        self._columns = [_ColumnChecker(place, column) for place, column in enumerate(spec.columns)]

    def check(self, batch: Batch) -> CheckedBatch:
        """Parse every cell; collect every fault, not the first."""
        values = {"line": batch.lines}
        issues = [_broken(batch)]
        for checker in self._columns:
            values[checker.column.field], found = checker.check(batch)
            issues.append(found)
        ordered = pl.concat(issues).sort("line", "column", maintain_order=True)
        return CheckedBatch(batch, pl.DataFrame(values), ordered)

    def cell_issue(self, issue: tuple[int, int, str, str]) -> CellIssue:
        """A row of `issues` in words."""
        line, place, code, message = issue
        if place == WHOLE_LINE:
            return CellIssue(line, "row", ROW_HEADER, code, message)
        column = self.spec.columns[place]
        return CellIssue(line, column.field, column.header, code, message)


def issue_frame(rows: list[tuple[int, int, str, str]]) -> pl.DataFrame:
    """Faults as `issues` has them."""
    return pl.DataFrame(rows, schema=ISSUE_SCHEMA, orient="row")


def _broken(batch: Batch) -> pl.DataFrame:
    return issue_frame([(issue.line, WHOLE_LINE, issue.code, issue.message) for issue in batch.broken])


class _ColumnChecker:
    def __init__(self, place: int, column: Column) -> None:
        self.column = column
        self._place = place
        self._read = reader_of(column)
        self._type = _TYPES.get(column.kind, pl.String())

    def check(self, batch: Batch) -> tuple[pl.Series, pl.DataFrame]:
        """The column's values, and its faults."""
        field = self.column.field
        texts = batch.texts[field]
        plain = _plain(self.column, texts)
        distinct = texts.filter(~plain).unique(maintain_order=True).to_list()
        parsed = {text: self._read(text) for text in distinct}
        good = {text: _kept(value) for text, value in parsed.items() if not isinstance(value, Fault)}
        values = self._values(texts, plain, good)
        faults = self._faults_of_texts(batch, texts, plain, parsed)
        return self._patched(batch, values, faults)

    def _values(self, texts: pl.Series, plain: pl.Series, good: dict[Any, Any]) -> pl.Series:
        old = pl.Series(list(good), dtype=pl.String)
        new = pl.Series(list(good.values()), dtype=self._type)
        values = texts.replace_strict(old, new, default=None, return_dtype=self._type)
        if self._type != pl.String():
            return values
        return texts.zip_with(plain, values)

    def _faults_of_texts(
        self, batch: Batch, texts: pl.Series, plain: pl.Series, parsed: dict[Any, Parsed]
    ) -> dict[int, Fault]:
        bad = {text: fault for text, fault in parsed.items() if isinstance(fault, Fault)}
        if not bad:
            return {}
        wrong = texts.is_in([text for text in bad if text is not None]).fill_null(None in bad) & ~plain
        odd = batch.odd.get(self.column.field, {})
        places = wrong.arg_true()
        found = zip(places.to_list(), texts.gather(places).to_list(), strict=True)
        return {place: bad[text] for place, text in found if place not in odd}

    def _patched(self, batch: Batch, values: pl.Series, faults: dict[int, Fault]) -> tuple[pl.Series, pl.DataFrame]:
        """Read the cells that are no text, one by one, and lay the faults of reading over the others."""
        sound: dict[int, Any] = {}
        for place, cell in batch.odd.get(self.column.field, {}).items():
            value = self._read(cell)
            if isinstance(value, Fault):
                faults[place] = value
            else:
                sound[place] = _kept(value)
        faults |= {place: fault for (place, name), fault in batch.unreadable.items() if name == self.column.field}
        if sound:
            values = values.scatter(list(sound), pl.Series(list(sound.values()), dtype=self._type))
        lines = batch.lines.gather(list(faults)).to_list() if faults else []
        rows = [(line, self._place, f.code, f.message) for line, f in zip(lines, faults.values(), strict=True)]
        return values, issue_frame(rows)


def _kept(value: Any) -> str | int | date | None:
    """A value as its column of the frame holds it: a number as its exact text."""
    return value if value is None or isinstance(value, str | int | date) else str(value)


def _plain(column: Column, texts: pl.Series) -> pl.Series:
    """Which texts need no parsing, because they are sound and kept as they are written."""
    if column.kind == "id_number":
        return _sound_id_numbers(texts)
    if column.kind == "text" and column.check is None:
        frame = texts.rename("t").to_frame()
        short = pl.col("t").str.len_chars() <= column.maximum_length
        return frame.select((pl.col("t").str.contains(_PLAIN_TEXT) & short).fill_null(value=False))["t"]
    return pl.repeat(value=False, n=len(texts), eager=True)


def _sound_id_numbers(texts: pl.Series) -> pl.Series:
    """Whether each is a 居民身份证号 (GB 11643), as `is_id_number` says of one."""
    text = pl.col("t")
    digits = text.str.slice(0, 17).cast(pl.Int64, strict=False)
    total = sum(
        (weight * (digits // 10 ** (16 - place) % 10) for place, weight in enumerate(ID_WEIGHTS)), start=pl.lit(0)
    )
    check = (total % 11).replace_strict(list(range(11)), list(ID_CHECKS), default=None, return_dtype=pl.String)
    born = text.str.slice(6, 8).str.to_date("%Y%m%d", strict=False) >= date(1900, 1, 1)
    shaped = text.str.contains(_ID_SHAPE)
    sound = shaped & born & (text.str.slice(17, 1) == check)
    return texts.rename("t").to_frame().select(sound.fill_null(value=False))["t"]

"""One way to open every format."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

from services.kernel.workbooks.bulk.batches import Batch, Source
from services.kernel.workbooks.bulk.csv_stream import CsvStream
from services.kernel.workbooks.bulk.json_stream import JsonStream
from services.kernel.workbooks.bulk.xlsx_stream import XlsxStream
from services.kernel.workbooks.guard import ZIP_MAGIC
from services.kernel.workbooks.spec import TableSpec


class Format(StrEnum):
    """What a file was said to be. Which of .xlsx and .csv a table is, its content tells."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


class Stream(Protocol):
    """A table being read."""

    @property
    def unknown(self) -> list[str]:
        """Names in the file that mean no field; of objects, those read so far."""

    def batches(self) -> Iterator[Batch]:
        """The rows, in order."""


def open_stream(source: Source, spec: TableSpec, form: Format) -> Stream:
    """Begin to read. Raises UnsupportedMedia, TooLarge or InvalidInput, as `batches` does while it is read."""
    if form is not Format.TABLE:
        return JsonStream(source, spec, lines=form is Format.NDJSON)
    if next(source(), b"").startswith(ZIP_MAGIC):
        return XlsxStream(source, spec)
    return CsvStream(source, spec)

"""Very large tables: read in batches from JSON, NDJSON, CSV and XLSX, and checked column by column.

    stream = open_stream(source, SPEC, Format.NDJSON)   # `source()` gives the content in pieces, each time anew
    checker = BulkChecker(SPEC)
    for batch in stream.batches:
        checked = checker.check(batch)                  # .values, .issues: what `check_table` would say, as frames

A file is never in memory whole, except a .xlsx: its parts can only be read by place.
"""

from services.kernel.workbooks.bulk.batches import Batch, Source
from services.kernel.workbooks.bulk.checking import BulkChecker, CheckedBatch
from services.kernel.workbooks.bulk.streams import Format, Stream, open_stream

__all__ = ["Batch", "BulkChecker", "CheckedBatch", "Format", "Source", "Stream", "open_stream"]

"""Tables in workbooks: read what clerks send (.xlsx, .csv), check every cell, and write templates, exports and rejects.

table = read_table(content, SPEC)            # raises UnsupportedMedia, TooLarge, InvalidInput (header_missing …)
checked = check_table(SPEC, table)           # .rows without fault, .issues: every fault of every other row
rejects = write_rejects(SPEC, table.rows, checked.issues)   # the bad rows with 错误原因 and 原行号
"""

from services.kernel.workbooks.checking import check_table
from services.kernel.workbooks.guard import MAXIMUM_BYTES
from services.kernel.workbooks.reading import read_table
from services.kernel.workbooks.spec import (
    Cell,
    CellIssue,
    CheckedTable,
    Column,
    Fault,
    RawRow,
    Row,
    Table,
    TableSpec,
    Value,
    same,
)
from services.kernel.workbooks.writing import write_rejects, write_rows, write_template

__all__ = [
    "MAXIMUM_BYTES",
    "Cell",
    "CellIssue",
    "CheckedTable",
    "Column",
    "Fault",
    "RawRow",
    "Row",
    "Table",
    "TableSpec",
    "Value",
    "check_table",
    "read_table",
    "same",
    "write_rejects",
    "write_rows",
    "write_template",
]

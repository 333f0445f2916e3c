"""The workbook of collaborations: what all kinds share, and the columns of one kind where one is chosen."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.kernel import registry_words as words
from services.kernel.workbooks import Column, TableSpec, Value
from services.kernel.workbooks.spec import Kind
from services.registry.domain.collaborations import CollaborationKind
from services.registry.schemas.collaboration_details import DETAILS
from services.registry.schemas.kind_fields import FieldType, KindField, fields_of
from services.registry.tables import Collaboration


def _labels(choices: Mapping[str, str]) -> dict[str, str]:
    return {label: code for code, label in choices.items()}


_SHARED: Final = (
    Column("name", "名称", required=True, maximum_length=100, width=34),
    Column("kind", "类型", required=True, kind="choice", choices=_labels(words.COLLABORATION_KINDS), width=18),
    Column("host_member", "办学（承办）单位", width=28),
    Column("lead_member", "牵头单位", width=28),
    Column("enterprises", "合作企业", note="用顿号隔开。", width=34),
    Column("partners", "合作方", note="用顿号隔开。", width=34),
    Column("supporters", "支持单位", note="用顿号隔开。", width=34),
    Column("founded_on", "成立日期", kind="date", width=14),
    Column("status", "状态", kind="choice", choices=_labels(words.COLLABORATION_STATUSES), width=10),
    Column("ended_on", "终止日期", kind="date", width=14),
    Column("end_reason", "终止原因", width=24),
    Column("level", "现有级别", kind="choice", choices=_labels(words.RECOGNITION_LEVELS), width=10),
    Column("recognised_on", "认定日期", kind="date", width=14),
    Column("document_number", "认定文号", width=28),
    Column("lapses_on", "到期日", kind="date", width=14),
)
_KINDS: Final[dict[FieldType, Kind]] = {
    "text": "text",
    "integer": "number",
    "number": "number",
    "date": "date",
    "choice": "choice",
    "lines": "text",
    "rows": "text",
}
PREFIX: Final = "details."


def spec_of(kind: str | None) -> TableSpec:
    """The table of an export: with the columns of a kind when one is chosen."""
    own = fields_of(DETAILS[CollaborationKind(kind)]) if kind else []
    title = words.COLLABORATION_KINDS[kind] if kind else "合作载体"
    return TableSpec("合作载体", f"{title}名单", (*_SHARED, *map(_column, own)))


READ_ONLY: Final = frozenset({"level", "recognised_on", "document_number", "lapses_on"})
_NOTES: Final = (
    "已有的载体按类型和名称查找；找到的更新，找不到的新增。单位填登记的全称或简称。",
    "文件里没有的列不改动原记录；有列而单元格留空的，原内容会被清空。级别认定在载体页面登记，不由导入改动。",
)


def importable_spec(kind: str | None) -> TableSpec:
    """The table of an import: the export's, without what is granted one by one and without rows within a cell."""
    whole, own = spec_of(kind), fields_of(DETAILS[CollaborationKind(kind)]) if kind else []
    rows = {PREFIX + field.name for field in own if field.type == "rows"}
    columns = tuple(column for column in whole.columns if column.field not in READ_ONLY | rows)
    return TableSpec(whole.sheet, whole.title, columns, _NOTES)


def _column(field: KindField) -> Column:
    header = f"{field.label}（{field.unit}）" if field.unit else field.label
    note = "用顿号隔开。" if field.type == "lines" else ""
    choices = {choice: choice for choice in field.choices}
    return Column(PREFIX + field.name, header, kind=_KINDS[field.type], choices=choices, note=note, width=20)


def detail_cells(found: Collaboration) -> dict[str, Value]:
    """The kind's own fields as cells: lists joined, rows in one line each."""
    fields = fields_of(DETAILS[CollaborationKind(found.kind)])
    return {PREFIX + field.name: _cell(field, (found.details or {}).get(field.name)) for field in fields}


def _cell(field: KindField, value: Any) -> Value:
    if value is None:
        return None
    if field.type == "lines":
        return "、".join(value)
    if field.type == "rows":
        return "；".join(_line(field, row) for row in value)
    readers: dict[FieldType, Any] = {"date": date.fromisoformat, "number": Decimal}
    cell: Value = readers[field.type](value) if field.type in readers else value
    return cell


def _line(field: KindField, row: Mapping[str, Any]) -> str:
    """A row as one text: its first value, then the others with their labels."""
    first, *others = field.columns
    told = [f"{column.label} {row[column.name]}" for column in others if row.get(column.name) is not None]
    return "，".join([str(row[first.name]), *told])

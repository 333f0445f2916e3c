"""Rows of change sets in words."""

from collections.abc import Mapping
from typing import Any

from services.kernel.workbooks import TableSpec
from services.registry.schemas.change_sets import ChangeRowRead, RowChange, RowIssue
from services.registry.tables import ChangeRow


def row_in_words(spec: TableSpec, row: ChangeRow) -> ChangeRowRead:
    """A row as people read it: headings for fields, labels for codes."""
    return ChangeRowRead(
        line=row.line,
        outcome=row.outcome,
        object_id=row.object_id,
        label=row.label,
        changes=_changes(spec, row.before or {}, row.after or {}),
        issues=[RowIssue.model_validate(issue) for issue in row.issues],
        result=row.result,
        note=row.note,
    )


def _changes(spec: TableSpec, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[RowChange]:
    return [
        RowChange(
            field=column.field,
            header=column.header,
            before=_words(column.choices, before.get(column.field)),
            after=_words(column.choices, after.get(column.field)),
        )
        for column in spec.columns
        if column.field in after
    ]


def _words(choices: Mapping[str, str], value: Any) -> str | None:
    if value in (None, [], ""):
        return None
    if isinstance(value, list):
        return "、".join(str(one.get("name", one)) if isinstance(one, dict) else str(one) for one in value)
    labels = {kept: label for label, kept in choices.items()}
    return labels.get(str(value), str(value))

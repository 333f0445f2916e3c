"""What a bulk edit is sent: which things by which conditions, and the values that they get."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.tenancy import Scope
from services.registry.commands.changing.adapter import Adapter


async def edit_issues(
    session: AnySession, scope: Scope, adapter: Adapter, asked: Mapping[str, Any]
) -> list[FieldIssue]:
    """Every condition and every value of a bulk edit that its kind does not take."""
    return [*_filter_issues(adapter, asked["filter"]), *await adapter.edit_issues(session, scope, asked["values"])]


def _filter_issues(adapter: Adapter, given: Mapping[str, Any]) -> list[FieldIssue]:
    words = f"{adapter.noun}的批量修改不能按这一项（或这个值）选择，请去掉这个条件。"
    return [
        FieldIssue(f"filter.{name}", "filter_not_applicable", words)
        for name, value in given.items()
        if value and (name not in adapter.filters or not _allowed(adapter.filters[name], value))
    ]


def _allowed(values: frozenset[str] | None, value: Any) -> bool:
    return values is None or value in values


def checked_values(
    editable: Mapping[str, str], values: Mapping[str, Any], read: Callable[[str, Any], Any]
) -> tuple[dict[str, Any], list[FieldIssue]]:
    """The values as fields, and every one that cannot be set in bulk, or not so; `read` raises ValidationError."""
    checked: dict[str, Any] = {}
    issues = []
    for name, value in values.items():
        if name not in editable:
            words = f"这一项不能批量修改；可以批量修改的是{'、'.join(editable.values())}。"
            issues.append(FieldIssue(f"values.{name}", "field_not_editable", words))
            continue
        try:
            checked[name] = read(name, value)
        except ValidationError:
            words = f"“{editable[name]}”的内容不正确，请核对后重新填写。"
            issues.append(FieldIssue(f"values.{name}", "value_not_allowed", words))
    return checked, issues

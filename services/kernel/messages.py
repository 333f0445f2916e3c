"""Chinese sentences for pydantic's error types, so that no English fault reaches a clerk."""

import re
from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "missing": "必填，请填写。",
    "string_too_short": "太短，至少 {min_length} 个字。",
    "string_too_long": "太长，最多 {max_length} 个字。",
    "string_pattern_mismatch": "格式不对，请按示例填写。",
    "string_type": "应为文字。",
    "int_parsing": "应为整数。",
    "int_type": "应为整数。",
    "int_from_float": "应为整数。",
    "decimal_parsing": "应为数字。",
    "decimal_max_places": "小数最多 {decimal_places} 位。",
    "date_from_datetime_parsing": "应为日期，如 2026-11-21。",
    "date_parsing": "应为日期，如 2026-11-21。",
    "date_type": "应为日期，如 2026-11-21。",
    "uuid_parsing": "编号格式不对。",
    "bool_parsing": "应为是或否。",
    "greater_than": "应大于 {gt}。",
    "greater_than_equal": "不能小于 {ge}。",
    "less_than": "应小于 {lt}。",
    "less_than_equal": "不能大于 {le}。",
    "enum": "不在可选范围内，可选：{expected}。",
    "literal_error": "不在可选范围内，可选：{expected}。",
    "extra_forbidden": "没有这个字段，请删去。",
    "json_invalid": "内容不是有效的 JSON。",
    "list_type": "应为列表。",
    "dict_type": "应为对象。",
    "model_attributes_type": "应为 JSON 对象，并带 Content-Type: application/json。",
    "too_long": "最多 {max_length} 项。",
}

# What nobody filled in is not "too short" nor "of the wrong form" to who left it empty.
_OF_NOTHING = frozenset({"string_too_short", "string_pattern_mismatch", "enum", "literal_error"})


def validation_message(item: Mapping[str, Any]) -> str:
    """The Chinese sentence for one entry of pydantic's `errors()`; a ValueError's own text is kept."""
    kind = str(item["type"])
    context: dict[str, Any] = dict(item.get("ctx") or {})
    if "expected" in context:
        context["expected"] = _listed(str(context["expected"]))
    if kind == "value_error":
        return str(context.get("error", "内容不正确。"))
    if kind in _OF_NOTHING and item.get("input") == "":
        return "没有内容，请填写或选择。"
    told = str(item.get("msg", ""))
    if kind not in _SENTENCES:
        # A validator of ours (PydanticCustomError) brings its own Chinese sentence; pydantic's own are English.
        return told if told and not told.isascii() else "内容不正确，请检查。"
    try:
        return _SENTENCES[kind].format(**context)
    except KeyError:
        return "内容不正确，请检查。"


def _listed(expected: str) -> str:
    """The choices that pydantic lists in English, quoted: `'a', 'b' or 'c'`."""
    return "、".join(re.findall(r"'([^']*)'", expected)) or expected.replace(" or ", "、").replace(", ", "、")

"""Pydantic's findings as Chinese sentences that say what is wrong, why, and what to do."""

from typing import Any

from pydantic_core import ErrorDetails

_EXPECTED: dict[str, str] = {
    "string_type": "这里要写文字；数字样的代码和金额请加引号",
    "int_type": "这里要写整数，不加引号",
    "int_parsing": "这里要写整数，不加引号",
    "bool_type": "这里只能写 true 或 false",
    "date_type": "这里要写日期，例如 2027-12-31，不加引号",
    "date_from_datetime_inexact": "这里只要日期，不要时刻",
    "list_type": "这里要写列表",
    "dict_type": "这里要写“字段: 值”的一组内容",
    "model_type": "这里要写“字段: 值”的一组内容",
    "model_attributes_type": "这里要写“字段: 值”的一组内容",
}
_PATTERNS: dict[str, str] = {
    "article": "条款号的写法不对；应为“部分”加“序号”或“括号节号”，例如 二9、三(二)，括号用半角，附件写成 附件/表4",
    "id": "条款号的写法不对；应为“部分”加“序号”或“括号节号”，例如 二9、三(二)，括号用半角，附件写成 附件/表4",
    "code": "代码只能用小写字母、数字和下划线，并以字母开头",
    "division": "区划代码必须是带引号的数字：市四位，县六位",
    "field": "字段路径要以 document、structure、targets、subsidies 之一开头，各级用点号隔开",
    "pack": "政策包名只能用小写字母、数字和连字符，例如 anqing-2024",
}


def sentence(error: ErrorDetails) -> str:
    """One Chinese sentence for one validation error."""
    kind = error["type"]
    name = str(error["loc"][-1]) if error["loc"] else ""
    context = error.get("ctx", {})
    if kind == "missing":
        return f"缺少字段“{name}”。请补上；文件没有写明时写 null 或空列表，并在 document.yaml 的 open 中登记，不要推测"
    if kind == "extra_forbidden":
        return f"不认识字段“{name}”。可能是拼写错误，请对照格式改正或删去"
    if kind in _EXPECTED:
        return f"“{name}”的类型不对，写的是 {_shown(error['input'])}。{_EXPECTED[kind]}"
    if kind == "string_pattern_mismatch":
        return f"“{_shown(error['input'])}”不合要求。{_PATTERNS.get(name, '请按规定的写法填写')}"
    return _special(kind, name, context, error)


def _special(kind: str, name: str, context: dict[str, Any], error: ErrorDetails) -> str:
    if kind in ("literal_error", "union_tag_invalid"):
        allowed = str(context.get("expected") or context.get("expected_tags")).replace(" or ", ", ").replace("'", "")
        where = "kind" if kind == "union_tag_invalid" else name
        written = context.get("tag", _shown(error["input"]))
        return f"“{where}”不能写 {written}。可以写的是：{allowed}"
    if kind == "union_tag_not_found":
        return "缺少字段“kind”。规则的种类决定它有哪些参数，请补上"
    if kind in ("too_short", "string_too_short"):
        return f"“{name}”不能为空，请至少填写一项"
    if kind == "string_too_long":
        return f"“{name}”太长，最多 {context.get('max_length')} 字，请改写得简短些"
    if kind == "greater_than_equal":
        return f"“{name}”太小，至少为 {context.get('ge')}"
    return error["msg"] if _is_chinese(error["msg"]) else f"“{name}”的写法不合要求（{kind}），请对照格式改正"


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    text = "一组内容" if isinstance(value, (dict, list)) else str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"

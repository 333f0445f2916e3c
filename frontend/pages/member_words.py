"""The fields of a member in words, for lists, forms and the changes of its record."""

from collections.abc import Callable
from typing import Any, Final

from frontend.filters import date_cn
from frontend.pages.registry_words import options
from services.kernel import registry_words as words
from services.kernel.divisions import division_name
from services.kernel.name_lists import former_name

LABELS: Final = {
    "name": "单位全称",
    "aliases": "简称",
    "former_names": "曾用名",
    "uscc": "统一社会信用代码",
    "school_code": "学校标识码",
    "category": "类别",
    "division": "区划",
    "functional_zone": "功能区",
    "structure_role": "架构角色",
    "enterprise_size": "企业规模",
    "size_evidence": "规模佐证材料",
    "industry": "所属行业",
    "industry_code": "行业代码",
    "address": "地址",
    "logo": "标识图片",
    "contact_person": "联系人",
    "contact_phone": "联系电话",
    "status": "状态",
    "joined_on": "加入日期",
    "left_on": "退出日期",
}
STATUSES: Final = {
    "active": ("在册", "success"),
    "rectifying": ("整改中", "warning"),
    "suspended": ("暂停", "danger"),
    "exited": ("已退出", "secondary"),
}
CHOICES: Final = {
    "categories": options(words.MEMBER_CATEGORIES),
    "roles": options(words.STRUCTURE_ROLES),
    "sizes": options(words.ENTERPRISE_SIZES),
    "statuses": options(words.MEMBER_STATUSES),
}
CODES: Final = {
    "category": words.MEMBER_CATEGORIES,
    "structure_role": words.STRUCTURE_ROLES,
    "enterprise_size": words.ENTERPRISE_SIZES,
    "status": words.MEMBER_STATUSES,
}


_WRITERS: Final[dict[str, Callable[[Any], str]]] = {
    "aliases": "、".join,
    "former_names": lambda value: "、".join(former_name(one) for one in value),
    "joined_on": date_cn,
    "left_on": date_cn,
    "division": lambda value: division_name(value) or str(value),
    "functional_zone": lambda value: division_name(value) or str(value),
    "logo": lambda _value: "已上传",
}


def value_in_words(field: str, value: Any) -> str:
    """A field's value as people read it; nothing is an empty text."""
    if value in (None, "", []):
        return ""
    if field in CODES:
        return CODES[field].get(value, str(value))
    return _WRITERS.get(field, str)(value)


def in_words(state: dict[str, Any]) -> dict[str, Any]:
    """A state of a record: its days, and each changed field with what it was and became."""
    changed = [
        {
            "label": LABELS.get(one["field"], one["field"]),
            "before": value_in_words(one["field"], one["before"]),
            "after": value_in_words(one["field"], one["after"]),
        }
        for one in state["changed"]
    ]
    return {**state, "changed": [one for one in changed if one["before"] != one["after"] or one["before"]]}

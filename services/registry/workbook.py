"""The workbook of members: one table for template, export and import, so that an export can be imported again."""

import re
from collections.abc import Callable
from typing import Any, Final

from services.kernel import registry_words as words
from services.kernel.divisions import FUNCTIONAL_ZONES, is_division
from services.kernel.identifiers import tidy_code
from services.kernel.name_lists import former_name, split_former_names, split_names
from services.kernel.workbooks import Column, Fault, TableSpec, Value
from services.registry.domain.members import INDUSTRY_CODE, SCHOOL_CODE
from services.registry.tables import Member

_PHONE: Final = re.compile(r"[0-9+\-() ]{5,30}")
ALIAS_LENGTH: Final = 100
ALIAS_COUNT: Final = 20
LISTS: Final = ("aliases", "former_names")


def _division(value: Value) -> Fault | None:
    known = is_division(str(value))
    return None if known else Fault("division_unknown", "没有这个区划代码，请填写六位县级或市级代码。")


def _phone(value: Value) -> Fault | None:
    fits = _PHONE.fullmatch(str(value))
    return None if fits else Fault("phone_invalid", "联系电话只能有数字、加号、短横和括号，5 至 30 位。")


def _aliases(value: Value) -> Fault | None:
    names = split_names(value)
    if len(names) <= ALIAS_COUNT and all(len(name) <= ALIAS_LENGTH for name in names):
        return None
    return Fault("text_too_long", f"最多 {ALIAS_COUNT} 个简称，每个最多 {ALIAS_LENGTH} 个字，用顿号隔开。")


def _former(value: Value) -> Fault | None:
    former = split_former_names(value)
    if len(former) <= ALIAS_COUNT and all(0 < len(one["name"]) <= ALIAS_LENGTH for one in former):
        return None
    return Fault("text_too_long", f"最多 {ALIAS_COUNT} 个曾用名，每个最多 {ALIAS_LENGTH} 个字，用顿号隔开。")


def _shaped(pattern: str, sentence: str) -> Callable[[Value], Fault | None]:
    def check(value: Value) -> Fault | None:
        return None if re.match(pattern, tidy_code(str(value))) else Fault("code_invalid", sentence)

    return check


def _labels(choices: Any) -> dict[str, str]:
    return {label: code for code, label in choices.items()}


CONTACT: Final = (
    Column("contact_person", "联系人", maximum_length=50, width=12),
    Column("contact_phone", "联系电话", ("电话",), check=_phone, width=16),
)
_BEFORE: Final = (
    Column(
        "name",
        "单位名称",
        ("名称", "成员单位", "单位全称"),
        required=True,
        maximum_length=100,
        note="填全称。",
        width=34,
    ),
    Column("aliases", "简称", ("别名",), maximum_length=1000, check=_aliases, note="用顿号隔开。", width=20),
    Column(
        "former_names",
        "曾用名",
        ("原名称",),
        maximum_length=2000,
        check=_former,
        note="用顿号隔开，可写明至哪天，如 旧名称（至2020-06-30）；改名时系统自动登记。",
        width=24,
    ),
    Column("uscc", "统一社会信用代码", ("信用代码",), kind="uscc", note="没有代码的单位留空。", width=24),
    Column(
        "school_code",
        "学校标识码",
        ("学校代码",),
        kind="code",
        check=_shaped(SCHOOL_CODE, "学校标识码是 10 位数字，请核对。"),
        note="仅学校填写，10 位数字。",
        width=14,
    ),
    Column(
        "category",
        "类别",
        ("单位类别",),
        required=True,
        kind="choice",
        choices=_labels(words.MEMBER_CATEGORIES),
        choice_aliases={
            "本科高校": "university",
            "本科院校": "university",
            "普通高校": "university",
            "开放大学": "university",
            "高职": "higher_vocational",
            "中职": "secondary_vocational",
            "技工": "technician",
            "技工学校": "technician",
            "社区": "community",
            "合作社": "community",
        },
        width=14,
    ),
    Column(
        "division",
        "区划代码",
        ("所属区划", "区划"),
        kind="code",
        check=_division,
        note="六位，如 340822；市级单位填 340800。",
        width=12,
    ),
    Column(
        "functional_zone",
        "功能区",
        kind="choice",
        choices={zone.name: zone.code for zone in FUNCTIONAL_ZONES},
        note="开发区、高新区内的单位填写。",
        width=24,
    ),
    Column("structure_role", "架构角色", kind="choice", choices=_labels(words.STRUCTURE_ROLES), width=12),
    Column(
        "enterprise_size",
        "企业规模",
        kind="choice",
        choices=_labels(words.ENTERPRISE_SIZES),
        note="仅企业填写。",
        width=10,
    ),
    Column("size_evidence", "规模佐证材料", note="仅企业填写，证明文件的名称和编号。", width=40),
    Column("industry", "所属行业", ("行业",), maximum_length=100, width=16),
    Column(
        "industry_code",
        "行业代码",
        ("国民经济行业代码",),
        kind="code",
        check=_shaped(INDUSTRY_CODE, "行业代码的写法如 C3670 或 36，请核对。"),
        note="国民经济行业分类的代码，如 C3670。",
        width=12,
    ),
    Column("address", "地址", ("单位地址", "通讯地址"), maximum_length=200, width=30),
)
_AFTER: Final = (
    Column(
        "status",
        "状态",
        ("成员状态",),
        kind="choice",
        choices=_labels(words.MEMBER_STATUSES),
        choice_aliases={"退出": "exited", "正常": "active"},
        note="留空为在册。",
        width=10,
    ),
    Column("joined_on", "加入日期", kind="date", width=14),
    Column("left_on", "退出日期", kind="date", note="已退出的单位必填。", width=14),
)
_NOTES: Final = (
    "已有的单位按统一社会信用代码查找，没有代码的按单位名称查找；找到的更新，找不到的新增。",
    "文件里没有的列不改动原记录；有列而单元格留空的，原内容会被清空。",
    "有错误的行不会导入，可下载带“错误原因”的文件，改正后重新导入；“错误原因”“原行号”两列不用删除。",
)

MEMBERS: Final = TableSpec("成员单位", "成员单位名单", (*_BEFORE, *CONTACT, *_AFTER), _NOTES)
WITHOUT_CONTACT: Final = TableSpec("成员单位", "成员单位名单", (*_BEFORE, *_AFTER), _NOTES)
"""The export for callers who may not see contacts; imported again, it leaves contacts as they are."""


def member_cells(member: Member) -> dict[str, Value]:
    """A member as one row of the workbook."""
    cells: dict[str, Value] = {
        column.field: getattr(member, column.field) for column in MEMBERS.columns if column.field not in LISTS
    }
    former = "、".join(former_name(one) for one in member.former_names)
    return {**cells, "aliases": "、".join(member.aliases), "former_names": former}


def member_values(values: dict[str, Value], present: frozenset[str]) -> dict[str, Any]:
    """The fields that a checked row sets: those whose columns the file has."""
    given: dict[str, Any] = {field: value for field, value in values.items() if field in present}
    if "aliases" in given:
        given["aliases"] = split_names(given["aliases"])
    if "former_names" in given:
        given["former_names"] = split_former_names(given["former_names"])
    if given.get("industry_code"):
        given["industry_code"] = tidy_code(str(given["industry_code"]))
    if "status" in given:
        given["status"] = given["status"] or "active"
    return given

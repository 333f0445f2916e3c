"""The workbooks of a catalogue and of the majors of schools: template, export and import on one layout."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from services.kernel import registry_words as words
from services.kernel.workbooks import Column, Fault, TableSpec, Value
from services.registry.domain.catalogues import CatalogueKind
from services.registry.schemas.coverage import EARLIEST_DAY, LATEST_DAY, MOST_STUDENTS

_CODE: Final = re.compile(r"[0-9]{2,6}[A-Z]{0,2}")


def labels_of(choices: Mapping[str, str]) -> dict[str, str]:
    """Choices of a column: what people see → what is kept."""
    return {label: code for code, label in choices.items()}


def _catalogue(kind: CatalogueKind, code_note: str, levels: Mapping[str, str]) -> TableSpec:
    title = words.CATALOGUE_KINDS[kind]
    columns = (
        Column("code", "代码", (f"{title}代码", "专业代码", "行业代码"), required=True, kind="code", note=code_note),
        Column("name", "名称", ("专业名称", "类别名称", "行业名称"), required=True, maximum_length=100, width=36),
        Column("level", "层级", kind="choice", choices=labels_of(levels), note="留空时按代码的位数判断。", width=12),
        Column("parent", "上级代码", kind="code", note="留空时取文件里最长的代码开头。", width=12),
    )
    notes = ("一次导入整张表，作为一个新版本；先比较再启用，已启用的旧版本一直可查。",)
    return TableSpec(title, title, columns, notes)


CATALOGUES: Final[Mapping[CatalogueKind, TableSpec]] = {
    CatalogueKind.MAJORS: _catalogue(
        CatalogueKind.MAJORS, "大类 2 位、专业类 4 位、专业 6 位，可带字母 K。", words.MAJOR_LEVELS
    ),
    CatalogueKind.INDUSTRIES: _catalogue(
        CatalogueKind.INDUSTRIES,
        "门类是字母，大类 2 位、中类 3 位、小类 4 位；写成 C36 也可以。",
        words.INDUSTRY_LEVELS,
    ),
}


def _major_code(value: Value) -> Fault | None:
    fits = _CODE.fullmatch(str(value))
    return None if fits else Fault("code_shape", "专业代码是 2 至 6 位数字，可带字母 K，请核对。")


def plain_day(value: Value) -> Fault | None:
    """A day that the API takes as well."""
    fits = isinstance(value, date) and EARLIEST_DAY <= value <= LATEST_DAY
    return None if fits else Fault("date_out_of_range", "日期的年份不对，请核对。")


MAJORS: Final = TableSpec(
    "开设专业",
    "学校开设专业",
    (
        Column("school", "学校", ("学校名称", "单位名称"), required=True, maximum_length=100, width=30),
        Column("major_code", "专业代码", ("代码",), required=True, kind="code", check=_major_code, width=12),
        Column("name", "专业名称", ("名称",), maximum_length=100, note="留空时取现行目录里的名称。", width=26),
        Column("since", "开设日期", ("开设时间",), kind="date", check=plain_day, width=14),
        Column(
            "students",
            "在校生数",
            ("在校生", "在校人数"),
            kind="number",
            minimum=Decimal(0),
            maximum=Decimal(MOST_STUDENTS),
            places=0,
        ),
    ),
    (
        "学校按全称或简称查找；同一学校的同一代码更新，没有的新增；文件里没有的专业不变。",
        "有错误的行不会导入，页面会列出原因，改正后可以整份重新导入。",
    ),
)

"""The workbook of teachers with their practice: one row is a teacher, or a teacher with one practice period."""

import re
from typing import Final

from services.kernel import registry_words as words
from services.kernel.workbooks import Column, Fault, TableSpec, Value
from services.registry.workbook_catalogues import labels_of, plain_day

_DIGIT: Final = re.compile(r"\d")


def _name(value: Value) -> Fault | None:
    """A name has no digits; an identity number or a phone is not taken."""
    wrong = _DIGIT.search(str(value))
    return Fault("name_has_digits", "姓名里不能有数字；本系统不收教师的身份证号和电话。") if wrong else None


TEACHERS: Final = TableSpec(
    "师资",
    "师资和企业实践",
    (
        Column("unit", "单位", ("学校", "所在单位", "单位名称"), required=True, maximum_length=100, width=30),
        Column("name", "姓名", ("教师姓名",), required=True, maximum_length=50, check=_name, width=12),
        Column("kind", "类别", ("教师类别",), required=True, kind="choice", choices=labels_of(words.TEACHER_KINDS)),
        Column("title", "职称", ("职称等级", "技能等级"), kind="choice", choices=labels_of(words.TEACHER_TITLES)),
        Column("specialty", "专业方向", ("专业", "任教专业"), maximum_length=100, width=20),
        Column("shared", "共享", ("是否共享",), kind="choice", choices={"是": "yes", "否": "no"}, note="留空为否。"),
        Column("enterprise", "实践企业", ("企业", "企业名称"), maximum_length=100, note="没有实践的留空。", width=30),
        Column("from_date", "实践开始", ("开始日期",), kind="date", check=plain_day),
        Column("last_date", "实践结束", ("结束日期",), kind="date", check=plain_day, note="最后一天；进行中的留空。"),
    ),
    (
        "一位教师有几段实践就写几行，单位和姓名相同的算同一位教师；同名的两位教师请在页面上登记。",
        "已有的教师更新，没有的新增；已有的同一段实践（企业和开始日期相同）更新结束日期。",
        "不要填写身份证号、电话。有错误的行不会导入，页面会列出原因。",
    ),
)

"""The two roster tables that a county bureau or a member unit sends (docs/design.md §8).

Aliases in pinyin initials are field names of the national data layer of vocational schools,
《职业院校数字基座数据标准及接口规范》 (教育部, 2024-09; before:
《全国职业教育智慧大脑院校中台数据标准及接口规范》). Its student tables have xm or xsxm 姓名, zyh 专业号, zymc
专业名称 and bjmc 班级名称, 学校基本数据 has xxdm 学校代码 and xxmc 学校名称, 产学合作数据 has hzqymc
合作企业名称 and hzqytyshxydm 合作企业统一社会信用代码, and 校企合作共同开发课程 qyshxydm. The element names of
JY/T 1005 中等职业学校管理信息, which those tables build on, are sfzjh 身份证件号, rxny 入学年月, bh 班号 and
sydxzqhm 生源地行政区划码; bjh and rxrq follow the same rule of initials. Fields whose values are codes of that
standard (student states, types of identity documents) have no alias here: their values would mean something
else. A code stands in for a name only where the file has no name: schools are found by xxdm when it is
registered as their alias.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from services.kernel.workbooks import Column, Fault, TableSpec, Value, same
from services.subsidies.domain import YEARS, RosterKind, StudentStatus

DIVISION_DIGITS: Final = 6
NO_RULE: Final = "none"
"""What the column 申报项目 is kept as when it says 不申报; a choice cannot be kept as empty text."""


def _division(value: Value) -> Fault | None:
    if isinstance(value, str) and len(value) == DIVISION_DIGITS and value.isascii() and value.isdigit():
        return None
    return Fault("value_not_allowed", "区划代码应为 6 位数字，请核对后重填。")


def _year(value: Value) -> Fault | None:
    if isinstance(value, int) and value in YEARS:
        return None
    return Fault("year_invalid", f"年度应在 {YEARS.start} 至 {YEARS.stop - 1} 之间，请核对后重填。")


NUMBER: Final = Column("number", "序号", width=6, note="顺序号，可不填。")
SCHOOL_NOTE: Final = "填集团登记的单位全称、简称或统一社会信用代码。"
SCHOOL_NAMES: Final = ("学校名称", "xxmc")
SCHOOL_CODES: Final = ("学校代码", "学校标识码", "xxdm")
MAJOR_NAMES: Final = ("专业名称", "zymc")
MAJOR_CODES: Final = ("专业代码", "专业号", "zydm", "zyh")
CLASS_CODES: Final = ("班号", "bh", "bjh")


def students_spec(rule_choices: Mapping[str, str]) -> TableSpec:
    """学生名册; `rule_choices` maps the names of the student rules in force to their codes."""
    return TableSpec(
        sheet="学生名册",
        title="学生名册",
        columns=(
            NUMBER,
            Column("name", "姓名", ("xm", "xsxm"), required=True, maximum_length=60, width=10),
            Column(
                "id_number",
                "身份证号",
                ("身份证号码", "公民身份号码", "身份证件号", "sfzjh"),
                required=True,
                kind="id_number",
                width=22,
            ),
            Column(
                "enrolment_year",
                "入学年度",
                ("入学年份",),
                ("入学年月", "rxny"),
                required=True,
                kind="year",
                check=_year,
                width=10,
            ),
            Column("school", "就读学校", SCHOOL_NAMES, SCHOOL_CODES, required=True, width=24, note=SCHOOL_NOTE),
            Column("major", "专业", MAJOR_NAMES, MAJOR_CODES, required=True, width=18),
            Column(
                "class_code",
                "班级编号",
                CLASS_CODES,
                kind="code",
                maximum_length=60,
                note="校企合作班学生填写，其他可不填。",
            ),
            Column("enrolled_on", "入学日期", ("rxrq",), required=True, kind="date"),
            Column(
                "origin_division",
                "生源地区划代码",
                ("生源地代码", "生源地行政区划码", "sydxzqhm"),
                required=True,
                kind="code",
                check=_division,
                width=16,
                note="6 位县级区划代码。",
            ),
            Column("sending_school", "生源学校", width=24, note=f"申报生源输送奖励的填写。{SCHOOL_NOTE}"),
            Column(
                "status",
                "在籍状态",
                required=True,
                kind="choice",
                choices={status.label: status.value for status in StudentStatus},
                width=10,
            ),
            Column("left_on", "离校日期", kind="date", note="离校学生必填。"),
            Column("claimed_rule", "申报项目", required=True, kind="choice", choices=rule_choices, width=16),
        ),
        notes=(
            "身份证号只用于核对是否重复计奖：系统不保存原号，原文件处理后即删除。",
            "同一学生在两所学校都可以填报，结算时只计一次。",
        ),
    )


CLASSES_SPEC: Final = TableSpec(
    sheet="校企合作班名册",
    title="校企合作班名册",
    columns=(
        NUMBER,
        Column(
            "class_code", "班级编号", CLASS_CODES, required=True, kind="code", maximum_length=60, note="本校内不重复。"
        ),
        Column("class_name", "班级名称", ("bjmc",), required=True, width=30),
        Column("school", "办学学校", SCHOOL_NAMES, SCHOOL_CODES, required=True, width=24, note=SCHOOL_NOTE),
        Column("major", "专业", MAJOR_NAMES, MAJOR_CODES, required=True, width=18),
        Column("year", "开班年度", ("开班年份",), required=True, kind="year", check=_year, width=10),
        Column("opened_on", "开班日期", required=True, kind="date"),
        Column("format", "合作形式", required=True, kind="choice", choices=same("冠名", "订单", "学徒制", "其他")),
        Column("enterprise", "合作企业", ("合作企业名称", "hzqymc"), required=True, width=30),
        Column(
            "enterprise_uscc",
            "企业统一社会信用代码",
            ("合作企业统一社会信用代码", "hzqytyshxydm", "qyshxydm"),
            required=True,
            kind="uscc",
            width=24,
        ),
        Column(
            "enterprise_division",
            "企业所在地区划代码",
            required=True,
            kind="code",
            check=_division,
            width=20,
            note="6 位县级区划代码。",
        ),
        Column(
            "enterprise_size",
            "企业规模",
            kind="choice",
            choices={"大型": "large", "中型": "medium", "小型": "small", "微型": "micro"},
            note="按统计部门的划分填写。",
        ),
        Column("size_evidence", "规模佐证材料", width=44, note="证明文件的名称和编号；没有的不计奖。"),
        Column(
            "score",
            "考核得分",
            kind="number",
            minimum=Decimal(0),
            maximum=Decimal(100),
            places=2,
            note="0 至 100，未考核的可不填。",
        ),
    ),
)


def spec_of(kind: RosterKind, rule_choices: Mapping[str, str]) -> TableSpec:
    """The table of one kind of roster."""
    return students_spec(rule_choices) if kind is RosterKind.STUDENTS else CLASSES_SPEC


def choices_of(student_rules: Mapping[str, str]) -> dict[str, str]:
    """The choices of 申报项目 from rule names and codes, with 不申报 for an empty code."""
    return {label: code or NO_RULE for label, code in student_rules.items()}

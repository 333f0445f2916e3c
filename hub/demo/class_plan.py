"""The documented table of the demonstration's school–enterprise classes of 2025."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ClassPlan:
    """One class: `rows` students are written for it, `headcount` of them count at the snapshot date."""

    owner: str
    school: str
    code: str
    rows: int
    enterprise: str
    form: str
    score: str
    headcount: int
    note: str = ""


def _class(  # one line of the table below
    owner: str, school: str, code: str, rows: int, enterprise: str, form: str, score: str, note: str = "", less: int = 0
) -> ClassPlan:
    return ClassPlan(owner, school, code, rows, enterprise, form, score, rows - less, note)


CLASSES: Final = (
    _class("340802", "gongye", "YJ2501", 36, "shuzi", "订单", "86.5"),
    _class("340802", "gongye", "YJ2502", 41, "qiche", "冠名", "93"),
    _class("340802", "gongye", "YJ2503", 28, "shuzi", "订单", "78"),
    _class("340803", "jishi", "DG2501", 40, "huagong", "订单", "91.5"),
    _class("340803", "jishi", "DG2502", 33, "huagong", "冠名", "84"),
    _class("340803", "jishi", "DG2503", 25, "huagong", "订单", "71"),
    _class("340811", "gongye", "YIX2501", 38, "qiche", "冠名", "89"),
    _class("340811", "jishi", "YIX2502", 30, "lingbujian", "订单", "80.5"),
    _class("340822", "hn", "2501", 19, "lingbujian", "订单", "95", "nineteen students"),
    _class("340822", "hn", "2502", 45, "lingbujian", "冠名", "94.5"),
    _class("340822", "hn", "2503", 42, "lingbujian", "订单", "90", "tie of three: the most students"),
    _class("340822", "hn", "2504", 37, "qiche", "订单", "85"),
    _class("340822", "hn", "2505", 31, "lingbujian", "冠名", "76.5"),
    _class("340822", "hn", "2506", 24, "lingbujian", "订单", "69"),
    _class(
        "340825", "th", "2501", 20, "shuzi", "订单", "92", "exactly twenty; the code is also used by another school"
    ),
    _class("340825", "th", "2502", 39, "yiyao", "冠名", "87.5"),
    _class("340825", "th", "2503", 34, "yiyao", "订单", "79"),
    _class("340825", "th", "2504", 29, "huagong", "订单", "73.5"),
    _class("340826", "ss", "SS2501", 20, "qiche", "订单", "88", "one left the day before the snapshot", 1),
    _class("340826", "ss", "SS2502", 20, "qiche", "订单", "91", "one left after the snapshot and counts"),
    _class("340826", "ss", "SS2503", 44, "lingbujian", "冠名", "86"),
    _class("340826", "ss", "SS2504", 35, "fangzhi", "订单", "90.5", "small enterprise"),
    _class("340826", "ss", "SS2505", 32, "shuzi", "订单", "75"),
    _class("340827", "wj", "WJ2501", 20, "shuzi", "订单", "83.5", "one left on the snapshot day and counts"),
    _class("340827", "wj", "WJ2502", 38, "lingbujian", "订单", "90", "tie of three: the later class code"),
    _class("340827", "wj", "WJ2503", 36, "fuzhuang", "冠名", "89.5", "no size evidence"),
    _class("340827", "wj", "WJ2504", 30, "lingbujian", "订单", "74"),
    _class("340828", "yx", "YUX2501", 33, "chizhou", "订单", "87", "enterprise of another city"),
    _class("340828", "yx", "YUX2502", 37, "yiyao", "订单", "82"),
    _class("340828", "yx", "YUX2503", 26, "yiyao", "冠名", "", "not scored yet: ranks last"),
    _class("340881", "tc", "TC2501", 48, "jixie", "冠名", "97"),
    _class("340881", "tc", "TC2502", 43, "jixie", "订单", "93.5"),
    _class("340881", "tc", "TC2503", 38, "jixie", "订单", "90", "tie of three: the earlier class code"),
    _class("340881", "tc", "TC2504", 20, "jixie", "订单", "85.5", "one row is refused at import", 1),
    _class("340881", "tc", "TC2505", 34, "qiche", "订单", "81"),
    _class("340881", "tc", "TC2506", 27, "jixie", "冠名", "72"),
    _class("340882", "qs", "QS2501", 46, "yiyao", "冠名", "95.5"),
    _class("340882", "qs", "QS2502", 40, "yiyao", "订单", "92.5"),
    _class("340882", "qs", "QS2503", 20, "yiyao", "订单", "88.5", "one enrolled after the snapshot", 1),
    _class("340882", "qs", "QS2504", 35, "yiyao", "订单", "83"),
    _class("340882", "qs", "QS2505", 28, "jixie", "订单", "77"),
    _class("azy", "azy", "AZY2501", 50, "qiche", "冠名", "98"),
    _class("azy", "azy", "AZY2502", 47, "huagong", "冠名", "96"),
    _class("azy", "azy", "AZY2503", 45, "shuzi", "冠名", "94"),
    _class("azy", "azy", "AZY2504", 40, "shuzi", "订单", "88"),
    _class("azy", "azy", "AZY2505", 36, "qiche", "订单", "84.5"),
    _class("azy", "azy", "AZY2506", 30, "huagong", "订单", "79.5"),
    _class("jishi", "jishi", "JS2501", 44, "qiche", "冠名", "96.5"),
    _class("jishi", "jishi", "JS2502", 41, "lingbujian", "订单", "92"),
    _class("jishi", "jishi", "JS2503", 38, "huagong", "学徒制", "94", "neither 冠名 nor 订单"),
    _class("jishi", "jishi", "JS2504", 35, "jixie", "订单", "85"),
    _class("jishi", "jishi", "JS2505", 31, "lingbujian", "订单", "80"),
    _class("jishi", "jishi", "JS2506", 26, "huagong", "订单", "70"),
    _class("gongye", "gongye", "GY2501", 46, "qiche", "冠名", "97.5"),
    _class("gongye", "gongye", "GY2502", 42, "shuzi", "订单", "91"),
    _class(
        "gongye", "gongye", "GY2503", 20, "qiche", "订单", "89.5", "eighteen on its own roster, two on a district's"
    ),
    _class("gongye", "gongye", "GY2504", 39, "huagong", "订单", "87"),
    _class("gongye", "gongye", "GY2505", 33, "lingbujian", "订单", "82.5"),
    _class("gongye", "gongye", "GY2506", 29, "shuzi", "订单", "77.5"),
    _class("gongye", "gongye", "GY2507", 24, "qiche", "订单", "68"),
)

# (owner of the student roster, school, class code) → students of a class that another owner's roster lists
ELSEWHERE: Final[dict[tuple[str, str, str], int]] = {("340802", "gongye", "GY2503"): 2}


@dataclass(frozen=True)
class ClassReject:
    """One class row that the import must refuse: its error code, the field, and what stands in the cell."""

    owner: str
    school: str
    class_code: str
    code: str
    field: str
    cell: str = ""


CLASS_REJECTS: Final = (
    ClassReject("340822", "hn", "2590", "enterprise_uscc_invalid", "enterprise_uscc", "wrong check digit"),
    ClassReject("340826", "ss", "SS2590", "field_missing", "class_name"),
    ClassReject("340827", "wj", "WJ2590", "date_invalid", "opened_on", "2025年9月31日"),
    ClassReject("340881", "tc", "TC2590", "value_not_allowed", "format", "联合培养"),
    ClassReject("340882", "qs", "QS2502", "duplicate_in_file", "class_code"),
    ClassReject("gongye", "gongye", "GY2590", "school_unknown", "school", "安庆未登记技工学校"),
)

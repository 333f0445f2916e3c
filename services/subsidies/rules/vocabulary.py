"""The words of a settlement as small integers: what a line stores, and the Chinese it is read as.

The numbers are stored in settled lines and enter the settlement hash, so a number, once given, never changes its
meaning; new words take new numbers. The order of `Reason` is the order in which reasons are looked for
(docs/design.md, section 9).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class RuleKind(StrEnum):
    """What a rule pays for."""

    RECOGNITION_AWARD = "recognition_award"
    CLASS_AWARD = "class_award"
    STUDENT_AWARD = "student_award"


class PayeeRole(StrEnum):
    """Which member unit a rule pays."""

    LEAD_MEMBER = "lead_member"
    HOST_SCHOOL = "host_school"
    SENDING_SCHOOL = "sending_school"
    ENROLLING_SCHOOL = "enrolling_school"


class EarlierLevel(StrEnum):
    """What a higher level pays when a lower level of the same collaboration was paid in an earlier year."""

    TOP_UP = "top_up"
    STACK = "stack"
    NONE = "none"

    @property
    def label(self) -> str:
        return _EARLIER_LEVEL_LABELS[self]


_EARLIER_LEVEL_LABELS = {
    EarlierLevel.TOP_UP: "补差（扣除以前年度已付的较低级别奖补）",
    EarlierLevel.STACK: "叠加（以前年度已付的不扣除）",
    EarlierLevel.NONE: "不补（以前年度已付的不再计奖）",
}


class Origin(StrEnum):
    """Where a student comes from, seen from the alliance's city."""

    IN_CITY = "in_city"
    OTHER_CITY = "other_city"


class SubjectKind(IntEnum):
    """What a line is about; with `subject_no` it names one recognition, student row or class."""

    RECOGNITION = 1
    STUDENT = 2
    CLASS = 3

    @property
    def label(self) -> str:
        return {1: "级别认定", 2: "学生", 3: "校企合作班"}[self]


class Outcome(IntEnum):
    """What a settlement says of one subject."""

    PAYABLE = 1
    EXCLUDED = 2

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def label(self) -> str:
        return {1: "应付", 2: "不计奖"}[self]


class Funding(IntEnum):
    """Whether the year's pool reaches a payable line."""

    WITHIN_POOL = 1
    ABOVE_POOL = 2

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def label(self) -> str:
        return {1: "资金池内", 2: "超出资金池"}[self]


class Reason(IntEnum):
    """Why a line is excluded: one reason, the first that holds in this order."""

    RULE_NOT_IN_FORCE = 1
    NO_ACCEPTED_CLAIM = 2
    ENROLMENT_YEAR_DIFFERS = 3
    LEFT_BEFORE_SNAPSHOT = 4
    SCHOOL_NOT_ELIGIBLE = 5
    ORIGIN_OTHER_CITY = 6
    ORIGIN_IN_CITY = 7
    SENDING_SCHOOL_MISSING = 8
    ALREADY_PAID = 9
    DUPLICATE_STUDENT = 10
    FORMAT_NOT_ELIGIBLE = 11
    ENTERPRISE_NOT_IN_CITY = 12
    ENTERPRISE_SIZE_MISSING = 13
    ENTERPRISE_TOO_SMALL = 14
    HEADCOUNT_BELOW_MINIMUM = 15
    PAYEE_MISSING = 16
    RECOGNISED_OUTSIDE_YEAR = 17
    HIGHER_LEVEL_COUNTS = 18

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def sentence(self) -> str:
        return _REASON_SENTENCES[self]


_REASON_SENTENCES = {
    Reason.RULE_NOT_IN_FORCE: "该项奖补在结算年度未生效或已到期",
    Reason.NO_ACCEPTED_CLAIM: "没有已受理的申报",
    Reason.ENROLMENT_YEAR_DIFFERS: "入学年度不是结算年度",
    Reason.LEFT_BEFORE_SNAPSHOT: "在快照日之前已离校",
    Reason.SCHOOL_NOT_ELIGIBLE: "就读学校不是集团内中职（技工）学校",
    Reason.ORIGIN_OTHER_CITY: "生源地不在本市",
    Reason.ORIGIN_IN_CITY: "生源地在本市",
    Reason.SENDING_SCHOOL_MISSING: "未填生源学校或生源学校不在本市",
    Reason.ALREADY_PAID: "以前年度已支付",
    Reason.DUPLICATE_STUDENT: "同一学生已在另一学校计入",
    Reason.FORMAT_NOT_ELIGIBLE: "合作形式不是冠名或订单",
    Reason.ENTERPRISE_NOT_IN_CITY: "合作企业不在本市",
    Reason.ENTERPRISE_SIZE_MISSING: "缺企业规模或佐证材料",
    Reason.ENTERPRISE_TOO_SMALL: "合作企业不是大中型企业",
    Reason.HEADCOUNT_BELOW_MINIMUM: "班级人数不足",
    Reason.PAYEE_MISSING: "没有登记牵头单位或办学学校",
    Reason.RECOGNISED_OUTSIDE_YEAR: "认定日期不在结算年度",
    Reason.HIGHER_LEVEL_COUNTS: "同年已按更高级别计奖",
}

#: School categories as policy packs write them, and the registry's codes (docs/design.md, section 7).
SCHOOL_CATEGORIES = {
    "高职": "higher_vocational",
    "高职院校": "higher_vocational",
    "中职": "secondary_vocational",
    "中职学校": "secondary_vocational",
    "技工": "technician",
    "技工院校": "technician",
    "技工学校": "technician",
}

#: Enterprise sizes as policy packs write them, and the registry's codes.
ENTERPRISE_SIZES = {"大型": "large", "中型": "medium", "小型": "small", "微型": "micro"}

#: Recognition levels from low to high; the rank decides which one counts when several fall in one year.
LEVEL_RANKS = {"municipal": 1, "provincial": 2, "national": 3}

LEVEL_LABELS = {"municipal": "市级", "provincial": "省级", "national": "国家级"}
SIZE_LABELS = {code: label for label, code in ENTERPRISE_SIZES.items()}
CATEGORY_LABELS = {
    "higher_vocational": "高职院校",
    "secondary_vocational": "中职学校",
    "technician": "技工院校",
}

"""The documented table of the demonstration's sizes: who sends how many students and classes of which kind for 2025.

An owner is a county's division code or the slug of a city-level school. Counts are rows of the workbooks. The sizes are
chosen so that awards that are fixed leave room for a part of the eligible classes only; nothing here states a rate.
"""

from dataclasses import dataclass
from typing import Final

YEAR: Final = 2025
SNAPSHOT_DATE: Final = "2025-11-30"

SENDING_AWARD: Final = "生源输送奖励"
CROSS_CITY: Final = "跨市招生补助"
NOT_CLAIMED: Final = "不申报"

OWNERS: Final = (
    "340802", "340803", "340811", "340822", "340825", "340826", "340827", "340828", "340881", "340882",
    "azy", "jishi", "gongye",
)  # fmt: skip

# The county whose student roster is a text file in GB 18030, as an older system exports it.
CSV_OWNER: Final = "340828"

# (owner, enrolling school) → {division of the sending school: ordinary students under 生源输送奖励}
SENDING: Final[dict[tuple[str, str], dict[str, int]]] = {
    ("340802", "gongye"): {"340802": 152},
    ("340803", "jishi"): {"340803": 138},
    ("340811", "gongye"): {"340811": 96},
    ("340811", "jishi"): {"340811": 67},
    ("340822", "hn"): {"340822": 331, "340882": 27},
    ("340825", "th"): {"340825": 262},
    ("340826", "ss"): {"340826": 318, "340827": 21},
    ("340827", "wj"): {"340827": 247},
    ("340828", "yx"): {"340828": 183},
    ("340881", "tc"): {"340881": 352, "340822": 12},
    ("340882", "qs"): {"340882": 256, "340825": 18},
    ("jishi", "jishi"): {"340803": 58, "340802": 49, "340811": 61, "340822": 33, "340881": 28},
    ("gongye", "gongye"): {"340802": 72, "340803": 85, "340811": 64, "340827": 31, "340826": 26, "340828": 19},
}

# (owner, enrolling school) → {division of origin in another city: ordinary students under 跨市招生补助}
CROSS: Final[dict[tuple[str, str], dict[str, int]]] = {
    ("340822", "hn"): {"340722": 41, "341721": 26},
    ("340825", "th"): {"421127": 34, "341525": 24},
    ("340826", "ss"): {"421127": 53, "360430": 36},
    ("340827", "wj"): {"341721": 37, "360430": 24},
    ("340828", "yx"): {"341525": 42},
    ("340881", "tc"): {"340722": 48, "340124": 33},
    ("340882", "qs"): {"341525": 22, "340722": 35},
    ("jishi", "jishi"): {"341702": 88, "340722": 66},
    ("gongye", "gongye"): {"340722": 97, "341702": 52, "421127": 38},
}

# (owner, enrolling school) → students on the roster for whom nothing is claimed
UNCLAIMED: Final[dict[tuple[str, str], int]] = {
    ("340822", "hn"): 421,
    ("340825", "th"): 318,
    ("340826", "ss"): 402,
    ("340827", "wj"): 309,
    ("340828", "yx"): 254,
    ("340881", "tc"): 433,
    ("340882", "qs"): 337,
    ("azy", "azy"): 720,
    ("jishi", "jishi"): 412,
    ("gongye", "gongye"): 503,
}


@dataclass(frozen=True)
class Case:
    """Students who differ from the ordinary: what the rows say; `kind` says what the settlement must see in them."""

    kind: str
    owner: str
    school: str
    rule: str
    count: int
    origin: str
    sending: str = ""  # division of a member school, or the plain name of a school that is no member
    class_code: str = ""
    enrolled_on: str = "2025-09-01"
    left_on: str = ""
    year: int = YEAR


OUTSIDE_SCHOOL: Final = "贵池区示例初级中学"

CASES: Final = (
    Case("origin_other_city", "340822", "hn", SENDING_AWARD, 3, "341702", "340822"),
    Case("origin_other_city", "340827", "wj", SENDING_AWARD, 2, "341702", "340827"),
    Case("origin_other_city", "340881", "tc", SENDING_AWARD, 1, "340124", "340881"),
    Case("origin_other_city", "gongye", "gongye", SENDING_AWARD, 2, "341702", "340811"),
    Case("origin_in_city", "340826", "ss", CROSS_CITY, 2, "340826"),
    Case("origin_in_city", "jishi", "jishi", CROSS_CITY, 1, "340803"),
    Case("sending_school_missing", "340825", "th", SENDING_AWARD, 2, "340825"),
    Case("sending_school_missing", "340828", "yx", SENDING_AWARD, 1, "340828"),
    Case("sending_school_missing", "340882", "qs", SENDING_AWARD, 2, "340882", OUTSIDE_SCHOOL),
    Case("left_before_snapshot", "340803", "jishi", SENDING_AWARD, 1, "340803", "340803", left_on="2025-10-31"),
    Case("left_before_snapshot", "340826", "ss", SENDING_AWARD, 1, "340826", "340826", "SS2501", left_on="2025-11-29"),
    Case("left_before_snapshot", "340826", "ss", CROSS_CITY, 2, "421127", left_on="2025-09-30"),
    Case("left_before_snapshot", "gongye", "gongye", SENDING_AWARD, 2, "340802", "340802", left_on="2025-11-10"),
    Case("left_on_snapshot_day", "340827", "wj", SENDING_AWARD, 1, "340827", "340827", "WJ2501", left_on="2025-11-30"),
    Case("left_after_snapshot", "340826", "ss", SENDING_AWARD, 1, "340826", "340826", "SS2502", left_on="2025-12-08"),
    Case("left_after_snapshot", "340811", "gongye", SENDING_AWARD, 1, "340811", "340811", left_on="2025-12-01"),
    Case("left_after_snapshot", "jishi", "jishi", SENDING_AWARD, 1, "340822", "340822", left_on="2025-12-20"),
    Case("left_after_snapshot", "jishi", "jishi", CROSS_CITY, 1, "341702", left_on="2025-12-15"),
    Case("enrolment_year_differs", "340822", "hn", SENDING_AWARD, 2, "340822", "340822", "", "2024-09-01", year=2024),
    Case("enrolment_year_differs", "340828", "yx", CROSS_CITY, 1, "341525", "", "", "2024-09-02", year=2024),
    Case(
        "enrolment_year_differs", "gongye", "gongye", SENDING_AWARD, 2, "340803", "340803", "", "2024-09-01", year=2024
    ),
    Case("school_not_eligible", "azy", "azy", SENDING_AWARD, 6, "340811", "340811"),
    Case("enrolled_after_snapshot", "340882", "qs", NOT_CLAIMED, 1, "340882", "340882", "QS2503", "2025-12-01"),
)


@dataclass(frozen=True)
class Shared:
    """`count` persons who stand in several workbooks at once; the entries say where and how."""

    kind: str
    count: int
    entries: tuple[Case, ...]


def _entry(owner: str, school: str, rule: str, origin: str, sending: str, enrolled_on: str, left_on: str = "") -> Case:
    return Case("shared", owner, school, rule, 1, origin, sending, "", enrolled_on, left_on)


SHARED: Final = (
    Shared(
        "earlier enrolment counts (second entry)",
        4,
        (
            _entry("340881", "tc", SENDING_AWARD, "340881", "340881", "2025-09-01"),
            _entry("gongye", "gongye", SENDING_AWARD, "340881", "340881", "2025-08-28"),
        ),
    ),
    Shared(
        "earlier enrolment counts (first entry)",
        2,
        (
            _entry("340822", "hn", SENDING_AWARD, "340822", "340822", "2025-08-30"),
            _entry("jishi", "jishi", SENDING_AWARD, "340822", "340822", "2025-09-01"),
        ),
    ),
    Shared(
        "same day: the smaller school name counts (second entry)",
        1,
        (
            _entry("340881", "tc", CROSS_CITY, "340722", "", "2025-09-01"),
            _entry("gongye", "gongye", CROSS_CITY, "340722", "", "2025-09-01"),
        ),
    ),
    Shared(
        "two rules and two origins stated: the earlier enrolment counts (second entry)",
        1,
        (
            _entry("340825", "th", SENDING_AWARD, "340825", "340825", "2025-09-01"),
            _entry("jishi", "jishi", CROSS_CITY, "341702", "", "2025-08-26"),
        ),
    ),
    Shared(
        "transfer: the first school's row is excluded because the student left, the second is paid",
        1,
        (
            _entry("340827", "wj", SENDING_AWARD, "340827", "340827", "2025-09-01", "2025-10-15"),
            _entry("gongye", "gongye", SENDING_AWARD, "340827", "340827", "2025-10-20"),
        ),
    ),
    Shared(
        "one school claims nothing: the other is paid",
        1,
        (
            _entry("340828", "yx", NOT_CLAIMED, "340828", "340828", "2025-08-31"),
            _entry("jishi", "jishi", SENDING_AWARD, "340828", "340828", "2025-09-02"),
        ),
    ),
    Shared(
        "three schools: the earliest enrolment counts (third entry)",
        1,
        (
            _entry("340826", "ss", SENDING_AWARD, "340826", "340826", "2025-09-01"),
            _entry("jishi", "jishi", SENDING_AWARD, "340826", "340826", "2025-09-02"),
            _entry("gongye", "gongye", SENDING_AWARD, "340826", "340826", "2025-08-31"),
        ),
    ),
)


@dataclass(frozen=True)
class Reject:
    """One student row that the import must refuse: its error code, the field, and what stands in the cell."""

    owner: str
    school: str
    code: str
    field: str
    cell: str = ""
    class_code: str = ""


WRONG_CHECK_DIGIT: Final = "wrong check digit"
STORED_AS_NUMBER: Final = "stored as a number"
SEVENTEEN_DIGITS: Final = "one digit lost"

REJECTS: Final = (
    Reject("340802", "gongye", "id_number_invalid", "id_number", WRONG_CHECK_DIGIT),
    Reject("340802", "gongye", "field_missing", "name"),
    Reject("340811", "jishi", "date_invalid", "enrolled_on", "2025-13-01"),
    Reject("340822", "hn", "id_number_invalid", "id_number", WRONG_CHECK_DIGIT),
    Reject("340822", "hn", "id_number_invalid", "id_number", STORED_AS_NUMBER),
    Reject("340822", "hn", "duplicate_in_file", "id_number"),
    Reject("340822", "hn", "field_missing", "enrolled_on"),
    Reject("340825", "th", "value_not_allowed", "status", "休学"),
    Reject("340825", "th", "field_missing", "id_number"),
    Reject("340826", "ss", "left_on_missing", "left_on"),
    Reject("340826", "ss", "id_number_invalid", "id_number", WRONG_CHECK_DIGIT),
    Reject("340827", "wj", "year_invalid", "enrolment_year", "20225"),
    Reject("340827", "wj", "date_invalid", "enrolled_on", "九月初"),
    Reject("340828", "yx", "id_number_invalid", "id_number", WRONG_CHECK_DIGIT),
    Reject("340828", "yx", "date_invalid", "enrolled_on", "2025/2/30"),
    Reject("340828", "yx", "field_missing", "major"),
    Reject("340881", "tc", "school_unknown", "school", "桐城市未登记职业学校"),
    Reject("340881", "tc", "school_unknown", "school", "桐城市未登记职业学校"),
    Reject("340881", "tc", "id_number_invalid", "id_number", WRONG_CHECK_DIGIT, "TC2504"),
    Reject("340882", "qs", "value_not_allowed", "claimed_rule", "生源奖"),
    Reject("340882", "qs", "duplicate_in_file", "id_number"),
    Reject("azy", "azy", "field_missing", "name"),
    Reject("jishi", "jishi", "id_number_invalid", "id_number", SEVENTEEN_DIGITS),
    Reject("jishi", "jishi", "year_invalid", "enrolment_year", "今年"),
    Reject("gongye", "gongye", "school_unknown", "school", "安庆未登记技工学校"),
    Reject("gongye", "gongye", "duplicate_in_file", "id_number"),
    Reject("gongye", "gongye", "id_number_invalid", "id_number", WRONG_CHECK_DIGIT),
)

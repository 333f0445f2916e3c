"""Rows of the demonstration's rosters before they become cells, in the order in which a workbook lists them."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from hub.demo.alliance import MEMBER_BY_SLUG, OUTSIDE_ENTERPRISE, Member
from hub.demo.class_plan import CLASS_REJECTS, CLASSES, ELSEWHERE, ClassPlan
from hub.demo.identities import identity_number, person_name, seeded, with_wrong_check_digit
from hub.demo.plan import (
    CASES,
    CROSS,
    CROSS_CITY,
    CSV_OWNER,
    NOT_CLAIMED,
    OWNERS,
    REJECTS,
    SENDING,
    SENDING_AWARD,
    SEVENTEEN_DIGITS,
    SHARED,
    STORED_AS_NUMBER,
    UNCLAIMED,
    WRONG_CHECK_DIGIT,
    Case,
    Reject,
)

HOME_DIVISION: Final = {
    "azy": "340811", "jishi": "340803", "gongye": "340811", "hn": "340822", "th": "340825", "ss": "340826",
    "wj": "340827", "yx": "340828", "tc": "340881", "qs": "340882",
}  # fmt: skip
MAJORS: Final = ("汽车制造与检测", "机电技术应用", "化学工艺", "计算机应用", "数控技术应用", "护理", "服装设计与工艺")
MAJOR_OF_ENTERPRISE: Final = {
    "qiche": "汽车制造与检测", "lingbujian": "数控技术应用", "huagong": "化学工艺", "shuzi": "计算机应用",
    "jixie": "机电技术应用", "yiyao": "制药技术应用", "fangzhi": "纺织技术及营销", "fuzhuang": "服装设计与工艺",
    "chizhou": "机电技术应用",
}  # fmt: skip
ENROLMENT_DAYS: Final = (
    "2025-08-28",
    "2025-08-30",
    "2025-08-31",
    "2025-09-01",
    "2025-09-01",
    "2025-09-01",
    "2025-09-03",
)
# A character that GBK lacks and GB 18030 has; it stands in the text file.
RARE_NAME: Final = "王䶮"


@dataclass
class StudentRow:
    """One student row; `error` is the code with which the import must refuse it, in the named field, or empty.

    `raw` holds cells that are wrong on purpose, by field name, and wins over the row's own values.
    """

    owner: str
    school: str
    name: str
    id_number: str
    enrolment_year: int
    major: str
    class_code: str
    enrolled_on: str
    origin_division: str
    sending_school: str
    left_on: str
    claimed_rule: str
    error: str = ""
    error_field: str = ""
    raw: dict[str, str] = field(default_factory=dict)

    @property
    def block(self) -> str:
        """What stands in the school cell: rows of one block share a merged cell."""
        return self.raw.get("school", MEMBER_BY_SLUG[self.school].name)


@dataclass
class ClassRow:
    """One class row; `error` and `raw` as in StudentRow."""

    plan: ClassPlan
    enterprise: Member
    opened_on: str
    error: str = ""
    error_field: str = ""
    raw: dict[str, str] = field(default_factory=dict)

    @property
    def major(self) -> str:
        """The class's major, which follows its enterprise."""
        return MAJOR_OF_ENTERPRISE[self.plan.enterprise]

    @property
    def block(self) -> str:
        """What stands in the school cell."""
        return self.raw.get("school", MEMBER_BY_SLUG[self.plan.school].name)


class People:
    """Hands out synthetic persons, never the same twice."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, bool], int] = {}

    def next(self, area: str, *, adult: bool = False) -> tuple[str, str]:
        """(name, identity number) of a new person; `adult` for entrants to a college (born 2006 to 2007)."""
        index = self._used.get((area, adult), 0)
        self._used[area, adult] = index + 1
        born, days = (date(2006, 1, 1), 730) if adult else (date(2008, 1, 1), 1096)
        number = identity_number(area, index, born_from=born, days=days)
        return person_name(number), number


def _sending_name(sending: str) -> str:
    return MEMBER_BY_SLUG[f"sending-{sending}"].name if sending.isdigit() else sending


def _from_case(case: Case, person: tuple[str, str]) -> StudentRow:
    pick = seeded("major", person[1])
    return StudentRow(
        owner=case.owner,
        school=case.school,
        name=person[0],
        id_number=person[1],
        enrolment_year=case.year,
        major=pick.choice(MAJORS),
        class_code=case.class_code,
        enrolled_on=case.enrolled_on,
        origin_division=case.origin,
        sending_school=_sending_name(case.sending),
        left_on=case.left_on,
        claimed_rule=case.rule,
    )


def _ordinary_cases(owner: str, school: str) -> list[Case]:
    key, home = (owner, school), HOME_DIVISION[school]
    cases = [Case("", owner, school, SENDING_AWARD, n, div, div) for div, n in SENDING.get(key, {}).items()]
    cases += [Case("", owner, school, CROSS_CITY, n, origin) for origin, n in CROSS.get(key, {}).items()]
    return [*cases, Case("", owner, school, NOT_CLAIMED, UNCLAIMED.get(key, 0), home, home)]


def _ordinary(owner: str, school: str, people: People) -> list[StudentRow]:
    """The ordinary students of one school on one roster, in a fixed random order, the first of them in classes."""
    rows = []
    for case in _ordinary_cases(owner, school):
        for _ in range(case.count):
            row = _from_case(case, people.next(case.origin, adult=school == "azy"))
            row.enrolled_on = seeded("enrolled", row.id_number).choice(ENROLMENT_DAYS)
            rows.append(row)
    seeded("order", owner, school).shuffle(rows)
    return rows


def _seats(owner: str, school: str, special: list[StudentRow]) -> list[tuple[str, str]]:
    """(class code, major) once per place that ordinary students of this roster fill."""
    places = []
    for plan in CLASSES:
        elsewhere = sum(n for (_, where, code), n in ELSEWHERE.items() if (where, code) == (plan.school, plan.code))
        own = plan.rows - elsewhere if plan.owner == owner else ELSEWHERE.get((owner, plan.school, plan.code), 0)
        taken = sum(1 for row in special if row.school == plan.school and row.class_code == plan.code)
        if plan.school == school and own:
            places += [(plan.code, MAJOR_OF_ENTERPRISE[plan.enterprise])] * (own - taken)
    return places


def _seat(rows: list[StudentRow], places: list[tuple[str, str]]) -> None:
    if len(places) > len(rows):
        raise ValueError(f"{len(places)} class places for {len(rows)} students of {rows[0].school}")
    for row, (code, major) in zip(rows, places, strict=False):
        row.class_code, row.major = code, major


def _bad_number(number: str, how: str) -> str:
    if how == WRONG_CHECK_DIGIT:
        return with_wrong_check_digit(number)
    if how == SEVENTEEN_DIGITS:
        return number[:8] + number[9:]
    if how == STORED_AS_NUMBER:  # a spreadsheet keeps fifteen digits of a number
        return number[:15] + "000"
    return ""


def _refused(reject: Reject, people: People) -> StudentRow:
    home = HOME_DIVISION[reject.school]
    case = Case("", reject.owner, reject.school, SENDING_AWARD, 1, home, home, reject.class_code)
    row = _from_case(case, people.next(home, adult=reject.school == "azy"))
    row.error, row.error_field = reject.code, reject.field
    cell = reject.cell
    if reject.code == "id_number_invalid":
        cell = _bad_number(row.id_number, reject.cell)
    row.raw[reject.field] = cell
    if reject.code == "left_on_missing":
        row.raw = {"left_on": "", "status": "离校"}
    return row


def _specials(people: People) -> dict[str, list[StudentRow]]:
    """Cases, shared persons and refused rows (but for copies) by owner."""
    rows: dict[str, list[StudentRow]] = {owner: [] for owner in OWNERS}
    for case in CASES:
        adult = case.school == "azy"
        rows[case.owner] += [_from_case(case, people.next(case.origin, adult=adult)) for _ in range(case.count)]
    for shared in SHARED:
        for _ in range(shared.count):
            person = people.next(shared.entries[0].origin)
            for entry in shared.entries:
                rows[entry.owner].append(_from_case(entry, person))
    for reject in REJECTS:
        if reject.code != "duplicate_in_file":
            rows[reject.owner].append(_refused(reject, people))
    return rows


def _copies(owner: str, rows: list[StudentRow]) -> list[StudentRow]:
    """Rows that repeat an ordinary row of the same workbook, below it."""
    wanted = [reject for reject in REJECTS if reject.owner == owner and reject.code == "duplicate_in_file"]
    return [
        replace(rows[40 + 30 * number], error=reject.code, error_field=reject.field)
        for number, reject in enumerate(wanted)
    ]


def _school_rows(owner: str, school: str, special: list[StudentRow], people: People) -> list[StudentRow]:
    rows = _ordinary(owner, school, people)
    _seat(rows, _seats(owner, school, special))
    unseated = [row for row in rows if not row.class_code] + [row for row in special if not row.class_code]
    seeded("mix", owner, school).shuffle(unseated)
    seated = [row for row in rows if row.class_code] + [row for row in special if row.class_code]
    seated.sort(key=lambda row: row.class_code)
    ordered = seated + unseated
    unknown = [row for row in ordered if "school" in row.raw]
    known = [row for row in ordered if "school" not in row.raw]
    return known + _copies(owner, rows) + unknown


def student_rows() -> dict[str, list[StudentRow]]:
    """Every student row by owner, in workbook order. The same on every call."""
    people = People()
    specials = _specials(people)
    result = {}
    for owner in OWNERS:
        tables = (SENDING, CROSS, UNCLAIMED)
        schools = list(dict.fromkeys(school for table in tables for who, school in table if who == owner))
        result[owner] = [
            row
            for school in schools
            for row in _school_rows(owner, school, [r for r in specials[owner] if r.school == school], people)
        ]
    result[CSV_OWNER][0].name = RARE_NAME
    return result


def _class_row(plan: ClassPlan) -> ClassRow:
    enterprise = OUTSIDE_ENTERPRISE if plan.enterprise == "chizhou" else MEMBER_BY_SLUG[plan.enterprise]
    day = seeded("opened", plan.owner, plan.code).choice(("2025-09-01", "2025-09-08", "2025-09-15"))
    return ClassRow(plan, enterprise, day)


def _refused_class(owner: str) -> list[ClassRow]:
    rows = []
    for reject in CLASS_REJECTS:
        if reject.owner != owner:
            continue
        model = next(plan for plan in CLASSES if plan.owner == owner)
        if reject.code == "duplicate_in_file":
            model = next(plan for plan in CLASSES if (plan.owner, plan.code) == (owner, reject.class_code))
        row = _class_row(replace(model, code=reject.class_code))
        row.error, row.error_field = reject.code, reject.field
        if reject.field == "enterprise_uscc":
            wrong = "1" if row.enterprise.uscc[-1] != "1" else "2"
            row.raw["enterprise_uscc"] = row.enterprise.uscc[:-1] + wrong
        elif reject.code != "duplicate_in_file":
            row.raw[reject.field] = reject.cell
        rows.append(row)
    return rows


def class_rows() -> dict[str, list[ClassRow]]:
    """Every class row by owner, in workbook order."""
    return {
        owner: [_class_row(plan) for plan in CLASSES if plan.owner == owner] + _refused_class(owner) for owner in OWNERS
    }

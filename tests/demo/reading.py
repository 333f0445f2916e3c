"""Reads the demonstration's files back and judges them by plain loops, knowing nothing of the generator or the rules.

Slow and simple on purpose: one dictionary per row, one condition per line, so that it can be checked against the
document by eye.
"""

import csv
import io
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import openpyxl

FIELDS = {
    "姓名": "name",
    "身份证号": "id_number",
    "入学年度": "enrolment_year",
    "就读学校": "school",
    "专业": "major",
    "班级编号": "class_code",
    "入学日期": "enrolled_on",
    "生源地区划代码": "origin_division",
    "生源学校": "sending_school",
    "在籍状态": "status",
    "离校日期": "left_on",
    "申报项目": "claimed_rule",
    "班级名称": "class_name",
    "办学学校": "school",
    "开班年度": "year",
    "开班日期": "opened_on",
    "合作形式": "format",
    "合作企业": "enterprise",
    "企业统一社会信用代码": "enterprise_uscc",
    "企业所在地区划代码": "enterprise_division",
    "企业规模": "enterprise_size",
    "规模佐证材料": "size_evidence",
    "考核得分": "score",
}
MAY_BE_EMPTY = {"class_code", "sending_school", "left_on", "score", "enterprise_size", "size_evidence"}
CHOICES = {
    "status": {"在籍", "离校"},
    "claimed_rule": {"生源输送奖励", "跨市招生补助", "不申报"},
    "format": {"冠名", "订单", "学徒制", "其他"},
    "enterprise_size": {"大型", "中型", "小型", "微型"},
}

Row = dict[str, str]


def id_number_valid(number: str) -> bool:
    """GB 11643 by the definition: the sum of digit times 2^(18-i) mod 11 is 1, where X counts ten."""
    if len(number) != 18 or not number[:17].isdigit():
        return False
    digits = [10 if char == "X" else int(char) for char in number]
    weights = [(1 << place) % 11 for place in range(17, -1, -1)]
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11 == 1


def uscc_valid(code: str) -> bool:
    """GB 32100 by the definition: the weighted sum with the check character itself is a multiple of 31."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    if len(code) != 18 or any(char not in alphabet for char in code):
        return False
    total: int = sum(alphabet.index(char) * int(3**place) for place, char in enumerate(code[:17]))
    return (total + alphabet.index(code[17])) % 31 == 0


def plain(value: object) -> str:
    """A cell as text: whole numbers without a fraction, dates in ISO, full-width characters folded, ends stripped."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip()


def parsed_date(text: str) -> date | None:
    """One of the written forms of a date, or None."""
    digits = text
    for mark in "年月/":
        digits = digits.replace(mark, "-")
    digits = digits.removesuffix("日")
    parts = digits.split("-") if "-" in digits else [digits[:4], digits[4:6], digits[6:]]
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=64)
def raw_sheet(path: Path) -> tuple[list[list[Any]], list[tuple[int, int, int]]]:
    """The cells of the first sheet as they are, and merged areas below the title: (first line, last line, column)."""
    if path.suffix == ".csv":
        return list(csv.reader(io.StringIO(path.read_bytes().decode("gb18030")))), []
    sheet = openpyxl.load_workbook(path).worksheets[0]
    merged = [(area.min_row, area.max_row, area.min_col) for area in sheet.merged_cells.ranges if area.min_row > 1]
    return [list(line) for line in sheet.iter_rows(values_only=True)], merged


def grid(path: Path) -> list[list[str]]:
    """All lines of the first sheet as plain text, merged cells filled; line 1 is element 0."""
    cells, merged = raw_sheet(path)
    lines = [[plain(cell) for cell in line] for line in cells]
    for first, last, column in merged:
        for number in range(first - 1, last):
            lines[number][column - 1] = lines[first - 1][column - 1]
    return lines


def rows_of(path: Path) -> list[tuple[int, Row]]:
    """(line number, fields) of every data row that is not blank."""
    lines = grid(path)
    header = next(number for number, line in enumerate(lines) if "序号" in line)
    names = [FIELDS.get(cell) for cell in lines[header]]
    found = []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        if any(line):
            found.append((number, {name: cell for name, cell in zip(names, line, strict=True) if name}))
    return found


@dataclass
class Taken:
    """What a careful clerk takes in from one file, and what goes back with which code."""

    rows: list[tuple[int, Row]] = field(default_factory=list)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)


def fault(row: Row, schools: set[str]) -> tuple[str, str] | None:
    """(code, field) of the row's fault, or None."""
    for name, text in row.items():
        if not text and name not in MAY_BE_EMPTY:
            return "field_missing", name
    if "id_number" in row and not id_number_valid(row["id_number"].upper()):
        return "id_number_invalid", "id_number"
    if "enterprise_uscc" in row and not uscc_valid(row["enterprise_uscc"]):
        return "enterprise_uscc_invalid", "enterprise_uscc"
    for name in ("enrolment_year", "year"):
        if name in row and not (row[name].isdigit() and len(row[name]) == 4):
            return "year_invalid", name
    for name in ("enrolled_on", "opened_on", "left_on"):
        if row.get(name) and parsed_date(row[name]) is None:
            return "date_invalid", name
    for name, allowed in CHOICES.items():
        if row.get(name) and row[name] not in allowed:
            return "value_not_allowed", name
    if row["school"] not in schools:
        return "school_unknown", "school"
    if row.get("status") == "离校" and not row["left_on"]:
        return "left_on_missing", "left_on"
    return None


def take_in(path: Path, schools: set[str]) -> Taken:
    """Judge every row of one file; `schools` are all names, short names and codes of members."""
    taken, seen = Taken(), set()
    for line, row in rows_of(path):
        found = fault(row, schools)
        key = row["id_number"].upper() if "id_number" in row else (row["school"], row["class_code"])
        if found is None and key in seen:
            found = "duplicate_in_file", "id_number" if "id_number" in row else "class_code"
        if found is None:
            seen.add(key)
            taken.rows.append((line, row))
        else:
            taken.rejected.append((line, *found))
    return taken


@dataclass
class Facts:
    """Members by any of their names, and the taken-in rows with canonical school names."""

    member: dict[str, tuple[str, str, str]]  # any name → (name, category, division)
    students: list[Row]
    classes: list[Row]


def judged_students(facts: Facts, year: int, snapshot: date) -> list[tuple[Row, str, str]]:
    """(row, reason or "", payee) for every student row that claims something."""
    judged = [(row, *_student(row, facts, year, snapshot)) for row in facts.students if row["claimed_rule"] != "不申报"]
    by_person: dict[str, list[int]] = {}
    for number, (row, reason, _) in enumerate(judged):
        if not reason:
            by_person.setdefault(row["id_number"], []).append(number)
    for numbers in by_person.values():
        numbers.sort(key=lambda n: (str(parsed_date(judged[n][0]["enrolled_on"])), judged[n][0]["school"]))
        for number in numbers[1:]:
            judged[number] = (judged[number][0], "duplicate_student", judged[number][2])
    return judged


def _student(row: Row, facts: Facts, year: int, snapshot: date) -> tuple[str, str]:
    school, category, _ = facts.member[row["school"]]
    left = parsed_date(row["left_on"]) if row["left_on"] else None
    local = row["origin_division"].startswith("3408")
    sending = facts.member.get(row["sending_school"])
    if row["enrolment_year"] != str(year):
        return "enrolment_year_differs", ""
    if left and left < snapshot:
        return "left_before_snapshot", ""
    if category not in ("secondary_vocational", "technician"):
        return "school_not_eligible", ""
    if row["claimed_rule"] == "跨市招生补助":
        return ("origin_in_city", "") if local else ("", school)
    if not local:
        return "origin_other_city", ""
    if sending is None or not sending[2].startswith("3408"):
        return "sending_school_missing", ""
    return "", sending[0]


def headcounts(facts: Facts, snapshot: date) -> Counter[tuple[str, str]]:
    """Distinct students of each (school, class code) on the snapshot date."""
    people = {
        (row["school"], row["class_code"], row["id_number"])
        for row in facts.students
        if str(parsed_date(row["enrolled_on"])) <= snapshot.isoformat()
        and (not row["left_on"] or str(parsed_date(row["left_on"])) >= snapshot.isoformat())
    }
    return Counter((school, code) for school, code, _ in people)


def class_reason(row: Row, headcount: int, minimum: int) -> str:
    """Why a class gets nothing, or ""."""
    if row["format"] not in ("冠名", "订单"):
        return "format_not_eligible"
    if not row["enterprise_division"].startswith("3408"):
        return "enterprise_not_in_city"
    if not row["enterprise_size"] or not row["size_evidence"]:
        return "enterprise_size_missing"
    if row["enterprise_size"] not in ("大型", "中型"):
        return "enterprise_too_small"
    return "headcount_below_minimum" if headcount < minimum else ""


def ranked(rows: list[Row], counts: Counter[tuple[str, str]]) -> list[Row]:
    """Classes by score (none last), then headcount, both descending, then class code."""
    return sorted(
        rows,
        key=lambda row: (
            -Decimal(row["score"]) if row["score"] else Decimal(1),
            -counts[row["school"], row["class_code"]],
            row["class_code"],
        ),
    )

"""How clerks write: dates in five ways, codes as numbers, trailing spaces, full-width digits, short names of schools.

All of it is readable, so none of it may cost a row. Choices repeat: they depend on the row alone.
"""

import random
from datetime import date
from typing import Final

from hub.demo.alliance import MEMBERS
from hub.demo.identities import seeded
from hub.demo.records import ClassRow, StudentRow
from hub.demo.templates import Cell
from services.kernel.registry_words import ENTERPRISE_SIZES

DATE_STYLES: Final = ("iso", "slash", "chinese", "compact", "excel")
_ALIAS: Final = {member.name: member.alias for member in MEMBERS}
_USCC: Final = {member.name: member.uscc for member in MEMBERS}
_FULL_WIDTH: Final = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def full_width(text: str) -> str:
    """ASCII digits and X as their full-width forms."""
    return text.translate(_FULL_WIDTH)


def written_date(iso: str, style: str) -> Cell:
    """An ISO date in one of DATE_STYLES; `excel` is a real date cell."""
    day = date.fromisoformat(iso)
    if style == "slash":
        return f"{day.year}/{day.month}/{day.day}"
    if style == "chinese":
        return f"{day.year}年{day.month}月{day.day}日"
    if style == "compact":
        return f"{day:%Y%m%d}"
    return day if style == "excel" else iso


def _date_cell(iso: str, owner: str, pick: random.Random, *, text_only: bool) -> Cell:
    if not iso:
        return None
    usual = seeded("date style", owner).choice(DATE_STYLES)
    style = usual if pick.random() < 0.9 else pick.choice(DATE_STYLES)
    return written_date(iso, "iso" if text_only and style == "excel" else style)


def _code_cell(code: str, pick: random.Random, *, text_only: bool, numbers: float) -> Cell:
    """A code of digits: a number in some rows, full-width in a few, else text."""
    chance = pick.random()
    if not text_only and code.isdigit() and chance < numbers:
        return int(code)
    if chance > 0.992:
        return full_width(code)
    return code + " " if chance > 0.984 else code


def _spaced(text: str, pick: random.Random) -> str:
    chance = pick.random()
    if not text or chance > 0.03:
        return text
    return text + ("　" if chance < 0.01 else " ")


def school_cell(name: str, owner: str, chunk: int) -> str:
    """A school in one block of rows: its full name, now and then its short name, its code, or a trailing space."""
    pick = seeded("school", owner, chunk).random()
    if name not in _ALIAS or pick < 0.6:
        return name
    if pick < 0.8:
        return _ALIAS[name]
    return _USCC[name] if pick < 0.9 else name + " "


def _sending_cell(name: str, pick: random.Random) -> str:
    if pick.random() < 0.03:
        return _ALIAS.get(name, name)
    return _spaced(name, pick)


def _id_cell(number: str, pick: random.Random) -> str:
    chance = pick.random()
    if chance < 0.006:
        return full_width(number)
    if chance < 0.012:
        return number + "\t"
    return number.lower() if chance > 0.995 else _spaced(number, pick)


def student_cells(row: StudentRow, position: int, school: str, *, text_only: bool) -> dict[str, Cell]:
    """The cells of one student row by field; `school` is what the block's school cell says."""
    pick = seeded("cells", row.owner, position)
    cells: dict[str, Cell] = {
        "number": position,
        "name": _spaced(row.name, pick),
        "id_number": _id_cell(row.id_number, pick),
        "enrolment_year": _code_cell(str(row.enrolment_year), pick, text_only=text_only, numbers=0.9),
        "school": school,
        "major": _spaced(row.major, pick),
        "class_code": _code_cell(row.class_code, pick, text_only=text_only, numbers=0.4) or None,
        "enrolled_on": _date_cell(row.enrolled_on, row.owner, pick, text_only=text_only),
        "origin_division": _code_cell(row.origin_division, pick, text_only=text_only, numbers=0.3),
        "sending_school": _sending_cell(row.sending_school, pick) or None,
        "status": "离校" if row.left_on else _spaced("在籍", pick),
        "left_on": _date_cell(row.left_on, row.owner, pick, text_only=text_only),
        "claimed_rule": _spaced(row.claimed_rule, pick),
    }
    for name, text in row.raw.items():
        stored = name == "id_number" and text.endswith("000") and not text_only
        cells[name] = school if name == "school" else int(text) if stored else text
    return cells


def class_cells(row: ClassRow, position: int, school: str) -> dict[str, Cell]:
    """The cells of one class row by field."""
    plan, enterprise = row.plan, row.enterprise
    pick = seeded("class cells", plan.owner, position)
    cells: dict[str, Cell] = {
        "number": position,
        "class_code": int(plan.code) if plan.code.isdigit() else _spaced(plan.code, pick),
        "class_name": f"{enterprise.name[2:-4]}{plan.form}班（{plan.code}）",
        "school": school,
        "major": row.major,
        "year": _code_cell("2025", pick, text_only=False, numbers=0.9),
        "opened_on": _date_cell(row.opened_on, plan.owner, pick, text_only=False),
        "format": plan.form,
        "enterprise": _spaced(enterprise.name, pick),
        "enterprise_uscc": _spaced(enterprise.uscc, pick),
        "enterprise_division": _code_cell(enterprise.division, pick, text_only=False, numbers=0.5),
        "enterprise_size": ENTERPRISE_SIZES[enterprise.enterprise_size],
        "size_evidence": enterprise.size_evidence or None,
        "score": _score_cell(plan.score),
    }
    for name, text in row.raw.items():
        cells[name] = school if name == "school" else text
    return cells


def _score_cell(score: str) -> Cell:
    if not score:
        return None
    return float(score) if "." in score else int(score)

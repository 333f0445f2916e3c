"""Writes the secretariat's workbook of member units."""

from datetime import date
from pathlib import Path
from typing import Final

from hub.demo.alliance import ALLIANCE_NAME, MEMBERS, Member
from hub.demo.templates import Cell, write_workbook
from services.kernel.divisions import division_name
from services.kernel.registry_words import ENTERPRISE_SIZES, MEMBER_CATEGORIES, STRUCTURE_ROLES

FILE_NAME: Final = "members.xlsx"
JOINED_ON: Final = date(2024, 9, 1)
"""Of the demonstration: the document gives no day, and lists of past days are to show somebody."""


def _cells(member: Member) -> dict[str, Cell]:
    return {
        "name": member.name,
        "aliases": member.alias,
        "uscc": member.uscc,
        "category": MEMBER_CATEGORIES[member.category],
        "division": member.division,
        "functional_zone": division_name(member.functional_zone) if member.functional_zone else None,
        "structure_role": STRUCTURE_ROLES[member.structure_role],
        "enterprise_size": ENTERPRISE_SIZES.get(member.enterprise_size),
        "size_evidence": member.size_evidence or None,
        "joined_on": JOINED_ON,
    }


def write_members(folder: Path) -> Path:
    """Write `members.xlsx` into `folder` (made when missing) and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    write_workbook(path, "members", f"{ALLIANCE_NAME}成员单位名单（演示数据）", [_cells(member) for member in MEMBERS])
    return path

"""Writes the rosters of ten county bureaus and three city-level schools, and says which lines must be refused.

Files are `<owner>-classes-2025.xlsx` and `<owner>-students-2025.xlsx`, one of the latter a GB 18030 text file.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.demo.alliance import COUNTIES, MEMBER_BY_SLUG
from hub.demo.handwriting import class_cells, school_cell, student_cells
from hub.demo.identities import seeded
from hub.demo.plan import CSV_OWNER, NOT_CLAIMED, OWNERS, YEAR
from hub.demo.records import ClassRow, StudentRow, class_rows, student_rows
from hub.demo.templates import COLUMNS, Cell, Line, first_data_line, write_workbook

_TITLES: Final = {"students": "学生名册", "classes": "校企合作班名册"}
# Owners whose sheets carry a second line above the header.
_WITH_SUBTITLE: Final = ("340881", "340882", "jishi")
# Owners who repeat the school in every row instead of merging its cells.
_WITHOUT_MERGES: Final = ("340803", "azy")


@dataclass(frozen=True)
class Refusal:
    """A line (counted from 1 as the spreadsheet shows it) that the import must refuse, why and for which field."""

    line: int
    code: str
    field: str


@dataclass(frozen=True)
class RosterFile:
    """One written file; `rows` are its data rows, refused ones included."""

    owner: str
    kind: str
    year: int
    path: Path
    rows: int
    refusals: tuple[Refusal, ...]
    claimed: frozenset[str]  # what its rows claim (申报项目), 不申报 left out

    @property
    def username(self) -> str:
        """The demonstration account that sends it."""
        return f"bureau-{self.owner}" if self.owner in COUNTIES else f"member-{self.owner}"


def _chunks(owner: str, rows: Sequence[StudentRow | ClassRow]) -> list[list[StudentRow | ClassRow]]:
    """Runs of rows between blank lines or of one school; a merged school cell spans one run."""
    pick = seeded("blank lines", owner, len(rows))
    chunks: list[list[StudentRow | ClassRow]] = []
    limit = 0
    for row in rows:
        if not chunks or len(chunks[-1]) >= limit or chunks[-1][-1].block != row.block:
            chunks.append([])
            limit = pick.randint(18, 60)
        chunks[-1].append(row)
    return chunks


def _cells(row: StudentRow | ClassRow, position: int, school: str, text_only: bool) -> dict[str, Cell]:
    if isinstance(row, StudentRow):
        return student_cells(row, position, school, text_only=text_only)
    return class_cells(row, position, school)


def _lay_out(
    owner: str, rows: Sequence[StudentRow | ClassRow], start: int, text_only: bool
) -> tuple[list[Line], list[tuple[int, int]], list[Refusal]]:
    lines: list[Line] = []
    merges, refusals, position = [], [], 0
    for number, chunk in enumerate(_chunks(owner, rows)):
        if lines and seeded("blank", owner, number).random() < 0.5:
            lines.append(None)
        school = school_cell(chunk[0].block, owner, number)
        first = len(lines)
        for row in chunk:
            position += 1
            if row.error:
                refusals.append(Refusal(start + len(lines), row.error, row.error_field))
            lines.append(_cells(row, position, school, text_only))
        if len(chunk) > 1 and owner not in _WITHOUT_MERGES:
            merges.append((first, len(lines) - 1))
    return lines, merges, refusals


def _write_text(path: Path, kind: str, title: str, lines: Sequence[Line]) -> None:
    columns = COLUMNS[kind]
    with path.open("w", encoding="gb18030", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([title] + [""] * (len(columns) - 1))
        writer.writerow([column.header for column in columns])
        for line in lines:
            values = [(line or {}).get(column.field) for column in columns]
            writer.writerow(["" if value is None else str(value) for value in values])


def _owner_name(owner: str) -> str:
    return COUNTIES.get(owner) or MEMBER_BY_SLUG[owner].name


def _write_one(folder: Path, owner: str, kind: str, rows: Sequence[StudentRow | ClassRow]) -> RosterFile:
    text_only = kind == "students" and owner == CSV_OWNER
    subtitle = f"填报单位：{_owner_name(owner)}（演示）" if owner in _WITH_SUBTITLE else ""
    title = f"{_owner_name(owner)}{YEAR}年{_TITLES[kind]}（演示数据）"
    path = folder / f"{owner}-{kind}-{YEAR}.{'csv' if text_only else 'xlsx'}"
    lines, merges, refusals = _lay_out(owner, rows, first_data_line(subtitle), text_only)
    if text_only:
        _write_text(path, kind, title, lines)
    else:
        write_workbook(path, kind, title, lines, merges, subtitle)
    claimed = frozenset(row.claimed_rule for row in rows if isinstance(row, StudentRow)) - {NOT_CLAIMED}
    return RosterFile(owner, kind, YEAR, path, len(rows), tuple(refusals), claimed)


def write_rosters(folder: Path) -> list[RosterFile]:
    """Write all 26 files into `folder` (made when missing), students before classes for each owner."""
    folder.mkdir(parents=True, exist_ok=True)
    students, classes = student_rows(), class_rows()
    files = []
    for owner in OWNERS:
        files.append(_write_one(folder, owner, "students", students[owner]))
        files.append(_write_one(folder, owner, "classes", classes[owner]))
    return files

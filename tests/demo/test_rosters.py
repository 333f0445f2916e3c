"""The written workbooks repeat byte for byte, hold the planned counts, and are faulty as real ones are."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hub.demo.class_plan import CLASSES
from hub.demo.plan import CASES, CROSS, OWNERS, REJECTS, SENDING, SHARED, UNCLAIMED
from hub.demo.rosters import RosterFile, write_rosters
from hub.demo.templates import COLUMNS
from services.kernel.workbooks.reading import read_table
from services.kernel.workbooks.spec import Column, TableSpec
from tests.demo.reading import Facts, Taken, grid, id_number_valid, plain, raw_sheet, rows_of

pytestmark = pytest.mark.filterwarnings("error")


def the_file(rosters: list[RosterFile], name: str) -> Path:
    return next(file.path for file in rosters if file.path.name == name)


def students(rosters: list[RosterFile]) -> list[RosterFile]:
    return [file for file in rosters if file.kind == "students"]


def test_two_generations_are_the_same_bytes(rosters: list[RosterFile], tmp_path: Path) -> None:
    again = write_rosters(tmp_path / "again")
    assert [file.path.name for file in again] == [file.path.name for file in rosters]
    assert [file.refusals for file in again] == [file.refusals for file in rosters]
    assert all(one.path.read_bytes() == other.path.read_bytes() for one, other in zip(rosters, again, strict=True))


def test_every_owner_sends_both_files(rosters: list[RosterFile]) -> None:
    assert len(rosters) == 2 * len(OWNERS) == 26
    assert {file.username for file in rosters} == {
        *(f"bureau-{owner}" for owner in OWNERS if owner.isdigit()),
        "member-azy",
        "member-jishi",
        "member-gongye",
    }
    assert [file.path.name for file in rosters if file.path.suffix == ".csv"] == ["340828-students-2025.csv"]


def test_rows_are_as_many_as_planned(rosters: list[RosterFile]) -> None:
    planned = sum(sum(part.values()) for table in (SENDING, CROSS) for part in table.values())
    planned += sum(UNCLAIMED.values()) + sum(case.count for case in CASES) + len(REJECTS)
    planned += sum(shared.count * len(shared.entries) for shared in SHARED)
    written = sum(len(rows_of(file.path)) for file in students(rosters))
    assert written == planned == 8000
    assert sum(file.rows for file in students(rosters)) == 8000
    assert sum(len(rows_of(file.path)) for file in rosters if file.kind == "classes") == 66


def test_every_written_number_that_is_taken_in_is_valid(facts: Facts) -> None:
    assert len(facts.students) == 8000 - len(REJECTS)
    assert all(id_number_valid(row["id_number"]) for row in facts.students)
    assert all(row["id_number"][14:17] >= "996" for row in facts.students)
    assert all(row["id_number"][:6].isdigit() for row in facts.students)


def test_planned_class_sizes_hold(facts: Facts) -> None:
    written = Counter((row["school"], row["class_code"]) for row in facts.students if row["class_code"])
    members = {name: text for text, (name, _, _) in facts.member.items() if text == name}
    assert set(members) == {name for name, _, _ in facts.member.values()}
    assert len(written) == len(CLASSES) == len(facts.classes)
    assert sum(written.values()) == sum(plan.rows for plan in CLASSES) - 1  # one row of TC2504 is refused


def test_the_title_is_merged_and_the_template_guides_the_clerk(rosters: list[RosterFile]) -> None:
    for name, kind in (("340822-students-2025.xlsx", "students"), ("340822-classes-2025.xlsx", "classes")):
        book = openpyxl.load_workbook(the_file(rosters, name))
        sheet = book.worksheets[0]
        assert [other.title for other in book.worksheets][1] == "填写说明"
        assert any(merged.min_row == 1 and merged.max_col == len(COLUMNS[kind]) for merged in sheet.merged_cells.ranges)
        chosen = {column.choices for column in COLUMNS[kind] if column.choices}
        offered = {tuple(rule.formula1.strip('"').split(",")) for rule in sheet.data_validations.dataValidation}
        assert offered == chosen
        code = next(place for place, column in enumerate(COLUMNS[kind]) if column.text)
        assert sheet.column_dimensions["ABCDEFGHIJKLMN"[code]].number_format == "@"


def test_school_cells_are_merged_and_blank_lines_stand_between(rosters: list[RosterFile]) -> None:
    for name in ("340822-students-2025.xlsx", "340811-students-2025.xlsx"):
        _, merged = raw_sheet(the_file(rosters, name))
        assert len(merged) > 2
        assert {column for _, _, column in merged} == {5}
        lines = grid(the_file(rosters, name))
        assert any(not any(line) for line in lines[4:-1])


def test_dates_are_written_in_all_five_ways(rosters: list[RosterFile]) -> None:
    ways: Counter[str] = Counter()
    for file in students(rosters):
        if file.path.suffix == ".xlsx":
            ways.update(way_of(cell) for cell in raw_column(file.path, "入学日期"))
    assert {"iso", "slash", "chinese", "compact", "excel"} <= set(ways)
    assert min(ways[way] for way in ("iso", "slash", "chinese", "compact", "excel")) > 40


def raw_column(path: Path, header: str) -> list[Any]:
    lines, _ = raw_sheet(path)
    start = next(number for number, line in enumerate(lines) if "序号" in line)
    place = lines[start].index(header)
    return [line[place] for line in lines[start + 1 :] if line[place] is not None]


def way_of(cell: Any) -> str:
    if isinstance(cell, datetime):
        return "excel"
    for mark, way in (("年", "chinese"), ("/", "slash"), ("-", "iso")):
        if mark in cell:
            return way
    return "compact"


def test_codes_are_numbers_here_and_text_there(rosters: list[RosterFile]) -> None:
    path = the_file(rosters, "340822-students-2025.xlsx")
    for header in ("生源地区划代码", "班级编号", "入学年度"):
        kinds = {type(cell) for cell in raw_column(path, header)}
        assert kinds == {int, str}
    stored = [cell for cell in raw_column(path, "身份证号") if not isinstance(cell, str)]
    # A number of eighteen digits comes back as a binary fraction: its last digits are not those that were typed.
    assert [float(cell) > 1e17 for cell in stored] == [True]
    assert {type(cell) for cell in raw_column(the_file(rosters, "340825-classes-2025.xlsx"), "班级编号")} == {int}


def test_numbers_carry_spaces_and_full_width_digits(rosters: list[RosterFile]) -> None:
    texts = [str(cell) for file in students(rosters) if file.path.suffix == ".xlsx"
             for cell in raw_column(file.path, "身份证号")]  # fmt: skip
    assert sum(text != text.rstrip() for text in texts) > 20
    assert sum(any("０" <= char <= "９" for char in text) for text in texts) > 20
    assert sum(text.rstrip().endswith("x") for text in texts) >= 1


def test_the_text_file_needs_gb18030(rosters: list[RosterFile]) -> None:
    content = the_file(rosters, "340828-students-2025.csv").read_bytes()
    assert "王䶮" in content.decode("gb18030")
    for encoding in ("utf-8", "gbk"):
        with pytest.raises(UnicodeDecodeError):
            content.decode(encoding)


def test_people_stand_on_several_rosters_as_planned(taken: dict[str, Taken]) -> None:
    where: dict[str, list[str]] = {}
    for name, part in taken.items():
        for _, row in part.rows:
            if "id_number" in row:
                where.setdefault(row["id_number"].upper(), []).append(name)
    times = Counter(len(names) for names in where.values())
    assert times[2] == sum(shared.count for shared in SHARED if len(shared.entries) == 2)
    assert times[3] == sum(shared.count for shared in SHARED if len(shared.entries) == 3) == 1
    assert set(times) == {1, 2, 3}
    assert all(len(set(names)) == len(names) for names in where.values())


def test_schools_are_also_written_by_short_name_and_code(taken: dict[str, Taken], rosters: list[RosterFile]) -> None:
    cells = Counter(row["school"] for file in students(rosters) for _, row in rows_of(file.path))
    assert any(cell.endswith("示例职校") for cell in cells)
    assert any(cell.startswith("12") and len(cell) == 18 for cell in cells)
    assert all(taken)


def test_the_hubs_own_reader_finds_the_same_lines_and_schools(rosters: list[RosterFile]) -> None:
    for file in rosters:
        columns = [Column(column.field, column.header) for column in COLUMNS[file.kind]]
        table = read_table(file.path.read_bytes(), TableSpec("名册", "名册", tuple(columns)))
        place = next(number for number, column in enumerate(columns) if column.field == "school")
        assert [(row.line, plain(row.cells[place])) for row in table.rows] == [
            (line, row["school"]) for line, row in rows_of(file.path)
        ]

"""Taking in rosters: faults at the right lines, nothing twice, nothing raw, past rosters readable."""

import io
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from services.subsidies.domain import RosterKind
from services.subsidies.settings import SubsidiesSettings
from tests.subsidies.world import (
    API,
    COUNTY,
    OTHER_COUNTY,
    World,
    cross,
    id_number,
    school_class,
    student,
    workbook,
)

pytestmark = pytest.mark.anyio
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def stored(folder: Path) -> list[bytes]:
    """What the file store keeps on disk."""
    return [path.read_bytes() for path in folder.rglob("*.bin")]


def faults(done: Any) -> list[tuple[int, str, str]]:
    return [(issue["line"], issue["field"], issue["code"]) for issue in done["issues"]]


async def test_a_sound_roster_is_taken_in_and_shown_masked(world: World) -> None:
    done = await world.students(COUNTY, student(1), None, student(2, school="怀宁职校"), cross(3))
    assert done["state"] == "done", done
    assert (done["total_rows"], done["new_rows"], done["rejected_rows"], done["sequence"]) == (3, 3, 0, 1)
    assert (done["registry_fresh"], done["has_rejects"], done["owner_name"]) == (True, False, "怀宁县")
    page = await world.read(COUNTY, "/students", year=2025)
    first = page["items"][0]
    assert (page["total"], first["name"], first["id_number"]) == (3, "王**", "340***********" + id_number(1)[-4:])
    assert [item["school_name"] for item in page["items"]] == ["怀宁县示例职业学校"] * 3
    assert (first["claimed_rule"], first["claimed_rule_name"]) == ("sending_award", "生源输送奖励")
    assert (first["origin_name"], first["sending_school_name"]) == ("怀宁县", "怀宁县示例中学")


async def test_every_faulty_student_row_comes_back_with_its_line_and_code(world: World) -> None:
    wrong_digit = id_number(2)[:-1] + ("1" if id_number(2)[-1] != "1" else "2")
    rows = [
        student(1),  # line 3
        student(2, id_number=wrong_digit),
        student(3, name=None),
        student(4, enrolled_on="2025-13-01"),
        None,
        student(5, enrolment_year="20225"),
        student(6, school="没有登记的学校"),
        student(7, status="休学"),
        student(8, status="离校"),
        student(9, claimed_rule="生源奖"),
        student(1, major="护理"),
        student(11, origin_division="3408"),
        student(12, left_on="2025-10-01"),
        student(13, status="离校", left_on="2025-08-01"),
        student(14, enrolment_year="1999"),
        student(15),
    ]
    done = await world.students(COUNTY, *rows)
    assert faults(done) == [
        (4, "id_number", "id_number_invalid"),
        (5, "name", "field_missing"),
        (6, "enrolled_on", "date_invalid"),
        (8, "enrolment_year", "year_invalid"),
        (9, "school", "school_unknown"),
        (10, "status", "value_not_allowed"),
        (11, "left_on", "left_on_missing"),
        (12, "claimed_rule", "value_not_allowed"),
        (13, "id_number", "duplicate_in_file"),
        (14, "origin_division", "value_not_allowed"),
        (15, "status", "value_not_allowed"),
        (16, "left_on", "date_invalid"),
        (17, "enrolment_year", "year_invalid"),
    ]
    assert (done["total_rows"], done["new_rows"], done["rejected_rows"]) == (15, 2, 13)


async def test_every_faulty_class_row_comes_back_with_its_line_and_code(world: World) -> None:
    rows = [
        school_class("C1"),  # line 3
        school_class("C2", enterprise_uscc="91350100M000100Y4Z"),
        school_class("C3", class_name=None),
        school_class("C4", opened_on="2025年9月31日"),
        school_class("C5", format="联合培养"),
        school_class("C1"),
        school_class("C6", school="没有登记的学校"),
        school_class("C7", score=101),
        school_class("C8", enterprise_size=None, size_evidence=None, score=None),
    ]
    done = await world.classes(COUNTY, *rows)
    assert faults(done) == [
        (4, "enterprise_uscc", "enterprise_uscc_invalid"),
        (5, "class_name", "field_missing"),
        (6, "opened_on", "date_invalid"),
        (7, "format", "value_not_allowed"),
        (8, "class_code", "duplicate_in_file"),
        (9, "school", "school_unknown"),
        (10, "score", "value_not_allowed"),
    ]
    page = await world.read(COUNTY, "/classes", year=2025)
    assert [(c["class_code"], c["enterprise_size"], c["score"]) for c in page["items"]] == [
        ("C1", "large", "90.00"),
        ("C8", None, None),
    ]


async def test_the_rejected_rows_come_back_in_the_same_workbook_and_can_be_sent_again(world: World) -> None:
    done = await world.students(COUNTY, student(1), student(2, enrolled_on=None))
    answer = await world.get(COUNTY, f"/roster-imports/{done['id']}/errors.xlsx")
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = [[cell.value for cell in row] for row in book["学生名册"].iter_rows()]
    header = next(row for row in cells if "姓名" in row)
    bad = dict(zip(header, cells[cells.index(header) + 1], strict=True))
    assert (bad["姓名"], bad["原行号"]) == ("王小2", 4)
    assert "入学日期：必填" in bad["错误原因"]
    place = header.index("入学日期") + 1
    book["学生名册"].cell(cells.index(header) + 2, place).value = "2025-09-01"
    mended = io.BytesIO()
    book.save(mended)
    again = await world.upload(COUNTY, RosterKind.STUDENTS, mended.getvalue())
    await world.run_jobs()
    repaired = await world.read(COUNTY, f"/roster-imports/{again.json()['id']}")
    assert (repaired["new_rows"], repaired["rejected_rows"]) == (1, 0)
    gone = await world.get(OTHER_COUNTY, f"/roster-imports/{done['id']}/errors.xlsx")
    assert gone.status_code == 404


async def test_row_numbers_follow_the_lines_of_the_file_and_the_imports_though_rows_lie_by_their_key(
    world: World,
) -> None:
    await world.students(COUNTY, *(student(number) for number in range(1, 21)))
    await world.students(OTHER_COUNTY, *(student(number) for number in range(21, 31)))
    rows = await world.sql("SELECT no, recorded_seq, line FROM student ORDER BY no")
    assert [(sequence, line) for _, sequence, line in rows] == sorted((row[1], row[2]) for row in rows)
    assert len({row[0] for row in rows}) == 30
    lying = await world.sql("SELECT person_key FROM student WHERE recorded_seq = 1 ORDER BY ctid")
    assert lying == sorted(lying), "twenty keyed hashes lie in order by design, not by chance"


async def test_the_same_file_again_changes_nothing(world: World) -> None:
    rows = [student(1), student(2), cross(3)]
    await world.students(COUNTY, *rows)
    before = await world.sql("SELECT no, recorded_seq, superseded_seq FROM student ORDER BY no")
    done = await world.students(COUNTY, *rows)
    assert (done["new_rows"], done["changed_rows"], done["unchanged_rows"], done["sequence"]) == (0, 0, 3, None)
    assert await world.sql("SELECT no, recorded_seq, superseded_seq FROM student ORDER BY no") == before


async def test_a_changed_row_supersedes_the_old_one_and_the_past_stays_readable(world: World) -> None:
    await world.students(COUNTY, student(1), student(2))
    done = await world.students(COUNTY, student(2, major="护理"), student(3))
    assert (done["new_rows"], done["changed_rows"], done["unchanged_rows"], done["sequence"]) == (1, 1, 0, 2)
    now = await world.read(COUNTY, "/students", year=2025)
    then = await world.read(COUNTY, "/students", year=2025, sequence=1)
    assert [item["major"] for item in now["items"]] == ["机电技术应用", "护理", "机电技术应用"]
    assert [item["major"] for item in then["items"]] == ["机电技术应用", "机电技术应用"]
    assert await world.read(COUNTY, "/students", sequence=0) == {"items": [], "next_cursor": None, "total": 0}


async def test_nowhere_does_a_raw_identity_number_stay(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = [id_number(n) for n in (1, 2, 3)]
    caplog.set_level(logging.DEBUG)
    done = await world.students(COUNTY, student(1), student(2, enrolled_on="x"), student(3), student(3))
    assert (done["new_rows"], done["rejected_rows"]) == (2, 2)
    tables = await world.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'subsidies'")
    assert len(tables) > 15
    for (table,) in tables:
        if await readable(world, table):
            rows = await world.sql(f'SELECT t::text FROM subsidies."{table}" t')
            for number in numbers:
                assert not [row for row in rows if number in row[0]], table
    files = stored(tmp_path)
    assert len(files) == 1, "the upload is gone, the rejects workbook stays"
    for number in numbers:
        assert number not in caplog.text
        assert number.encode() not in files[0]
        assert not files[0].startswith(b"PK"), "what stays is encrypted"


async def readable(world: World, table: str) -> bool:
    [(may,)] = await world.sql("SELECT has_table_privilege(CAST(:name AS text), 'SELECT')", name=f"subsidies.{table}")
    return bool(may)


async def test_a_file_that_is_no_roster_fails_with_a_reason_and_is_forgotten(world: World, tmp_path: Path) -> None:
    for content in (b"\x00\x01 no workbook", workbook(RosterKind.CLASSES, [school_class("C1")]), b"\xd0\xcf\x11\xe0"):
        answer = await world.upload(COUNTY, RosterKind.STUDENTS, content)
        await world.run_jobs()
        done = await world.read(COUNTY, f"/roster-imports/{answer.json()['id']}")
        assert done["state"] == "failed"
        assert done["failure"]
        job = await world.read(COUNTY, f"/jobs/{answer.json()['job']}")
        assert (job["state"], job["error"]["detail"]) == ("failed", done["failure"])
    assert not stored(tmp_path)
    assert (await world.read(COUNTY, "/students"))["total"] == 0


async def test_rosters_are_checked_against_the_last_snapshot_when_the_registry_is_down(world: World) -> None:
    world.registry.down = True
    answer = await world.upload(COUNTY, RosterKind.STUDENTS, workbook(RosterKind.STUDENTS, [student(1)]))
    await world.run_jobs()
    failed = await world.read(COUNTY, f"/roster-imports/{answer.json()['id']}")
    assert (failed["state"], failed["failure"]) == ("failed", "登记服务暂时无法连接，请稍后重试。")
    world.registry.down = False
    assert (await world.students(COUNTY, student(1)))["registry_fresh"] is True
    world.registry.down = True
    done = await world.students(COUNTY, student(2))
    assert (done["state"], done["registry_fresh"], done["new_rows"]) == ("done", False, 1)
    job = await world.read(COUNTY, f"/jobs/{done['job']}")
    assert "登记服务未应答" in job["message"]


async def test_a_name_of_two_units_is_unknown_and_an_active_unit_stands_before_one_that_left(world: World) -> None:
    hn, tc = world.registry.members[0], world.registry.members[1]
    hn["aliases"], tc["aliases"] = ["职校", "老校"], ["职校"]
    world.registry.members[4]["aliases"] = ["老校"]
    done = await world.students(COUNTY, student(1, school="职校"), student(2, school=" 老校　"))
    assert faults(done) == [(3, "school", "school_unknown")]
    [row] = (await world.read(COUNTY, "/students"))["items"]
    assert row["school_name"] == "怀宁县示例职业学校"


async def test_a_worker_that_dies_leaves_work_that_can_be_done_again(world: World, tmp_path: Path) -> None:
    done = await world.students(COUNTY, student(1), student(2, name=None))
    async with world.database.write("anqing") as session:
        await session.execute(text("UPDATE job SET state = 'running', finished_at = NULL"))
    world.ran = 0
    await world.run_jobs()
    assert await world.read(COUNTY, f"/roster-imports/{done['id']}") == done
    assert (await world.read(COUNTY, "/students"))["total"] == 1
    assert len(stored(tmp_path)) == 1


async def test_rejects_are_deleted_after_thirty_days(world: World, tmp_path: Path) -> None:
    done = await world.students(COUNTY, student(1, name=None))
    world.clock.advance(timedelta(days=31))
    late = await world.get(COUNTY, f"/roster-imports/{done['id']}/errors.xlsx")
    assert late.status_code == 404
    await world.students(COUNTY, student(2))
    assert not stored(tmp_path)
    assert (await world.read(COUNTY, f"/roster-imports/{done['id']}"))["has_rejects"] is False


def make_old(folder: Path, name: str, written: float) -> None:
    [path] = folder.rglob(name)
    os.utime(path, (written, written))


async def test_a_file_that_a_killed_worker_left_behind_is_deleted_in_the_end(world: World, tmp_path: Path) -> None:
    forgotten = world.tools.files.save("身份证号".encode())
    make_old(tmp_path, f"{forgotten}.bin", (world.clock.now() - timedelta(days=32)).timestamp())
    await world.students(COUNTY, student(1))
    assert not stored(tmp_path)


async def test_counties_members_and_alliances_see_their_own_only(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.students("hn", student(2))
    mine = await world.students(OTHER_COUNTY, student(3, school="桐城市示例职业学校"))
    assert [(await world.read(who, "/students"))["total"] for who in (COUNTY, OTHER_COUNTY, "hn", "azy")] == [
        1,
        1,
        1,
        0,
    ]
    assert (await world.read("secretariat", "/students"))["total"] == 3
    assert (await world.read("secretariat", "/students", owner="division:340881"))["total"] == 1
    assert (await world.get(COUNTY, f"/roster-imports/{mine['id']}")).status_code == 404
    assert (await world.get(COUNTY, f"/jobs/{mine['job']}")).status_code == 404
    owners = [
        school["owner_name"] for school in (await world.read("secretariat", "/rosters/summary", year=2025))["schools"]
    ]
    assert owners == ["怀宁县", "桐城市", "怀宁县示例职业学校"]
    world.alliance = "xiaogan"
    assert (await world.read("secretariat", "/students"))["total"] == 0
    assert (await world.get("secretariat", f"/roster-imports/{mine['id']}")).status_code == 404


async def test_filters_and_pages_of_students(world: World) -> None:
    rows = [student(n, class_code="C1" if n % 2 else None) for n in range(1, 8)]
    await world.students(COUNTY, *rows, cross(21), student(22, claimed_rule="不申报"))
    school = (await world.read(COUNTY, "/students"))["items"][0]["school"]
    totals = {
        "class": (await world.read(COUNTY, "/students", class_code="C1"))["total"],
        "cross": (await world.read(COUNTY, "/students", claimed_rule="cross_city_enrolment"))["total"],
        "none": (await world.read(COUNTY, "/students", claimed_rule="none"))["total"],
        "school": (await world.read(COUNTY, "/students", school=school))["total"],
        "year": (await world.read(COUNTY, "/students", year=2024))["total"],
    }
    assert totals == {"class": 4, "cross": 1, "none": 1, "school": 9, "year": 0}
    seen, cursor = [], None
    while True:
        page = await world.read(COUNTY, "/students", limit=4, sort="-no", **({"cursor": cursor} if cursor else {}))
        seen += [item["no"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 9
    unknown = await world.get(COUNTY, "/students", sort="name")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "sort_unknown")


async def test_the_summary_counts_what_the_rosters_hold(world: World) -> None:
    await world.students(COUNTY, student(1), cross(2), student(3, status="离校", left_on="2025-10-01"))
    await world.classes(COUNTY, school_class("C1"))
    summary = await world.read(COUNTY, "/rosters/summary", year=2025)
    [school] = summary["schools"]
    assert (summary["students"], summary["classes"], summary["sequence"]) == (3, 1, 2)
    assert (school["students"], school["left"], school["classes"]) == (3, 1, 1)
    assert school["claimed"] == {"sending_award": 2, "cross_city_enrolment": 1}


async def test_an_upload_says_all_that_is_wrong_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = world.headers(COUNTY)
    path = f"{API}/roster-imports"
    nothing = await world.client.post(path, json={}, headers=headers)
    assert nothing.status_code == 422
    assert {error["field"] for error in nothing.json()["errors"]} == {"kind", "year"}
    no_form = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
    broken = await world.client.post(path, content=b"--y", headers=no_form)
    assert {error["field"] for error in broken.json()["errors"]} == {"file"}
    wrong = await world.client.post(
        path, data={"kind": "teachers", "year": "abc"}, files={"x": ("a", b"")}, headers=headers
    )
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.json()["errors"]} == {"file", "kind", "year"}
    monkeypatch.setattr("services.subsidies.api.uploads.MAXIMUM_BYTES", 1000)
    monkeypatch.setattr("services.subsidies.api.uploads.FORM_OVERHEAD", 100)
    large = await world.upload(COUNTY, RosterKind.STUDENTS, b"x" * 5000)
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")
    nobody = await world.client.post(path, data={"kind": "students", "year": "2025"}, files={"file": ("a.csv", b"a")})
    assert nobody.status_code == 401


async def test_an_upload_with_a_key_is_done_once(world: World) -> None:
    content = workbook(RosterKind.STUDENTS, [student(1)])
    answers = [
        await world.client.post(
            f"{API}/roster-imports",
            data={"kind": "students", "year": "2025"},
            files={"file": ("C:\\桌面\\名册.xlsx", content)},
            headers={**world.headers(COUNTY), "Idempotency-Key": "one"},
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["location"] == f"{API}/jobs/{answers[0].json()['job']}"
    page = await world.read(COUNTY, "/roster-imports", year=2025)
    assert [item["file_name"] for item in page["items"]] == ["名册.xlsx"]


async def test_the_template_offers_the_rules_of_the_policy_and_is_readable(world: World) -> None:
    answer = await world.get(COUNTY, "/rosters/template.xlsx", kind="students")
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    lists = [rule.formula1 for rule in book["学生名册"].data_validations.dataValidation]
    assert '"生源输送奖励,跨市招生补助,不申报"' in lists
    sent = await world.upload(COUNTY, RosterKind.STUDENTS, answer.content)
    await world.run_jobs()
    done = await world.read(COUNTY, f"/roster-imports/{sent.json()['id']}")
    assert (done["state"], done["failure"]) == ("failed", "表头下面没有数据，请填写后再导入。")
    classes = await world.get(COUNTY, "/rosters/template.xlsx", kind="classes")
    assert "校企合作班名册" in openpyxl.load_workbook(io.BytesIO(classes.content)).sheetnames


def test_the_key_of_persons_is_a_secret_that_must_be_set(settings: SubsidiesSettings) -> None:
    assert settings.person_key.get_secret_value() not in repr(settings)

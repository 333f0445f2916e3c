"""Rosters sent as the body itself: every format, both modes, every returned row, nothing twice, nothing half done."""

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from sqlalchemy import text

from services.kernel.identifiers import id_check_character
from services.kernel.jobs import run_job
from services.subsidies.commands import take_in_roster
from services.subsidies.domain import RosterKind
from services.subsidies.jobs import handlers_with
from services.subsidies.rosters import taking
from services.subsidies.rosters.storing import Incoming
from tests.subsidies.world import (
    API,
    COUNTY,
    OTHER_COUNTY,
    STUDENT_DEFAULTS,
    World,
    id_number,
    school_class,
    student,
    unit_id,
    workbook,
)

pytestmark = pytest.mark.anyio
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIELDS = ["name", "id_number", *STUDENT_DEFAULTS]


def csv_of(*rows: Any, encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def ndjson_of(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def json_of(*rows: Any) -> bytes:
    return json.dumps({"rows": rows}, ensure_ascii=False, indent=2).encode()


def xlsx_of(*rows: Any) -> bytes:
    return workbook(RosterKind.STUDENTS, rows)


FORMATS = {
    "json": ("application/json", json_of, 1),
    "ndjson": ("application/x-ndjson", ndjson_of, 1),
    "csv": ("text/csv; charset=utf-8", csv_of, 2),
    "gb18030": ("text/csv", lambda *rows: csv_of(*rows, encoding="gb18030"), 2),
    "bom": ("text/csv", lambda *rows: csv_of(*rows, encoding="utf-8-sig"), 2),
    "xlsx": (XLSX, xlsx_of, 3),
}
"""Media type, how rows are written, and the line of the first."""


def stored(folder: Path) -> list[bytes]:
    """What the file store keeps on the disk."""
    return [path.read_bytes() for path in folder.rglob("*.bin")]


async def send(
    world: World,
    content: bytes | AsyncIterator[bytes],
    media: str = "application/x-ndjson",
    who: str = COUNTY,
    **more: Any,
) -> httpx.Response:
    headers = {**world.headers(who), "Content-Type": media, **more.pop("headers", {})}
    params = {"kind": "students", "year": 2025, **more}
    given = {name: value for name, value in params.items() if value is not None}
    return await world.client.post(f"{API}/roster-imports", params=given, content=content, headers=headers)


async def taken(world: World, content: bytes, media: str = "application/x-ndjson", **more: Any) -> Any:
    """Send and take in; returns the import."""
    who = more.get("who", COUNTY)
    answer = await send(world, content, media, **more)
    assert answer.status_code == 202, answer.text
    await world.run_jobs()
    return await world.read(who, f"/roster-imports/{answer.json()['id']}")


async def faults(world: World, done: Any, who: str = COUNTY) -> list[tuple[int, str, str]]:
    items: list[Any] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await world.read(who, f"/roster-imports/{done['id']}/rejected-rows", limit=3, **cursor)
        items += page["items"]
        assert page["total"] == done["fault_count"]
        if page["next_cursor"] is None:
            return [(item["line"], item["field"], item["code"]) for item in items]
        cursor = {"cursor": page["next_cursor"]}


async def on_rosters(world: World) -> list[Any]:
    columns = "encode(person_key, 'hex'), name_masked, id_masked, enrolment_year, school, major, enrolled_on, status"
    return list(await world.sql(f"SELECT {columns} FROM student WHERE superseded_seq IS NULL ORDER BY line"))


def counts(done: Any) -> tuple[int, ...]:
    return tuple(done[name] for name in ("total_rows", "accepted_rows", "new_rows", "changed_rows", "rejected_rows"))


async def test_every_format_gives_the_same_rows_and_the_same_faults(world: World) -> None:
    rows = [
        student(1),
        student(2, id_number="34082220090101002X"),
        student(3, name="", enrolled_on="x"),
        student(4, school="没有登记的学校", status="离校"),
        student(1),
        student(6, claimed_rule="不申报", class_code="C1"),
    ]
    expected = [
        (1, "id_number", "id_number_invalid"),
        (2, "name", "field_missing"),
        (2, "enrolled_on", "date_invalid"),
        (3, "school", "school_unknown"),
        (3, "left_on", "left_on_missing"),
        (4, "id_number", "duplicate_in_file"),
    ]
    golden = None
    for place, (name, (media, written, first)) in enumerate(FORMATS.items()):
        done = await taken(world, written(*rows), media)
        unchanged = 2 if place else 0
        assert done["state"] == "done", (name, done["failure"])
        assert counts(done) == (6, 2, 2 - unchanged, 0, 4), name
        assert done["unchanged_rows"] == unchanged, name
        assert await faults(world, done) == [(line + first, *more) for line, *more in expected], name
        assert [issue["line"] for issue in done["issues"]] == [line + first for line, *_ in expected]
        golden = golden or await on_rosters(world)
        assert await on_rosters(world) == golden, name
    assert len(golden or []) == 2


async def test_the_answer_names_the_job_and_the_job_tells_the_counts(world: World) -> None:
    content = ndjson_of(student(1), student(2, name=None))
    answer = await send(world, content, filename="C:\\名册\\怀宁.ndjson")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["repeated"], body["outcome"]) == (False, None)
    assert answer.headers["location"] == f"{API}/jobs/{body['job']}"
    await world.run_jobs()
    job = (await world.client.get(answer.headers["location"], headers=world.headers(COUNTY))).json()
    assert (job["state"], job["done"], job["total"]) == ("succeeded", 100, 100)
    assert job["result"] == {
        "import": body["id"],
        "state": "done",
        "total_rows": 2,
        "accepted_rows": 1,
        "new_rows": 1,
        "changed_rows": 0,
        "unchanged_rows": 0,
        "rejected_rows": 1,
        "faults": 1,
    }
    done = await world.read(COUNTY, f"/roster-imports/{body['id']}")
    assert (done["format"], done["mode"], done["bytes"]) == ("ndjson", "accept_good", len(content))
    assert (done["file_name"], done["sha256"]) == ("怀宁.ndjson", hashlib.sha256(content).hexdigest())


async def test_classes_come_by_their_national_names_too(world: World) -> None:
    row = school_class("C1", enterprise_size="large")
    national = {
        "bh": row["class_code"],
        "bjmc": row["class_name"],
        "xxdm": "3634011234",
        "zyh": "660701",
        "hzqymc": row["enterprise"],
        "hzqytyshxydm": row["enterprise_uscc"],
        **{name: row[name] for name in ("year", "opened_on", "format", "enterprise_division", "enterprise_size")},
        "hzksny": "202509",
        "ddpyrs": 30,
    }
    world.registry.members[0]["aliases"] = ["3634011234"]
    done = await taken(world, json_of(national), "application/json", kind="classes")
    assert counts(done) == (1, 1, 1, 0, 0), done
    assert [(w["code"], w["field"]) for w in done["warnings"]] == [
        ("field_unknown", "hzksny"),
        ("field_unknown", "ddpyrs"),
    ]
    [found] = (await world.read(COUNTY, "/classes"))["items"]
    assert (found["school"], found["major"], found["enterprise"]) == (str(unit_id("hn")), "660701", "安庆示例汽车公司")


async def test_all_or_nothing_takes_nothing_when_one_row_is_faulty_and_tells_of_all(world: World) -> None:
    rows = [student(1), student(2, name=None), student(3), student(4, major=None)]
    done = await taken(world, csv_of(*rows), "text/csv", mode="all_or_nothing")
    assert (done["state"], done["state_label"], done["sequence"]) == ("refused", "整份退回", None)
    assert counts(done) == (4, 0, 0, 0, 2)
    assert await faults(world, done) == [(3, "name", "field_missing"), (5, "major", "field_missing")]
    job = await world.read(COUNTY, f"/jobs/{done['job']}")
    assert (job["state"], job["result"]["state"], job["result"]["accepted_rows"]) == ("succeeded", "refused", 0)
    assert "整份退回" in job["message"]
    assert await on_rosters(world) == []
    assert done["has_rejects"]
    assert [todo["kind"] for todo in (await world.read(COUNTY, "/todos"))["items"]] == ["roster_rows_rejected"]
    sound = await taken(world, csv_of(rows[0], rows[2]), "text/csv", mode="all_or_nothing")
    assert (sound["state"], counts(sound)) == ("done", (2, 2, 2, 0, 0))


async def test_the_same_file_again_is_answered_with_what_became_of_it(world: World) -> None:
    content = ndjson_of(student(1), student(2, name=None))
    first = await taken(world, content)
    claim = await world.claim(COUNTY, "sending_award")
    again = await send(world, content, filename="another name")
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    assert again.json()["outcome"] == first
    assert again.headers["location"] == f"{API}/jobs/{first['job']}"
    assert (await world.read(COUNTY, "/roster-imports"))["total"] == 1
    assert (await world.read(COUNTY, f"/claims/{claim['id']}"))["state"] == "accepted"
    assert not list(world.tools.files._folder.glob("*.part"))
    assert len(list(world.tools.files._folder.glob("*.bin"))) == 1, "only the returned rows' workbook"


async def test_a_file_still_waiting_is_not_queued_twice(world: World) -> None:
    content = ndjson_of(student(1))
    first, second = await send(world, content), await send(world, content)
    assert (second.status_code, second.json()["repeated"], second.json()["outcome"]) == (202, True, None)
    assert second.json()["job"] == first.json()["job"]
    other_mode = await send(world, content, mode="all_or_nothing")
    assert other_mode.json()["repeated"] is False


async def test_the_same_rows_in_another_file_are_unchanged_and_return_no_claim_to_review(world: World) -> None:
    await taken(world, ndjson_of(student(1), student(2)))
    claim = await world.claim(COUNTY, "sending_award")
    done = await taken(world, csv_of(student(2), student(1)), "text/csv")
    assert (done["unchanged_rows"], done["accepted_rows"], done["sequence"]) == (2, 2, None)
    assert (await world.read(COUNTY, f"/claims/{claim['id']}"))["state"] == "accepted"


async def test_a_file_is_taken_in_again_once_that_could_change_something(world: World) -> None:
    old = ndjson_of(student(1))
    await taken(world, old)
    await taken(world, ndjson_of(student(1, major="护理")))
    back = await taken(world, old)
    assert counts(back) == (1, 1, 0, 1, 0), "another file changed the rosters since"
    for more in ({"who": OTHER_COUNTY}, {"year": 2024}):
        assert (await send(world, old, **more)).json()["repeated"] is False
    faulty = ndjson_of(student(5, school="新学校"))
    await taken(world, faulty)
    assert (await send(world, faulty)).json()["repeated"] is True
    world.registry.members[0]["aliases"] = ["新学校"]
    mended = await taken(world, faulty)
    assert (mended["new_rows"], mended["rejected_rows"]) == (1, 0)


async def test_a_key_stands_for_the_streamed_bytes_and_what_was_said_of_them(world: World) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 10):
            yield content[at : at + 10]

    content = ndjson_of(student(1))
    key = {"headers": {"Idempotency-Key": "k"}}
    first = await send(world, content, **key)
    replay = await send(world, streamed(), **key)
    assert (replay.status_code, replay.json(), replay.headers["idempotent-replay"]) == (202, first.json(), "true")
    for other in ({"year": 2024}, {"mode": "all_or_nothing"}):
        assert (await send(world, content, **other, **key)).status_code == 409
    assert (await send(world, ndjson_of(student(2)), **key)).json()["code"] == "idempotency_key_reused"
    assert len(list(world.tools.files._folder.glob("*"))) == 1, "refused and repeated bodies leave no file"


@pytest.mark.parametrize("media", ["application/json", "application/x-ndjson", "text/csv", XLSX])
async def test_a_file_that_is_no_roster_of_its_kind_fails_with_a_reason(world: World, media: str) -> None:
    contents = {
        "application/json": [b"[" + ndjson_of(student(1))[:-9], b"7", b"[]", ndjson_of(student(1))],
        "application/x-ndjson": [ndjson_of(school_class("C1")), b"\xff\xfe"],
        "text/csv": [b"a,b\n1,2\n", b"\x00"],
        XLSX: [b"PK\x03\x04", workbook(RosterKind.CLASSES, [school_class("C1")])],
    }
    for content in contents[media]:
        done = await taken(world, content, media)
        assert done["state"] == "failed", content
        assert done["failure"].endswith("。")
        job = await world.read(COUNTY, f"/jobs/{done['job']}")
        assert (job["state"], job["error"]["detail"]) == ("failed", done["failure"])
    assert not list(world.tools.files._folder.glob("*"))
    assert await on_rosters(world) == []


async def test_a_truncated_line_is_returned_and_the_other_rows_are_taken_in(world: World) -> None:
    done = await taken(world, ndjson_of(student(1), student(2))[:-30])
    assert counts(done) == (2, 1, 1, 0, 1)
    assert await faults(world, done) == [(2, "row", "json_invalid")]


async def test_a_body_is_refused_before_it_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = await send(world, b"")
    assert (nothing.status_code, nothing.json()["code"]) == (415, "file_empty")
    unknown = await send(world, b"x", "application/octet-stream")
    assert (unknown.status_code, unknown.json()["code"]) == (415, "media_type_unknown")
    packed = await send(world, b"x", headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415
    lacking = await send(world, b"{}", kind=None, year=None)
    assert {error["field"] for error in lacking.json()["errors"]} == {"kind", "year"}
    for wrong in ({"kind": "teachers"}, {"year": 1999}, {"mode": "some"}):
        assert (await send(world, b"{}", **wrong)).status_code == 422
    assert (await send(world, b"{}", who="leader")).status_code == 403
    assert world.app is not None
    settings = world.app.state.settings.model_copy(update={"bulk_limit_bytes": 100})
    monkeypatch.setattr(world.app.state, "settings", settings)
    announced = await send(world, b"x" * 101)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 50
        raise AssertionError("the rest of a body that is too large is not read")

    streamed = await send(world, endless())
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert not list(world.tools.files._folder.glob("*"))


async def test_a_sender_that_goes_away_leaves_nothing(world: World) -> None:
    async def breaks_off() -> AsyncIterator[bytes]:
        yield b"x" * 3_000_000
        raise ConnectionError

    assert (await send(world, breaks_off())).status_code == 503
    assert not list(world.tools.files._folder.glob("*"))
    assert (await world.read(COUNTY, "/roster-imports"))["total"] == 0


class KilledError(BaseException):
    """Stands for a worker that is gone at once: nothing catches it."""


async def test_a_worker_killed_between_parts_leaves_nothing_half_done_and_the_next_one_finishes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.kernel.workbooks.bulk.json_stream.BATCH_ROWS", 2)
    answer = await send(world, ndjson_of(*[student(n, name=None if n == 3 else "王") for n in range(1, 8)]))
    async with world.database.engine.connect() as connection:
        payload = (await connection.execute(text("SELECT payload FROM pgqueuer ORDER BY id DESC LIMIT 1"))).scalar_one()
    add, parts = Incoming.add, 0

    async def killed(self: Incoming, rows: bytes, faults: bytes) -> None:
        nonlocal parts
        parts += 1
        if parts == 3:
            raise KilledError
        await add(self, rows, faults)

    monkeypatch.setattr(Incoming, "add", killed)
    with pytest.raises(KilledError):
        await run_job(world.database, world.clock, handlers_with(world.tools), payload)
    assert (await world.read(COUNTY, "/students"))["total"] == 0
    assert (await world.sql("SELECT count(*) FROM roster_reject"))[0][0] == 0
    waiting = await world.read(COUNTY, f"/roster-imports/{answer.json()['id']}")
    assert waiting["state"] == "queued"
    job = await world.read(COUNTY, f"/jobs/{waiting['job']}")
    assert job["message"] == "已核对 4 行，退回 1 行"
    await run_job(world.database, world.clock, handlers_with(world.tools), payload)
    await run_job(world.database, world.clock, handlers_with(world.tools), payload)
    done = await world.read(COUNTY, f"/roster-imports/{waiting['id']}")
    assert counts(done) == (7, 6, 6, 0, 1)
    assert await faults(world, done) == [(3, "name", "field_missing")]


async def test_too_many_faults_stop_the_import_and_the_first_are_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MAXIMUM_FAULTS", 3)
    done = await taken(world, ndjson_of(*[student(n, name=None) for n in range(1, 6)]))
    assert (done["state"], done["fault_count"], len(done["issues"])) == ("failed", 0, 5)
    assert "错误超过 3 处" in done["failure"]


async def test_the_workbook_holds_the_first_returned_rows_and_the_files_hold_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "WORKBOOK_ROWS", 2)
    monkeypatch.setattr("services.subsidies.api.import_reading.PART", 2)
    rows = [student(n, name=None, major=None) for n in range(1, 4)]
    done = await taken(world, ndjson_of(*rows))
    book = await world.get(COUNTY, f"/roster-imports/{done['id']}/errors.xlsx")
    again = await taken(world, book.content, XLSX)
    assert again["total_rows"] == 2
    path = f"/roster-imports/{done['id']}/rejected-rows"
    lines = (await world.get(COUNTY, f"{path}.ndjson")).text.splitlines()
    assert [(json.loads(line)["line"], json.loads(line)["field"]) for line in lines] == [
        (line, field) for line in (1, 2, 3) for field in ("name", "major")
    ]
    table = list(csv.reader(io.StringIO((await world.get(COUNTY, f"{path}.csv")).text.removeprefix("\ufeff"))))
    assert table[0] == ["行号", "字段", "列", "错误代码", "错误原因"]
    assert table[1] == ["1", "name", "姓名", "field_missing", "必填，请填写。"]
    assert len(table) == 7
    clean = await taken(world, ndjson_of(student(9)))
    assert (await world.get(COUNTY, f"/roster-imports/{clean['id']}/rejected-rows.ndjson")).text == ""
    told = await world.sql("SELECT action, after FROM audit_entry WHERE action = 'roster_reject.exported' ORDER BY at")
    assert [after["rows"] for _, after in told] == [6, 6, 0]


async def test_another_countys_import_is_not_found_by_any_of_its_addresses(world: World) -> None:
    done = await taken(world, ndjson_of(student(1, name=None)))
    for path in ("", "/rejected-rows", "/rejected-rows.csv", "/rejected-rows.ndjson", "/errors.xlsx"):
        assert (await world.get(OTHER_COUNTY, f"/roster-imports/{done['id']}{path}")).status_code == 404
        assert (await world.get("hn", f"/roster-imports/{done['id']}{path}")).status_code == 404
        assert (await world.get("secretariat", f"/roster-imports/{done['id']}{path}")).status_code == 200
    world.alliance = "xiaogan"
    assert (await world.get("secretariat", f"/roster-imports/{done['id']}/rejected-rows")).status_code == 404


async def test_formulas_stay_text_on_their_way_back(world: World) -> None:
    done = await taken(world, ndjson_of(student(1, name="=cmd|' /C calc'!A0", major=None)))
    answer = await world.get(COUNTY, f"/roster-imports/{done['id']}/errors.xlsx")
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(answer.content))["学生名册"] for cell in row]
    [name] = [cell for cell in cells if "calc" in str(cell.value)]
    assert name.data_type == "s"


async def test_nothing_raw_is_kept_in_tables_or_readable_on_the_disk(world: World, tmp_path: Path) -> None:
    rows = [
        student(1),
        student(2, major=None),
        {**student(3), id_number(4): 1},
        student(5, id_number=id_number(5)[:-1]),
    ]
    answer = await send(world, ndjson_of(*rows))
    [written] = stored(tmp_path)
    assert id_number(1).encode() not in written
    await world.run_jobs()
    done = await world.read(COUNTY, f"/roster-imports/{answer.json()['id']}")
    assert done["warnings"] == [], "a name that is a number is not repeated"
    for table in ("roster_import", "roster_reject", "student", "job", "audit_entry"):
        kept = " ".join(row[0] for row in await world.sql(f"SELECT t::text FROM {table} t"))
        for number in (id_number(n) for n in range(1, 6)):
            assert number[6:17] not in kept, table


async def test_what_was_returned_is_forgotten_with_the_workbook(world: World) -> None:
    done = await taken(world, ndjson_of(student(1, name=None)))
    world.clock.advance(timedelta(days=31))
    await taken(world, ndjson_of(student(2)))
    assert await faults(world, {**done, "fault_count": 0}) == []
    assert (await world.sql("SELECT count(*) FROM roster_reject"))[0][0] == 0


async def test_the_import_is_told_in_its_own_transaction(world: World) -> None:
    done = await taken(world, ndjson_of(student(1), student(2, name=None)))
    [(event, division, data)] = await world.sql(
        "SELECT type, division, data FROM outbox_event WHERE object_kind = 'roster_import'"
    )
    assert (event, division) == ("roster.imported", COUNTY)
    assert (data["kind"], data["year"], data["total"], data["new"], data["rejected"]) == ("students", 2025, 2, 1, 1)
    [(after,)] = await world.sql("SELECT after FROM audit_entry WHERE action = 'roster.recorded'")
    assert (after["sha256"], after["new"], after["rejected"]) == (done["sha256"], 1, 1)


def many(count: int) -> bytes:
    """So many rows, of which each hundredth has a wrong check digit."""
    lines = [",".join(FIELDS)]
    for number in range(count):
        day = date(2007, 1, 1) + timedelta(days=number // 999)
        body = f"340822{day:%Y%m%d}{number % 999:03d}"
        person = body + ("?" if number % 100 == 99 else id_check_character(body))
        where = f"怀宁职校,专业{number % 30},C{number % 500}"
        rest = f"2025-09-{number % 28 + 1:02d},340822,怀宁县示例中学,在籍,,生源输送奖励"
        lines.append(f"王小{number % 97},{person},2025,{where},{rest}")
    return "\n".join(lines).encode()


async def test_a_hundred_thousand_rows_are_taken_in_while_the_loop_stays_free(world: World) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    answer = await send(world, many(100_000), "text/csv")
    beside = asyncio.create_task(tick())
    await world.run_jobs()
    beside.cancel()
    done = await world.read(COUNTY, f"/roster-imports/{answer.json()['id']}")
    assert counts(done) == (100_000, 99_000, 99_000, 0, 1_000), done["failure"]
    assert done["fault_count"] == 1_000
    assert ticks > 20, "the loop turned while rows were read, checked and stored"
    assert (await world.sql("SELECT count(*) FROM student"))[0][0] == 99_000
    assert take_in_roster.READ < take_in_roster.WHOLE

"""Deciding which place of a document counts, over HTTP, on the real database."""

import asyncio
import io
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import openpyxl
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from services.kernel.citations import CitedResolution
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.errors import Unavailable
from services.kernel.permissions import Role
from services.kernel.shared_tables import audit_entry
from services.targets.app import create_app
from services.targets.settings import TargetsSettings
from tests.support.services import service_settings
from tests.support.tokens import Signer
from tests.targets.conftest import Talk
from tests.targets.enan import CODE, TABLE_45, TEXT_50, apply_enan

Headers = dict[str, str]
PAGE = f"/indicators/{CODE}"
DECIDE = f"{PAGE}/source-decisions"
BY_TEXT = {"year": 2023, "article": "三", "opinion": "正文是目标，分解表是年度安排。", "replaces": None}
BY_TABLE = {"year": 2023, "article": "表10", "opinion": "分解表写明了逐年进度。", "replaces": None}
CARRIED = CitedResolution(
    id=UUID("0b0f3f0e-6f0a-4d5c-9a57-3c1f3a3d9a01"),
    number="鄂职集〔2026〕1号",
    title="关于三本机制考核口径的决议",
    outcome="passed",
    citable=True,
    resolved_on=None,
)
LOST = CARRIED.model_copy(
    update={"id": UUID("0b0f3f0e-6f0a-4d5c-9a57-3c1f3a3d9a02"), "outcome": "rejected", "citable": False}
)
WHEN = "2025-12-01T04:00:00Z"
ASKED = [
    {"article": "表10", "value": "45", "text": None, "counts": False},
    {"article": "三", "value": "50", "text": None, "counts": False},
]


class KnownResolutions:
    """Plays the registry: what it has on record in alliance `enan`, or no answer at all."""

    def __init__(self) -> None:
        self.known = {resolution.id: resolution for resolution in (CARRIED, LOST)}
        self.down = False

    async def find(self, alliance: str, resolution: UUID) -> CitedResolution | None:
        if self.down:
            raise Unavailable("登记服务暂时无法连接。")
        return self.known.get(resolution) if alliance == "enan" else None


@pytest.fixture
def resolutions() -> KnownResolutions:
    return KnownResolutions()


@pytest.fixture
def app(url: str, clock: FixedClock, signer: Signer, tmp_path: Path, resolutions: KnownResolutions) -> FastAPI:
    """The service with the pack of 鄂职发〔2021〕5号 applied to its alliance."""
    apply_enan(url, clock, tmp_path / "first")
    settings = service_settings(TargetsSettings, url, tmp_path)
    return create_app(settings, jwks_source=signer.jwks, clock=clock, resolutions=resolutions)


@pytest.fixture
def office(signer: Signer) -> Headers:
    return signer.headers("secretariat_clerk", alliance="enan", name="秘书处 王琳")


@pytest.fixture
def county(signer: Signer) -> Headers:
    return signer.headers("county_clerk", alliance="enan", division="421221", name="嘉鱼县教育局")


async def decide(client: httpx.AsyncClient, headers: Headers, given: dict[str, Any], **more: Any) -> httpx.Response:
    return await client.post(DECIDE, json={**given, **more}, headers=headers)


async def shown(client: httpx.AsyncClient, headers: Headers, year: int = 2023) -> Any:
    return (await client.get(PAGE, params={"year": year}, headers=headers)).json()


async def report(client: httpx.AsyncClient, headers: Headers, year: int, percent: int) -> None:
    figures = {"indicator": CODE, "year": year, "numerator": str(percent), "denominator": "100"}
    made = await client.post("/reports", json=figures, headers=headers)
    seen = {**headers, "If-Match": made.headers["etag"]}
    assert (await client.post(f"/reports/{made.json()['id']}/acceptance", json={}, headers=seen)).status_code == 200


# ---- before, after, and again


def test_until_somebody_decides_both_places_stand_and_the_year_is_not_judged(talk: Talk, office: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        await report(client, office, 2023, 46)
        listed = (await client.get("/indicators?year=2023", headers=office)).json()["items"]
        return await shown(client, office), {item["code"]: item["in_conflict"] for item in listed}

    told, marks = talk(body)
    assert told["conflicts"] == [{"year": 2023, "sources": ASKED, "decided": False, "decisions": []}]
    assert (told["in_conflict"], marks[CODE], marks["colleges"]) == (True, True, False)
    assert (told["status"]["light"], told["status"]["required"], told["status"]["observed"]) == ("grey", None, "46")
    assert [(m["year"], m["article"], m["counts"]) for m in told["milestones"]] == [
        (2021, "表10", True),
        (2022, "表10", True),
        (2023, "表10", False),
        (2023, "三", False),
    ]


@pytest.mark.parametrize(("given", "light", "required"), [(BY_TEXT, "red", "50"), (BY_TABLE, "green", "45")])
def test_a_decision_makes_the_year_judged_by_that_place(
    talk: Talk, office: Headers, given: dict[str, Any], light: str, required: str
) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        await report(client, office, 2023, 46)
        made = await decide(client, office, given)
        return made, await shown(client, office)

    made, told = talk(body)
    decision = {
        "id": made.json()["id"],
        "no": 1,
        "article": given["article"],
        "value": required,
        "text": None,
        "opinion": given["opinion"],
        "cited": None,
        "replaces": None,
        "decided_at": WHEN,
        "decided_by_name": "秘书处 王琳",
        "holds": True,
    }
    assert (made.status_code, made.json()) == (201, decision)
    assert made.headers["Location"] == f"/api/targets/v1{PAGE}"
    [conflict] = told["conflicts"]
    assert (conflict["decided"], told["in_conflict"], conflict["decisions"]) == (True, False, [decision])
    assert [s["counts"] for s in conflict["sources"]] == [s["article"] == given["article"] for s in ASKED]
    assert [m["article"] for m in told["milestones"] if m["counts"] and m["year"] == 2023] == [given["article"]]
    assert (told["status"]["light"], told["status"]["required"]) == (light, required)


def test_a_later_decision_replaces_the_one_that_stands_and_may_cite_a_resolution(talk: Talk, office: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        first = (await decide(client, office, BY_TEXT, resolution_number="集团〔2025〕7号")).json()
        second = await decide(client, office, BY_TABLE, replaces=first["id"], resolution=str(CARRIED.id))
        citing = [
            (await client.get("/citing-decisions", params={"resolution": str(one)}, headers=office)).json()
            for one in (CARRIED.id, LOST.id)
        ]
        return first, second, await shown(client, office), citing

    first, second, told, (citing, none) = talk(body)
    cited = {"id": str(CARRIED.id), "number": "鄂职集〔2026〕1号", "title": "关于三本机制考核口径的决议"}
    assert second.status_code == 201
    assert [(d["no"], d["article"], d["replaces"], d["holds"]) for d in told["conflicts"][0]["decisions"]] == [
        (2, "表10", first["id"], True),
        (1, "三", None, False),
    ]
    assert [d["cited"] for d in told["conflicts"][0]["decisions"]] == [
        cited,
        {"id": None, "number": "集团〔2025〕7号", "title": None},
    ]
    line = {"title": "本地生源占比2023年按哪一处考核", "detail": "按 表10 的 45% 考核"}
    assert citing == {"items": [{**line, "href": f"/targets/{CODE}", "on": "2025-12-01"}], "total": 1}
    assert none == {"items": [], "total": 0}


def test_a_resolution_s_page_tells_which_decisions_were_replaced(talk: Talk, office: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        first = (await decide(client, office, BY_TEXT, resolution=str(CARRIED.id))).json()
        await decide(client, office, BY_TABLE, replaces=first["id"])
        return await client.get("/citing-decisions", params={"resolution": str(CARRIED.id)}, headers=office)

    assert [item["detail"] for item in talk(body).json()["items"]] == ["按 三 的 50% 考核，后来另有决定"]


def test_the_workbook_tells_the_place_that_counts(talk: Talk, office: Headers) -> None:
    async def sources(client: httpx.AsyncClient) -> dict[Any, Any]:
        book = openpyxl.load_workbook(io.BytesIO((await client.get(f"{PAGE}/series.xlsx", headers=office)).content))
        assert book.active is not None
        return {row[0]: (row[1], row[9]) for row in book.active.iter_rows(min_row=4, values_only=True)}

    async def body(client: httpx.AsyncClient) -> Any:
        before = await sources(client)
        await decide(client, office, BY_TEXT)
        return before, await sources(client)

    before, after = talk(body)
    assert before[2022] == after[2022] == (40, "某政发〔2021〕1号 表10")
    assert (before[2023], after[2023]) == ((None, "某政发〔2021〕1号 表10、三"), (50, "某政发〔2021〕1号 三"))


# ---- refusals


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"year": 2022}, "year", "no_conflict"),
        ({"year": 2030}, "year", "no_conflict"),
        ({"year": None}, "year", "no_conflict"),
        ({"year": 1999}, "year", "greater_than_equal"),
        ({"article": "四"}, "article", "not_a_source"),
        ({"article": ""}, "article", "string_too_short"),
        ({"opinion": " 是 "}, "opinion", "string_too_short"),
        ({"opinion": "长" * 1001}, "opinion", "string_too_long"),
        ({"surprise": 1}, "surprise", "extra_forbidden"),
        ({"resolution": str(uuid4())}, "resolution", "resolution_unknown"),
        ({"resolution": str(LOST.id)}, "resolution", "resolution_not_passed"),
        ({"resolution": str(CARRIED.id), "resolution_number": "1号"}, "resolution_number", "resolution_cited_twice"),
    ],
)
def test_what_cannot_be_decided_is_told_by_field(
    talk: Talk, office: Headers, changes: dict[str, Any], field: str, code: str
) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        return await decide(client, office, BY_TEXT, **changes), await shown(client, office)

    answer, told = talk(body)
    assert answer.status_code == 422
    assert (field, code) in {(e["field"], e["code"]) for e in answer.json()["errors"]}
    assert told["conflicts"][0]["decisions"] == []


def test_every_fault_is_told_at_once_and_the_places_are_named(talk: Talk, office: Headers) -> None:
    answer = talk(lambda c: decide(c, office, BY_TEXT, article="四", resolution=str(LOST.id)))
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
        ("article", "not_a_source"),
        ("resolution", "resolution_not_passed"),
    ]
    assert "请从这些中选择：表10、三。" in answer.json()["errors"][0]["message"]


def test_an_indicator_that_is_not_there(talk: Talk, office: Headers) -> None:
    answer = talk(lambda c: c.post("/indicators/happiness/source-decisions", json=BY_TEXT, headers=office))
    assert (answer.status_code, answer.json()["code"]) == (404, "indicator_not_found")


def test_a_decision_made_on_an_older_one_is_refused(talk: Talk, office: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        early = await decide(client, office, BY_TEXT, replaces=str(uuid4()))  # nothing stands yet
        first = (await decide(client, office, BY_TEXT)).json()["id"]
        blind = await decide(client, office, BY_TABLE)
        second = (await decide(client, office, BY_TABLE, replaces=first)).json()["id"]
        stale = await decide(client, office, BY_TEXT, replaces=first)
        return (
            [early, blind, stale],
            [d["id"] for d in (await shown(client, office))["conflicts"][0]["decisions"]],
            second,
        )

    refused, ids, second = talk(body)
    assert [(a.status_code, a.json()["code"]) for a in refused] == [(409, "source_decision_overtaken")] * 3
    assert (len(ids), ids[0]) == (2, second)
    assert "请刷新页面" in refused[0].json()["detail"]


def test_without_the_registry_nothing_is_decided_that_cites_it(
    talk: Talk, office: Headers, resolutions: KnownResolutions
) -> None:
    resolutions.down = True

    async def body(client: httpx.AsyncClient) -> Any:
        cites = await decide(client, office, BY_TEXT, resolution=str(CARRIED.id))
        return cites, (await shown(client, office))["in_conflict"], await decide(client, office, BY_TEXT)

    cites, still, without = talk(body)
    assert (cites.status_code, cites.json()["code"], still) == (503, "unavailable", True)
    assert without.status_code == 201  # what cites no resolution needs no registry


def test_of_two_at_once_one_is_refused(talk: Talk, office: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        answers = await asyncio.gather(*(decide(client, office, given) for given in (BY_TEXT, BY_TABLE) * 2))
        return answers, (await shown(client, office))["conflicts"][0]["decisions"]

    answers, decisions = talk(body)
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"source_decision_overtaken"}
    assert [d["id"] for d in decisions] == [a.json()["id"] for a in answers if a.status_code == 201]


def test_the_same_key_decides_once(talk: Talk, office: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        keyed = {**office, "Idempotency-Key": "decide-1"}
        return [await decide(client, keyed, BY_TEXT) for _ in range(2)]

    first, again = talk(body)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())


# ---- who


def test_a_county_reads_what_was_decided_and_decides_nothing(talk: Talk, office: Headers, county: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        refused = await decide(client, county, BY_TEXT)
        await decide(client, office, BY_TEXT, resolution=str(CARRIED.id))
        citing = await client.get("/citing-decisions", params={"resolution": str(CARRIED.id)}, headers=county)
        return refused.status_code, (await shown(client, county))["conflicts"][0], citing.json()["total"]

    status, conflict, citing = talk(body)
    assert (status, conflict["decided"], len(conflict["decisions"]), citing) == (403, True, 1, 1)


@pytest.mark.parametrize("alliance", ["xiaogan", "enan-practice"])
def test_another_alliance_has_its_own_conflicts_and_decisions(
    talk: Talk, office: Headers, signer: Signer, url: str, clock: FixedClock, tmp_path: Path, alliance: str
) -> None:
    apply_enan(url, clock, tmp_path / "other", alliance=alliance)
    abroad = signer.headers("secretariat_clerk", alliance=alliance)

    async def body(client: httpx.AsyncClient) -> Any:
        made = (await decide(client, office, BY_TEXT, resolution=str(CARRIED.id))).json()
        citing = await client.get("/citing-decisions", params={"resolution": str(CARRIED.id)}, headers=abroad)
        replacing = await decide(client, abroad, BY_TABLE, replaces=made["id"])
        theirs = await decide(client, abroad, BY_TABLE, resolution=str(CARRIED.id))
        return (await shown(client, abroad))["conflicts"][0], citing.json(), replacing, theirs

    conflict, citing, replacing, theirs = talk(body)
    assert (conflict["decided"], citing["items"], replacing.status_code) == (False, [], 409)
    assert theirs.json()["errors"][0]["code"] == "resolution_unknown"


def test_what_was_tried_out_goes_with_the_secretariat_s_practice(
    talk: Talk, office: Headers, signer: Signer, url: str, clock: FixedClock, tmp_path: Path
) -> None:
    apply_enan(url, clock, tmp_path / "practice", alliance="enan-practice")
    clerk = signer.headers("secretariat_clerk", alliance="enan-practice")
    bureau = signer.headers("county_clerk", alliance="enan-practice", division="421221")

    async def body(client: httpx.AsyncClient) -> Any:
        await decide(client, office, BY_TEXT)
        first = (await decide(client, clerk, BY_TEXT)).json()["id"]
        await decide(client, clerk, BY_TABLE, replaces=first)
        removed = [(await client.post("/practice/reset", headers=h)).json()["removed"] for h in (bureau, clerk)]
        left = [len((await shown(client, h))["conflicts"][0]["decisions"]) for h in (office, clerk)]
        return [one["source_decision"] for one in removed], left, await decide(client, clerk, BY_TEXT)

    removed, left, again = talk(body)
    assert (removed, left, again.status_code) == ([0, 2], [1, 0], 201)


# ---- todos, audit, outbox


def test_an_undecided_conflict_is_a_todo_of_those_who_may_decide(talk: Talk, office: Headers, county: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        before = [(await client.get("/todos", headers=h)).json()["items"] for h in (office, county)]
        await decide(client, office, BY_TEXT)
        return before, (await client.get("/todos", headers=office)).json()["items"]

    before, after = talk(body)
    todo = {
        "id": f"source-{CODE}-2023",
        "kind": "source_conflict",
        "title": "确定考核口径：本地生源占比（2023年）",
        "detail": "表10 要求不低于 45%，三 要求不低于 50%；确定前暂不评分。",
        "due_on": None,
        "state": "open",
        "href": f"/targets/{CODE}",
    }
    assert (before, after) == ([[todo], []], [])


def test_a_decision_is_audited_and_told_to_everybody(
    talk: Talk, office: Headers, signer: Signer, url: str, clock: FixedClock
) -> None:
    service = {**signer.headers(Role.SERVICE, alliance=None), "Hub-Alliance": "enan"}

    async def body(client: httpx.AsyncClient) -> Any:
        first = (await decide(client, office, BY_TEXT)).json()["id"]
        second = (await decide(client, office, BY_TABLE, replaces=first, resolution=str(CARRIED.id))).json()["id"]
        return first, second, (await client.get("/outbox", headers=service)).json()["items"]

    async def entries() -> Any:
        database = Database(url, clock=clock)
        try:
            async with database.read("enan") as session:
                own = audit_entry.c.action == "indicator.source_decided"
                rows = await session.execute(select(audit_entry).where(own).order_by(audit_entry.c.entry_no))
                return [(row.object_id, row.before, row.after, row.reason) for row in rows]
        finally:
            await database.close()

    first, second, events = talk(body)
    by_text = {"id": first, "indicator": CODE, "year": 2023, "article": "三", "value": "50", "text": None}
    by_text |= {"resolution": None, "resolution_number": None}
    by_table = {**by_text, "id": second, "article": "表10", "value": "45"}
    by_table |= {"resolution": str(CARRIED.id), "resolution_number": CARRIED.number}
    assert asyncio.run(entries()) == [
        (CODE, None, by_text, BY_TEXT["opinion"]),
        (CODE, by_text, by_table, BY_TABLE["opinion"]),
    ]
    assert [(e["type"], e["object_id"], e["division"], e["member"]) for e in events] == [
        ("indicator.source_decided", CODE, None, None)
    ] * 2
    assert events[1]["data"] == {"indicator": CODE, "year": 2023, "article": "表10", "value": "45"}


# ---- the pack changes


def test_a_decision_whose_place_asks_for_something_else_now_holds_no_more(
    talk: Talk, office: Headers, url: str, clock: FixedClock, tmp_path: Path
) -> None:
    made = talk(lambda c: decide(c, office, BY_TEXT)).json()["id"]
    apply_enan(url, clock, tmp_path / "second", (TEXT_50, TEXT_50.replace("50", "55")))

    async def body(client: httpx.AsyncClient) -> Any:
        stale, todos = await shown(client, office), (await client.get("/todos", headers=office)).json()["items"]
        return stale, todos, await decide(client, office, BY_TEXT), await decide(client, office, BY_TEXT, replaces=made)

    stale, todos, blind, anew = talk(body)
    [conflict] = stale["conflicts"]
    assert (conflict["decided"], stale["status"]["light"], len(todos)) == (False, "grey", 1)
    assert [(d["value"], d["holds"]) for d in conflict["decisions"]] == [("50", False)]
    assert (blind.status_code, anew.status_code, anew.json()["value"], anew.json()["no"]) == (409, 201, "55", 2)


def test_a_decision_holds_again_once_the_pack_is_as_it_was(
    talk: Talk, office: Headers, url: str, clock: FixedClock, tmp_path: Path
) -> None:
    talk(lambda c: decide(c, office, BY_TABLE))
    decided = []
    for number, value in enumerate(("46", "45")):
        apply_enan(url, clock, tmp_path / str(number), (TABLE_45, TABLE_45.replace("45", value)))
        decided.append(talk(lambda c: shown(c, office))["conflicts"][0]["decided"])
    assert decided == [False, True]


def test_once_the_pack_itself_decides_the_decisions_are_history(
    talk: Talk, office: Headers, url: str, clock: FixedClock, tmp_path: Path
) -> None:
    made = talk(lambda c: decide(c, office, BY_TEXT)).json()
    apply_enan(url, clock, tmp_path / "settled", (TEXT_50, TEXT_50.replace("}", ", assessed: false}")))

    async def body(client: httpx.AsyncClient) -> Any:
        return await shown(client, office), await decide(client, office, BY_TEXT, replaces=made["id"])

    told, refused = talk(body)
    past = [{**made, "holds": False}]
    assert told["conflicts"] == [{"year": 2023, "sources": [], "decided": True, "decisions": past}]
    assert (told["in_conflict"], told["status"]["required"], refused.status_code) == (False, "45", 422)

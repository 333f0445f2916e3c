"""Indicators and reports over HTTP, on the real database."""

import asyncio
import io
from typing import Any

import httpx
import openpyxl
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.shared_tables import audit_entry
from services.targets.domain import REPORT_TRANSITIONS, ReportAction, ReportState, next_state
from services.targets.tables import PolicyVersion
from tests.targets.conftest import Talk, apply_anqing

Headers = dict[str, str]
EMPLOYMENT = {"indicator": "local_employment", "year": 2025, "numerator": "2268", "denominator": "5400"}


async def report(client: httpx.AsyncClient, headers: Headers, **changes: Any) -> httpx.Response:
    return await client.post("/reports", json={**EMPLOYMENT, **changes}, headers=headers)


async def accept(client: httpx.AsyncClient, created: httpx.Response, headers: Headers) -> httpx.Response:
    seen = {"If-Match": created.headers["etag"], **headers}
    return await client.post(f"/reports/{created.json()['id']}/acceptance", json={"opinion": "属实"}, headers=seen)


def test_the_document_s_indicators_come_with_their_citation(talk: Talk, secretariat: Headers) -> None:
    answer = talk(lambda c: c.get("/indicators", params={"year": 2025}, headers=secretariat)).json()
    by_code = {item["code"]: item for item in answer["items"]}
    assert (answer["total"], answer["year"]) == (10, 2025)
    employment = by_code["local_employment"]
    assert employment["citation"] == {"pack": "anqing-2024", "number": "宜政秘〔2024〕91号", "article": "二16"}
    assert [(m["year"], m["value"]) for m in employment["milestones"]] == [
        (2024, "40"),
        (2025, "42"),
        (2026, "45"),
        (2027, "50"),
    ]
    assert (employment["status"]["light"], employment["status"]["observed"]) == ("blue", None)


def test_nineteen_tasks(talk: Talk, secretariat: Headers) -> None:
    answer = talk(lambda c: c.get("/tasks", headers=secretariat)).json()
    assert (answer["total"], answer["items"][0]["citation"]["article"]) == (19, "二1")


def test_a_report_counts_once_it_is_accepted(talk: Talk, secretariat: Headers, college: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> list[Any]:
        created = await report(client, college)
        before = (await client.get("/indicators/local_employment?year=2025", headers=college)).json()["status"]
        accepted = await accept(client, created, secretariat)
        after = (await client.get("/indicators/local_employment?year=2025", headers=college)).json()
        return [created, before, accepted, after]

    created, before, accepted, after = talk(body)
    assert (created.status_code, created.json()["value"], created.json()["state_label"]) == (201, "42", "待审核")
    assert before["observed"] is None
    assert accepted.json()["state"] == "accepted"
    status = after["status"]
    assert (status["observed"], status["numerator"], status["denominator"]) == ("42", "2268.0000", "5400.0000")
    assert (status["light"], status["reports"]) == ("green", 1)
    assert after["latest"] == {"year": 2025, "observed": "42"}
    assert [s["year"] for s in after["series"]] == [2024, 2025, 2026, 2027]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"numerator": None}, "numerator", "missing"),
        ({"denominator": "0", "numerator": "0"}, "denominator", "denominator_zero"),
        ({"numerator": "5401"}, "numerator", "numerator_exceeds"),
        ({"value": "42"}, "value", "value_not_taken"),
        ({"indicator": "vocational_training"}, "value", "missing"),
        ({"year": 1999}, "year", "greater_than_equal"),
        ({"numerator": "-1"}, "numerator", "greater_than_equal"),
        ({"surprise": 1}, "surprise", "extra_forbidden"),
    ],
)
def test_wrong_figures_are_told_by_field(
    talk: Talk, college: Headers, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = talk(lambda c: report(c, college, **changes))
    assert answer.status_code == 422
    assert (field, code) in {(e["field"], e["code"]) for e in answer.json()["errors"]}


def test_an_unknown_indicator_is_not_found(talk: Talk, college: Headers) -> None:
    answer = talk(lambda c: report(c, college, indicator="happiness"))
    assert (answer.status_code, answer.json()["code"]) == (404, "indicator_not_found")


def test_a_unit_reports_once_a_year(talk: Talk, college: Headers, huaining: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> list[int]:
        answers = [await report(client, h, year=y) for h, y in ((college, 2025), (college, 2025), (college, 2026))]
        answers.append(await report(client, huaining))
        return [a.status_code for a in answers]

    assert talk(body) == [201, 409, 201, 201]


def test_a_returned_report_is_corrected_and_keeps_its_history(
    talk: Talk, secretariat: Headers, college: Headers
) -> None:
    async def body(client: httpx.AsyncClient) -> list[Any]:
        created = await report(client, college)
        path = f"/reports/{created.json()['id']}"
        silent = await client.post(f"{path}/return", json={}, headers={**secretariat, "If-Match": '"1"'})
        returned = await client.post(
            f"{path}/return", json={"opinion": "分母不含升学者，请核"}, headers={**secretariat, "If-Match": '"1"'}
        )
        stale = await client.put(
            path, json={"numerator": "1", "denominator": "2"}, headers={**college, "If-Match": '"1"'}
        )
        figures = {"numerator": "2200", "denominator": "5000", "note": "已核"}
        mended = await client.put(path, json=figures, headers={**college, "If-Match": returned.headers["etag"]})
        life = (await client.get(path, headers=college)).json()["decisions"]
        return [silent.status_code, returned.json()["state"], stale.status_code, mended.json(), life]

    silent, returned, stale, mended, life = talk(body)
    assert (silent, returned, stale) == (422, "returned", 412)
    assert (mended["state"], mended["value"], mended["version"]) == ("submitted", "44", 3)
    assert [(d["action"], d["figures"]["numerator"]) for d in life] == [
        ("submit", "2268"),
        ("return", "2268.0000"),
        ("revise", "2200"),
    ]


def test_an_accepted_report_cannot_be_changed_behind_its_acceptance(
    talk: Talk, secretariat: Headers, college: Headers
) -> None:
    async def body(client: httpx.AsyncClient) -> httpx.Response:
        created = await report(client, college)
        accepted = await accept(client, created, secretariat)
        figures = {"numerator": "5000", "denominator": "5400"}
        headers = {**college, "If-Match": accepted.headers["etag"]}
        return await client.put(f"/reports/{created.json()['id']}", json=figures, headers=headers)

    answer = talk(body)
    assert (answer.status_code, answer.json()["code"]) == (409, "report_state")


def test_others_reports_are_not_found(talk: Talk, college: Headers, huaining: Headers, signer: Any) -> None:
    async def body(client: httpx.AsyncClient) -> list[Any]:
        created = await report(client, college)
        path = f"/reports/{created.json()['id']}"
        abroad = signer.headers("secretariat_clerk", alliance="xiaogan")
        seen = [(await client.get(path, headers=h)).status_code for h in (college, huaining, abroad)]
        lists = [(await client.get("/reports", headers=h)).json()["total"] for h in (college, huaining, abroad)]
        put = await client.put(path, json={"numerator": "1", "denominator": "2"}, headers={**huaining, "If-Match": "*"})
        foreign = (await client.get("/indicators", headers=abroad)).json()["total"]
        return [seen, lists, put.status_code, foreign]

    assert talk(body) == [[200, 404, 404], [1, 0, 0], 404, 0]


def test_a_unit_cannot_accept(talk: Talk, college: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> int:
        return (await accept(client, await report(client, college), college)).status_code

    assert talk(body) == 403


def test_the_same_key_reports_once(talk: Talk, college: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> list[Any]:
        keyed = {**college, "Idempotency-Key": "report-1"}
        answers = await asyncio.gather(*(report(client, keyed) for _ in range(4)))
        return [sorted({a.status_code for a in answers}), len({a.json()["id"] for a in answers})]

    assert talk(body) == [[201], 1]


def test_lists_filter_and_page(talk: Talk, secretariat: Headers, college: Headers, huaining: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> list[Any]:
        for year in (2024, 2025, 2026):
            await report(client, college, year=year)
        await report(client, huaining)
        first = (await client.get("/reports?limit=3&sort=-year", headers=secretariat)).json()
        rest = (
            await client.get(f"/reports?limit=3&sort=-year&cursor={first['next_cursor']}", headers=secretariat)
        ).json()
        only = (await client.get("/reports?year=2025&state=submitted", headers=secretariat)).json()
        wrong = await client.get("/reports?sort=happiness", headers=secretariat)
        return [
            [r["year"] for r in first["items"] + rest["items"]],
            rest["next_cursor"],
            only["total"],
            wrong.status_code,
        ]

    assert talk(body) == [[2026, 2025, 2025, 2024], None, 2, 422]


def test_todos_follow_the_state(talk: Talk, secretariat: Headers, college: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> list[Any]:
        async def states(headers: Headers) -> list[str]:
            return [t["state"] for t in (await client.get("/todos", headers=headers)).json()["items"]]

        created = await report(client, college)
        seen = [await states(secretariat), await states(college)]
        await accept(client, created, secretariat)
        return [*seen, await states(secretariat), await states(college)]

    assert talk(body) == [["open"], [], ["done"], ["done"]]


def test_the_spreadsheet_behind_the_chart(talk: Talk, secretariat: Headers, college: Headers) -> None:
    async def body(client: httpx.AsyncClient) -> bytes:
        await accept(client, await report(client, college), secretariat)
        return (await client.get("/indicators/local_employment/series.xlsx", headers=secretariat)).content

    sheet = openpyxl.load_workbook(io.BytesIO(talk(body))).active
    assert sheet is not None
    rows = {row[0]: row for row in sheet.iter_rows(min_row=4, values_only=True)}
    assert rows[2025][1:6] == (42, "2025-12-31", 2268, 5400, 42)
    assert rows[2025][9] == "宜政秘〔2024〕91号 二16"


def test_applying_a_pack_again_changes_nothing(url: str, clock: FixedClock) -> None:
    async def body() -> Any:
        applied = [await apply_anqing(url, clock) for _ in range(2)]
        database = Database(url)
        async with database.read("anqing") as session:
            counts = [await session.scalar(select(func.count()).select_from(t)) for t in (PolicyVersion, audit_entry)]
        await database.close()
        return [(a.version, a.changed) for a in applied], counts

    assert asyncio.run(body()) == ([(1, True), (1, False)], [1, 1])


@pytest.mark.parametrize("table", ["report_decision", "source_decision", "policy_version"])
def test_history_is_append_only(url: str, table: str) -> None:
    async def body() -> None:
        database = Database(url)
        try:
            async with database.write("anqing") as session:
                await session.execute(text(f"DELETE FROM {table}"))
        finally:
            await database.close()

    with pytest.raises(DBAPIError, match="permission denied"):
        asyncio.run(body())


def test_every_step_that_is_not_in_the_table_is_refused() -> None:
    for state in ReportState:
        for action in (ReportAction.REVISE, ReportAction.ACCEPT, ReportAction.RETURN):
            if (state, action) in REPORT_TRANSITIONS:
                assert next_state(state, action) is REPORT_TRANSITIONS[state, action]
            else:
                with pytest.raises(Exception, match=state.label):
                    next_state(state, action)

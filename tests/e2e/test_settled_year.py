"""The demonstration through the real processes: its settlement equals what was worked out by hand, to the 分."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from ruamel.yaml import YAML

from hub.demo.sign_in import signed_in
from tests.support.running_hub import RunningHub

EXPECTED = YAML(typ="safe").load((Path(__file__).parents[1] / "demo" / "expected_2025.yaml").read_text())
API = "/api/subsidies/v1"
Talk = Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]


def as_user(hub: RunningHub, username: str, talk: Talk) -> Any:
    """Sign in as a person would and hold one conversation with the API."""

    async def body() -> Any:
        async with await signed_in(hub.url, hub.oauth_client, hub.accounts[username]) as client:
            return await talk(client)

    return asyncio.run(body())


async def job_done(client: httpx.AsyncClient, accepted: httpx.Response) -> dict[str, Any]:
    assert accepted.status_code == 202, accepted.text
    for _ in range(600):
        job: dict[str, Any] = (await client.get(accepted.headers["location"])).json()
        if job["state"] in ("succeeded", "failed"):
            return job
        await asyncio.sleep(0.2)
    raise AssertionError("the job did not end in two minutes")


async def settle(client: httpx.AsyncClient) -> dict[str, Any]:
    wanted = {"year": EXPECTED["year"], "snapshot_date": str(EXPECTED["snapshot_date"])}
    job = await job_done(client, await client.post(f"{API}/settlements", json=wanted))
    assert job["state"] == "succeeded", job
    settlement: dict[str, Any] = (await client.get(f"{API}/settlements/{job['result']['settlement']}")).json()
    return settlement


async def every(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {"limit": 200, **query, **({"cursor": cursor} if cursor else {})}
        page = (await client.get(path, params=params)).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            assert len(items) == page["total"]
            return items


@pytest.fixture(scope="module")
def settled(hub: RunningHub) -> dict[str, Any]:
    settlement: dict[str, Any] = as_user(hub, "mishuchu", settle)
    return settlement


def test_totals_are_those_worked_out_by_hand(settled: dict[str, Any]) -> None:
    totals, pool = EXPECTED["totals"], settled["pools"][0]
    assert settled["line_count"] == totals["lines"]
    assert (settled["payable"], settled["within"], settled["above"]) == (
        totals["payable"],
        totals["within_pool"],
        totals["above_pool"],
    )
    assert (pool["amount"], pool["left"], pool["article"]) == (
        EXPECTED["pool"]["amount"],
        totals["unspent"],
        EXPECTED["pool"]["article"],
    )


def test_each_rule_pays_and_excludes_what_the_document_says(settled: dict[str, Any]) -> None:
    by_rule = {rule["rule"]: rule for rule in settled["rules"]}
    reasons: dict[str, dict[str, int]] = {}
    for reason in settled["reasons"]:
        reasons.setdefault(reason["rule"], {})[reason["reason"]] = reason["count"]
    for code, wanted in EXPECTED["rules"].items():
        found = by_rule[code]
        assert (found["article"], found["payable_count"], found["payable"]) == (
            wanted["article"],
            wanted["payable"],
            wanted["amount"],
        ), code
        assert reasons.get(code, {}) == wanted["excluded"], code


def test_each_payee_gets_its_amount(settled: dict[str, Any]) -> None:
    found = {p["payee_name"]: (p["within"], p["above"]) for p in settled["payees"]}
    wanted = {name: (p["within_pool"], p["above_pool"]) for name, p in EXPECTED["payees"].items()}
    assert found == wanted


def test_classes_are_ranked_and_the_pool_ends_between_two_of_them(hub: RunningHub, settled: dict[str, Any]) -> None:
    path = f"{API}/settlements/{settled['id']}/lines"

    async def talk(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        return await every(client, path, rule="school_enterprise_class")

    lines = [line for line in as_user(hub, "mishuchu", talk) if line["rank"] is not None]
    ranks = {line["rank"]: line for line in lines}
    for funding in ("within_pool", "above_pool"):
        for wanted in EXPECTED[f"classes_{funding}"]:
            line = ranks[wanted["rank"]]
            assert (line["funding"], wanted["code"] in line["subject"]) == (funding, True), wanted


def test_every_line_explains_itself_and_agrees(hub: RunningHub, settled: dict[str, Any]) -> None:
    path = f"{API}/settlements/{settled['id']}/lines"

    async def talk(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        samples = []
        for query in ({"outcome": "excluded"}, {"rule": "consortium_provincial"}, {"funding": "above_pool"}):
            samples += (await every(client, path, **query))[:60]
        answers = [await client.get(f"{path}/{line['no']}") for line in samples]
        assert [a.text for a in answers if a.status_code != 200] == []
        return [a.json() for a in answers]

    for line in as_user(hub, "mishuchu", talk):
        assert line["matches"], line
        assert line["conditions"], line
        assert line["article"].startswith(("二", "三")), line
        if line["outcome"] == "excluded":
            assert line["amount"] == "0.00"
            assert [c["holds"] for c in line["conditions"]].count(False) >= 1, line


def test_settling_again_gives_identical_lines_and_hash(hub: RunningHub, settled: dict[str, Any]) -> None:
    async def talk(client: httpx.AsyncClient) -> tuple[dict[str, Any], list[Any], list[Any], dict[str, Any]]:
        again = await settle(client)
        first = await every(client, f"{API}/settlements/{settled['id']}/lines")
        second = await every(client, f"{API}/settlements/{again['id']}/lines")
        verified = (await client.post(f"{API}/settlements/{settled['id']}/verification")).json()
        return again, first, second, verified

    again, first, second, verified = as_user(hub, "mishuchu", talk)
    assert (again["hash"], second) == (settled["hash"], first)
    assert again["id"] != settled["id"]
    assert verified["matches"]
    assert verified["recomputed"] == verified["kept"] == settled["hash"]


def test_the_payment_table_adds_up(hub: RunningHub, settled: dict[str, Any]) -> None:
    async def talk(client: httpx.AsyncClient) -> bytes:
        return (await client.get(f"{API}/settlements/{settled['id']}/payment-table.xlsx")).content

    book = openpyxl.load_workbook(io.BytesIO(as_user(hub, "mishuchu", talk)))
    cells = [cell.value for row in book.worksheets[0].iter_rows() for cell in row if cell.value is not None]
    amounts = {Decimal(str(value)) for value in cells if isinstance(value, int | float)}
    assert Decimal(EXPECTED["totals"]["within_pool"]) in amounts
    assert any("人民币肆佰玖拾万捌仟伍佰元整" in str(value) for value in cells)
    notes = " ".join(str(c.value) for sheet in book.worksheets for row in sheet.iter_rows() for c in row if c.value)
    assert settled["hash"] in notes
    assert "宜政秘〔2024〕91号" in notes


def test_a_county_sees_its_own_and_nothing_else(hub: RunningHub, settled: dict[str, Any]) -> None:
    async def talk(client: httpx.AsyncClient) -> tuple[set[str], set[str], int, int]:
        students = await every(client, f"{API}/students", year=2025)
        members = await every(client, "/api/registry/v1/members")
        settling = await client.post(f"{API}/settlements", json={"year": 2025, "snapshot_date": "2025-11-30"})
        return (
            {s["owner"] for s in students},
            {m["division"] for m in members},
            len(students),
            settling.status_code,
        )

    owners, divisions, count, settling = as_user(hub, "bureau-340822", talk)
    assert (owners, divisions, settling) == ({"division:340822"}, {"340822"}, 403)
    wanted = next(i for i in EXPECTED["imports"] if i["file"] == "340822-students-2025.xlsx")
    assert count == wanted["accepted"]


def test_imports_took_in_and_sent_back_what_was_meant(hub: RunningHub) -> None:
    async def talk(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        return await every(client, f"{API}/roster-imports")

    found = {i["file_name"]: i for i in as_user(hub, "mishuchu", talk)}
    for wanted in EXPECTED["imports"]:
        taken = found[wanted["file"]]
        assert (taken["new_rows"], taken["rejected_rows"]) == (wanted["accepted"], len(wanted["rejected"])), wanted[
            "file"
        ]

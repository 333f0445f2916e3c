"""Reports outlive the version of the pack that they were made under."""

import asyncio
import copy
from typing import Any

import httpx

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.targets.commands.apply_policy import apply_policy
from tests.targets.conftest import OPERATOR, Talk, anqing_parts

REPORT = {"indicator": "local_employment", "year": 2025, "numerator": "2268", "denominator": "5400"}


def drop_indicator(url: str, clock: FixedClock, code: str) -> None:
    """Apply the pack anew without one of its indicators."""
    parts, hashes = anqing_parts()
    changed = copy.deepcopy(parts)
    targets = changed["targets"]
    targets["indicators"] = [entry for entry in targets["indicators"] if entry["code"] != code]

    async def body() -> None:
        database = Database(url)
        async with database.write("anqing") as session:
            await apply_policy(session, clock, OPERATOR, "anqing-2024", changed, {**hashes, "targets": "f" * 64})
        await database.close()

    asyncio.run(body())


def test_a_report_of_an_indicator_that_left_the_pack_is_still_read(
    talk: Talk, url: str, clock: FixedClock, secretariat: dict[str, str]
) -> None:
    made = talk(lambda c: c.post("/reports", json=REPORT, headers=secretariat)).json()
    drop_indicator(url, clock, "local_employment")

    async def read(client: httpx.AsyncClient) -> list[Any]:
        paths = ("/reports", f"/reports/{made['id']}", "/todos", "/indicators/local_employment")
        return [await client.get(path, headers=secretariat) for path in paths]

    listed, one, todos, gone = talk(read)
    assert [answer.status_code for answer in (listed, one, todos, gone)] == [200, 200, 200, 404]
    assert listed.json()["items"][0]["indicator_name"] == one.json()["indicator_name"] == made["indicator_name"]
    assert [todo["id"] for todo in todos.json()["items"]] == [f"report-{made['id']}"]
    again = talk(lambda c: c.post("/reports", json={**REPORT, "year": 2026}, headers=secretariat))
    assert (again.status_code, again.json()["code"]) == (404, "indicator_not_found")

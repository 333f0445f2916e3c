"""Each step of a report is told to whoever reported, and to nobody else but the secretariat."""

from typing import Any

import httpx

from services.kernel.permissions import Role
from services.targets.commands.report_steps import EVENTS
from services.targets.domain import ReportAction
from tests.support.tokens import Signer
from tests.targets.conftest import Talk
from tests.targets.test_api import EMPLOYMENT, Headers, accept, report

COLLEGE = "8b6f2c3e-7d0a-4c2b-9a51-0d9c1f6f2a01"


def test_every_step_is_told_to_the_unit_that_reported(
    talk: Talk, secretariat: Headers, college: Headers, signer: Signer
) -> None:
    service = {**signer.headers(Role.SERVICE, alliance=None), "Hub-Alliance": "anqing"}

    async def body(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        created = await report(client, college)
        path = f"/reports/{created.json()['id']}"
        wrong = {**secretariat, "If-Match": '"1"'}
        returned = await client.post(f"{path}/return", json={"opinion": "请核"}, headers=wrong)
        figures = {"numerator": "2200", "denominator": "5000", "note": "已核"}
        mended = await client.put(path, json=figures, headers={**college, "If-Match": returned.headers["etag"]})
        seen = {**secretariat, "If-Match": mended.headers["etag"]}
        await client.post(f"{path}/acceptance", json={"opinion": "属实"}, headers=seen)
        assert (await client.post(f"{path}/acceptance", json={}, headers=seen)).status_code == 412
        items: list[dict[str, Any]] = (await client.get("/outbox", headers=service)).json()["items"]
        return items

    events = talk(body)
    assert [event["type"] for event in events] == [
        "report.submitted",
        "report.returned",
        "report.revised",
        "report.accepted",
    ]
    assert {(event["division"], event["member"]) for event in events} == {(None, COLLEGE)}
    assert events[-1]["data"] == {
        "indicator": EMPLOYMENT["indicator"],
        "year": 2025,
        "owner": f"member:{COLLEGE}",
        "state": "accepted",
        "numerator": "2200.0000",
        "denominator": "5000.0000",
        "value": None,
    }


def test_a_county_s_report_is_told_to_the_county(
    talk: Talk, secretariat: Headers, huaining: Headers, signer: Signer
) -> None:
    service = {**signer.headers(Role.SERVICE, alliance=None), "Hub-Alliance": "anqing"}

    async def body(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        await accept(client, await report(client, huaining), secretariat)
        items: list[dict[str, Any]] = (await client.get("/outbox", headers=service)).json()["items"]
        return items

    assert {(event["division"], event["member"]) for event in talk(body)} == {("340822", None)}


def test_every_action_has_its_event() -> None:
    assert set(EVENTS) == set(ReportAction)

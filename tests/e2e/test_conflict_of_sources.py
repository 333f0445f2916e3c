"""Two places of a document ask for different values; a council's resolution, on record, says which one counts."""

import os
import subprocess
import sys
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest

from hub.demo.sign_in import Account
from tests.e2e.test_alliances import demo, working
from tests.policy.packs import PackCopy
from tests.policy.test_format_enan import CONFLICT, ENAN_OPEN, enan
from tests.registry.conftest import Caller, Registry
from tests.registry.governance_world import attended, convened, council, hands, voted
from tests.support.running_hub import ACCOUNT_LINE, ROOT, RunningHub

pytestmark = pytest.mark.anyio
INDICATOR = "/api/targets/v1/indicators/local_origin"
CHOICE = {"year": 2023, "article": "三", "opinion": "正文是目标，分解表是年度安排。"}


@pytest.fixture(scope="module")
def secretariat(hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Of the alliance whose document says 50 % in its text and 45 % in its table."""
    said = demo(hub, "load", "enan")
    copy: PackCopy = enan(tmp_path_factory.mktemp("packs"), *ENAN_OPEN, CONFLICT)
    copy.replace("document.yaml", "code: some_city, name: 某市职教联盟", "code: enan, name: 鄂南职业教育集团")
    applied = subprocess.run(
        [sys.executable, "-m", "hub", "policy", "apply", str(copy.folder)],
        cwd=ROOT,
        env={**os.environ, "HUB_STATE_DIR": str(hub.state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode == 0, applied.stderr
    accounts = {m[1]: Account(m[1], m[2]) for m in map(ACCOUNT_LINE.match, said.splitlines()) if m}
    return accounts["enan-mishuchu"]


async def resolutions(http: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """One that a council carried, and one that it did not."""
    caller = Caller(cast("Registry", None), http, {})  # its service is reached through the gateway
    body, _ = await council(caller, 3, name=f"示例理事会{uuid4().hex[:6]}", number_prefix="鄂职集")
    meeting = await convened(caller, body["id"])
    await attended(caller, meeting, ["present"] * 3)
    carried = (await voted(caller, meeting["id"], hands(3, 0, 0), "关于考核口径的决议")).json()
    lost = (await voted(caller, meeting["id"], hands(0, 3, 0), "关于缓议的决议")).json()
    assert (carried["outcome"], lost["outcome"]) == ("passed", "rejected")
    return carried, lost


async def decide(http: httpx.AsyncClient, resolution: str) -> httpx.Response:
    return await http.post(f"{INDICATOR}/source-decisions", json={**CHOICE, "resolution": resolution})


async def test_a_resolution_on_record_settles_which_place_counts(hub: RunningHub, secretariat: Account) -> None:
    async with working(hub, hub.accounts["mishuchu"]) as elsewhere:
        found = (await elsewhere.get("/api/registry/v1/resolutions/options")).raise_for_status().json()["items"]
    async with working(hub, secretariat) as http:
        before = (await http.get(INDICATOR, params={"year": 2023})).raise_for_status().json()
        assert (before["in_conflict"], before["status"]["light"], before["status"]["required"]) == (True, "grey", None)
        carried, lost = await resolutions(http)
        for resolution, code in (
            (lost["id"], "resolution_not_passed"),
            (found[0]["id"], "resolution_unknown"),  # another alliance's
            (str(uuid4()), "resolution_unknown"),
        ):
            refused = await decide(http, resolution)
            assert (refused.status_code, [issue["code"] for issue in refused.json()["errors"]]) == (422, [code])
        made = (await decide(http, carried["id"])).raise_for_status().json()
        assert made["cited"] == {name: carried[name] for name in ("id", "number", "title")}
        after = (await http.get(INDICATOR, params={"year": 2023})).raise_for_status().json()
        assert (after["in_conflict"], after["status"]["required"]) == (False, "50")
        citing = await http.get("/api/targets/v1/citing-decisions", params={"resolution": carried["id"]})
        assert [(one["title"], one["href"]) for one in citing.json()["items"]] == [
            ("本地生源占比2023年按哪一处考核", "/targets/local_origin")
        ]

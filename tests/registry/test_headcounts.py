"""The headcount of a class: asked of the rosters, told with its source and day, and missed without harm."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from services.kernel.errors import Unavailable
from services.registry.app import create_app
from services.registry.clients.subsidies import PATH, Headcount, RosterHeadcounts
from tests.registry.conftest import Caller, Registry
from tests.registry.test_collaborations import college, members
from tests.support.services import client_of

TAKEN_IN = datetime(2025, 10, 8, 2, tzinfo=UTC)


@dataclass
class Rosters:
    """Rosters that know one class, or do not answer."""

    down: bool = False
    asked: list[tuple[str, UUID, str, date]] = field(default_factory=list)

    async def of_class(self, alliance: str, school: UUID, class_code: str, day: date) -> Headcount:
        self.asked.append((alliance, school, class_code, day))
        if self.down:
            raise Unavailable("奖补服务暂时无法连接，学生名册没有读到，请稍后重试。")
        return Headcount(headcount=32, day=day, taken_in_at=TAKEN_IN)


def run(registry: Registry, rosters: Rosters, scenario: Callable[[Caller], Awaitable[None]]) -> None:
    async def body() -> None:
        signer, clock = registry.signer, registry.clock
        app = create_app(registry.settings, jwks_source=signer.jwks, clock=clock, headcounts=rosters)
        async with client_of(app) as http:
            await scenario(Caller(registry, http, signer.headers("secretariat_clerk")))

    asyncio.run(body())


def a_class(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "school_enterprise_class",
        "name": "汽车订单班",
        "founded_on": "2024-09-01",
        "details": {"class_code": "QC-01", "format": "订单"},
        **changes,
    }


def test_a_class_tells_its_headcount_with_source_and_day(registry: Registry) -> None:
    rosters = Rosters()

    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        made = await caller.create("/collaborations", a_class(host_member=ids["school"]))
        path = f"/collaborations/{made['id']}/headcount"
        found = (await caller.get(path)).json()
        assert found == {
            "headcount": 32,
            "day": "2025-12-01",
            "school": {"id": ids["school"], "name": "怀宁示例职业学校"},
            "class_code": "QC-01",
            "source": "学生名册（奖补服务）",
            "taken_in_at": "2025-10-08T02:00:00Z",
            "unavailable": None,
        }
        assert (await caller.get(path, as_of="2024-10-01")).json()["day"] == "2024-10-01"
        assert rosters.asked[1] == ("anqing", UUID(ids["school"]), "QC-01", date(2024, 10, 1))
        rosters.down = True
        missed = await caller.get(path)
        assert (missed.status_code, missed.json()["headcount"]) == (200, None)
        assert "奖补服务暂时无法连接" in missed.json()["unavailable"]
        assert (await caller.get(path.removesuffix("/headcount"))).status_code == 200
        stranger = caller.acting("county_clerk", division="340881")
        assert (await stranger.get(path)).status_code == 404

    run(registry, rosters, scenario)


def test_without_school_or_code_the_rosters_are_not_asked(registry: Registry) -> None:
    rosters = Rosters()

    async def scenario(caller: Caller) -> None:
        bare = await caller.create("/collaborations", a_class(details={}))
        answer = (await caller.get(f"/collaborations/{bare['id']}/headcount")).json()
        assert answer["unavailable"] == "没有登记办学学校、班级编号，无法在学生名册中查找。"
        other = await caller.create("/collaborations", college())
        refused = await caller.get(f"/collaborations/{other['id']}/headcount")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_a_class")
        assert rosters.asked == []

    run(registry, rosters, scenario)


class Elsewhere:
    """The other services on sockets: identity gives a token, the rosters answer as told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.status = 200
        self.seen: list[dict[str, str]] = []

    async def token(self, _request: web.Request) -> web.Response:
        return web.json_response({"access_token": "t", "expires_in": 600})

    async def headcount(self, request: web.Request) -> web.Response:
        self.seen.append(
            {**request.query, **{name: request.headers[name] for name in ("Authorization", "Hub-Alliance")}}
        )
        told = {"headcount": 32, "day": request.query["day"], "taken_in_at": None, "school": "x", "class_code": "y"}
        return web.json_response(told, status=self.status)

    async def up(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/oauth/token", self.token)
        app.router.add_get(PATH, self.headcount)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(self.folder / "s")).start()
        return runner


def test_the_rosters_are_asked_with_the_service_s_own_token(registry: Registry, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("s")
    address = f"unix://{folder / 's'}"
    hub = registry.settings.hub.model_copy(update={"upstream_identity": address, "upstream_subsidies": address})
    settings = registry.settings.model_copy(update={"hub": hub})
    school = UUID(int=7)

    async def body() -> None:
        elsewhere = Elsewhere(folder)
        runner = await elsewhere.up()
        rosters = RosterHeadcounts(settings, registry.clock)
        found = await rosters.of_class("anqing", school, "QC 01/甲", date(2025, 12, 1))
        assert (found.headcount, found.day) == (32, date(2025, 12, 1))
        assert elsewhere.seen == [
            {
                "school": str(school),
                "class_code": "QC 01/甲",
                "day": "2025-12-01",
                "Authorization": "Bearer t",
                "Hub-Alliance": "anqing",
            }
        ]
        elsewhere.status = 503
        with pytest.raises(Unavailable):
            await rosters.of_class("anqing", school, "QC", date(2025, 12, 1))
        await runner.cleanup()
        with pytest.raises(Unavailable):
            await rosters.of_class("anqing", school, "QC", date(2025, 12, 1))

    asyncio.run(body())

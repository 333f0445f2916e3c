"""What the tests of the life cycle share: neighbours that can be down, a stranger, an office that takes steps."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from services.kernel.errors import Unavailable
from services.registry.clients.others import Neighbours, OpenClaim
from tests.registry.conftest import BASE, Caller, Registry

APPLICATION = {
    "name": "安庆示例机械有限公司",
    "category": "enterprise",
    "division": "340822",
    "reason": "愿意参加校企合作，接收学生实习。",
    "contact_person": "张三",
    "contact_phone": "0556-1234567",
}
ALLIANCE = "anqing"


class FakeNeighbours(Neighbours):
    """Two alliances, and what claims a member has; `down` as when the other services do not answer."""

    def __init__(self) -> None:
        self.hub = self.token = self.clock = None  # nothing is asked
        self.down = False
        self.claims: list[OpenClaim] = []
        self.asked: list[tuple[str, UUID]] = []

    async def alliances(self) -> dict[str, str]:
        if self.down:
            raise Unavailable("相关服务暂时无法连接，请稍后重试。")
        return {ALLIANCE: "安庆职教联盟", "xiaogan": "孝感职教联盟"}

    async def open_claims(self, alliance: str, member: UUID) -> list[OpenClaim]:
        self.asked.append((alliance, member))
        if self.down:
            raise Unavailable("相关服务暂时无法连接，请稍后重试。")
        return self.claims


@dataclass
class Stranger:
    """Somebody without an account, at one address."""

    registry: Registry
    http: httpx.AsyncClient
    address: str = "203.0.113.7"
    alliance: str = ALLIANCE
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers = {"Hub-Client-Address": self.address}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(f"{BASE}/public{path}", params=query, headers=self.headers)

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.http.post(f"{BASE}/public{path}", json=body, headers=self.headers)

    async def open_form(self) -> str:
        """A form token, and the time that a person needs to fill the form in."""
        answer = await self.get("/applications/form", alliance=self.alliance)
        assert answer.status_code == 200, answer.text
        self.registry.clock.advance(timedelta(seconds=answer.json()["wait_seconds"]))
        return str(answer.json()["form_token"])

    async def send(self, **changes: Any) -> httpx.Response:
        """A fresh form, filled in and sent."""
        token = changes.pop("form_token", None) or await self.open_form()
        body = {**APPLICATION, "alliance": self.alliance, "form_token": token, **changes}
        return await self.post("/applications", body)

    async def apply(self, **changes: Any) -> dict[str, Any]:
        """The receipt of an application."""
        answer = await self.send(**changes)
        assert answer.status_code == 201, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def ask(self, receipt: dict[str, Any], path: str = "inquiry", **more: Any) -> httpx.Response:
        body = {"alliance": self.alliance, "number": receipt["number"], "code": receipt["code"], **more}
        return await self.post(f"/applications/{path}", body)


@dataclass
class Office:
    """The secretariat's clerk and head, working on one application at a time."""

    clerk: Caller
    head: Caller

    @classmethod
    def of(cls, caller: Caller) -> "Office":
        return cls(caller, caller.acting("secretariat_head"))

    def stranger(self, address: str = "203.0.113.7") -> Stranger:
        return Stranger(self.clerk.registry, self.clerk.http, address)

    async def found(self, number: str) -> dict[str, Any]:
        """The application of a number, as the clerk reads it."""
        items = (await self.clerk.get("/applications", q=number)).json()["items"]
        application: dict[str, Any] = (await self.clerk.get(f"/applications/{items[0]['id']}")).json()
        return application

    async def step(self, application: Any, path: str, body: Any, *, who: Caller | None = None) -> httpx.Response:
        """One step on the newest version."""
        shown = await self.clerk.get(f"/applications/{application['id']}")
        etag = {"If_Match": shown.headers["ETag"]}
        return await (who or self.head).post(f"/applications/{application['id']}/{path}", body, **etag)

    async def done(self, application: Any, path: str, body: Any) -> dict[str, Any]:
        answer = await self.step(application, path, body)
        assert answer.status_code == 200, answer.text
        after: dict[str, Any] = answer.json()
        return after

    async def published(self, **changes: Any) -> dict[str, Any]:
        """An application that was reviewed, deliberated and published today for five working days."""
        receipt = await self.stranger().apply(**changes)
        application = await self.found(receipt["number"])
        await self.done(application, "first-review", {"outcome": "endorsed", "opinion": "材料齐全。"})
        decided = {"outcome": "approved", "opinion": "同意。", "resolution_number": "理事会〔2025〕3号"}
        await self.done(application, "deliberation", decided)
        return await self.done(application, "publicity", {"working_days": 5, "document": "公示2025-1"})

    async def admitted(self, **changes: Any) -> dict[str, Any]:
        """An application that became a member on the day after its notice."""
        application = await self.published(**changes)
        self.clerk.registry.clock.advance(timedelta(days=8))
        return await self.done(application, "admission", {"opinion": "准予入会。", "structure_role": "participant"})

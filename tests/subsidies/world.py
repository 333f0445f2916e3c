"""A small alliance for the tests of this service: members, collaborations, rosters, a client and its jobs.

`FakeRegistrySnapshots` stands for the registry's snapshot endpoint; the real one is tested end to end elsewhere.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import xlsxwriter
from fastapi import FastAPI
from sqlalchemy import text

from services.kernel.citations import CitedResolution, Resolutions
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.errors import Unavailable
from services.kernel.identifiers import id_check_character, uscc_check_character
from services.kernel.jobs import run_job
from services.kernel.permissions import Role
from services.kernel.policy.canonical import pack_parts, sha256_of
from services.kernel.policy.loader import load_pack
from services.kernel.policy_versions import AppliedVersion
from services.kernel.principal import Principal
from services.kernel.service_calls import ServiceToken, SnapshotClient
from services.subsidies.clients.registry import PATH, RegistryClient
from services.subsidies.commands.apply_policy import apply_policy
from services.subsidies.domain import RosterKind
from services.subsidies.jobs import handlers_with
from services.subsidies.rosters.columns import spec_of
from services.subsidies.settings import SubsidiesSettings
from services.subsidies.tools import Tools
from tests.support.services import NOWHERE
from tests.support.tokens import Signer

API = "/api/subsidies/v1"
PACK = Path(__file__).resolve().parents[2] / "policies" / "anqing-2024"
SPACE = UUID("6f3a1c1e-9d2b-4a57-8f10-3a4f5a6b7c8d")
COUNTY, OTHER_COUNTY = "340822", "340881"


def unit_id(slug: str) -> UUID:
    return uuid5(SPACE, slug)


def uscc(number: int) -> str:
    first = f"12340800{number:09d}"
    return first + uscc_check_character(first)


def id_number(number: int, area: str = "340822") -> str:
    """A synthetic but valid identity number."""
    first = (
        f"{area}20090101{number % 1000:03d}"
        if number < 1000
        else f"{area}200902{number // 1000:02d}{number % 1000:03d}"
    )
    return first + id_check_character(first)


def member(slug: str, name: str, category: str, division: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": str(unit_id(slug)),
        "name": name,
        "aliases": more.pop("aliases", []),
        "uscc": uscc(number),
        "category": category,
        "division": division,
        "enterprise_size": None,
        "size_evidence": None,
        "status": "active",
        **more,
    }


def members() -> list[dict[str, Any]]:
    return [
        member("hn", "怀宁县示例职业学校", "secondary_vocational", "340822", 1, aliases=["怀宁职校"]),
        member("tc", "桐城市示例职业学校", "secondary_vocational", "340881", 2),
        member("jishi", "安庆技师学院", "technician", "340800", 3, aliases=["技师学院"]),
        member("azy", "安庆职业技术学院", "higher_vocational", "340800", 4),
        member("gone", "已退出示例职业学校", "secondary_vocational", "340825", 5, status="left"),
        member("send-hn", "怀宁县示例中学", "sending_school", "340822", 6),
        member("send-tc", "桐城市示例中学", "sending_school", "340881", 7),
        member("big", "安庆示例汽车公司", "enterprise", "340811", 8, enterprise_size="large"),
        member("jingkai", "安庆经济技术开发区管理委员会", "park", "340800", 9),
    ]


def collaboration(slug: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    recognitions = [
        {
            "id": str(unit_id(f"{slug}-{level}-{day}")),
            "level": level,
            "granted_on": day,
            "withdrawn_on": withdrawn,
            "document_number": "示例〔2025〕1号",
        }
        for level, day, withdrawn in more.pop("recognitions", [])
    ]
    found = {name: str(unit_id(value)) if value else None for name, value in more.items()}
    return {
        "id": str(unit_id(slug)),
        "kind": kind,
        "name": name,
        "host_member": found.get("host"),
        "lead_member": found.get("lead"),
        "recognitions": recognitions,
    }


def collaborations() -> list[dict[str, Any]]:
    return [
        collaboration(
            "union",
            "consortium",
            "安庆经开区产教联合体",
            lead="jingkai",
            recognitions=[("provincial", "2025-03-01", None)],
        ),
        collaboration(
            "college",
            "industry_college",
            "示例汽车产业学院",
            host="azy",
            recognitions=[("provincial", "2025-06-01", None)],
        ),
        collaboration("base", "base", "示例实训基地", host="azy"),
    ]


class FakeRegistrySnapshots(SnapshotClient):
    """Answers as the registry would, from memory; `down` makes it unreachable."""

    def __init__(self, settings: SubsidiesSettings, clock: FixedClock) -> None:
        super().__init__("registry", NOWHERE, PATH, ServiceToken("subsidies", settings, clock), clock)
        self.now = clock
        self.members = members()
        self.collaborations = collaborations()
        self.down = False

    async def _ask(self, alliance: str, version: str | None) -> tuple[str, dict[str, Any]] | None:
        if self.down:
            raise Unavailable("登记服务暂时无法连接，请稍后重试。")
        content = {"members": self.members, "collaborations": self.collaborations}
        current = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        if current == version:
            return None
        return current, {"version": current, "as_of": self.now.now().isoformat(), **content}


class FakeResolutions(Resolutions):
    """Knows resolutions as the registry would, from memory; `down` makes it unreachable."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, UUID], CitedResolution] = {}
        self.down = False

    async def find(self, alliance: str, resolution: UUID) -> CitedResolution | None:
        if self.down:
            raise Unavailable("登记服务暂时无法连接，无法核对所引用的决议，没有保存；请稍后重试。")
        return self.known.get((alliance, resolution))

    def add(self, slug: str, *, outcome: str = "passed", alliance: str = "anqing") -> UUID:
        """A resolution on record; only a carried one is citable."""
        found = CitedResolution(
            id=unit_id(slug),
            number="宜职教集〔2026〕3号",
            title="关于2025年度超出资金处理的决议",
            outcome=outcome,
            citable=outcome == "passed",
            resolved_on=date(2026, 2, 1),
        )
        self.known[alliance, found.id] = found
        return found.id


STUDENT_DEFAULTS: dict[str, Any] = {
    "enrolment_year": 2025,
    "school": "怀宁县示例职业学校",
    "major": "机电技术应用",
    "class_code": None,
    "enrolled_on": "2025-09-01",
    "origin_division": "340822",
    "sending_school": "怀宁县示例中学",
    "status": "在籍",
    "left_on": None,
    "claimed_rule": "生源输送奖励",
}


def student(number: int, **changes: Any) -> dict[str, Any]:
    """One row of 学生名册, sound unless changed."""
    return {"name": f"王小{number}", "id_number": id_number(number), **STUDENT_DEFAULTS, **changes}


def cross(number: int, **changes: Any) -> dict[str, Any]:
    """A student from another city under 跨市招生补助."""
    base = {"origin_division": "341702", "sending_school": None, "claimed_rule": "跨市招生补助"}
    return student(number, **{**base, **changes})


def school_class(code: str, **changes: Any) -> dict[str, Any]:
    """One row of 校企合作班名册, sound unless changed."""
    return {
        "class_code": code,
        "class_name": f"汽车冠名班（{code}）",
        "school": "怀宁县示例职业学校",
        "major": "汽车制造与检测",
        "year": 2025,
        "opened_on": "2025-09-01",
        "format": "冠名",
        "enterprise": "安庆示例汽车公司",
        "enterprise_uscc": uscc(8),
        "enterprise_division": "340811",
        "enterprise_size": "大型",
        "size_evidence": "示例证明〔2025〕1号",
        "score": 90,
        **changes,
    }


def workbook(kind: RosterKind, rows: Iterable[Mapping[str, Any] | None]) -> bytes:
    """A roster as a clerk sends it: a title above the header; None is a blank line. Data begins in line 3."""
    columns = spec_of(kind, {"生源输送奖励": "x"}).columns
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write(0, 0, "示例名册")
        for place, column in enumerate(columns):
            sheet.write(1, place, column.header)
        for line, row in enumerate(rows, start=2):
            for place, column in enumerate(columns):
                value = (row or {}).get(column.field)
                if isinstance(value, date):
                    value = value.isoformat()
                if value is not None:
                    sheet.write(line, place, value)
    return buffer.getvalue()


@dataclass
class World:
    """A running service with its database, clock, registry and tokens."""

    client: httpx.AsyncClient
    database: Database
    clock: FixedClock
    signer: Signer
    registry: FakeRegistrySnapshots
    tools: Tools
    alliance: str = "anqing"
    ran: int = 0
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    app: FastAPI | None = None
    resolutions: FakeResolutions = field(default_factory=FakeResolutions)

    def headers(self, who: str) -> dict[str, str]:
        """`secretariat` (its clerk), `head` (its head), `leader`, a county's division code, or a member's slug."""
        key = f"{self.alliance}/{who}"
        if key not in self.tokens:
            self.tokens[key] = self._signed(who)
        return self.tokens[key]

    def _signed(self, who: str) -> dict[str, str]:
        if who == "secretariat":
            return self.signer.headers(Role.SECRETARIAT_CLERK, alliance=self.alliance)
        if who == "head":
            return self.signer.headers(Role.SECRETARIAT_HEAD, alliance=self.alliance)
        if who == "leader":
            return self.signer.headers(Role.LEADER, alliance=self.alliance)
        if who.isdigit():
            return self.signer.headers(Role.COUNTY_CLERK, division=who, alliance=self.alliance)
        return self.signer.headers(Role.UNIT_REPORTER, member=str(unit_id(who)), alliance=self.alliance)

    async def get(self, who: str, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(f"{API}{path}", params=params, headers=self.headers(who))

    async def read(self, who: str, path: str, **params: Any) -> Any:
        answer = await self.get(who, path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, who: str, path: str, body: Any = None, *, match: Any = None, **headers: str) -> httpx.Response:
        more = {"If-Match": f'"{match}"'} if match is not None else {}
        return await self.client.post(f"{API}{path}", json=body, headers={**self.headers(who), **more, **headers})

    async def upload(self, who: str, kind: RosterKind, content: bytes, year: int = 2025) -> httpx.Response:
        return await self.client.post(
            f"{API}/roster-imports",
            data={"kind": kind.value, "year": str(year)},
            files={"file": ("名册.xlsx", content)},
            headers=self.headers(who),
        )

    async def run_jobs(self) -> None:
        """Run everything queued, as the worker does; jobs that ended are not run again."""
        async with self.database.engine.connect() as connection:
            queued = text("SELECT id, payload FROM pgqueuer WHERE id > :after ORDER BY id")
            rows = (await connection.execute(queued, {"after": self.ran})).all()
        for job_id, payload in rows:
            self.ran = job_id
            await run_job(self.database, self.clock, handlers_with(self.tools), payload)

    async def bring(
        self, who: str, kind: RosterKind, rows: Iterable[Mapping[str, Any] | None], year: int = 2025
    ) -> Any:
        """Send a roster and take it in; returns the import."""
        answer = await self.upload(who, kind, workbook(kind, rows), year)
        assert answer.status_code == 202, answer.text
        await self.run_jobs()
        return await self.read(who, f"/roster-imports/{answer.json()['id']}")

    async def students(self, who: str, *rows: Mapping[str, Any] | None, year: int = 2025) -> Any:
        return await self.bring(who, RosterKind.STUDENTS, rows, year)

    async def classes(self, who: str, *rows: Mapping[str, Any] | None, year: int = 2025) -> Any:
        return await self.bring(who, RosterKind.CLASSES, rows, year)

    async def claim(self, who: str, rule: str, *, accept: bool = True, year: int = 2025, **more: Any) -> Any:
        """Open, submit and accept a claim; returns it."""
        answer = await self.post(who, "/claims", {"year": year, "rule": rule, "submit": True, **more})
        assert answer.status_code == 201, answer.text
        claim = answer.json()
        if not accept:
            return claim
        done = await self.post("secretariat", f"/claims/{claim['id']}/acceptance", match=claim["version"])
        assert done.status_code == 200, done.text
        return done.json()

    async def settle(self, year: int = 2025, snapshot_date: str = "2025-11-30") -> Any:
        """Compute a settlement; returns it as the secretariat reads it."""
        body = {"year": year, "snapshot_date": snapshot_date}
        answer = await self.post("secretariat", "/settlements", body)
        assert answer.status_code == 202, answer.text
        await self.run_jobs()
        return await self.read("secretariat", f"/settlements/{answer.json()['id']}")

    async def lines(self, settlement: Any, who: str = "secretariat", **filters: Any) -> Any:
        page = await self.read(who, f"/settlements/{settlement['id']}/lines", limit=200, **filters)
        return page["items"]

    async def sql(self, statement: str, **values: Any) -> Any:
        """Rows of a query as the service's own role sees them in this alliance."""
        async with self.database.read(self.alliance) as session:
            return (await session.execute(text(statement), values)).all()


def clerk(alliance: str = "anqing") -> Principal:
    return Principal("clerk", "经办", Role.SECRETARIAT_CLERK, alliance, frozenset())


async def apply_anqing(
    database: Database, clock: FixedClock, alliance: str = "anqing", change: Callable[[Any], None] | None = None
) -> AppliedVersion:
    """Apply the real pack of Anqing, its money rules changed as a test needs them."""
    loaded = load_pack(PACK)
    assert loaded.pack is not None, loaded.problems
    parts = pack_parts(loaded.pack)
    payloads = {part.part: part.payload for part in parts}
    if change is not None:
        change(payloads["subsidies"])
    hashes = {part: sha256_of(payload) for part, payload in payloads.items()}
    async with database.write(alliance) as session:
        return await apply_policy(session, clock, clerk(alliance), "anqing-2024", payloads, hashes)


def registry_on(snapshots: FakeRegistrySnapshots) -> RegistryClient:
    return RegistryClient(snapshots)

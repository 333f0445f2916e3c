"""What the tests of the subsidy pages share: a gateway that answers as the service, a bureau's browser, helpers."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from aiohttp import web

from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, reply
from tests.frontend.html import Page

ROOT = "/api/subsidies/v1"
HTMX = {"HX-Request": "true"}
CLAIM_PATH = f"{ROOT}/claims/{api.CLAIM}"
SETTLEMENT_PATH = f"{ROOT}/settlements/{api.SETTLEMENT}"
SETTLEMENT_PAGE = f"/subsidies/settlements/{api.SETTLEMENT}"
ETAG = {"ETag": '"3"'}


@dataclass
class Recorder:
    """A handler that keeps what it was sent and answers `answer`."""

    answer: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.sent.append(dict(request.headers))
        if request.content_type == "multipart/form-data":
            parts = await request.post()
            self.bodies.append({name: _part(part) for name, part in parts.items()})
        else:
            self.bodies.append(await request.json() if request.can_read_body else None)
        return web.json_response(self.answer, status=self.status, headers=self.headers)


def _part(part: Any) -> Any:
    if not isinstance(part, web.FileField):
        return part
    with part.file:
        return part.filename, part.file.read()


@pytest.fixture
def fake(fake: FakeGateway) -> FakeGateway:
    """The gateway of every test, with the subsidies service as it answers the secretariat."""
    collaborations = api.page_of([{"id": api.COLLABORATION, "name": "汽车产业学院", "kind": "industry_college"}])
    answers = {
        f"{ROOT}/roster-imports": api.page_of([api.roster_import()]),
        f"{ROOT}/roster-imports/{api.IMPORT}": api.roster_import(),
        f"{ROOT}/rosters/summary": api.summary(),
        f"{ROOT}/students": api.page_of([api.student()]),
        f"{ROOT}/classes": api.page_of([api.school_class()]),
        f"{ROOT}/rules": api.rules(),
        f"{ROOT}/jobs/{api.JOB}": api.job(),
        f"{ROOT}/claims": api.page_of([api.claim()]),
        f"{ROOT}/settlements": api.page_of([api.settlement_summary()]),
        f"{SETTLEMENT_PATH}/lines": api.page_of([api.line(), api.line(no=215, **api.EXCLUDED)], total=400, cursor="n"),
        f"{SETTLEMENT_PATH}/lines/214": api.explained_line(),
        "/api/registry/v1/collaborations": collaborations,
    }
    fake.answers = {("GET", path): reply(answer) for path, answer in answers.items()}
    fake.answers["GET", CLAIM_PATH] = reply(api.claim(), headers=ETAG)
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement(), headers=ETAG)
    return fake


PEOPLE: dict[str, dict[str, str]] = {
    "clerk": {"role": "secretariat_clerk", "name": "王琳"},
    "head": {"role": "secretariat_head", "name": "王主任"},
    "county": {"role": "county_clerk", "division": "340822", "name": "怀宁县教育局"},
    "leader": {"role": "leader", "name": "李市长"},
}


async def signed_in(stranger: Browser, fake: FakeGateway, who: str) -> Browser:
    """The stranger, once signed in as one of `PEOPLE`."""
    fake.user |= PEOPLE[who]
    await stranger.sign_in()
    return stranger


@pytest.fixture
async def bureau(stranger: Browser, fake: FakeGateway) -> Browser:
    """A browser signed in as a county bureau."""
    return await signed_in(stranger, fake, "county")


@pytest.fixture
async def head(stranger: Browser, fake: FakeGateway) -> Browser:
    """A browser signed in as the head of the secretariat, who confirms."""
    return await signed_in(stranger, fake, "head")


@pytest.fixture
async def leader(stranger: Browser, fake: FakeGateway) -> Browser:
    """A browser signed in as a leader of the city, who reads."""
    return await signed_in(stranger, fake, "leader")


async def post(browser: Browser, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
    """Post a form as the browser would, with its token and key."""
    fields = {"csrf_token": await browser.csrf(), "idempotency_key": "key-1", **(data or {})}
    return await browser.http.post(path, data=fields, **more)


def shows(fake: FakeGateway, settlement: dict[str, Any]) -> None:
    """What the service has of the settlement from now on."""
    fake.answers["GET", SETTLEMENT_PATH] = reply(settlement, headers=ETAG)


async def settlement_page(
    browser: Browser, fake: FakeGateway, settlement: dict[str, Any], at: str = SETTLEMENT_PAGE
) -> Page:
    """The page, or another one of the settlement, as that browser sees it."""
    shows(fake, settlement)
    page = Page((await browser.http.get(at)).text)
    assert page.faults == []
    return page


def asked(fake: FakeGateway, path: str) -> dict[str, str]:
    """The query of the last call of a path."""
    found = [urlsplit(url).query for method, url, _ in fake.seen if urlsplit(url).path == path]
    return dict(parse_qsl(found[-1]))


def fen(page: Page) -> list[str]:
    return [a["data-fen"] for a in page.having("span", class_="amount")]

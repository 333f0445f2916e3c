"""The documents of the real services, through the gateway: whole, valid, in Chinese, and readable without script."""

import asyncio
import importlib
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI

from services.gateway.reference.audiences import AUDIENCES
from services.gateway.reference.merging import CHINESE, METHODS, references
from services.gateway.reference.view import kind_of, parts_of, permissions_in_words
from services.gateway.routes import API_SERVICES
from services.kernel.clock import FixedClock
from services.kernel.settings import ServiceSettings
from tests.gateway.gateways import client_of, gateway
from tests.gateway.test_merging import strings
from tests.support.servers import serving
from tests.support.services import NOWHERE, service_settings
from tests.support.tokens import Signer

KEYS = {"person_key", "key_secret", "webhook_key"}
PATHS = [f"/api/openapi/{code}.json" for code in AUDIENCES]


def document_of(service: str, folder: Path) -> dict[str, Any]:
    """What a real service says of itself; no database is asked for that."""
    settings = importlib.import_module(f"services.{service}.settings")
    kind = next(
        found
        for found in vars(settings).values()
        if isinstance(found, type) and issubclass(found, ServiceSettings) and found is not ServiceSettings
    )
    keys = {key: secrets.token_urlsafe(32) for key in KEYS & set(kind.model_fields)}
    made = service_settings(kind, "postgresql+asyncpg://nobody:nothing@/nowhere", folder, **keys)
    document: dict[str, Any] = importlib.import_module(f"services.{service}.app").create_app(made).openapi()
    return document


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("files")
    return {service: document_of(service, folder) for service in API_SERVICES}


def telling(service: str, document: dict[str, Any]) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get(f"/api/{service}/v1/openapi.json")
    async def tell() -> dict[str, Any]:
        return document

    return app


@pytest.fixture(scope="module")
def upstreams(
    documents: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("d")
    with ExitStack() as stack:
        yield {
            service: stack.enter_context(serving(telling(service, document), folder / f"{service}.sock"))
            for service, document in documents.items()
        }


@pytest.fixture(scope="module")
def published(upstreams: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, httpx.Response]:
    """Every document and page, as a stranger gets it."""
    app = gateway(tmp_path_factory.mktemp("g"), Signer(), NOWHERE, parts=upstreams)

    async def ask() -> dict[str, httpx.Response]:
        async with client_of(app) as client:
            pages = [f"/api/docs/{code}" for code in AUDIENCES]
            return {path: await client.get(path) for path in (*PATHS, *pages, "/api/docs/reference.css", "/api/docs")}

    return asyncio.run(ask())


@pytest.mark.parametrize("code", AUDIENCES)
def test_each_audience_gets_exactly_what_it_may_call(
    published: dict[str, httpx.Response], documents: dict[str, dict[str, Any]], code: str
) -> None:
    expected = {
        (method, path)
        for service, document in documents.items()
        for path, item in document["paths"].items()
        for method in METHODS
        if path.startswith(f"/api/{service}/") or (service == "identity" and path.startswith(("/oauth/", "/.well")))
        if method in item and AUDIENCES[code].may_use(item[method].get("x-permissions"))
    }
    document = published[f"/api/openapi/{code}.json"].json()
    assert {(method, path) for path, item in document["paths"].items() for method in item} == expected
    assert len(expected) > 30
    assert "x-missing-parts" not in document["info"]


@pytest.mark.parametrize("path", PATHS)
def test_a_document_is_whole_valid_and_in_chinese(published: dict[str, httpx.Response], path: str) -> None:
    answer = published[path]
    document = answer.json()
    OpenAPI.model_validate(document)
    assert set(references(document)) <= set(document["components"]["schemas"])
    assert all(CHINESE.search(text) for text in strings(document["components"], "description"))
    identifiers = list(strings(document["paths"], "operationId"))
    assert len(identifiers) == len(set(identifiers))
    assert set(API_SERVICES) == {name.split("/")[2] for name in document["paths"] if name.startswith("/api/")}


def test_the_county_is_not_offered_what_only_others_do(published: dict[str, httpx.Response]) -> None:
    county = published["/api/openapi/county.json"].json()["paths"]
    assert "/api/subsidies/v1/roster-imports" in county
    assert "/api/subsidies/v1/settlements/{settlement_id}/confirmation" not in county
    internal = published["/api/openapi/internal.json"].json()["paths"]
    assert "/api/subsidies/v1/settlements/{settlement_id}/confirmation" in internal


class Tags(HTMLParser):
    """Collects what a strict policy would refuse, and the page's ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag in ("script", "style", "iframe") or name == "style" or name.startswith("on"):
                self.forbidden.append(f"{tag} {name}")
            if name in ("src", "srcset") or (tag == "link" and name == "href"):
                self.loaded.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if tag == "a" and name == "href":
                self.links.append(value or "")


@pytest.mark.parametrize("code", AUDIENCES)
def test_a_page_needs_no_script_and_nothing_from_elsewhere(published: dict[str, httpx.Response], code: str) -> None:
    answer = published[f"/api/docs/{code}"]
    page = Tags()
    page.feed(answer.text)
    assert (answer.status_code, page.forbidden) == (200, [])
    assert page.loaded == ["/api/docs/reference.css"]
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"].partition("style-src-attr")[0]
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inside) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    document = published[f"/api/openapi/{code}.json"].json()
    for path, item in document["paths"].items():
        assert path in answer.text
        assert all(operation["summary"] in answer.text for operation in item.values())


def test_the_style_and_the_start(published: dict[str, httpx.Response]) -> None:
    assert published["/api/docs/reference.css"].headers["content-type"].startswith("text/css")
    start = published["/api/docs"]
    assert (start.status_code, start.headers["location"]) == (303, "/api/docs/county")


# --- what it does when services change, fail, or are down ---


async def ask_after(seconds: float, client: httpx.AsyncClient, clock: FixedClock) -> httpx.Response:
    clock.advance(timedelta(seconds=seconds))
    return await client.get(PATHS[0])


def test_a_part_that_is_down_is_missing_and_comes_back(
    upstreams: dict[str, str], documents: dict[str, dict[str, Any]], tmp_path: Path, signer: Signer
) -> None:
    clock = FixedClock(datetime(2026, 11, 22, 8, tzinfo=UTC))
    parts = {**upstreams, "subsidies": f"unix://{tmp_path}/s.sock"}
    app = gateway(tmp_path, signer, NOWHERE, parts=parts, clock=clock)

    async def use() -> None:
        async with client_of(app) as client:
            down = (await client.get(PATHS[0])).json()
            assert down["info"]["x-missing-parts"] == ["subsidies"]
            assert not [path for path in down["paths"] if path.startswith("/api/subsidies")]
            page = await client.get("/api/docs/county")
            assert "奖补资金暂时无法读取" in page.text
            with serving(telling("subsidies", documents["subsidies"]), tmp_path / "s.sock"):
                soon = (await ask_after(1, client, clock)).json()
                assert "x-missing-parts" in soon["info"], "it is not asked at every request"
                back = await ask_after(6, client, clock)
                assert "x-missing-parts" not in back.json()["info"]
            kept = await ask_after(600, client, clock)
            assert kept.content == back.content, "what it said last stands while it is down"
            assert kept.headers["etag"] == back.headers["etag"]
            fresh = await client.get(PATHS[0], headers={"If-None-Match": back.headers["etag"]})
            assert (fresh.status_code, fresh.content) == (304, b"")

    asyncio.run(use())


@pytest.mark.parametrize("answer", [b"[]", b"no json", b""])
def test_a_part_that_talks_nonsense_is_missing(
    upstreams: dict[str, str], tmp_path: Path, signer: Signer, answer: bytes
) -> None:
    app = FastAPI()

    @app.get("/api/targets/v1/openapi.json")
    async def tell() -> Any:
        from fastapi import Response

        return Response(answer)

    async def use(parts: dict[str, str]) -> Any:
        async with client_of(gateway(tmp_path, signer, NOWHERE, parts=parts)) as client:
            return (await client.get(PATHS[0])).json()["info"]["x-missing-parts"]

    with serving(app, tmp_path / "t.sock") as address:
        assert asyncio.run(use({**upstreams, "targets": address})) == ["targets"]


def test_documents_that_do_not_exist_and_too_many_requests(tmp_path: Path, signer: Signer) -> None:
    async def use() -> None:
        async with client_of(gateway(tmp_path, signer, NOWHERE, rate_per_address=3)) as client:
            for path in ("/api/openapi/everyone.json", "/api/docs/everyone", "/api/openapi/county.yaml"):
                answer = await client.get(path)
                assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
                assert "frame-ancestors" in answer.headers["content-security-policy"]
            assert (await client.get("/api/docs/county")).status_code == 429
            assert (await client.get("/readyz")).status_code == 200

    asyncio.run(use())


# --- words ---


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "date"}, "日期"),
        ({"anyOf": [{"type": "string", "maxLength": 50}, {"type": "null"}]}, "文本，至多 50 字，可为空"),
        (
            {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 5},
            "标识（UUID） 的列表，至多 5 项",
        ),
        ({"type": "integer", "minimum": 0, "default": 0}, "整数，不小于 0，默认 0"),
        ({"enum": ["a", "b"], "type": "string"}, "取值：a、b"),
        ({"type": ["string", "null"]}, "文本，可为空"),
        ({"const": 1}, "固定为 1"),
        ({"additionalProperties": {"type": "integer"}, "type": "object"}, "对象，每个值为 整数"),
        ({}, "任意值"),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any], words: str) -> None:
    assert kind_of(schema).text == words


def test_permissions_in_words() -> None:
    ways = [["subsidies:submit", "registry:read"], ["feed:read"]]
    assert permissions_in_words(ways) == "报送名册、提出申报并且查看成员单位和合作载体，或者读取变更流"
    assert permissions_in_words([]) == ""


def test_an_example_is_shown_as_text_that_cannot_be_markup() -> None:
    from services.gateway.reference.merging import merged
    from services.gateway.reference.pages import render
    from tests.gateway.test_merging import PARTS, operation, service

    evil = {"type": "object", "description": "描述 <script>x</script>", "example": {"a": "</code><b>"}}
    document = service("registry", {"E": evil}, a=operation("E", summary="读取<img>"))
    body = {"content": {"application/json": {"schema": evil}}}
    document["paths"]["/api/registry/v1/a"]["get"]["requestBody"] = body
    parts = {**{name: service(name, {}) for name in PARTS}, "registry": document}
    whole = merged(parts, AUDIENCES["county"], "https://hub.example")
    page = render(AUDIENCES["county"], whole)
    assert "<script" not in page
    assert "<img>" not in page
    assert "&lt;/code&gt;&lt;b&gt;" in page
    assert json.dumps(whole)
    assert [part.name for part in parts_of(whole)] == ["成员登记"]

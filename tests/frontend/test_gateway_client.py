"""The gateway client over a unix socket and over TCP: calls, refusals, uploads and downloads as streams."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from frontend.gateway_client import ApiProblem, BoundGateway, GatewayClient
from services.kernel import context
from tests.frontend.fake_gateway import FakeGateway, problem, refuse, reply

pytestmark = pytest.mark.anyio
PATH = "/api/registry/v1/members"


@pytest.fixture(params=["unix", "tcp"])
async def address(request: pytest.FixtureRequest, fake: FakeGateway, sockets: Path) -> AsyncIterator[str]:
    """The same fake behind both kinds of address."""
    if request.param == "unix":
        yield f"unix://{sockets / 'gateway.sock'}"
        return
    runner = web.AppRunner(fake.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def client(address: str) -> AsyncIterator[GatewayClient]:
    client = GatewayClient(address)
    client.start()
    yield client
    await client.close()


@pytest.fixture
async def bound(client: GatewayClient, fake: FakeGateway) -> BoundGateway:
    commands = tuple(f"{method} {PATH}" for method in ("POST", "PUT", "PATCH", "DELETE"))
    return client.bound(fake.grant()["access_token"], "request-0001", commands)


async def test_get_sends_the_token_and_leaves_out_empty_parameters(bound: BoundGateway, fake: FakeGateway) -> None:
    fake.answers["GET", PATH] = reply({"items": [1]}, headers={"ETag": '"7"'})
    answer = await bound.get(PATH, {"q": "学院 A&B", "cursor": None, "limit": 50})
    assert answer.data == {"items": [1]}
    assert answer.etag == '"7"'
    method, path, headers = fake.seen[0]
    assert (method, path) == ("GET", f"{PATH}?q=%E5%AD%A6%E9%99%A2+A%26B&limit=50")
    assert headers["Accept"] == "application/json"
    assert headers["X-Request-ID"] == "request-0001"
    assert "X-Forwarded-For" not in headers


async def test_a_call_says_for_whose_browser_and_in_which_trace_it_is_made(
    bound: BoundGateway, fake: FakeGateway
) -> None:
    fake.answers["GET", PATH] = reply({})
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    tokens = context.client_address.set("203.0.113.9"), context.traceparent.set(trace)
    try:
        await bound.get(PATH)
    finally:
        context.client_address.reset(tokens[0])
        context.traceparent.reset(tokens[1])
    headers = fake.seen[0][2]
    assert (headers["X-Forwarded-For"], headers["traceparent"]) == ("203.0.113.9", trace)


@pytest.mark.parametrize("sent", ["\x00", "a\nSet-Cookie: b", ["1", "2"]])
async def test_what_no_header_can_hold_is_refused_as_what_was_sent(
    bound: BoundGateway, fake: FakeGateway, sent: Any
) -> None:
    for call in (bound.post(PATH, {}, idempotency_key=sent), bound.put(PATH, {}, if_match=sent)):
        with pytest.raises(ApiProblem) as refused:
            await call
        assert (refused.value.status, refused.value.code) == (400, "header_malformed")
    assert fake.seen == []


async def test_bodies_keys_and_versions_go_along(bound: BoundGateway, fake: FakeGateway) -> None:
    bodies: list[Any] = []

    async def take(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json() if request.can_read_body else None)
        return web.json_response({"id": "1"}, status=201, headers={"Location": f"{PATH}/1"})

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        fake.answers[method, PATH] = take
    made = await bound.post(PATH, {"name": "甲"}, idempotency_key="k-1")
    await bound.put(PATH, {"name": "乙"}, if_match='"1"')
    await bound.patch(PATH, {"name": "丙"}, if_match='"2"')
    await bound.delete(PATH, if_match='"3"')
    assert (made.status, made.location) == (201, f"{PATH}/1")
    assert bodies == [{"name": "甲"}, {"name": "乙"}, {"name": "丙"}, None]
    sent = [headers for _, _, headers in fake.seen]
    assert sent[0]["Idempotency-Key"] == "k-1"
    assert "If-Match" not in sent[0]
    assert [h.get("If-Match") for h in sent[1:]] == ['"1"', '"2"', '"3"']


async def test_an_empty_answer_has_no_data(bound: BoundGateway, fake: FakeGateway) -> None:
    async def nothing(request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    fake.answers["DELETE", PATH] = nothing
    answer = await bound.delete(PATH)
    assert (answer.status, answer.data, answer.location) == (204, None, None)


async def test_a_refusal_becomes_a_typed_problem(bound: BoundGateway, fake: FakeGateway) -> None:
    errors = [
        {"field": "uscc", "code": "uscc_check_digit", "message": "校验位不正确。"},
        {"field": "name", "code": "missing", "message": "必填。"},
        {"field": "uscc", "code": "length", "message": "应为 18 位。"},
    ]
    fake.answers["POST", PATH] = refuse(422, "invalid_input", "填写内容有误", "有 3 处需要修改。", errors)
    with pytest.raises(ApiProblem) as caught:
        await bound.post(PATH, {})
    told = caught.value
    assert (told.status, told.code, told.title, told.detail) == (
        422,
        "invalid_input",
        "填写内容有误",
        "有 3 处需要修改。",
    )
    assert told.field_errors == {"uscc": ["校验位不正确。", "应为 18 位。"], "name": ["必填。"]}
    assert told.request_id == "0123456789abcdef"
    assert "必填" not in str(told)


async def test_a_refusal_without_problem_json_still_says_something(bound: BoundGateway, fake: FakeGateway) -> None:
    async def proxy_page(request: web.Request) -> web.StreamResponse:
        return web.Response(status=502, text="<h1>Bad Gateway</h1>", headers={"Retry-After": "7"})

    fake.answers["GET", PATH] = proxy_page
    with pytest.raises(ApiProblem) as caught:
        await bound.get(PATH)
    assert (caught.value.status, caught.value.code) == (502, "http_502")
    assert caught.value.retry_after_seconds == 7
    assert caught.value.errors == ()


@pytest.mark.parametrize("body", ["[]", '"x"', "{", '{"errors": "none"}', '{"errors": ["x", 1]}'])
async def test_a_malformed_refusal_is_no_crash(bound: BoundGateway, fake: FakeGateway, body: str) -> None:
    async def odd(request: web.Request) -> web.StreamResponse:
        return web.Response(status=409, text=body, content_type="application/problem+json")

    fake.answers["GET", PATH] = odd
    with pytest.raises(ApiProblem) as caught:
        await bound.get(PATH)
    assert caught.value.status == 409
    assert caught.value.field_errors == {}


async def test_an_upload_streams_the_file_after_the_fields(bound: BoundGateway, fake: FakeGateway) -> None:
    got: dict[str, Any] = {}

    async def take(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        got.update(names=list(form), year=form["year"], filename=file.filename, size=len(file.file.read()))
        got["length"] = request.headers.get("Content-Length")
        return web.json_response({"id": "j"}, status=202, headers={"Location": "/api/subsidies/v1/jobs/j"})

    fake.answers["POST", PATH] = take
    content = io.BytesIO(b"0123456789" * 300_000)
    answer = await bound.upload(
        PATH, content, filename="怀宁县 学生名册.xlsx", fields={"year": "2026"}, idempotency_key="k"
    )
    assert answer.location == "/api/subsidies/v1/jobs/j"
    assert got["names"] == ["year", "file"]
    assert (got["year"], got["filename"], got["size"]) == ("2026", "怀宁县 学生名册.xlsx", 3_000_000)
    assert fake.seen[0][2]["Idempotency-Key"] == "k"


async def test_a_download_passes_bytes_name_and_version(bound: BoundGateway, fake: FakeGateway) -> None:
    async def give(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Disposition": "attachment; filename*=UTF-8''%E8%A1%A8.xlsx", "ETag": '"9"', "X-Inner": "1"}
        return web.Response(body=b"x" * 200_000, headers=headers, content_type="application/vnd.ms-excel")

    fake.answers["GET", PATH] = give
    response = await bound.download(PATH)
    content = b"".join([bytes(chunk) async for chunk in response.body_iterator])  # type: ignore[arg-type]
    assert content == b"x" * 200_000
    assert response.headers["content-disposition"].endswith("%E8%A1%A8.xlsx")
    assert response.headers["content-length"] == "200000"
    assert response.headers["etag"] == '"9"'
    assert "x-inner" not in response.headers


async def test_a_refused_download_is_a_problem_before_anything_is_sent(bound: BoundGateway, fake: FakeGateway) -> None:
    fake.answers["GET", PATH] = refuse(403, "forbidden", "没有权限", "只能下载本县的名册。")
    with pytest.raises(ApiProblem, match="403"):
        await bound.download(PATH)


async def test_a_gateway_that_is_away_is_a_503(sockets: Path) -> None:
    client = GatewayClient(f"unix://{sockets / 'nobody.sock'}")
    client.start()
    with pytest.raises(ApiProblem) as caught:
        await client.bound(None, "request-0001").get(PATH)
    await client.close()
    assert (caught.value.status, caught.value.code) == (503, "gateway_unreachable")


async def test_a_connection_that_breaks_off_is_a_503(bound: BoundGateway, fake: FakeGateway) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return response

    fake.answers["GET", PATH] = half
    with pytest.raises(ApiProblem) as caught:
        await bound.get(PATH)
    assert caught.value.status == 503


async def test_redirects_are_not_followed_with_the_token(bound: BoundGateway, fake: FakeGateway) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://evil.test/"})

    fake.answers["GET", PATH] = away
    assert (await bound.get(PATH)).status == 302


def test_a_client_that_was_not_started_says_so() -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = GatewayClient("http://127.0.0.1:1").session


def test_the_fake_speaks_problem_json() -> None:
    assert problem(404, "x", "y", "z").content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("command", "method", "path", "declared"),
    [
        ("POST /api/a/v1/things", "POST", "/api/a/v1/things", True),
        ("POST /api/a/v1/things", "PUT", "/api/a/v1/things", False),
        ("POST /api/a/v1/things/{}/end", "POST", "/api/a/v1/things/7/end", True),
        ("POST /api/a/v1/things/{id}/end", "POST", "/api/a/v1/things/7/end", True),
        ("POST /api/a/v1/things/{}", "POST", "/api/a/v1/things/7/end", False),
        ("POST /api/{}/v1/things", "POST", "/api/b/v1/things", True),
        ("POST /api/a/v1/thing.", "POST", "/api/a/v1/things", False),
    ],
)
async def test_a_page_commands_only_what_it_declares(
    fake: FakeGateway, client: GatewayClient, command: str, method: str, path: str, declared: bool
) -> None:
    bound = client.bound(fake.grant()["access_token"], "request-0001", (command,))
    fake.answers[method, path] = reply({})
    if declared:
        assert (await bound.request(method, path)).status == 200
    else:
        with pytest.raises(RuntimeError, match="does not declare"):
            await bound.request(method, path)

"""The gateway in front of real HTTP servers on unix sockets."""

import asyncio
import base64
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from services.gateway.proxy import BrokenAnswer
from tests.gateway.gateways import client_of, feed, gateway
from tests.support.servers import serving
from tests.support.tokens import Signer

BODY_LIMIT = 200_000


def echo_app() -> FastAPI:
    app = FastAPI()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            for number in range(5):
                yield f"{number}\n".encode()

        return StreamingResponse(chunks(), media_type="text/plain")

    @app.get("/redirect")
    async def redirect() -> PlainTextResponse:
        return PlainTextResponse("", 303, {"Location": "/elsewhere", "Set-Cookie": "a=b; HttpOnly"})

    @app.get("/unchanged")
    async def unchanged() -> Response:
        return Response(status_code=304, headers={"Content-Length": "12", "ETag": '"3"'})

    @app.get("/broken")
    async def broken() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"half"
            await asyncio.sleep(0.05)
            raise RuntimeError("the service fails in the middle")

        return StreamingResponse(chunks(), media_type="text/plain")

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE", "HEAD"])
    async def echo(request: Request) -> dict[str, Any]:
        body = await request.body()
        return {
            "method": request.method,
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "headers": dict(request.headers),
            "length": len(body),
        }

    return app


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="hub-gw-", dir="/tmp") as folder:
        with serving(echo_app(), Path(folder) / "echo.sock") as address:
            yield address


@pytest.fixture
def ask(upstream: str, signer: Signer, tmp_path: Path) -> Callable[..., httpx.Response]:
    """Send one request through a fresh gateway; `down=` names a part that does not run."""

    def send(
        method: str, path: str, *, down: str | None = None, settings: dict[str, Any] | None = None, **options: Any
    ) -> httpx.Response:
        parts = {down: f"unix://{tmp_path}/down.sock"} if down else {}
        app = gateway(tmp_path, signer, upstream, parts=parts, body_limit=BODY_LIMIT, **(settings or {}))

        async def exchange() -> httpx.Response:
            async with client_of(app) as client:
                return await client.request(method, path, **options)

        return asyncio.run(exchange())

    return send


def test_a_page_passes_without_a_token_and_gets_security_headers(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("GET", "/members?q=%E5%AE%89&x=1")
    assert answer.status_code == 200
    assert (answer.json()["path"], answer.json()["query"]) == ("/members", "q=%E5%AE%89&x=1")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"] == answer.json()["headers"]["x-request-id"]
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_every_answer_carries_the_security_headers_also_a_refusal(ask: Callable[..., httpx.Response]) -> None:
    refused, unknown = ask("GET", "/api/registry/v1/members"), ask("GET", "/internal/revocations")
    assert [refused.status_code, unknown.status_code] == [401, 404]
    for answer in (ask("GET", "/"), refused, unknown):
        policy = answer.headers["content-security-policy"]
        assert "'unsafe-inline'" not in policy.replace("style-src-attr 'unsafe-inline'", "")
        assert "'unsafe-eval'" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]


@pytest.mark.parametrize(
    "path", ["/internal/revocations", "/internal", "/internal/", "/%69nternal/revocations", "/internal%2Frevocations"]
)
def test_what_the_processes_ask_each_other_is_not_public(ask: Callable[..., httpx.Response], path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "route_unknown")


def test_an_encoded_path_arrives_as_it_was_sent(ask: Callable[..., httpx.Response]) -> None:
    assert ask("GET", "/citations/anqing-2024/%E4%B8%89(%E4%BA%8C)").json()["path"].endswith("%E4%B8%89(%E4%BA%8C)")


def test_the_api_wants_a_valid_token(ask: Callable[..., httpx.Response], signer: Signer) -> None:
    path = "/api/registry/v1/members"
    bare = ask("GET", path)
    assert (bare.status_code, bare.json()["code"]) == (401, "not_signed_in")
    assert bare.headers["content-type"] == "application/problem+json"
    forged = ask("GET", path, headers=Signer().headers("secretariat_clerk"))
    assert (forged.status_code, forged.json()["code"]) == (401, "token_key_unknown")
    ended = ask("GET", path, headers=signer.headers("secretariat_clerk", exp=1))
    assert (ended.status_code, ended.json()["code"]) == (401, "token_expired")
    good = ask("GET", path, headers=signer.headers("secretariat_clerk"))
    assert good.status_code == 200


def test_a_revoked_session_is_refused_at_the_door(upstream: str, signer: Signer, tmp_path: Path) -> None:
    app = gateway(tmp_path, signer, upstream, revocations=feed(sessions=frozenset({"s-1"})))

    async def statuses() -> list[tuple[int, str | None]]:
        async with client_of(app) as client:
            await asyncio.sleep(0)  # the feed asks in a task of its own
            found = []
            for sid in ("s-1", "s-2"):
                headers = signer.headers("secretariat_clerk", sid=sid)
                answer = await client.get("/api/registry/v1/members", headers=headers)
                found.append((answer.status_code, answer.json().get("code")))
            return found

    assert asyncio.run(statuses()) == [(401, "token_revoked"), (200, None)]


def test_a_service_is_told_who_asks_but_never_the_other_way_round(
    ask: Callable[..., httpx.Response], signer: Signer
) -> None:
    claims = {"sub": "p-7", "sid": "s-7", "post": "0198-7", "division": "340822"}
    given = {**signer.headers("county_clerk", **claims), "Hub-Principal": "Zm9yZ2Vk"}
    told = ask("GET", "/api/registry/v1/members", headers=given).json()["headers"]["hub-principal"]
    content = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    assert content == {"role": "county_clerk", "alliance": "anqing", "client_id": "frontend", **claims}
    assert "hub-principal" not in ask("GET", "/members", headers=given).json()["headers"]
    assert ask("GET", "/api/registry/v1/members", headers={"Hub-Principal": "Zm9yZ2Vk"}).status_code == 401


def test_a_trace_is_continued_and_otherwise_begun(ask: Callable[..., httpx.Response]) -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    given = {"traceparent": f"00-{trace}-{span}-00", "tracestate": "a=1"}
    continued = ask("GET", "/x", headers=given).json()["headers"]
    version, same, fresh, flags = continued["traceparent"].split("-")
    assert (version, same, flags, continued["tracestate"]) == ("00", trace, "00", "a=1")
    assert fresh != span
    begun = ask("GET", "/x", headers={"traceparent": f"00-{'0' * 32}-{span}-01", "tracestate": "a=1"}).json()["headers"]
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", begun["traceparent"])
    assert begun["traceparent"][3:35] != "0" * 32
    assert "tracestate" not in begun


def test_a_request_id_from_outside_is_kept_only_when_it_is_one(ask: Callable[..., httpx.Response]) -> None:
    assert (
        ask("GET", "/x", headers={"X-Request-ID": "bureau-2026-1"}).json()["headers"]["x-request-id"] == "bureau-2026-1"
    )
    for bad in ("short", "x" * 65, 'a"b{}injection'):
        assert ask("GET", "/x", headers={"X-Request-ID": bad}).json()["headers"]["x-request-id"] != bad


def test_forged_identity_headers_do_not_pass(ask: Callable[..., httpx.Response]) -> None:
    given = {"Hub-Alliance": "xiaogan", "X-Forwarded-For": "8.8.8.8", "Hub-Client-Address": "8.8.8.8"}
    headers = ask("GET", "/x", headers=given).json()["headers"]
    assert "hub-alliance" not in headers
    assert "x-forwarded-for" not in headers
    assert headers["hub-client-address"] == "127.0.0.1"


def test_bodies_stream_both_ways(ask: Callable[..., httpx.Response]) -> None:
    assert ask("GET", "/stream").text == "0\n1\n2\n3\n4\n"
    sent = ask("POST", "/upload", content=b"x" * 150_000)
    assert (sent.json()["length"], sent.json()["method"]) == (150_000, "POST")


def test_a_body_over_the_limit_is_refused(ask: Callable[..., httpx.Response]) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 100_000

    announced = ask("POST", "/upload", content=b"x" * (BODY_LIMIT + 1))
    assert (announced.status_code, announced.json()["code"]) == (413, "too_large")
    chunked = ask("POST", "/upload", content=chunks())
    assert (chunked.status_code, chunked.json()["code"]) == (413, "too_large")


def test_a_bulk_import_may_be_larger_than_anything_else(ask: Callable[..., httpx.Response], signer: Signer) -> None:
    rows = b"x" * (BODY_LIMIT + 1)
    headers = signer.headers("county_clerk", division="340822")
    taken = ask("POST", "/api/subsidies/v1/roster-imports", content=rows, headers=headers)
    assert (taken.status_code, taken.json()["length"]) == (200, len(rows))
    for method, path in (("PUT", "/api/subsidies/v1/roster-imports"), ("POST", "/api/subsidies/v1/claims")):
        assert ask(method, path, content=rows, headers=headers).status_code == 413
    small = {"bulk_body_limit": BODY_LIMIT}
    path = "/api/subsidies/v1/roster-imports"
    assert ask("POST", path, content=rows, headers=headers, settings=small).status_code == 413


def test_redirects_and_cookies_reach_the_client_untouched(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("GET", "/redirect")
    assert (answer.status_code, answer.headers["location"]) == (303, "/elsewhere")
    assert answer.headers["set-cookie"] == "a=b; HttpOnly"


def test_an_unchanged_page_announces_no_body(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("GET", "/unchanged")
    assert (answer.status_code, answer.headers["etag"]) == (304, '"3"')
    assert "content-length" not in answer.headers


def test_half_an_answer_does_not_look_complete(ask: Callable[..., httpx.Response]) -> None:
    with pytest.raises(BrokenAnswer):
        ask("GET", "/broken")


def test_a_body_of_another_length_than_announced_is_not_passed_on(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("POST", "/upload", content=b"abc", headers={"Content-Length": "5"})
    assert (answer.status_code, answer.json()["code"]) == (400, "upload_incomplete")


def test_a_length_that_is_no_number_is_replaced_by_chunks(ask: Callable[..., httpx.Response]) -> None:
    echoed = ask("POST", "/upload", content=b"abc", headers={"Content-Length": "x"}).json()
    assert (echoed["length"], echoed["headers"]["transfer-encoding"]) == (3, "chunked")
    assert "content-length" not in echoed["headers"]


def test_a_head_request_is_answered_by_its_headers_alone(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("HEAD", "/members")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_a_part_that_is_down_is_named_and_the_others_answer(ask: Callable[..., httpx.Response], signer: Signer) -> None:
    down = ask("GET", "/api/subsidies/v1/claims", down="subsidies", headers=signer.headers("secretariat_clerk"))
    assert (down.status_code, down.json()["code"], down.headers["retry-after"]) == (503, "part_unavailable", "3")
    assert "奖补资金暂时无法使用" in down.json()["detail"]
    assert ask("GET", "/", down="subsidies").status_code == 200


def test_a_person_gets_a_refusal_as_a_page_and_a_program_as_a_document(ask: Callable[..., httpx.Response]) -> None:
    person = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = ask("GET", "/members", down="frontend", headers=person)
    assert (page.status_code, page.headers["retry-after"]) == (503, "3")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "页面暂时无法使用" in page.text
    assert page.headers["x-request-id"] in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for path, headers in (("/members", {"Accept": "*/*"}), ("/api/registry/v1/members", person)):
        assert ask("GET", path, down="frontend", headers=headers).headers["content-type"] == "application/problem+json"


def test_health_is_the_gateways_own(ask: Callable[..., httpx.Response]) -> None:
    assert ask("GET", "/livez").json() == {"status": "alive"}
    assert "hub_requests" in ask("GET", "/metrics").text
    assert ask("GET", "/api/unknown/v1/x").status_code == 404

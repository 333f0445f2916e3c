"""HTTP to the gateway: one pooled aiohttp session per process, one small bound client per request.

Page authors take the dependency `Gateway` (see `frontend.access`) and call `get`, `post`, `put`, `delete`, `upload`
and `download`. An answer that is not a success is raised as `ApiProblem`, which the application renders as an error
page or fragment unless the page catches it to show field errors.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

import aiohttp
import orjson
from starlette.responses import StreamingResponse

from services.kernel import context
from services.kernel.errors import FieldIssue
from services.kernel.upstream import Upstream

JSON_SECONDS = 30.0
STREAM_SECONDS_WITHOUT_DATA = 120.0
CHUNK_BYTES = 64 * 1024
PASSED_HEADERS = ("Content-Type", "Content-Length", "Content-Disposition", "ETag", "Last-Modified")
REQUEST_ID_HEADER = "X-Request-ID"

Params = Mapping[str, str | int | Sequence[str] | None]


class ApiProblem(Exception):
    """An RFC 9457 answer of a service. `code` is stable; `title` and `detail` are Chinese sentences for people."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[FieldIssue] = (),
        request_id: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    @property
    def field_errors(self) -> dict[str, list[str]]:
        """Sentences by field name, in the order the service gave them."""
        by_field: dict[str, list[str]] = {}
        for issue in self.errors:
            by_field.setdefault(issue.field, []).append(issue.message)
        return by_field


@dataclass(frozen=True)
class Answer:
    """A successful answer: the decoded JSON (None for an empty body) and the headers that pages use."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str | None:
        """The version to send back as `if_match`."""
        return self.headers.get("ETag")

    @property
    def location(self) -> str | None:
        """Where a created resource or a job stands."""
        return self.headers.get("Location")


class GatewayClient:
    """The process's connection pool. Start it inside the running loop and close it at the end."""

    def __init__(self, address: str) -> None:
        self.upstream = Upstream(address)
        self._session: aiohttp.ClientSession | None = None

    def start(self) -> None:
        self._session = self.upstream.session(total_seconds=JSON_SECONDS)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the gateway client is used before start()")
        return self._session

    def url(self, path: str) -> str:
        return f"{self.upstream.base_url}{path}"

    def bound(self, access_token: str | None, request_id: str, commands: Sequence[str] = ()) -> "BoundGateway":
        """The client that speaks for one person in one request, and may carry out `commands` beside reading."""
        headers = {"Accept": "application/json", REQUEST_ID_HEADER: request_id}
        if access_token:
            headers["Authorization"] = f"Bearer {access_token}"
        return BoundGateway(self, headers, tuple(commands))


@dataclass(frozen=True)
class BoundGateway:
    """Calls the gateway with one person's token. Paths begin with `/api/…`; every method raises ApiProblem.

    `commands` are the operations that the page declares (`POST /api/…/{}`, see `frontend.access.performs`): a call that
    changes something and is not among them is a fault of the page. So what the pages can do is known, and compared
    with what the API offers.
    """

    client: GatewayClient
    headers: Mapping[str, str]
    commands: tuple[str, ...] = ()

    async def get(self, path: str, params: Params | None = None) -> Answer:
        return await self.request("GET", path, params=params)

    async def post(
        self, path: str, json: Any = None, *, idempotency_key: str | None = None, if_match: str | None = None
    ) -> Answer:
        return await self.request(
            "POST", path, json=json, headers={"Idempotency-Key": idempotency_key, "If-Match": if_match}
        )

    async def put(self, path: str, json: Any, *, if_match: str | None = None) -> Answer:
        return await self.request("PUT", path, json=json, headers={"If-Match": if_match})

    async def patch(self, path: str, json: Any, *, if_match: str | None = None) -> Answer:
        return await self.request("PATCH", path, json=json, headers={"If-Match": if_match})

    async def delete(self, path: str, *, if_match: str | None = None) -> Answer:
        return await self.request("DELETE", path, headers={"If-Match": if_match})

    async def upload(
        self,
        path: str,
        file: BinaryIO,
        *,
        filename: str,
        content_type: str = "application/octet-stream",
        field_name: str = "file",
        fields: Mapping[str, str] | None = None,
        params: Params | None = None,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send an open file as multipart/form-data without reading it into memory; `fields` go before it."""
        form = aiohttp.FormData(quote_fields=False)  # names stay UTF-8 as browsers send them
        filename = "".join(letter for letter in filename if letter.isprintable())
        for name, value in (fields or {}).items():
            form.add_field(name, value)
        form.add_field(field_name, file, filename=filename, content_type=content_type)
        return await self.request(
            "POST",
            path,
            data=form,
            params=params,
            headers={"Idempotency-Key": idempotency_key, **(headers or {})},
            timeout=_streaming(),
        )

    async def download(self, path: str, params: Params | None = None, *, json: Any = None) -> StreamingResponse:
        """Pass a file on to the browser as it arrives, with its name, type, length and version.

        With `json` the file is made by a POST of that body.
        """
        method = "GET" if json is None else "POST"
        wants = {"Accept": "*/*"}
        response = await self._open(method, path, params=params, json=json, headers=wants, timeout=_streaming())
        if response.status >= 400:
            raise await problem_of(response)
        headers = {name: response.headers[name] for name in PASSED_HEADERS if name in response.headers}
        if response.headers.get("Content-Encoding"):
            headers.pop("Content-Length", None)  # aiohttp has decoded the body, whose length is now another
        return StreamingResponse(_chunks(response), status_code=response.status, headers=headers)

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        """One call. `options` are aiohttp's; None among params and headers is left out."""
        response = await self._open(method, path, **options)
        async with response:
            if response.status >= 400:
                raise await problem_of(response)
            try:
                body = await response.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                raise unreachable() from error
            return Answer(response.status, _decode(body), response.headers)

    async def _open(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        if method != "GET" and not any(_matches(command, method, path) for command in self.commands):
            raise RuntimeError(f"the page does not declare that it performs {method} {path}")
        options["headers"] = {**self.headers, **_on_behalf(), **_present(options.get("headers"))}
        if not all(isinstance(value, str) and value.isprintable() for value in options["headers"].values()):
            raise _meddled()
        options["params"] = _present(options.get("params"))
        if options.get("json") is not None:
            options["data"] = orjson.dumps(options["json"])
            options["headers"]["Content-Type"] = "application/json"
        options.pop("json", None)
        try:
            return await self.client.session.request(method, self.client.url(path), allow_redirects=False, **options)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable() from error


def _on_behalf() -> dict[str, str]:
    """For whom and within which trace a call is made; the gateway believes the address from the hub's own socket."""
    address, trace = context.client_address.get(), context.traceparent.get()
    said = {"X-Forwarded-For": address if address != "-" else "", "traceparent": trace}
    return {name: value for name, value in said.items() if value}


@lru_cache(maxsize=1024)
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{\w*\}", template)))


def _matches(command: str, method: str, path: str) -> bool:
    wanted, _, template = command.partition(" ")
    return wanted == method and _pattern(template).fullmatch(path) is not None


def unreachable() -> ApiProblem:
    """The problem of a gateway that does not answer; the page says so instead of failing."""
    return ApiProblem(
        503, "gateway_unreachable", "服务暂时不可用", "后台服务没有响应，可能正在启动或维护，请稍后重试。"
    )


def _meddled() -> ApiProblem:
    """The problem of a form whose hidden fields, which go as headers, are not as the page made them."""
    detail = "表单的提交编号或版本已被改动，没有提交。请刷新页面后重新填写。"
    return ApiProblem(400, "header_malformed", "请求有误", detail)


async def problem_of(response: aiohttp.ClientResponse) -> ApiProblem:
    """Read a refusal. A body that is not problem+json (a proxy's page) becomes a plain sentence of its status."""
    async with response:
        try:
            body = _decode(await response.read())
        except (aiohttp.ClientError, TimeoutError):
            body = None
    told = body if isinstance(body, dict) else {}
    retry = response.headers.get("Retry-After", "")
    return ApiProblem(
        response.status,
        str(told.get("code") or f"http_{response.status}"),
        str(told.get("title") or "请求没有成功"),
        str(told.get("detail") or "后台服务没有说明原因，请稍后重试；多次出现时请联系系统管理员。"),
        errors=_issues(told.get("errors")),
        request_id=told.get("request_id") or response.headers.get(REQUEST_ID_HEADER),
        retry_after_seconds=int(retry) if retry.isdigit() else None,
    )


def _issues(errors: Any) -> list[FieldIssue]:
    if not isinstance(errors, list):
        return []
    return [
        FieldIssue(str(entry.get("field", "")), str(entry.get("code", "")), str(entry.get("message", "")))
        for entry in errors
        if isinstance(entry, dict)
    ]


def _decode(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _present(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if value is not None}


def _streaming() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=STREAM_SECONDS_WITHOUT_DATA)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with response:
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            yield chunk

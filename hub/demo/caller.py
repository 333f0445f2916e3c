"""One signed-in account's calls to the public API: JSON, uploads and jobs, by the conventions of docs/design.md §5."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import httpx

from hub.demo.errors import DemoError

REGISTRY: Final = "/api/registry/v1"
SUBSIDIES: Final = "/api/subsidies/v1"
TARGETS: Final = "/api/targets/v1"
JOB_SECONDS: Final = 300.0
POLL_SECONDS: Final = 0.25
ACCEPTED: Final = 202
PAGE_LIMIT: Final = 200
_MEDIA: Final = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
}


def idempotency_key(username: str, path: str, content: bytes) -> str:
    """The same key for the same account, address and content, so that sending twice changes nothing."""
    digest = hashlib.sha256(b"\0".join((username.encode(), path.encode(), content)))
    return f"demonstration-{digest.hexdigest()}"


class Caller:
    """Calls as one account. Every refusal becomes a DemoError with the server's own sentence."""

    def __init__(self, username: str, http: httpx.AsyncClient) -> None:
        self.username = username
        self._http = http

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        """The decoded body of one resource."""
        return _checked(await self._http.get(path, params=query)).json()

    async def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list, over all its pages."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=PAGE_LIMIT, **query, **cursor)
            found += page["items"]
            if not page.get("next_cursor"):
                return found
            cursor = {"cursor": page["next_cursor"]}

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create a resource once, however often it is sent."""
        content = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key(self.username, path, content)}
        answer: dict[str, Any] = _checked(await self._http.post(path, content=content, headers=headers)).json()
        return answer

    async def act(self, path: str, etag: str | None = None, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Post a change of state, such as accepting a claim; one that a job carries out is waited for."""
        return await self._change("POST", path, etag, body or {})

    async def put(self, path: str, body: dict[str, Any], *, seen_at: str | None = None) -> dict[str, Any]:
        """Let a resource be as it should stand; `seen_at` is where it is read when it is a part of another one."""
        return await self._change("PUT", path, await self.etag(seen_at or path), body)

    async def _change(self, method: str, path: str, etag: str | None, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"If-Match": etag} if etag else {}
        response = _checked(await self._http.request(method, path, json=body, headers=headers))
        if response.status_code == ACCEPTED:
            await self.finished(response.headers["Location"], path)
        answer: dict[str, Any] = response.json()
        return answer

    async def etag(self, path: str) -> str | None:
        """The entity tag of one resource as it stands now."""
        found: str | None = _checked(await self._http.get(path)).headers.get("ETag")
        return found

    async def upload(self, path: str, file: Path, **form: str) -> dict[str, Any]:
        """Send a workbook and wait for its job; returns the job's result."""
        return (await self._sent(path, file, form))[1]

    async def hand_in(self, path: str, content: bytes, **query: str) -> None:
        """Send a file as the body, once, however often it is sent; `query` says what it is."""
        named = json.dumps([path, query], ensure_ascii=False, sort_keys=True).encode()
        key = idempotency_key(self.username, path, named + content)
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": key}
        _checked(await self._http.post(path, params=query, content=content, headers=headers))

    async def propose(self, path: str, file: Path, **query: str) -> dict[str, Any]:
        """Send a workbook and wait until its job has looked at it; returns the change set that was made of it."""
        return (await self._sent(path, file, {}, query))[0]

    async def _sent(
        self, path: str, file: Path, form: dict[str, str], query: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer, and the result of the job."""
        content = await asyncio.to_thread(file.read_bytes)
        named = json.dumps([file.name, {**form, **(query or {})}], ensure_ascii=False, sort_keys=True).encode()
        response = await self._http.post(
            path,
            params=query,
            data=form,
            files={"file": (file.name, content, _MEDIA[file.suffix])},
            headers={"Idempotency-Key": idempotency_key(self.username, path, named + content)},
        )
        _checked(response)
        return response.json(), await self.finished(response.headers["Location"], file.name)

    async def finished(self, location: str, what: str) -> dict[str, Any]:
        """Wait for a job; returns its result. Raises DemoError when it failed or takes too long."""
        try:
            async with asyncio.timeout(JOB_SECONDS):
                while True:
                    job = await self.get(location)
                    if job["state"] == "succeeded":
                        return dict(job["result"] or {})
                    if job["state"] == "failed":
                        raise DemoError(f"{what} 的后台任务失败：{job['message'] or '没有说明'}")
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise DemoError(f"{what} 的后台任务在 {JOB_SECONDS:.0f} 秒内没有完成。") from error


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    place = f"{response.request.method} {response.request.url.path}"
    raise DemoError(f"加载演示数据时被拒绝：{place}（HTTP {response.status_code}）{_sentence(response)}")


def _sentence(response: httpx.Response) -> str:
    """What a problem document says, with every field error; empty for any other body."""
    if "json" not in response.headers.get("content-type", ""):
        return ""
    problem = response.json()
    fields = "；".join(f"{issue.get('field')}：{issue.get('message')}" for issue in problem.get("errors") or [])
    return "，".join(part for part in (problem.get("detail") or problem.get("title") or "", fields) if part)

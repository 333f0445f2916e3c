"""The pages' section: what it asks, how it counts, and that a hub which does not start is said loudly."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from hub.demo.errors import DemoError
from hub.environment import Deployment
from tests.bench import pages
from tests.bench.pages import (
    FLOOR,
    REQUESTS,
    SIGN_IN,
    HubDidNotStart,
    PageRefused,
    Site,
    measure,
    page_paths,
    page_table,
    visit,
)


def test_ratios_are_to_the_gateway_itself() -> None:
    shown = page_table({FLOOR: [0.001] * 4, "首页": [0.004, 0.006, 0.010, 0.004]})
    assert shown.splitlines()[-1].split() == ["首页", "5.0", "4.0", "10.0", "4"]


def test_the_main_pages_are_asked() -> None:
    paths = page_paths("/oauth/authorize?x=1", "7")
    assert next(iter(paths)) == FLOOR
    assert paths[SIGN_IN] == "/oauth/authorize?x=1"
    settlement = "/subsidies/settlements/7"
    assert {"/", "/members", "/targets", settlement, f"{settlement}/lines"} < {*paths.values()}


async def _visited(refused: str | None) -> tuple[dict[str, list[float]], Counter[tuple[str, bool]]]:
    """Visit a stand-in for the hub; returns the times, and how often each path was asked with and without a session."""
    asked: Counter[tuple[str, bool]] = Counter()

    async def answer(request: web.Request) -> web.Response:
        asked[request.path, "Cookie" in request.headers] += 1
        return web.Response(status=303 if request.path == refused else 200, headers={"Location": "/"})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        site = Site(f"http://{host}:{port}", {FLOOR: "/livez", SIGN_IN: "/sign-in", "首页": "/"}, "session=1")
        return await visit(site, 2), asked
    finally:
        await runner.cleanup()


def test_every_page_is_asked_as_often_and_the_sign_in_page_as_a_stranger() -> None:
    times, asked = asyncio.run(_visited(None))
    assert {name: len(found) for name, found in times.items()} == dict.fromkeys(times, 2 * REQUESTS)
    once_more = 2 * REQUESTS + 1  # the first answer is not counted
    assert asked == {("/livez", True): once_more, ("/sign-in", False): once_more, ("/", True): once_more}


def test_a_page_that_answers_with_a_redirect_was_not_measured() -> None:
    with pytest.raises(PageRefused, match="登录页答复 HTTP 303"):
        asyncio.run(_visited("/sign-in"))


def test_a_hub_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    with log.open("wb") as stream:
        command = [sys.executable, "-c", "import sys; sys.exit('磁盘空间已满')"]
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
        process.wait()
    with pytest.raises(HubDidNotStart, match=r"(?s)退出码 1.*磁盘空间已满"):
        pages._wait(process, log)


@pytest.mark.parametrize("fault", [HubDidNotStart("端口被占用"), DemoError("端口被占用"), PageRefused("端口被占用")])
def test_a_hub_that_does_not_answer_is_said_loudly_and_fails_the_section(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def broken(environment: Mapping[str, str]) -> Iterator[Deployment]:
        raise fault
        yield

    monkeypatch.setattr(pages, "running_hub", broken)
    said: list[str] = []
    assert measure(1, {}, said.append) is False
    assert "!!!!" in said[-1]
    assert "端口被占用" in said[-1]

"""The main pages through the whole running hub: gateway, page, services and database, one reader at a time.

The hub is the real one, `hub up` on a free port with the demonstration's data in a folder of its own; its year is
settled by its own API. Pages are asked with the session of the secretariat's browser.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urljoin
from uuid import uuid4

import aiohttp
import httpx

from hub.accounts import CALLBACK
from hub.demo.alliance import SECRETARIAT_USERNAME
from hub.demo.caller import Caller
from hub.demo.errors import DemoError
from hub.demo.plan import SNAPSHOT_DATE, YEAR
from hub.demo.sign_in import Account, LoginForm, OAuthClient, signed_in
from hub.demo.steps import through_steps
from hub.demonstration import CLIENT
from hub.environment import Deployment, running_deployment
from hub.postgres import free_port
from hub.processes import log_tail
from services.kernel.permissions import Role, scope_of
from tests.bench.report import percentile, table

START_SECONDS, STOP_SECONDS, JOB_SECONDS = 420.0, 60.0, 120.0
READY = "中枢已就绪"
REQUESTS = 20
"""How often a page is asked in one round."""
FLOOR, SIGN_IN = "网关自身（/livez）", "登录页"
SETTLEMENTS = "/api/subsidies/v1/settlements"
Say = Callable[[str], None]


class HubDidNotStart(RuntimeError):
    """The hub ended, or was not ready in time; the message has the end of what it said."""


class PageRefused(RuntimeError):
    """A page, or the settlement that pages are to show, did not answer as it should: its speed says nothing."""


@dataclass(frozen=True)
class Site:
    """A signed-in browser's view of the hub: paths by name, and the cookie to ask them with."""

    origin: str
    paths: Mapping[str, str]
    cookie: str


def measure(rounds: int, environment: Mapping[str, str], say: Say) -> bool:
    """Print p50 and p95 of the main pages; False, loudly, when the hub does not start."""
    say(f"\n== 主要页面：完整的中枢与示范数据，{rounds} 轮，每轮每页 {REQUESTS} 次，依次访问 ==")
    try:
        with running_hub(environment) as deployment:
            site = asyncio.run(prepare(deployment))
            times = asyncio.run(visit(site, rounds))
    except (HubDidNotStart, DemoError, PageRefused) as fault:
        say(f"  !!!! 没有测量页面：中枢没有启动，或没有照常回答。{fault}")
        return False
    say(page_table(times))
    return True


@contextmanager
def running_hub(environment: Mapping[str, str]) -> Iterator[Deployment]:
    """`hub up` with the demonstration loaded, in a temporary state folder; stopped and removed with the block."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/tmp") as name:
        own = {name: value for name, value in environment.items() if not name.startswith("HUB_")}
        own |= {"HUB_STATE_DIR": f"{name}/state", "HUB_PORT": str(free_port())}
        own |= {"HUB_GATEWAY_RATE_PER_CLIENT": "1000000", "HUB_GATEWAY_RATE_PER_ADDRESS": "1000000"}  # one busy reader
        Path(name).chmod(0o711)
        log = Path(name) / "up.log"
        with log.open("wb") as stream:
            command = [sys.executable, "-m", "hub", "up", "--stop-with-parent"]
            process = subprocess.Popen(command, env=own, stdout=stream, stderr=subprocess.STDOUT)
        try:
            _wait(process, log)
            yield running_deployment(own)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()  # its children are tied to its life by the kernel
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while READY not in log.read_text("utf-8", "replace"):
        if process.poll() is not None:
            raise HubDidNotStart(f"退出码 {process.returncode}：\n{log_tail(log, 8)}")
        if time.monotonic() > deadline:
            raise HubDidNotStart(f"{START_SECONDS:.0f} 秒内没有就绪：\n{log_tail(log, 8)}")
        time.sleep(0.2)


async def prepare(deployment: Deployment) -> Site:
    """Settle the demonstration's year and sign the secretariat in with a browser's cookies."""
    origin = deployment.settings.public_url
    account = Account(SECRETARIAT_USERNAME, deployment.secrets.account_password(SECRETARIAT_USERNAME))
    settlement = await settled_year(deployment, account)
    async with httpx.AsyncClient(base_url=origin, follow_redirects=True, timeout=60) as browser:
        page = await browser.get("/login")
        form, login = LoginForm(page.text), str(page.url)

        async def send(method: str, address: str, fields: dict[str, str] | None) -> httpx.Response:
            return await browser.request(method, address, data=fields, headers={"Origin": origin})

        sent = await send("POST", urljoin(login, form.action), form.filled(account))
        home = await through_steps(send, sent, account)
        if not home.is_success or not str(home.url).startswith(origin):
            raise HubDidNotStart(f"秘书处账号没有登录成功（HTTP {home.status_code}）")
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return Site(origin, page_paths(login.removeprefix(origin), settlement), cookie)


def page_paths(login: str, settlement: str) -> dict[str, str]:
    """The pages by name; the first is the floor that the others are divided by."""
    return {
        FLOOR: "/livez",
        SIGN_IN: login,
        "首页": "/",
        "成员单位": "/members",
        "目标指标": "/targets",
        "结算详情": f"/subsidies/settlements/{settlement}",
        "结算明细": f"/subsidies/settlements/{settlement}/lines",
    }


async def settled_year(deployment: Deployment, account: Account) -> str:
    """The id of a computed settlement of the demonstration's year."""
    url = deployment.settings.public_url
    secret = deployment.secrets["HUB_FRONTEND_CLIENT_SECRET"]
    client = OAuthClient(CLIENT, url + CALLBACK, secret, scope_of(Role.SECRETARIAT_CLERK))
    async with await signed_in(url, client, account) as http:
        body = {"year": YEAR, "snapshot_date": SNAPSHOT_DATE}
        answer = await http.post(SETTLEMENTS, json=body, headers={"Idempotency-Key": uuid4().hex})
        answer.raise_for_status()
        await _computed(Caller(account.username, http), f"{SETTLEMENTS}/{answer.json()['id']}")
    return str(answer.json()["id"])


async def _computed(caller: Caller, path: str) -> None:
    async with asyncio.timeout(JOB_SECONDS):
        while (state := (await caller.get(path))["state"]) != "computed":
            if state != "queued":
                raise PageRefused(f"示范年度的结算状态为 {state}")
            await asyncio.sleep(0.2)


async def visit(site: Site, rounds: int) -> dict[str, list[float]]:
    """Seconds of every request by page; rounds alternate between the pages and begin with another one each time."""
    times: dict[str, list[float]] = {name: [] for name in site.paths}
    names = list(site.paths)
    async with aiohttp.ClientSession(site.origin, cookie_jar=aiohttp.DummyCookieJar()) as http:
        for name in names:
            await _ask(http, site, name)  # the first answer of each compiles its template
        for number in range(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                times[name] += [await _ask(http, site, name) for _ in range(REQUESTS)]
    return times


async def _ask(http: aiohttp.ClientSession, site: Site, name: str) -> float:
    started = time.perf_counter()
    # Who has signed in is not shown the sign-in page again, so that one is asked as a stranger.
    headers = {"Accept": "text/html"} if name == SIGN_IN else {"Accept": "text/html", "Cookie": site.cookie}
    async with http.get(site.paths[name], headers=headers, allow_redirects=False) as answer:
        await answer.read()
        if answer.status != 200:
            raise PageRefused(f"{name}答复 HTTP {answer.status}")
    return time.perf_counter() - started


def page_table(times: Mapping[str, list[float]]) -> str:
    """Ratios of medians to the floor, then milliseconds."""
    floor = median(times[FLOOR])
    rows = [
        (
            name,
            f"{median(found) / floor:.1f}",
            f"{percentile(found, 0.5) * 1e3:.1f}",
            f"{percentile(found, 0.95) * 1e3:.1f}",
            f"{len(found)}",
        )
        for name, found in times.items()
    ]
    return table(("", "比值", "p50（毫秒）", "p95（毫秒）", "次数"), rows)

"""The gateway against direct: one FastAPI endpoint in one process, asked by every way in turn over the loopback.

Behind the gateway and behind nginx it is asked over its unix socket, as in `hub up`; directly over TCP, because load
generators speak TCP only. The gateway is the hub's own process, started as `hub up` starts it, and verifies the token.
"""

import asyncio
import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp

from hub.postgres import free_port
from hub.processes import kill_group, log_tail, spawn
from tests.bench.gateway_target import AUTH_PATH, PATH
from tests.bench.load import CONNECTIONS, Load, generator, load
from tests.bench.report import compared, interleaved, ratio_table
from tests.support.tokens import AUDIENCE, ISSUER, Signer

START_SECONDS = 30.0
DIRECT, GATEWAY = "直接访问", "经网关（验证令牌）"
NGINX, NGINX_AUTH = "经 nginx proxy_pass（不验证）", "经 nginx auth_request（验证）"
NGINX_CONFIGURATION = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream target {{ server unix:{socket}; keepalive 64; }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{plain}; location / {{ proxy_pass http://target; }} }}
  server {{
    listen 127.0.0.1:{checked};
    location / {{ auth_request /_auth; proxy_pass http://target; }}
    location = /_auth {{
      internal; proxy_pass http://target{auth}; proxy_pass_request_body off; proxy_set_header Content-Length "";
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Doors:
    """The addresses to ask, by contender, and the token that each request carries."""

    urls: Mapping[str, str]
    headers: dict[str, str]
    folder: Path


@contextmanager
def running(
    command: Sequence[str], folder: Path, name: str, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the bench, ended with the block, and by the kernel should the bench be killed."""
    log = folder / f"{name}.log"
    with log.open("ab") as stream:
        process = spawn(command, log=stream, environment=environment, death_signal=signal.SIGTERM)
    try:
        yield process
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended while it was measured: {log_tail(log, 5)}")
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            kill_group(process)
            process.wait()


@contextmanager
def doors() -> Iterator[Doors]:
    """Start the target, the gateway and, where it is installed, nginx; all end with the block."""
    signer = Signer()
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/tmp") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)
        target, gateway, plain, checked = (free_port() for _ in range(4))
        jwks, socket = folder / "jwks.json", folder / "target.sock"
        jwks.write_text(json.dumps(asyncio.run(signer.jwks())))
        ask = ["-m", "tests.bench.gateway_target", "--port", str(target), "--uds", str(socket), "--jwks", str(jwks)]
        stack.enter_context(running([sys.executable, *ask], folder, "target", os.environ))
        serve = [sys.executable, "-m", "hub", "serve", "gateway", "--port", str(gateway)]
        stack.enter_context(running(serve, folder, "gateway", _gateway_environment(folder, socket)))
        urls = {DIRECT: target, GATEWAY: gateway}
        if shutil.which("nginx"):
            configuration = _nginx_configuration(folder, socket, plain, checked)
            nginx = ["nginx", "-c", str(configuration), "-p", str(folder), "-g", "daemon off;"]
            stack.enter_context(running(nginx, folder, "nginx", {"PATH": os.environ["PATH"]}))
            urls |= {NGINX: plain, NGINX_AUTH: checked}
        named = {label: f"http://127.0.0.1:{port}{PATH}" for label, port in urls.items()}
        yield Doors(named, signer.headers("secretariat_clerk"), folder)


def _gateway_environment(folder: Path, socket: Path) -> dict[str, str]:
    parts = ("identity", "registry", "targets", "subsidies", "exchange", "frontend")
    return {
        **os.environ,
        "HUB_ENVIRONMENT": "demonstration",
        "HUB_PUBLIC_URL": ISSUER,
        "HUB_AUDIENCE": AUDIENCE,
        "HUB_FILES_DIR": str(folder),
        "HUB_FILES_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        **{f"HUB_UPSTREAM_{part.upper()}": f"unix://{socket}" for part in parts},
        "HUB_UPSTREAM_GATEWAY": ISSUER,
        "HUB_GATEWAY_RATE_PER_CLIENT": "1000000",  # every request is counted, none is one too many
    }


def _nginx_configuration(folder: Path, socket: Path, plain: int, checked: int) -> Path:
    user = "user root;" if os.geteuid() == 0 else ""
    text = NGINX_CONFIGURATION.format(
        user=user, folder=folder, socket=socket, plain=plain, checked=checked, auth=AUTH_PATH
    )
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


async def check_doors(opened: Doors) -> None:
    """Every way must answer the same page before it is measured, and those that verify must refuse without a token."""
    async with aiohttp.ClientSession() as http:
        answers = {label: await _answer(http, url, opened.headers) for label, url in opened.urls.items()}
        if len(set(answers.values())) != 1:
            raise RuntimeError(f"the ways to the endpoint answer differently: {answers}")
        for label in {GATEWAY, NGINX_AUTH} & set(opened.urls):
            async with http.get(opened.urls[label]) as answer:
                if answer.status != 401:
                    raise RuntimeError(f"{label} answered {answer.status} without a token")


async def _answer(http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> bytes:
    """The body of the first success; a process that is still starting is asked again for a while."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            async with http.get(url, headers=headers) as answer:
                if answer.status == 200:
                    return await answer.read()
                problem = f"{answer.status} {await answer.text()}"
        except aiohttp.ClientConnectionError as fault:
            problem = str(fault)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{url} does not answer: {problem}")
        await asyncio.sleep(0.1)


def gateway_contenders(opened: Doors, seconds: float) -> dict[str, Callable[[], Awaitable[Load]]]:
    """By name, direct first: it is what the others are divided by."""

    def through(url: str) -> Callable[[], Awaitable[Load]]:
        return lambda: load(url, opened.headers, seconds, opened.folder)

    return {label: through(url) for label, url in opened.urls.items()}


def compare(rounds: int, seconds: float, say: Callable[[str], None]) -> None:
    """Print requests a second and the times of answers, by every way."""
    say(f"\n== 网关与直接访问：同一 FastAPI 接口，{CONNECTIONS} 个连接，每轮 {seconds} 秒（{generator()}）==")
    if generator() != "wrk":
        say("  注意：没有安装 wrk，改用 Python 的负载程序；它本身较慢，会使比值偏高。")
    with doors() as opened:
        if NGINX not in opened.urls:
            say("  注意：没有安装 nginx，缺少与它的比较。")
        asyncio.run(_compare(opened, rounds, seconds, say))


async def _compare(opened: Doors, rounds: int, seconds: float, say: Callable[[str], None]) -> None:
    await check_doors(opened)
    found = await interleaved(gateway_contenders(opened, seconds), rounds)
    notes = {
        name: (f"{median(load.p50 for load in loads):.1f}", f"{median(load.p95 for load in loads):.1f}")
        for name, loads in found.items()
    }
    rows = compared({name: [load.per_second for load in loads] for name, loads in found.items()}, DIRECT, notes)
    say(ratio_table(rows, "次/秒", digits=0, note_headers=("p50 毫秒", "p95 毫秒")))

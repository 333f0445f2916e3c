"""`hub serve gateway` as real processes: several share one port and their counts; IPv4, IPv6 and a socket."""

import asyncio
import base64
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from hub.postgres import free_port
from services.gateway.routes import PART_LABELS
from tests.gateway.test_proxy import echo_app
from tests.support.servers import serving
from tests.support.tokens import AUDIENCE, ISSUER

pytestmark = pytest.mark.processes
START_SECONDS = 30.0


@dataclass
class Running:
    """A gateway of its own processes; `log` is what it wrote."""

    process: subprocess.Popen[bytes]
    port: int
    uds: Path
    log: Path

    def workers(self) -> list[int]:
        """Its worker processes, without the helper that Python starts beside them."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def statuses(self, path: str, times: int, host: str = "127.0.0.1") -> list[int]:
        """Each over a connection of its own."""
        url = f"http://[{host}]:{self.port}{path}" if ":" in host else f"http://{host}:{self.port}{path}"
        return [httpx.get(url).status_code for _ in range(times)]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(echo_app(), tmp_path_factory.mktemp("p") / "e.sock") as address:
        yield address


def gateway_environment(folder: Path, upstream: str) -> dict[str, str]:
    """All parts are `upstream`, but for identity, which is not there."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    return {
        **os.environ,
        "TMPDIR": str(elsewhere),
        "HUB_ENVIRONMENT": "demonstration",
        "HUB_PUBLIC_URL": ISSUER,
        "HUB_AUDIENCE": AUDIENCE,
        "HUB_FILES_DIR": str(folder),
        "HUB_FILES_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        **{f"HUB_UPSTREAM_{part.upper()}": upstream for part in PART_LABELS},
        "HUB_UPSTREAM_IDENTITY": f"unix://{folder}/nobody.sock",
        "HUB_UPSTREAM_GATEWAY": ISSUER,
    }


@contextmanager
def gateway_running(folder: Path, upstream: str, *, host: str = "127.0.0.1", **settings: str) -> Iterator[Running]:
    port, uds, log = free_port(), folder / "gateway.sock", folder / "gateway.log"
    environment = {**gateway_environment(folder, upstream), **settings}
    command = [sys.executable, "-m", "hub", "serve", "gateway", "--host", host, "--port", str(port), "--uds", str(uds)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream, start_new_session=True)
    running = Running(process, port, uds, log)
    try:
        until(lambda: answers(running, host), log.read_text)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def answers(running: Running, host: str) -> bool:
    address = "127.0.0.1" if host == "::" else host
    try:
        return running.statuses("/livez", 1, address) == [200]
    except httpx.TransportError:
        return False


def until(holds: object, told: object = lambda: "") -> None:
    deadline = time.monotonic() + START_SECONDS
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, told()  # type: ignore[operator]
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_processes_share_the_counts_and_the_metrics(tmp_path: Path, upstream: str) -> None:
    limit = 30
    settings = {"HUB_GATEWAY_PROCESSES": "2", "HUB_GATEWAY_RATE_PER_ADDRESS": str(limit)}
    with gateway_running(tmp_path, upstream, **settings) as running:
        until(lambda: len(running.workers()) == 2)
        one, other = running.workers()
        started = time.monotonic()
        found = []
        for stopped in (one, other):  # so that the one that is not stopped must answer
            os.kill(stopped, signal.SIGSTOP)
            found.append(running.statuses("/x", 20))
            os.kill(stopped, signal.SIGCONT)
        assert found[0] == [200] * 20
        assert 429 in found[1], "the second process did not know what the first one had counted"
        faded = ceil(limit * (time.monotonic() - started) / 60)
        assert limit <= sum(run.count(200) for run in found) <= limit + faded
        metrics = httpx.get(f"http://127.0.0.1:{running.port}/metrics").text
        answered = re.search(r'hub_requests_total\{method="GET",service="gateway",status="200"\} (\d+)', metrics)
        assert answered is not None
        assert int(answered[1]) >= limit


def test_a_process_that_is_killed_is_replaced_and_none_outlives_the_first(tmp_path: Path, upstream: str) -> None:
    with gateway_running(tmp_path, upstream, HUB_GATEWAY_PROCESSES="2") as running:
        until(lambda: len(running.workers()) == 2)
        before = running.workers()
        os.kill(before[0], signal.SIGKILL)
        assert running.statuses("/x", 5) == [200] * 5
        until(lambda: len([pid for pid in running.workers() if alive(pid)]) == 2)
        now = running.workers()
        assert set(now) != set(before)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(10)
        until(lambda: not any(map(alive, now)))
        left = [path.parent.parent for path in tmp_path.rglob("hub-gateway-*/counts")]
        assert left == [running.uds.parent], "what a kill leaves behind lies beside the socket"


@pytest.mark.parametrize(("host", "asked"), [("::1", ["::1"]), ("::", ["::1", "127.0.0.1"])])
def test_it_listens_on_ipv6(tmp_path: Path, upstream: str, host: str, asked: list[str]) -> None:
    with gateway_running(tmp_path, upstream, host=host) as running:
        for address in asked:
            url = f"http://[{address}]:{running.port}/x" if ":" in address else f"http://{address}:{running.port}/x"
            answer = httpx.get(url, headers={"X-Forwarded-For": "8.8.8.8"})
            assert answer.json()["headers"]["hub-client-address"] == address
            assert "server" not in answer.headers


def test_the_hubs_own_socket_is_private_and_believed(tmp_path: Path, upstream: str) -> None:
    with gateway_running(tmp_path, upstream, HUB_GATEWAY_RATE_SIGN_IN="1") as running:
        assert running.uds.stat().st_mode & 0o777 == 0o600
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(running.uds))) as own:
            told = own.get("http://hub.internal/x", headers={"X-Forwarded-For": "8.8.8.8"}).json()["headers"]
            assert told["hub-client-address"] == "8.8.8.8"
            assert [own.post("http://hub.internal/oauth/token").status_code for _ in range(3)] == [503] * 3


def test_a_caller_that_breaks_off_its_upload_is_not_held_against_the_part(tmp_path: Path, upstream: str) -> None:
    with gateway_running(tmp_path, upstream, HUB_GATEWAY_BREAKER_FAULTS="1") as running:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", running.port)) as stream:
                stream.sendall(b"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nonly this")
        until(lambda: running.log.read_text().count("broke off its upload") == 3, running.log.read_text)
        assert running.statuses("/x", 1) == [200]
        lines = [json.loads(line) for line in running.log.read_text().splitlines() if line.startswith("{")]
        assert not [line for line in lines if line["message"] == "part of the hub unavailable"]
        uploads = [line["status"] for line in lines if line.get("path") == "/upload"]
        assert uploads == [400] * 3


def test_an_upload_that_stalls_is_given_up(tmp_path: Path, upstream: str) -> None:
    with gateway_running(tmp_path, upstream, HUB_GATEWAY_UPLOAD_TIMEOUT="0.3") as running:
        with socket.create_connection(("127.0.0.1", running.port), 20) as stream:
            stream.sendall(b"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nonly this")
            assert b"400" in stream.recv(4096).split(b"\r\n")[0]
        assert "fell silent" not in running.log.read_text()


def test_a_caller_who_leaves_during_a_long_answer_ends_it_at_the_service(tmp_path: Path) -> None:
    ended = threading.Event()
    app = FastAPI()

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 65536
                    await asyncio.sleep(0.01)
            finally:
                ended.set()

        return StreamingResponse(chunks())

    with serving(app, tmp_path / "l.sock") as address, gateway_running(tmp_path, address) as running:
        with httpx.stream("GET", f"http://127.0.0.1:{running.port}/endless") as answer:
            assert len(next(answer.iter_bytes(1000))) == 1000
        assert ended.wait(START_SECONDS)
        until(lambda: "the caller left before the end" in running.log.read_text(), running.log.read_text)


def test_a_slow_answer_comes_whole(tmp_path: Path) -> None:
    app = FastAPI()

    @app.api_route("/slow", methods=["GET", "POST"])
    async def slow() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            for number in range(8):
                yield b"%d" % number
                await asyncio.sleep(0.05)

        return StreamingResponse(chunks())

    with serving(app, tmp_path / "l.sock") as address, gateway_running(tmp_path, address) as running:
        url = f"http://127.0.0.1:{running.port}/slow"
        assert [httpx.get(url).text, httpx.post(url, content=b"a").text] == ["01234567"] * 2
        assert "the caller left" not in running.log.read_text()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_wrong_setting_ends_it_at_once(tmp_path: Path, processes: str) -> None:
    settings = {"HUB_GATEWAY_PROCESSES": processes, "HUB_GATEWAY_TRUSTED_PROXIES": "somewhere"}
    command = [sys.executable, "-m", "hub", "serve", "gateway", "--port", str(free_port())]
    environment = {**gateway_environment(tmp_path, "unix:///nobody.sock"), **settings}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode != 0
    assert "trusted_proxies" in said.stderr


def test_only_the_gateway_may_be_several(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hub", "serve", "registry", "--processes", "2"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 2
    assert "仅用于 gateway" in said.stdout + said.stderr

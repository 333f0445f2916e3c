"""`hub up` as a program of its own, on stand-in processes and a real PostgreSQL."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.postgres import Address
from hub.state import TEMPORARY, StateFolder
from tests.hub.processes import eventually, is_alive

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"identity", "registry", "targets", "subsidies", "exchange", "worker", "frontend", "gateway"}


@dataclass
class Hub:
    """One state folder and the runs on it."""

    folder: Path
    port: int
    runs: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, **environment: str) -> subprocess.Popen[str]:
        own = {"HUB_STATE_DIR": str(self.folder / ".hub"), "HUB_PORT": str(self.port), "FAKE_PIDS": str(self.folder)}
        run = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/hub/fake_hub.py")],
            env={**os.environ, "PYTHONPATH": str(ROOT), **own, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.runs.append(run)
        return run

    def start_and_wait(self, **environment: str) -> tuple[subprocess.Popen[str], str]:
        """Start a run and return it with what it said until it was ready."""
        run = self.start(**environment)
        assert run.stdout is not None
        said = ""
        for line in run.stdout:
            said += line
            if "按 Ctrl-C 停止" in line:
                return run, said
        raise AssertionError(said + run.communicate()[1])

    def pids(self) -> dict[str, int]:
        """Process ids of the children and, as `postgres`, of the server."""
        lock = self.folder / ".hub" / "postgres" / "data" / "postmaster.pid"
        files = {**{name: self.folder / name for name in NAMES}, "postgres": lock}
        return {name: int(path.read_text().split()[0]) for name, path in files.items() if path.exists()}

    def run_folder(self) -> Path:
        return TEMPORARY / f"hub-{StateFolder(self.folder / '.hub').digest}"

    def starts(self) -> int:
        return int((self.folder / ".hub" / "starts").read_text())


@pytest.fixture
def hub(open_folder: Path, port: int) -> Iterator[Hub]:
    made = Hub(open_folder, port)
    yield made
    for run in made.runs:
        run.kill()
        run.communicate()
    assert all_gone(made.pids())
    shutil.rmtree(made.run_folder(), ignore_errors=True)  # a killed run leaves its sockets


def all_gone(pids: dict[str, int]) -> bool:
    return eventually(lambda: not any(map(is_alive, pids.values())))


def refusal(run: subprocess.Popen[str]) -> str:
    """The one sentence of a run that refuses; it ends with a code and without a traceback."""
    _, said = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "Traceback" not in said
    return said


def test_ctrl_c_stops_everything_and_the_next_start_keeps_the_data(hub: Hub) -> None:
    run, said = hub.start_and_wait()
    steps = re.findall(r"^\[(\d)/7\] (\S+) … 完成 \d+\.\d 秒$", said, re.MULTILINE)
    assert [number for number, _ in steps] == list("1234567")
    assert f"中枢已就绪：http://127.0.0.1:{hub.port}\n账户 甲\n" in said
    pids = hub.pids()
    assert pids.keys() == NAMES | {"postgres"}
    assert all(map(is_alive, pids.values()))
    run.send_signal(signal.SIGINT)
    said, errors = run.communicate(timeout=60)
    assert (run.returncode, errors) == (0, "")
    assert "已全部停止" in said
    assert not any(map(is_alive, pids.values())), "nothing runs once the hub has ended"
    assert not hub.run_folder().exists()
    assert not (hub.folder / ".hub" / "running.json").exists()
    assert hub.starts() == 1
    run, _ = hub.start_and_wait()
    assert hub.starts() == 2
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert "was interrupted" not in (hub.folder / ".hub" / "logs" / "postgres.log").read_text()


def test_killing_the_hub_ends_everything_and_it_starts_again_at_once(hub: Hub) -> None:
    run, _ = hub.start_and_wait()
    pids = hub.pids()
    run.kill()
    run.wait()
    again, _ = hub.start_and_wait()  # at once, while the old server may still be stopping
    assert all_gone(pids)
    assert hub.starts() == 2
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=60)
    assert again.returncode == 0


def test_a_killed_child_is_started_again_while_the_others_run_on(hub: Hub) -> None:
    run, _ = hub.start_and_wait()
    before = hub.pids()
    os.kill(before["registry"], signal.SIGKILL)
    assert run.stdout is not None
    log = hub.folder / ".hub" / "logs" / "registry.log"
    sentence = f"登记服务意外停止（信号 SIGKILL），立即重新启动；其他部分照常运行，日志见 {log}。"
    assert run.stdout.readline() == sentence + "\n"
    assert sentence in log.read_text()
    assert eventually(lambda: hub.pids()["registry"] != before["registry"])
    after = hub.pids()
    assert {name for name in before if before[name] != after[name]} == {"registry"}
    assert all(map(is_alive, after.values()))
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert not any(map(is_alive, after.values()))


def test_ctrl_c_ends_the_hub_while_it_waits_to_start_a_child_again(hub: Hub) -> None:
    run, _ = hub.start_and_wait(FAKE_PAUSES="600")
    pids = hub.pids()
    os.kill(pids["gateway"], signal.SIGKILL)
    assert run.stdout is not None
    assert "网关意外停止（信号 SIGKILL），600 秒后重新启动" in run.stdout.readline()
    run.send_signal(signal.SIGINT)
    said, errors = run.communicate(timeout=60)
    assert (run.returncode, errors) == (0, "")
    assert "已全部停止" in said
    assert not any(map(is_alive, pids.values()))


def test_a_child_that_keeps_dying_stops_the_hub_with_its_last_words(hub: Hub) -> None:
    run, _ = hub.start_and_wait(FAKE_ORDERS="registry:die", FAKE_PAUSES="0,0")
    said = refusal(run)
    pids = hub.pids()
    assert "登记服务意外停止（退出码 7），已连续 3 次，不再重新启动" in said
    assert "registry speaks" in said
    assert not any(map(is_alive, pids.values()))


def test_a_killed_database_stops_the_hub_and_is_recovered_by_the_next_start(hub: Hub) -> None:
    run, _ = hub.start_and_wait()
    pids = hub.pids()
    os.kill(pids["postgres"], signal.SIGKILL)
    assert "数据库意外停止" in refusal(run)
    assert not any(map(is_alive, pids.values()))
    hub.start_and_wait()
    assert hub.starts() == 2


def test_a_second_hub_on_the_same_state_says_so_and_leaves_the_first_alone(hub: Hub) -> None:
    run, _ = hub.start_and_wait()
    assert refusal(hub.start()).startswith(f"中枢已在运行（进程 {run.pid}，http://127.0.0.1:{hub.port}）")
    assert all(map(is_alive, hub.pids().values()))


def test_a_port_in_use_is_one_sentence(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", hub.port)):
        said = refusal(hub.start())
    assert said == f"端口 {hub.port} 已被占用；请停止占用它的程序，或用 HUB_PORT 指定其他端口。\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"HUB_PORT": "eighty"}, "HUB_PORT 应是"),
        ({"HUB_PORT": "70000"}, "HUB_PORT 应是"),
        ({"HUB_HOST": "203.0.113.1"}, "无法监听 203.0.113.1"),
        ({"HUB_ENVIRONMENT": "test"}, "HUB_ENVIRONMENT 只能是"),
        ({"HUB_STATE_DIR": "/proc/hub"}, "状态目录"),
        ({"HUB_POSTGRES_BIN": "/nowhere"}, "HUB_POSTGRES_BIN"),
    ],
)
def test_wrong_settings_are_one_sentence(hub: Hub, settings: dict[str, str], words: str) -> None:
    said = refusal(hub.start(**settings))
    assert words in said
    assert len(said.splitlines()) == 1


def test_ctrl_c_during_the_start_leaves_nothing(hub: Hub) -> None:
    run = hub.start(FAKE_ORDERS="gateway:never")
    written = [hub.folder / name for name in NAMES]
    assert eventually(lambda: all(path.exists() and path.read_text() != "" for path in written))
    pids = hub.pids()
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert not any(map(is_alive, pids.values()))


def test_an_own_server_by_hub_database_url(hub: Hub, bare_server: Address) -> None:
    run, _ = hub.start_and_wait(HUB_DATABASE_URL=bare_server.url())
    assert not (hub.folder / ".hub" / "postgres").exists()
    assert hub.starts() == 1
    environment = Path(f"/proc/{int((hub.folder / 'gateway').read_text())}/environ").read_bytes()
    assert b"HUB_DATABASE_URL" not in environment, "no child learns the administrator's login"
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 0


def test_each_process_gets_its_own_secrets_and_no_others(hub: Hub) -> None:
    hub.start_and_wait()
    seen = {name: Path(f"/proc/{hub.pids()[name]}/environ").read_text() for name in NAMES}
    holders = {
        "HUB_SUBSIDIES_PERSON_KEY": {"subsidies", "worker"},
        "HUB_EXCHANGE_WEBHOOK_KEY": {"exchange", "worker"},
        "HUB_IDENTITY_KEY_SECRET": {"identity", "worker"},
        "HUB_FRONTEND_SESSION_KEY": {"frontend", "worker"},
        "HUB_REGISTRY_DATABASE_URL": {"registry", "worker"},
        "HUB_TARGETS_CLIENT_SECRET": {"targets", "identity", "worker"},
        "HUB_UPSTREAM_GATEWAY": NAMES,
    }
    assert {name: {who for who in NAMES if f"{name}=" in seen[who]} for name in holders} == holders

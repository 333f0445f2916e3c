"""The supervisor on stand-in processes: ready, watched, reported when dead, stopped whatever they do."""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import supervisor as supervisor_module
from hub.errors import OperatorError
from hub.supervisor import (
    RESTART_PAUSES,
    STEADY_SECONDS,
    Child,
    ChildDied,
    StopRequested,
    Supervisor,
    failures_in_a_row,
    is_ready,
    restart_pause,
    stop_signals,
)
from tests.hub.processes import eventually, is_alive

FAKE = Path(__file__).with_name("fake_child.py")


@pytest.fixture
def hub(open_folder: Path) -> Iterator[Supervisor]:
    made = Supervisor(lambda name: open_folder / f"{name}.log")
    yield made
    made.stop()


def child(folder: Path, name: str, orders: str = "", address: str | None = None) -> Child:
    upstream = address or f"unix://{folder}/{name}.sock"
    environment = {"FAKE_ORDERS": orders, "FAKE_PIDS": str(folder)}
    return Child(name, f"服务 {name}", [sys.executable, str(FAKE), name, upstream], environment, upstream)


def pid_of(folder: Path, name: str) -> int:
    assert eventually(lambda: (folder / name).exists() and (folder / name).read_text() != "")
    return int((folder / name).read_text())


def test_children_become_ready_on_sockets_and_ports_and_are_stopped(
    hub: Supervisor, open_folder: Path, port: int
) -> None:
    hub.start(child(open_folder, "one"))
    hub.start(child(open_folder, "gateway", address=f"http://127.0.0.1:{port}"))
    hub.wait_ready(20)
    pids = [pid_of(open_folder, name) for name in ("one", "gateway")]
    assert all(map(is_alive, pids))
    hub.stop()
    assert not any(map(is_alive, pids))
    assert (open_folder / "one.log").read_text() == "one speaks\n"
    hub.stop()


def test_a_child_sees_only_its_own_environment(
    hub: Supervisor, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_SECRET_OF_ANOTHER", "x")
    hub.start(child(open_folder, "one"))
    hub.wait_ready(20)
    environment = Path(f"/proc/{pid_of(open_folder, 'one')}/environ").read_bytes()
    assert b"FAKE_PIDS" in environment
    assert b"HUB_SECRET_OF_ANOTHER" not in environment


def test_a_child_that_never_becomes_ready_is_named(hub: Supervisor, open_folder: Path) -> None:
    hub.start(child(open_folder, "good"))
    hub.start(child(open_folder, "slow", "slow:never"))
    with pytest.raises(OperatorError, match=r"^服务 slow在 1 秒内没有就绪"):
        hub.wait_ready(1)


def test_a_child_that_keeps_dying_is_reported_with_the_end_of_its_log(
    hub: Supervisor, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "RESTART_PAUSES", (0.0,))
    hub.start(child(open_folder, "weak", "weak:die"))
    hub.wait_ready(20)
    with pytest.raises(ChildDied) as caught:
        hub.watch()
    said = caught.value.sentence
    assert said.startswith("服务 weak意外停止（退出码 7），已连续 2 次，不再重新启动；日志")
    assert said.endswith("weak speaks")
    assert said.count("weak speaks") == 2
    assert caught.value.exit_code != 0


def kill_and_watch(hub: Supervisor, folder: Path, name: str) -> None:
    """Kill a child and watch until it answers again."""
    killed = pid_of(folder, name)
    os.kill(killed, signal.SIGKILL)

    def until_it_is_back() -> None:
        if pid_of(folder, name) != killed and is_ready(f"unix://{folder}/{name}.sock"):
            raise StopRequested

    with pytest.raises(StopRequested):
        hub.watch(also=until_it_is_back)


def test_a_killed_child_is_started_again_and_the_others_are_left_alone(open_folder: Path) -> None:
    said: list[str] = []
    hub = Supervisor(lambda name: open_folder / f"{name}.log", said.append)
    hub.start(child(open_folder, "weak"))
    hub.start(child(open_folder, "other"))
    hub.wait_ready(20)
    other = pid_of(open_folder, "other")
    kill_and_watch(hub, open_folder, "weak")
    assert pid_of(open_folder, "other") == other
    assert is_alive(other)
    log = open_folder / "weak.log"
    assert said == [f"服务 weak意外停止（信号 SIGKILL），立即重新启动；其他部分照常运行，日志见 {log}。"]
    again = pid_of(open_folder, "weak")
    hub.stop()
    assert not is_alive(again)
    spoken, noted, spoken_again = log.read_text().splitlines()
    assert (spoken, spoken_again) == ("weak speaks", "weak speaks")
    entry = json.loads(noted)
    assert (entry["level"], entry["service"], entry["message"]) == ("ERROR", "weak", said[0])


def test_the_second_death_in_a_row_is_counted_and_waited_for(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "RESTART_PAUSES", (0.0, 0.3))
    said: list[str] = []
    hub = Supervisor(lambda name: open_folder / f"{name}.log", said.append)
    hub.start(child(open_folder, "weak"))
    hub.wait_ready(20)
    kill_and_watch(hub, open_folder, "weak")
    began = time.monotonic()
    kill_and_watch(hub, open_folder, "weak")
    assert time.monotonic() - began >= 0.3
    assert "0 秒后重新启动（连续第 2 次）" in said[1]
    hub.stop()


def test_a_child_is_started_again_also_when_nobody_reads_the_terminal(open_folder: Path) -> None:
    def closed(_sentence: str) -> None:
        raise BrokenPipeError

    hub = Supervisor(lambda name: open_folder / f"{name}.log", closed)
    hub.start(child(open_folder, "weak"))
    hub.wait_ready(20)
    kill_and_watch(hub, open_folder, "weak")
    hub.stop()
    assert "立即重新启动" in (open_folder / "weak.log").read_text()


def test_what_a_killed_child_started_itself_is_gone_before_it_starts_again(hub: Supervisor, open_folder: Path) -> None:
    pids = open_folder / "pids"
    program = f"sleep 600 & echo $$ $! >> {pids}; wait"
    hub.start(Child("parent", "服务", ["/bin/sh", "-c", program], {}, None))

    def written() -> list[list[int]]:
        return [list(map(int, line.split())) for line in pids.read_text().splitlines()] if pids.exists() else []

    assert eventually(lambda: len(written()) == 1)
    parent, grandchild = written()[0]
    os.kill(parent, signal.SIGKILL)
    assert is_alive(grandchild)

    def until_it_is_back() -> None:
        if len(written()) == 2:
            raise StopRequested

    with pytest.raises(StopRequested):
        hub.watch(also=until_it_is_back)
    assert eventually(lambda: not is_alive(grandchild))
    assert is_alive(written()[1][1])


def test_a_child_waits_longer_with_each_failure_and_is_given_up_after_the_last() -> None:
    assert [restart_pause(failures) for failures in range(1, 9)] == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, None]
    assert len(RESTART_PAUSES) == 7


@pytest.mark.parametrize(
    ("before", "lived", "failures"),
    [(0, 0.0, 1), (0, 1e6, 1), (6, STEADY_SECONDS - 0.1, 7), (7, STEADY_SECONDS - 0.1, 8), (7, STEADY_SECONDS, 1)],
)
def test_a_child_that_lived_a_minute_begins_anew(before: int, lived: float, failures: int) -> None:
    assert failures_in_a_row(before, lived) == failures


def test_a_child_killed_while_the_hub_starts_is_reported_by_its_signal(hub: Supervisor, open_folder: Path) -> None:
    hub.start(child(open_folder, "weak"))
    hub.wait_ready(20)
    os.kill(pid_of(open_folder, "weak"), signal.SIGKILL)
    assert eventually(lambda: not is_alive(pid_of(open_folder, "weak")))
    with pytest.raises(ChildDied, match="SIGKILL"):
        hub.check()


def test_a_program_that_cannot_run_at_all_is_noticed_while_waiting(hub: Supervisor, open_folder: Path) -> None:
    broken = [sys.executable, "-c", "raise SystemExit('no module named so')"]
    hub.start(Child("broken", "服务 broken", broken, {}, f"unix://{open_folder}/none.sock"))
    with pytest.raises(ChildDied, match="no module named so"):
        hub.wait_ready(20)


def test_a_deaf_child_is_killed(hub: Supervisor, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "STOP_SECONDS", 0.3)
    hub.start(child(open_folder, "deaf", "deaf:deaf"))
    hub.wait_ready(20)
    began = time.monotonic()
    hub.stop()
    assert not is_alive(pid_of(open_folder, "deaf"))
    assert 0.3 <= time.monotonic() - began < 5


def test_what_a_child_started_itself_goes_along(hub: Supervisor, open_folder: Path) -> None:
    program = f"sleep 600 & echo $! > {open_folder}/grandchild; wait"
    hub.start(Child("parent", "服务", ["/bin/sh", "-c", program], {}, None))
    grandchild = pid_of(open_folder, "grandchild")
    hub.stop()
    assert eventually(lambda: not is_alive(grandchild))


def test_the_last_started_is_stopped_first(hub: Supervisor, open_folder: Path) -> None:
    order = open_folder / "order"
    program = 'trap \'echo "$1" >> "$2"; exit 0\' TERM; echo up; while :; do sleep 0.05; done'
    for name in ("behind", "gateway"):
        hub.start(Child(name, name, ["/bin/sh", "-c", program, "sh", name, str(order)], {}, None))
        assert eventually(lambda name=name: (open_folder / f"{name}.log").read_text() == "up\n")  # type: ignore[misc]
    hub.stop()
    assert order.read_text().split() == ["gateway", "behind"]


def test_nothing_that_listens_is_not_ready(open_folder: Path, port: int) -> None:
    assert not is_ready(f"unix://{open_folder}/none.sock")
    assert not is_ready(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 No\r\n\r\n", b"HTTP/1.1 2000\r\n\r\n", b"200", b""])
def test_only_status_200_is_ready(open_folder: Path, answer: bytes) -> None:
    path = f"{open_folder}/one.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def serve() -> None:
            stream, _ = server.accept()
            with stream:
                stream.recv(1024)
                stream.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        assert not is_ready(f"unix://{path}")
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_and_later_ones_do_not_disturb(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_signals():
        with pytest.raises(StopRequested):
            os.kill(os.getpid(), number)
            time.sleep(5)
        os.kill(os.getpid(), number)
        time.sleep(0.05)
    assert signal.getsignal(number) is before


def test_stopping_for_another_reason_is_not_disturbed_either() -> None:
    with stop_signals() as hold:
        hold()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)

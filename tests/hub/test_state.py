"""The state folder: made, locked, refused with one sentence; the run folder: short, ours, gone afterwards."""

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hub import state as state_module
from hub.errors import OperatorError, explain_os_error
from hub.postgres_binaries import server_account
from hub.processes import Account, may_enter
from hub.state import LOG_LIMIT_BYTES, StateFolder, require_space, run_folder

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def state(open_folder: Path) -> StateFolder:
    made = StateFolder(open_folder / ".hub")
    made.prepare()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_private_folders_are_closed(state: StateFolder) -> None:
    assert (mode(state.files), mode(state.logs)) == (0o700, 0o700)
    state.prepare()


def test_a_long_log_is_set_aside_and_a_short_one_kept(state: StateFolder) -> None:
    with state.log("gateway").open("wb") as stream:
        stream.truncate(LOG_LIMIT_BYTES + 1)
    state.log("identity").write_text("short")
    state.prepare()
    assert sorted(path.name for path in state.logs.iterdir()) == ["gateway.log.1", "identity.log"]


def test_a_second_holder_is_told_who_holds_it(state: StateFolder) -> None:
    with state.locked("http://127.0.0.1:8000"):
        with pytest.raises(OperatorError, match=rf"已在运行（进程 {os.getpid()}，http://127.0.0.1:8000）"):
            with state.locked("http://127.0.0.1:9000"):
                pass
    with state.locked("http://127.0.0.1:9000"):
        pass


def test_the_lock_ends_with_a_killed_holder(state: StateFolder) -> None:
    program = "import sys, time; from hub.state import *\nwith StateFolder(Path(sys.argv[1])).locked('u'):\n"
    program += " print('held', flush=True); time.sleep(600)"
    holder = subprocess.Popen([sys.executable, "-c", program, str(state.path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(OperatorError, match=str(holder.pid)), state.locked("x"):
        pass
    holder.kill()
    holder.communicate()
    with state.locked("x"):
        pass


def test_a_nearly_full_disk_is_refused_with_both_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=499 * 2**20))
    with pytest.raises(OperatorError, match="仅剩 499 MB，至少需要 500 MB"):
        require_space(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=500 * 2**20))
    require_space(tmp_path)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "磁盘空间已满"),
        (errno.EDQUOT, "磁盘空间已满"),
        (errno.EACCES, "没有写入"),
        (errno.EROFS, "没有写入"),
    ],
)
def test_faults_of_the_disk_become_sentences(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(state_module.tempfile, "TemporaryFile", fail)
    with pytest.raises(OperatorError, match=words) as caught:
        StateFolder(open_folder / ".hub").prepare()
    assert str(open_folder / ".hub") in caught.value.sentence


def test_other_faults_are_not_explained_away() -> None:
    assert explain_os_error(OSError(errno.EIO, "broken")) is None


def test_a_really_full_disk_is_a_sentence() -> None:
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb", buffering=0) as stream:
        stream.write(b"x")
    explained = explain_os_error(caught.value, "/dev/full")
    assert explained is not None
    assert explained.sentence == "磁盘空间已满，无法写入 /dev/full；请清理磁盘后重试。"


def test_a_file_where_the_folder_should_be_is_a_sentence(open_folder: Path) -> None:
    (open_folder / ".hub").write_text("a file")
    with pytest.raises(OperatorError, match=r"无法使用状态目录 .*File exists"):
        StateFolder(open_folder / ".hub").prepare()


def test_the_cluster_lies_in_the_state_folder_where_its_account_may_enter(state: StateFolder) -> None:
    account = server_account()
    folder, owner = state.database_folder(account)
    assert folder == (state.path / "postgres").resolve()
    assert owner == account
    assert mode(folder) == 0o700
    assert state.database_folder(account) == (folder, account)


def test_a_closed_state_folder_sends_the_cluster_elsewhere_and_remembers_it(
    state: StateFolder, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "ROOT_STORE", open_folder / "store")
    monkeypatch.setattr(state_module, "may_enter", lambda *_: False)
    account = Account(os.geteuid(), os.getegid())
    folder, owner = state.database_folder(account)
    assert folder.parent == open_folder / "store"
    assert (owner, mode(folder)) == (account, 0o700)
    assert state.database_folder(account) == (folder, account), "the link remembers the place"
    shutil.rmtree(folder)
    fresh, _ = state.database_folder(account)
    assert fresh.exists(), "a link to a deleted cluster is replaced"
    assert fresh != folder


def test_entering_is_asked_of_the_account_itself(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o000)
    assert may_enter(open_folder, server_account())
    assert not may_enter(closed, server_account())


def test_root_leaves_a_cluster_with_the_user_who_made_it(state: StateFolder) -> None:
    folder = state.path / "postgres"
    folder.mkdir()
    if AS_ROOT:
        os.chown(folder, 4321, 4321)
    _, owner = state.database_folder(Account(65534, 65534))
    assert owner == Account(folder.stat().st_uid, folder.stat().st_gid)


def test_the_run_folder_is_short_and_gone_afterwards(state: StateFolder) -> None:
    with run_folder(state, {}) as folder:
        assert len(str(folder / "pg" / ".s.PGSQL.65535")) < 60
        (folder / "left.sock").touch()
        with run_folder(state, {}) as again:
            assert again == folder
            assert list(again.iterdir()) == [], "what a killed run left is cleared"
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_run_folder_that_somebody_planted_is_not_used(
    state: StateFolder, open_folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(state_module, "TEMPORARY", open_folder)
    planted = open_folder / f"hub-{state.digest}"
    if kind == "link":
        planted.symlink_to(state.files)
    else:
        planted.touch()
    with pytest.raises(OperatorError, match="属于其他账户"), run_folder(state, {}):
        pass
    home = open_folder / "runtime"
    home.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # root has no such folder that PostgreSQL's account may enter
    with run_folder(state, {"XDG_RUNTIME_DIR": str(home)}) as folder:
        assert folder.parent == home

"""The life cycle of the embedded PostgreSQL, on the real programs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from hub import postgres
from hub.errors import OperatorError
from hub.postgres import Cluster, temporary_postgres
from hub.postgres_binaries import Binaries
from tests.hub.conftest import new_cluster
from tests.hub.processes import eventually, is_alive, query

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OWNED = """
import sys, time
from pathlib import Path
from tests.hub.conftest import new_cluster
cluster = new_cluster(Path(sys.argv[1]))
cluster.create()
cluster.start()
print(cluster.process.pid, flush=True)
time.sleep(600)
"""


def start(cluster: Cluster) -> int:
    cluster.create()
    cluster.start()
    assert cluster.process is not None
    return cluster.process.pid


def test_restart_keeps_data_and_a_second_creation_changes_nothing(cluster: Cluster) -> None:
    first = start(cluster)
    query(cluster.address, "CREATE TABLE kept AS SELECT 42 AS answer", "SELECT 1")
    cluster.stop()
    assert not is_alive(first)
    assert not (cluster.data / "postmaster.pid").exists(), "a fast stop removes the lock file"
    assert cluster.create() is False
    cluster.start()
    assert query(cluster.address, "SELECT answer FROM kept") == 42


def test_the_cluster_is_made_as_the_design_says(cluster: Cluster) -> None:
    start(cluster)
    asked = {
        "SHOW data_checksums": "on",
        "SHOW server_encoding": "UTF8",
        "SHOW password_encryption": "scram-sha-256",
        "SHOW timezone": "UTC",
        "SHOW fsync": "on",
        "SHOW listen_addresses": "127.0.0.1",
        "SELECT datlocprovider::text FROM pg_database WHERE datname = 'postgres'": "b",
        "SELECT datlocale FROM pg_database WHERE datname = 'postgres'": "C.UTF-8",
        "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules": "scram-sha-256",
    }
    assert {statement: query(cluster.address, statement) for statement in asked} == asked
    words = query(cluster.address, "CREATE EXTENSION pg_trgm", "SELECT array_length(show_trgm('安庆职教'), 1)")
    assert words == 5, "Chinese letters are letters to pg_trgm"


def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    start(cluster)
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(postgres.Address(cluster.sockets, cluster.address.port, "hub_admin", "wrong"), "SELECT 1")


def test_the_address_never_shows_its_password(cluster: Cluster) -> None:
    assert "a password" not in repr(cluster.address)
    assert "a%20password%20of%20the%20tests" in cluster.address.url()


def test_a_killed_postmaster_is_recovered_with_everything_committed(cluster: Cluster) -> None:
    pid = start(cluster)
    query(cluster.address, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n", "SELECT 1")
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not cluster.is_running)
    assert (cluster.data / "postmaster.pid").exists(), "the killed server could not remove its lock file"
    cluster.start()  # at once: orphaned backends may still hold the shared memory
    assert query(cluster.address, "SELECT count(*) FROM kept") == 1000


def test_a_lock_file_with_the_process_id_of_a_stranger_does_not_stop_the_start(cluster: Cluster) -> None:
    os.kill(start(cluster), signal.SIGKILL)
    assert eventually(lambda: not cluster.is_running)
    lock = cluster.data / "postmaster.pid"
    stranger = subprocess.Popen(["sleep", "60"], cwd="/")
    try:
        lock.write_text("\n".join([str(stranger.pid), *lock.read_text().splitlines()[1:]]) + "\n")
        cluster.start()
        assert query(cluster.address, "SELECT 1") == 1
        assert stranger.poll() is None, "a stranger is left in peace"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_running_server_keeps_its_data_folder_to_itself(
    cluster: Cluster, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = start(cluster)
    monkeypatch.setattr(postgres, "READY_SECONDS", 0.5)
    intruder = new_cluster(open_folder)
    with pytest.raises(OperatorError, match=r"数据库没有启动|没有就绪"):
        intruder.start()
    assert not intruder.is_running
    assert is_alive(pid)
    assert query(cluster.address, "SELECT 1") == 1


def test_killing_the_parent_leaves_no_postmaster_and_clean_data(open_folder: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNED, str(open_folder)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert eventually(lambda: not is_alive(pid))
    cluster = new_cluster(open_folder)
    try:
        start(cluster)
        assert "was interrupted" not in cluster.log.read_text(), "SIGINT is a clean shutdown, not a crash"
    finally:
        cluster.stop()


def test_an_interrupted_creation_is_begun_anew(cluster: Cluster) -> None:
    draft = cluster.data.with_name("data.draft")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    assert cluster.create() is True
    assert not draft.exists()


def test_data_of_another_version_is_refused_in_one_sentence(cluster: Cluster) -> None:
    cluster.create()
    newer = Cluster(
        cluster.data,
        sockets=cluster.sockets,
        log=cluster.log,
        password="x",
        binaries=Binaries(cluster.binaries.folder, 99),
        account=cluster.account,
    )
    with pytest.raises(OperatorError, match=r"由 PostgreSQL 18 建立，当前程序是 99"):
        newer.create()


def test_a_server_that_cannot_start_says_why(cluster: Cluster) -> None:
    cluster.create()
    with pytest.raises(OperatorError, match=r"no_such_setting"):
        cluster.start({"no_such_setting": "1"})
    assert not cluster.is_running


def test_a_socket_path_that_is_too_long_is_refused(cluster: Cluster, open_folder: Path) -> None:
    cluster.create()
    cluster.sockets = open_folder / ("x" * 100)
    with pytest.raises(OperatorError, match="107 字节"):
        cluster.start()


def test_stopping_twice_is_harmless(cluster: Cluster) -> None:
    pid = start(cluster)
    cluster.stop()
    cluster.stop()
    assert not is_alive(pid)


def test_a_temporary_server_is_gone_with_its_folder() -> None:
    with temporary_postgres() as address:
        folder = address.socket_folder
        assert query(address, "SHOW fsync") == "off"
    assert not folder.exists()


@pytest.mark.parametrize("folder", DEBIAN, ids=lambda folder: folder.parent.name)
def test_other_programs_by_hub_postgres_bin(open_folder: Path, folder: Path) -> None:
    cluster = new_cluster(open_folder, {"HUB_POSTGRES_BIN": str(folder)})
    try:
        start(cluster)
        version = str(query(cluster.address, "SHOW server_version"))
        assert version.split(".", maxsplit=1)[0] == folder.parent.name == str(cluster.binaries.major)
        assert query(cluster.address, "SHOW server_encoding") == "UTF8"
        assert query(cluster.address, "CREATE EXTENSION pg_trgm", "SELECT array_length(show_trgm('安庆'), 1)") == 3
    finally:
        cluster.stop()

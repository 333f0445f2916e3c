"""Fixtures of the hub's own tests: short-lived state folders that PostgreSQL's account can enter."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.postgres import Address, Cluster, own, temporary_postgres
from hub.postgres_binaries import find_binaries, server_account


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below /tmp that every account may enter (pytest's own are closed) and whose path is short."""
    folder = Path(tempfile.mkdtemp(prefix="hub-t-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def cluster(open_folder: Path) -> Iterator[Cluster]:
    """A cluster, not made yet; stopped afterwards."""
    made = new_cluster(open_folder)
    yield made
    made.stop()


def new_cluster(folder: Path, environment: dict[str, str] | None = None) -> Cluster:
    account = server_account()
    home = own(folder / "pg", account)
    return Cluster(
        home / "data",
        sockets=own(home / "s", account),
        log=folder / "log",
        password="a password of the tests",
        binaries=find_binaries(account, environment or {}),
        account=account,
    )


@pytest.fixture(scope="session")
def bare_server() -> Iterator[Address]:
    """A server on which nothing of the hub exists, apart from the one that the other suites share."""
    with temporary_postgres() as address:
        yield address

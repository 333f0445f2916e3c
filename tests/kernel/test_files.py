"""Files at rest: encrypted, and never kept longer than they may be."""

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.kernel.errors import NotFound
from services.kernel.files import FileStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONTENT = "身份证号,11010519491231002X".encode()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode()))


def age(folder: Path, days: int) -> None:
    """Make every file of a folder this old."""
    for path in (folder / "files").iterdir():
        instant = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (instant, instant))


def test_nothing_of_a_file_can_be_read_on_the_disk(store: FileStore, tmp_path: Path) -> None:
    file_id = store.save(CONTENT)
    assert store.load(file_id) == CONTENT
    [written] = (tmp_path / "files").iterdir()
    assert b"11010519491231002X" not in written.read_bytes()
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0


def test_what_nobody_deleted_is_swept_when_its_time_is_over(store: FileStore, tmp_path: Path) -> None:
    forgotten = store.save(CONTENT)
    (tmp_path / "files" / "half-written.part").write_bytes(b"x")
    age(tmp_path, days=32)
    kept = store.save(CONTENT)
    assert store.sweep(NOW - timedelta(days=31)) == 2
    assert store.load(kept) == CONTENT
    with pytest.raises(NotFound):
        store.load(forgotten)
    assert store.sweep(NOW - timedelta(days=31)) == 0


def test_sweeping_a_folder_that_was_never_used_is_no_error(store: FileStore) -> None:
    assert store.sweep(NOW) == 0

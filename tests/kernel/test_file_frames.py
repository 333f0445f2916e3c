"""Large files at rest: written and read in frames, and whatever is done to a frame on the disk is noticed."""

import base64
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.kernel.errors import NotFound
from services.kernel.files import FRAME_BYTES, FileStore

SMALL = 100
HEAD = 5


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    monkeypatch.setattr("services.kernel.files.FRAME_BYTES", SMALL)
    return FileStore(tmp_path / "files", SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode()))


def written(store: FileStore, *chunks: bytes) -> Path:
    writer = store.writer()
    for chunk in chunks:
        writer.write(chunk)
    file_id = writer.finish()
    return store._path(file_id)


def content(store: FileStore, path: Path) -> bytes:
    from uuid import UUID

    return b"".join(store.frames(UUID(path.stem)))


def frames_of(path: Path) -> list[bytes]:
    """The frames as they lie on the disk."""
    left, frames = path.read_bytes(), []
    while left:
        size = HEAD + int.from_bytes(left[1:HEAD])
        frames.append(left[:size])
        left = left[size:]
    return frames


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 5 * SMALL, 5 * SMALL + 7])
@pytest.mark.parametrize("step", [1, 64, 1000])
def test_what_was_written_is_read_whatever_the_pieces(store: FileStore, size: int, step: int) -> None:
    whole = os.urandom(size)
    path = written(store, *(whole[at : at + step] for at in range(0, size, step)))
    assert content(store, path) == whole
    assert len(frames_of(path)) == max(1, -(-size // SMALL))
    assert size < 16 or whole[:16] not in path.read_bytes()


def test_the_same_content_twice_is_no_two_equal_frames(store: FileStore) -> None:
    frames = frames_of(written(store, b"x" * 4 * SMALL)) + frames_of(written(store, b"x" * 4 * SMALL))
    assert len({frame[HEAD:] for frame in frames}) == len(frames)


def test_frames_that_are_cut_off_swapped_repeated_or_changed_are_noticed(store: FileStore) -> None:
    path = written(store, os.urandom(3 * SMALL + 20))
    other = frames_of(written(store, os.urandom(3 * SMALL + 20)))
    good = path.read_bytes()
    one, two, three, last = frames_of(path)
    flipped = bytearray(good)
    flipped[len(one) + 40] ^= 1
    renamed_last = b"\x01" + three[1:]
    damaged = {
        "last frame missing": one + two + three,
        "cut within a frame": good[:-1],
        "cut within a head": one + two[:3],
        "empty": b"",
        "swapped": two + one + three + last,
        "left out": one + three + last,
        "repeated": one + one + two + three + last,
        "changed": bytes(flipped),
        "ended early": one + two + renamed_last,
        "of another file": one + other[1] + three + last,
        "more behind the end": good + last,
        "length made huge": b"\x00\xff\xff\xff\xff" + one[5:],
    }
    for what, bytes_on_disk in damaged.items():
        path.write_bytes(bytes_on_disk)
        with pytest.raises(NotFound) as caught:
            content(store, path)
        assert caught.value.code == "file_damaged", what
    path.write_bytes(good)
    assert len(content(store, path)) == 3 * SMALL + 20


def test_a_file_exists_only_once_it_is_finished_and_not_when_it_is_discarded(store: FileStore, tmp_path: Path) -> None:
    writer = store.writer()
    writer.write(b"x" * 3 * SMALL)
    assert not list(tmp_path.rglob("*.bin"))
    writer.discard()
    assert not list(tmp_path.rglob("*.*"))
    with pytest.raises(NotFound) as caught:
        next(store.frames(writer._file_id))
    assert caught.value.code == "file_gone"


def test_frames_are_large_enough_not_to_matter() -> None:
    assert FRAME_BYTES == 1 << 20

"""Uploaded and produced files, encrypted at rest (AES-256-GCM): a roster file holds identity numbers.

One folder per service below `HUB_FILES_DIR`; the name on disk is an id, never what the user called it. Small files are
kept whole. Large ones are kept in frames, so that they are written and read without ever being in memory: each frame
has a nonce of its own, and is bound to its file, to its place and to whether it is the last one. Frames that were left
out, repeated, swapped or cut off are therefore noticed (the construction STREAM of Hoang, Reyhanitabar, Rogaway and
Vizár, CRYPTO 2015).
"""

import base64
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from services.kernel.errors import NotFound
from services.kernel.ids import new_id

NONCE_BYTES = 12
TAG_BYTES = 16
FRAME_BYTES: Final = 1 << 20
"""Bytes of content in each frame but the last."""

_HEAD: Final = struct.Struct(">?I")  # whether the frame is the last one; how many bytes of nonce and cipher text follow


class FrameSealer:
    """Turns content, given in pieces, into sealed frames: what `FrameOpener` understands."""

    def __init__(self, cipher: AESGCM, file_id: UUID) -> None:
        self._cipher = cipher
        self._file_id = file_id
        self._pending = bytearray()
        self._count = 0

    def take(self, chunk: bytes) -> Iterator[bytes]:
        """The frames that are whole with this chunk; the last bytes wait for what follows."""
        self._pending += chunk
        while len(self._pending) > FRAME_BYTES:
            yield self._sealed(bytes(self._pending[:FRAME_BYTES]), last=False)
            del self._pending[:FRAME_BYTES]

    def end(self) -> bytes:
        """The last frame."""
        return self._sealed(bytes(self._pending), last=True)

    def _sealed(self, content: bytes, *, last: bool) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, content, _bound_to(self._file_id, self._count, last=last))
        self._count += 1
        return _HEAD.pack(last, NONCE_BYTES + len(sealed)) + nonce + sealed


class FrameOpener:
    """Turns sealed frames, given in pieces as they arrive, back into content."""

    def __init__(self, cipher: AESGCM, file_id: UUID) -> None:
        self._cipher = cipher
        self._file_id = file_id
        self._pending = bytearray()
        self._count = 0
        self._ended = False

    def take(self, chunk: bytes) -> Iterator[bytes]:
        """The content of the frames that are whole with this chunk. Raises NotFound for what was cut or changed."""
        self._pending += chunk
        while len(self._pending) >= _HEAD.size:
            last, length = _HEAD.unpack(self._pending[: _HEAD.size])
            if self._ended or length > NONCE_BYTES + FRAME_BYTES + TAG_BYTES:
                raise _damaged()
            if len(self._pending) < _HEAD.size + length:
                return
            yield self._opened(bytes(self._pending[_HEAD.size : _HEAD.size + length]), last=last)
            del self._pending[: _HEAD.size + length]
            self._ended = last

    def end(self) -> None:
        """Raises NotFound unless the last frame was the end of it all."""
        if self._pending or not self._ended:
            raise _damaged()

    def _opened(self, sealed: bytes, *, last: bool) -> bytes:
        bound = _bound_to(self._file_id, self._count, last=last)
        try:
            content = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError) as fault:
            raise _damaged() from fault
        self._count += 1
        return content


def _damaged() -> NotFound:
    return NotFound("保存的文件不完整或被改动过，请重新上传。", code="file_damaged")


def file_gone() -> NotFound:
    """The refusal when a file is not there any more."""
    return NotFound("文件已过保存期被清除，请重新上传。", code="file_gone")


def cipher_of(key: SecretStr) -> AESGCM:
    """The cipher of `HUB_FILES_KEY`."""
    return AESGCM(base64.urlsafe_b64decode(key.get_secret_value()))


class FrameWriter:
    """One file being written frame by frame; it exists once `finish` returned. For one thread at a time."""

    def __init__(self, path: Path, cipher: AESGCM, file_id: UUID) -> None:
        self._path = path
        self._file_id = file_id
        self._sealer = FrameSealer(cipher, file_id)
        self._file = path.with_suffix(".part").open("wb")

    def write(self, chunk: bytes) -> None:
        """Take some more content; whole frames go to the disk, the last bytes wait for what follows."""
        for frame in self._sealer.take(chunk):
            self._file.write(frame)

    def finish(self) -> UUID:
        """Write the last frame and give the file its name; returns its id."""
        self._file.write(self._sealer.end())
        self._file.close()
        self._path.with_suffix(".part").replace(self._path)
        return self._file_id

    def discard(self) -> None:
        """Forget what was written so far."""
        self._file.close()
        self._path.with_suffix(".part").unlink(missing_ok=True)


def _bound_to(file_id: UUID, index: int, *, last: bool) -> bytes:
    """The associated data of a frame."""
    return file_id.bytes + struct.pack(">Q?", index, last)


class FileStore:
    """Keeps files; the largest upload is bounded by the service that takes it."""

    def __init__(self, folder: Path, key: SecretStr) -> None:
        self._folder = folder
        self._cipher = cipher_of(key)

    def save(self, content: bytes) -> UUID:
        """Encrypt and write; returns the file's id. The write is complete or absent."""
        file_id = new_id()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        nonce = os.urandom(NONCE_BYTES)
        partial = self._path(file_id).with_suffix(".part")
        partial.write_bytes(nonce + self._cipher.encrypt(nonce, content, file_id.bytes))
        partial.replace(self._path(file_id))
        return file_id

    def load(self, file_id: UUID) -> bytes:
        """Read and decrypt. Raises NotFound when the file is gone."""
        try:
            stored = self._path(file_id).read_bytes()
        except FileNotFoundError as fault:
            raise file_gone() from fault
        return self._cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], file_id.bytes)

    def writer(self) -> FrameWriter:
        """Begin a large file, to be written in frames and read by `frames`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file_id = new_id()
        return FrameWriter(self._path(file_id), self._cipher, file_id)

    def frames(self, file_id: UUID) -> Iterator[bytes]:
        """The content of a file that was written in frames, in order and in pieces of at most `FRAME_BYTES`.

        Raises NotFound when the file is gone, and when it was cut off or changed.
        """
        opener = FrameOpener(self._cipher, file_id)
        try:
            file = self._path(file_id).open("rb")
        except FileNotFoundError as fault:
            raise file_gone() from fault
        with file:
            while piece := file.read(FRAME_BYTES):
                yield from opener.take(piece)
        opener.end()

    def delete(self, file_id: UUID) -> None:
        self._path(file_id).unlink(missing_ok=True)

    def sweep(self, before: datetime) -> int:
        """Delete what was written before an instant, also what no row names: a worker that was killed, a transaction
        that was rolled back. Returns how many files went.
        """
        gone = 0
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):  # somebody else was faster
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    gone += 1
        return gone

    def _path(self, file_id: UUID) -> Path:
        return self._folder / f"{file_id}.bin"

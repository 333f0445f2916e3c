"""Uploaded and produced files, encrypted at rest (AES-256-GCM): a roster file holds identity numbers.

One folder per service below `HUB_FILES_DIR`; the name on disk is an id, never what the user called it.
"""

import base64
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from services.kernel.errors import NotFound
from services.kernel.ids import new_id

NONCE_BYTES = 12


class FileStore:
    """Keeps whole files; the largest upload is bounded by the service that takes it."""

    def __init__(self, folder: Path, key: SecretStr) -> None:
        self._folder = folder
        self._cipher = AESGCM(base64.urlsafe_b64decode(key.get_secret_value()))

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
            raise NotFound("文件已过保存期被清除，请重新上传。", code="file_gone") from fault
        return self._cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], file_id.bytes)

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

"""Files that stay: on the local disk or in an S3-compatible store, through one library, encrypted either way.

Content is sealed in frames as large files are (`files.py`), so that it is written and read in pieces and whatever
befell it in the store is noticed. An object is called by its alliance and an id, never by what the user called it.
Nothing here knows which records name an object: `stored` lists all there are, so that a service can delete those that
a transaction left behind when it was rolled back.
"""

from collections.abc import AsyncIterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store
from pydantic import SecretStr

from services.kernel.errors import Unavailable
from services.kernel.files import FRAME_BYTES, FrameOpener, FrameSealer, cipher_of, file_gone
from services.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ObjectStore

ENDING: Final = ".bin"
PATIENCE: Final = timedelta(seconds=30)
"""For one request to the store, and for all its repetitions together."""


@dataclass(frozen=True)
class S3Access:
    """Where an S3-compatible store is and how to sign in; plain HTTP only where that was said in so many words."""

    endpoint: str | None
    region: str
    key_id: str
    secret: SecretStr
    allow_http: bool = False


@dataclass(frozen=True)
class StoredObject:
    """An object that lies in the store."""

    alliance: str
    file_id: UUID
    written_at: datetime


def open_store(url: str, s3: S3Access | None = None) -> "ObjectStore":
    """The store at `file:///folder` or `s3://bucket/prefix`. Raises ValueError for any other address."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        folder = Path(unquote(parts.path))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalStore(folder)
    if parts.scheme == "s3" and parts.netloc and s3 is not None:
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            endpoint=s3.endpoint,
            region=s3.region,
            access_key_id=s3.key_id,
            secret_access_key=s3.secret.get_secret_value(),
            virtual_hosted_style_request=False,
            client_options={"allow_http": s3.allow_http, "timeout": PATIENCE, "connect_timeout": timedelta(seconds=5)},
            retry_config={"max_retries": 3, "retry_timeout": PATIENCE},
        )
    raise ValueError("files are kept at file:///an/absolute/folder or s3://bucket/prefix")


class Storage:
    """Keeps encrypted content in a store."""

    def __init__(self, store: "ObjectStore", key: SecretStr) -> None:
        self._store = store
        self._cipher = cipher_of(key)

    async def save(self, alliance: str, content: bytes) -> UUID:
        """Encrypt and write; returns the new object's id. Raises Unavailable; then no such object is there."""
        file_id = new_id()
        with _store_answers():
            await obstore.put_async(self._store, _path(alliance, file_id), self._sealed(file_id, content))
        return file_id

    async def _sealed(self, file_id: UUID, content: bytes) -> AsyncIterator[bytes]:
        sealer = FrameSealer(self._cipher, file_id)
        for begin in range(0, len(content), FRAME_BYTES):
            for frame in sealer.take(content[begin : begin + FRAME_BYTES]):
                yield frame
        yield sealer.end()

    async def pieces(self, alliance: str, file_id: UUID) -> AsyncIterator[bytes]:
        """The content, in order. Raises NotFound when it is gone, cut off or changed, and Unavailable."""
        opener = FrameOpener(self._cipher, file_id)
        with _store_answers():
            try:
                found = await obstore.get_async(self._store, _path(alliance, file_id))
            except FileNotFoundError as fault:
                raise file_gone() from fault
            async for chunk in found.stream(min_chunk_size=FRAME_BYTES):
                for piece in opener.take(bytes(chunk)):
                    yield piece
        opener.end()

    async def delete(self, alliance: str, file_id: UUID) -> None:
        """Delete an object; one that is not there is no fault. Raises Unavailable."""
        with _store_answers(), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _path(alliance, file_id))

    async def stored(self) -> AsyncIterator[StoredObject]:
        """Every object in the store, of all alliances; whatever else lies there is passed over."""
        with _store_answers():
            async for batch in obstore.list(self._store):
                for entry in batch:
                    place = _read_path(entry["path"])
                    if place is not None:
                        yield StoredObject(*place, entry["last_modified"])


def _path(alliance: str, file_id: UUID) -> str:
    return f"{alliance}/{file_id}{ENDING}"


def _read_path(path: str) -> tuple[str, UUID] | None:
    alliance, _, name = path.rpartition("/")
    try:
        file_id = UUID(name.removesuffix(ENDING))
    except ValueError:
        return None
    return (alliance, file_id) if alliance and _path(alliance, file_id) == path else None


@contextmanager
def _store_answers() -> "Iterator[None]":
    try:
        yield
    except (BaseError, PermissionError) as fault:
        raise Unavailable("附件存储暂时无法使用，请稍后重试；多次出现请联系系统管理员。") from fault

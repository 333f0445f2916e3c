"""Files that stay: the local disk and an S3 server behave alike, and whatever is done to what lies there is noticed.

The S3 server is moto, which is written for tests: it speaks the protocol and checks signatures and permissions, but
says nothing about the endurance of a real store.
"""

import base64
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import obstore
import pytest
from pydantic import SecretStr

from services.kernel.errors import NotFound, Unavailable
from services.kernel.files import FRAME_BYTES
from services.kernel.ids import new_id
from services.kernel.storage import S3Access, Storage, open_store
from tests.identity.federation.peering import running

pytestmark = pytest.mark.anyio
BUCKET = "attachments"
KEY = SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode())


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Access]:
    folder = tmp_path_factory.mktemp("s3")
    with running("moto_s3_server.py", {"folder": str(folder), "bucket": BUCKET}) as endpoint:
        keys = json.loads((folder / "keys.json").read_text())
        yield S3Access(endpoint, "us-east-1", keys["key_id"], SecretStr(keys["secret"]), allow_http=True)


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return Storage(open_store((tmp_path / "附 件").as_uri()), KEY)
    access: S3Access = request.getfixturevalue("s3")
    return Storage(open_store(f"s3://{BUCKET}/tests/{new_id()}", access), KEY)


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def raw(storage: Storage, file_id: UUID) -> bytes:
    return bytes(await (await obstore.get_async(storage._store, f"anqing/{file_id}.bin")).bytes_async())


async def put_raw(storage: Storage, file_id: UUID, content: bytes) -> None:
    await obstore.put_async(storage._store, f"anqing/{file_id}.bin", content)


@pytest.mark.parametrize("size", [0, 1, FRAME_BYTES, FRAME_BYTES + 1, 12 * FRAME_BYTES + 7])
async def test_what_was_saved_is_read_and_lies_there_encrypted(storage: Storage, size: int) -> None:
    content = os.urandom(size)
    file_id = await storage.save("anqing", content)
    assert await whole(storage.pieces("anqing", file_id)) == content
    lying = await raw(storage, file_id)
    assert len(lying) > size
    assert size < 32 or content[:32] not in lying


async def test_an_object_belongs_to_its_alliance(storage: Storage) -> None:
    file_id = await storage.save("anqing", b"content")
    with pytest.raises(NotFound) as caught:
        await whole(storage.pieces("anqing-practice", file_id))
    assert caught.value.code == "file_gone"


async def test_deleted_is_gone_and_deleting_twice_is_no_fault(storage: Storage) -> None:
    file_id = await storage.save("anqing", b"content")
    await storage.delete("anqing", file_id)
    await storage.delete("anqing", file_id)
    with pytest.raises(NotFound):
        await whole(storage.pieces("anqing", file_id))


async def test_all_that_is_stored_is_listed_and_nothing_else(storage: Storage) -> None:
    made = {(alliance, await storage.save(alliance, b"x")) for alliance in ("anqing", "anqing-practice", "anqing")}
    await obstore.put_async(storage._store, "anqing/notes.txt", b"not ours")
    await obstore.put_async(storage._store, "loose.bin", b"not ours")
    found = [entry async for entry in storage.stored()]
    assert {(entry.alliance, entry.file_id) for entry in found} == made
    assert all(abs(datetime.now(UTC) - entry.written_at) < timedelta(minutes=5) for entry in found)


@pytest.mark.parametrize("harm", ["cut", "emptied", "bit", "swapped", "lengthened"])
async def test_what_was_harmed_in_the_store_is_refused(storage: Storage, harm: str) -> None:
    file_id = await storage.save("anqing", os.urandom(3 * FRAME_BYTES))
    other = await storage.save("anqing", os.urandom(3 * FRAME_BYTES))
    lying = await raw(storage, file_id)
    harmed = {
        "cut": lying[: 2 * FRAME_BYTES],
        "emptied": b"",
        "bit": lying[:-1] + bytes([lying[-1] ^ 1]),
        "swapped": await raw(storage, other),
        "lengthened": lying + b"\x00",
    }[harm]
    await put_raw(storage, file_id, harmed)
    with pytest.raises(NotFound) as caught:
        await whole(storage.pieces("anqing", file_id))
    assert caught.value.code == "file_damaged"


async def test_a_folder_of_its_own_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "attachments"
    storage = Storage(open_store(folder.as_uri()), KEY)
    file_id = await storage.save("anqing", b"content")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (folder / "anqing").iterdir()] == [f"{file_id}.bin"]


async def test_a_wrong_key_is_no_answer_of_the_store(s3: S3Access) -> None:
    wrong = replace(s3, secret=SecretStr("not-the-secret-not-the-secret-not-the-se"))
    with pytest.raises(Unavailable):
        await Storage(open_store(f"s3://{BUCKET}", wrong), KEY).save("anqing", b"content")


async def test_plain_http_is_refused_unless_it_was_allowed(s3: S3Access) -> None:
    with pytest.raises(Unavailable):
        await Storage(open_store(f"s3://{BUCKET}", replace(s3, allow_http=False)), KEY).save("anqing", b"content")


async def test_a_store_that_does_not_answer_is_unavailable(s3: S3Access) -> None:
    gone = replace(s3, endpoint="http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        await Storage(open_store(f"s3://{BUCKET}", gone), KEY).save("anqing", b"content")


@pytest.mark.parametrize("url", ["", "attachments", "http://127.0.0.1/x", "file://host/x", "s3:///x", "ftp://x/y"])
def test_an_address_that_is_no_store_is_refused(url: str, s3: S3Access) -> None:
    with pytest.raises(ValueError, match="files are kept at"):
        open_store(url, s3)

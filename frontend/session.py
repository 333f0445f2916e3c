"""Server-side sessions: the browser holds a random id, the tokens stay here, encrypted at rest.

A session is one file in the sessions folder, named by the SHA-256 of its id, so that the folder's listing gives no
usable id away; its content is Fernet-encrypted. It ends after a rest (`idle`) or an age (`absolute`), whichever comes
first, and by signing out. When it was last seen is the file's modification time, so that noting it never writes
older tokens over newer ones. One process owns the folder: two would refresh the same token at once.
"""

import asyncio
import base64
import binascii
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from weakref import WeakValueDictionary

import orjson
from cryptography.fernet import Fernet, InvalidToken
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from services.kernel.alliances import is_practice
from services.kernel.clock import Clock
from services.kernel.permissions import GRANTS, Party, Permission, Role

ID_BYTES = 32
KEY_BYTES = 32
SEEN_STEP = timedelta(minutes=1)
SUFFIX = ".session"


def cipher_of(key: str) -> Fernet:
    """The cipher of a 32-byte key in urlsafe base64, with or without padding. Raises ValueError."""
    try:
        raw = base64.urlsafe_b64decode(key.strip() + "=" * (-len(key.strip()) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("HUB_FRONTEND_SESSION_KEY must be 32 random bytes in urlsafe base64")
    return Fernet(base64.urlsafe_b64encode(raw))


class User(BaseModel):
    """The signed-in person in one post, as `/oauth/userinfo` tells; what does not fit the post is absent."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    sub: str
    name: str
    role: str
    alliance: str
    alliance_name: str = ""
    division: str | None = None
    member: str | None = None
    department: str | None = None
    post_title: str = Field(default="", validation_alias=AliasChoices("post_title", "title"))
    unit_name: str = ""

    @property
    def practice(self) -> bool:
        """Whether the person works in the practice alliance."""
        return is_practice(self.alliance)

    @property
    def party(self) -> Party | None:
        """Whose side the person is on; None for a role that this version does not know."""
        return Role(self.role).party if self.role in {*Role} else None

    @property
    def owner(self) -> str:
        """The key under which the services keep what this person's unit sends (`Principal.owner`)."""
        if self.party is Party.COUNTY:
            return f"division:{self.division}"
        if self.party is Party.MEMBER:
            return f"member:{self.member}"
        return str(self.party)

    def may(self, *permissions: Permission) -> bool:
        """Whether the post grants one of these; what is not granted is not offered (the service refuses it anyway)."""
        return self.party is not None and not GRANTS[Role(self.role)].isdisjoint(permissions)


class Tokens(BaseModel):
    """What the token endpoint gave; `expires_at` is seconds since the epoch; `id_token` is the hint at sign-out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    access_token: str
    refresh_token: str | None = None
    expires_at: int
    id_token: str | None = None


class Session(BaseModel):
    """One signed-in browser. The id stands in the browser's cookie only and is not written into the file."""

    id: str = Field(default="", exclude=True)
    user: User
    tokens: Tokens
    csrf_token: str
    created_at: datetime
    seen_at: datetime = Field(exclude=True)


@dataclass
class SessionStore:
    """Sessions as encrypted files in `folder`; every method may be called from any task."""

    folder: Path
    cipher: Fernet
    clock: Clock
    idle: timedelta
    absolute: timedelta
    _locks: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    async def create(self, user: User, tokens: Tokens) -> Session:
        """Begin a session under a fresh id, so that an id from before the sign-in is never carried over."""
        now = self.clock.now()
        session = Session(
            id=secrets.token_urlsafe(ID_BYTES),
            user=user,
            tokens=tokens,
            csrf_token=secrets.token_urlsafe(ID_BYTES),
            created_at=now,
            seen_at=now,
        )
        await self.save(session)
        return session

    async def load(self, session_id: str) -> Session | None:
        """The live session of this id, or None when it is unknown, unreadable or over its time (then it is gone)."""
        path = self._path(session_id)
        session = await asyncio.to_thread(self._read, path)
        if session is None:
            return None
        session.id = session_id
        if self._over(session):
            await self.delete(session_id)
            return None
        if self.clock.now() - session.seen_at >= SEEN_STEP:
            session.seen_at = self.clock.now()
            await asyncio.to_thread(_touch, path, session.seen_at)
        return session

    async def save(self, session: Session) -> None:
        """Write the session in one step, readable by the owner only."""
        content = self.cipher.encrypt(session.model_dump_json().encode())
        await asyncio.to_thread(_write, self._path(session.id), content, session.seen_at)

    async def delete(self, session_id: str) -> None:
        """End the session; to end one that is gone is no error."""
        await asyncio.to_thread(self._path(session_id).unlink, missing_ok=True)

    def lock(self, session_id: str) -> asyncio.Lock:
        """The lock under which one session's tokens are refreshed, so that a rotating token is used once."""
        name = self._path(session_id).name
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        return lock

    async def sweep(self) -> int:
        """Delete the sessions that are over or unreadable. Returns how many."""
        return await asyncio.to_thread(self._sweep)

    def _sweep(self) -> int:
        gone = 0
        for path in self.folder.glob(f"*{SUFFIX}"):
            session = self._read(path)
            if session is None or self._over(session):
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _over(self, session: Session) -> bool:
        now = self.clock.now()
        return now - session.seen_at >= self.idle or now - session.created_at >= self.absolute

    def _path(self, session_id: str) -> Path:
        return self.folder / f"{hashlib.sha256(session_id.encode()).hexdigest()}{SUFFIX}"

    def _read(self, path: Path) -> Session | None:
        try:
            with path.open("rb") as file:
                seen_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
                content = orjson.loads(self.cipher.decrypt(file.read()))
            return Session.model_validate({**content, "seen_at": seen_at})
        except (FileNotFoundError, InvalidToken, ValidationError):
            return None  # another key, an older shape or no file: the person signs in again


def _touch(path: Path, instant: datetime) -> None:
    with suppress(FileNotFoundError):  # it was signed out meanwhile
        os.utime(path, (instant.timestamp(), instant.timestamp()))


def _write(path: Path, content: bytes, seen_at: datetime) -> None:
    scratch = path.with_suffix(f".{secrets.token_hex(8)}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        _touch(scratch, seen_at)
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise

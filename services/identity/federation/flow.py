"""The one narrow interface of every kind: `begin` says where to send the browser, `complete` who came back."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from services.identity.federation.errors import ProofInvalid
from services.kernel.clock import Clock

SUBJECT_LENGTH: Final = 255
"""OpenID Connect Core 1.0, section 2: a subject has at most 255 characters."""
NAME_LENGTH: Final = 100

T = TypeVar("T")


@dataclass(frozen=True)
class Attempt:
    """One way to the unit's system and back. Kinds that know no nonce or no PKCE leave it aside.

    `callback` is the provider's own address in the hub, the same at both ends of the attempt.
    """

    state: str
    nonce: str
    code_verifier: str
    callback: str

    @property
    def code_challenge(self) -> str:
        """S256 of the verifier (RFC 7636, 4.2)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.code_verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class External:
    """A person as the unit's system knows him: `subject` is stable and unique there, `name` is for people only."""

    subject: str
    name: str


class Adapter(Protocol):
    """One provider record, ready to be used."""

    async def begin(self, attempt: Attempt) -> str:
        """The address to which the browser is sent. Raises ProviderDown or ProviderMisconfigured."""
        ...

    async def complete(self, attempt: Attempt, parameters: Mapping[str, str]) -> External:
        """Prove who came back with these query parameters. Raises the errors of `errors.py`."""
        ...

    async def check(self, callback: str) -> None:
        """Try what can be tried without a person. Raises the first fault, in a sentence for the administrator."""
        ...


class Remembered(Generic[T]):
    """What was fetched, for a limited time; shared by the requests of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[datetime, T]] = {}

    def get(self, key: str) -> T | None:
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] > self._clock.now() else None

    def keep(self, key: str, value: T, life: timedelta) -> None:
        now = self._clock.now()
        self._kept = {name: entry for name, entry in self._kept.items() if entry[0] > now}
        self._kept[key] = (now + life, value)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)


def new_secret() -> str:
    """256 random bits: a nonce, a browser's mark, or a verifier (RFC 7636, 4.1: 43 characters)."""
    return secrets.token_urlsafe(32)


def external(subject: object, name: object) -> External:
    """What a provider told, made fit to keep. Raises ProofInvalid without a usable subject; a name may be missing.

    Numbers are taken as subjects, because many in-house systems count their users; a boolean is none.
    """
    text = str(subject) if isinstance(subject, str | int) and not isinstance(subject, bool) else ""
    if not text.strip() or len(text) > SUBJECT_LENGTH or not text.isprintable():
        raise ProofInvalid(
            "单位登录系统没有返回可用的用户标识，无法确认身份，请联系系统管理员。", code="subject_missing"
        )
    shown = "".join(letter for letter in str(name or "") if letter.isprintable()).strip()
    return External(text, shown[:NAME_LENGTH])


def masked(subject: str) -> str:
    """A subject for the audit log and for lists: recognisable by its owner, useless to others."""
    shown = 2 if len(subject) >= 8 else 1 if len(subject) >= 4 else 0
    return f"{subject[:shown]}***{subject[len(subject) - shown :]}"

"""Opaque credentials (authorisation codes, refresh tokens, session cookies): random, and stored as a hash only.

A credential reads `<alliance>.<random>`: the alliance tells in which tenant to look, before anything is known.
"""

import hashlib
import re
import secrets
from typing import Final

RANDOM_BYTES: Final = 32
_SHAPE: Final = re.compile(r"([a-z0-9_-]{1,32})\.[A-Za-z0-9_-]{43}")


def new_credential(alliance: str) -> str:
    """A fresh credential with 256 random bits."""
    return f"{alliance}.{secrets.token_urlsafe(RANDOM_BYTES)}"


def alliance_of(credential: str, default: str) -> str:
    """The alliance that a credential names; `default` when it has not the shape of one (and so will not be found)."""
    matched = _SHAPE.fullmatch(credential)
    return matched.group(1) if matched else default


def digest(credential: str) -> bytes:
    """What is stored of a credential. It is random, so a plain SHA-256 cannot be searched back."""
    return hashlib.sha256(credential.encode("utf-8", "replace")).digest()

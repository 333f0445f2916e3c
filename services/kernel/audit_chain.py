"""The audit chain in Python: how an entry is written for its hash, and the lines of an export; pure.

`audit_schema.py` has the same hash in SQL, where it is made. An export can be verified with nothing but this module.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

FORMAT: Final = "alliance-hub audit 1"
FIELDS: Final = (
    "entry_no",
    "alliance",
    "at",
    "actor",
    "actor_name",
    "actor_role",
    "post",
    "post_title",
    "unit",
    "unit_name",
    "client_id",
    "session_id",
    "client_address",
    "action",
    "object_kind",
    "object_id",
    "before",
    "after",
    "reason",
    "request_id",
)
"""The fields of an entry in the order in which they are hashed; in an export all but the number are text or null."""
LINE_KEYS: Final = frozenset({*FIELDS, "previous_hash", "hash"})


def written(fields: Iterable[str | None]) -> bytes:
    """Fields as `<byte length>:<text>`, null as `-`: no two different lists are written alike."""
    parts: list[bytes] = []
    for field in fields:
        if field is None:
            parts.append(b"-")
        else:
            text = field.encode()
            parts.append(b"%d:%b" % (len(text), text))
    return b"".join(parts)


def entry_hash(previous: bytes, line: Mapping[str, Any]) -> bytes:
    """The hash of one line of an export, which follows the entry of hash `previous`."""
    fields = (None if line[name] is None else str(line[name]) for name in FIELDS)
    return hashlib.sha256(previous + written(fields)).digest()


def genesis(service: str, alliance: str) -> bytes:
    """What the first entry of an alliance has for the previous hash."""
    return hashlib.sha256(written((service, alliance))).digest()

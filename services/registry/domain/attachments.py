"""What an attachment may be: which subjects have them, how a file's name is shown, who may keep them. Pure."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from services.kernel.permissions import Party, Permission
from services.kernel.principal import Principal

NAME_LENGTH: Final = 120
ENDING: Final = re.compile(r"\.([a-z0-9]{1,8})$")
UNNAMED: Final = "未命名"
_SHAPES: Final = {"/": "／", "\\": "＼", "<": "＜", ">": "＞", ":": "：", '"': "＂", "|": "｜", "?": "？", "*": "＊"}
"""What a file system or a header would take amiss, shown by its full-width shape."""


@dataclass(frozen=True)
class Subject:
    """What attachments hang on, as its own room tells it.

    `keepers` are the members whose own people may add to it and remove from it; `personal` subjects hold what people
    told of themselves, so that each reading is audited.
    """

    kind: str
    id: UUID
    title: str
    href: str
    keepers: frozenset[UUID] = field(default_factory=frozenset)
    division: str | None = None
    personal: bool = False


def safe_name(given: str) -> str:
    """A file's name as it may be shown and sent: its last part, without control, bidirectional and forbidden letters.

    Too long a name loses letters before its ending. What is nothing but dots and blanks has no name.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    kept = "".join(_SHAPES.get(letter, letter) for letter in last if _shown(letter))
    kept = re.sub(r"\s+", " ", kept).strip(" .")
    if not kept:
        return UNNAMED
    stem, dot, ending = kept.rpartition(".")
    if len(kept) <= NAME_LENGTH:
        return kept
    return f"{stem[: NAME_LENGTH - len(ending) - 2]}…{dot}{ending}" if stem and len(ending) <= 8 else kept[:NAME_LENGTH]


def _shown(letter: str) -> bool:
    """Whether a letter may stand in a name: neither a control (but for blanks), nor invisible, nor half a pair."""
    return letter == "\t" or not unicodedata.category(letter).startswith("C")


def ending_of(name: str) -> str:
    """The ending that a name claims, in small letters, whatever width its letters have; empty when it has none."""
    found = ENDING.search(unicodedata.normalize("NFKC", safe_name(name)).lower())
    return found[1] if found else ""


def may_keep(principal: Principal, subject: Subject) -> bool:
    """Whether this caller may add to a subject: the secretariat to each, others to those of their own units."""
    if principal.may(Permission.REGISTRY_WRITE):
        return True
    if not principal.may(Permission.REGISTRY_OWN):
        return False
    if principal.party is Party.COUNTY:
        return subject.division is not None and subject.division == principal.division
    return principal.party is Party.MEMBER and principal.member in subject.keepers

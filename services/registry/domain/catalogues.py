"""Catalogues of majors and industries: levels, how entries hang together, what a version changes. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

_LETTER_BEFORE_DIGITS: Final = re.compile(r"([A-Z])(\d{2,4})")


class CatalogueKind(StrEnum):
    """Which of the two tables."""

    MAJORS = "majors"
    INDUSTRIES = "industries"


class VersionState(StrEnum):
    """A draft is compared and then adopted or discarded; an adopted version stays."""

    DRAFT = "draft"
    ADOPTED = "adopted"


LEVELS: Final[Mapping[CatalogueKind, tuple[str, ...]]] = {
    CatalogueKind.MAJORS: ("broad", "group", "major"),
    CatalogueKind.INDUSTRIES: ("section", "division", "group", "class"),
}
_BY_LENGTH: Final[Mapping[CatalogueKind, Mapping[int, str]]] = {
    CatalogueKind.MAJORS: {2: "broad", 4: "group", 6: "major"},
    CatalogueKind.INDUSTRIES: {1: "section", 2: "division", 3: "group", 4: "class"},
}
_SHAPES: Final = {
    CatalogueKind.MAJORS: re.compile(r"\d{2,6}[A-Z]{0,2}"),
    CatalogueKind.INDUSTRIES: re.compile(r"[A-T]|\d{2,4}"),
}
STAGES: Final[Mapping[str, tuple[int, int]]] = {"bachelor": (21, 39), "college": (41, 59), "secondary": (61, 79)}
"""The stage of education by the first two digits of a major's code (职业教育专业目录)."""


@dataclass(frozen=True)
class Entry:
    """One code of a catalogue; `parent` is a code of the same table, None at the top."""

    code: str
    name: str
    level: str
    parent: str | None


@dataclass(frozen=True)
class GivenEntry:
    """An entry as a row of a workbook gives it: level and parent may be left to what the code tells."""

    line: int
    code: str
    name: str
    level: str | None = None
    parent: str | None = None


@dataclass(frozen=True)
class EntryFault:
    """Why a row was refused."""

    line: int
    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Differences:
    """What a version would change in the one in use: `changed` holds (before, after)."""

    new: tuple[Entry, ...]
    changed: tuple[tuple[Entry, Entry], ...]
    removed: tuple[Entry, ...]


def stage_of(major_code: str) -> str | None:
    """The stage of education of a major: `secondary`, `college` or `bachelor`."""
    beginning = int(major_code[:2]) if major_code[:2].isdecimal() else 0
    return next((stage for stage, (first, last) in STAGES.items() if first <= beginning <= last), None)


def plain_code(kind: CatalogueKind, code: str) -> tuple[str, str | None]:
    """A code as the catalogue keeps it, and the parent that its written form tells: `C36` is 36 within C."""
    found = _LETTER_BEFORE_DIGITS.fullmatch(code) if kind is CatalogueKind.INDUSTRIES else None
    if found is None:
        return code, None
    return found[2], found[1] if len(found[2]) == len("36") else None


def level_of(kind: CatalogueKind, code: str) -> str | None:
    """The level that the length of a code tells."""
    digits = code.rstrip("KTH") if kind is CatalogueKind.MAJORS else code
    return _BY_LENGTH[kind].get(len(digits))


def arrange(kind: CatalogueKind, given: Iterable[GivenEntry]) -> tuple[list[Entry], list[EntryFault]]:
    """The entries in order of their codes with levels and parents, and every fault of every other row."""
    rows = [(row, *plain_code(kind, row.code)) for row in given]
    lines: dict[str, int] = {}
    for row, code, _ in rows:
        lines.setdefault(code, row.line)
    entries, faults = [], []
    for row, code, told in rows:
        parent = plain_code(kind, row.parent)[0] if row.parent else told or _nearest(code, lines)
        level = row.level or level_of(kind, code)
        found = _faults(kind, row, code, level, parent, lines)
        faults += found
        if not found and level is not None:
            entries.append(Entry(code, row.name, level, parent))
    return sorted(entries, key=lambda entry: entry.code), faults


def _nearest(code: str, known: Mapping[str, int]) -> str | None:
    """The longest beginning of a code that is an entry itself."""
    return next((code[:end] for end in range(len(code) - 1, 0, -1) if code[:end] in known), None)


def _faults(
    kind: CatalogueKind, row: GivenEntry, code: str, level: str | None, parent: str | None, lines: Mapping[str, int]
) -> list[EntryFault]:
    faults = []
    if not _SHAPES[kind].fullmatch(code):
        faults.append(EntryFault(row.line, "code", "code_shape", "代码的位数或写法不对，请按目录填写。"))
    elif level is None:
        faults.append(EntryFault(row.line, "level", "level_missing", "从代码看不出层级，请填写层级。"))
    elif level not in LEVELS[kind]:
        faults.append(EntryFault(row.line, "level", "level_of_other", "这个层级不属于本目录，请重选。"))
    if lines.get(code) != row.line:
        faults.append(EntryFault(row.line, "code", "code_repeated", f"与第 {lines.get(code)} 行代码相同。"))
    if parent is not None and (parent not in lines or parent == code):
        faults.append(EntryFault(row.line, "parent", "parent_unknown", "文件里没有这个上级代码，请核对。"))
    return faults


def differences(before: Sequence[Entry], after: Sequence[Entry]) -> Differences:
    """What `after` changes in `before`, each in order of the codes."""
    old, new = {e.code: e for e in before}, {e.code: e for e in after}
    return Differences(
        new=tuple(e for e in after if e.code not in old),
        changed=tuple((old[e.code], e) for e in after if e.code in old and old[e.code] != e),
        removed=tuple(e for e in before if e.code not in new),
    )


@cache
def extract(kind: CatalogueKind) -> tuple[Entry, ...]:
    """The small extract that comes with the hub (`services/registry/catalogues/README.md`)."""
    text = (files("services.registry") / "catalogues" / f"{kind}.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text))
    return tuple(Entry(row["code"], row["name"], row["level"], row["parent"] or None) for row in rows)

"""`hub audit verify`: checks exports of the audit log with nothing but the files, and names the first broken entry.

The chain proves that the lines belong together as they were written. Somebody who can write any hash could make a whole
new chain: so keep exports elsewhere, and verify later ones together with them (each export also stands, with its last
hash, in the log that later exports hold).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from hub.errors import OperatorError
from services.kernel.audit_chain import FORMAT, LINE_KEYS, entry_hash, genesis

HASH_BYTES: Final = 32
OpenLines = Callable[[], Iterator[bytes]]


class Why(Enum):
    """What is wrong at the first place where the chain breaks."""

    CHANGED = "内容被改动"
    MISSING = "缺少这一条"
    ORDER = "顺序不对或重复"
    EXTRA = "多出的内容"
    HEADER = "抬头与记录不符"


class ChainBroken(Exception):
    """The first broken place: the entry's number (None for the header), the line of the file, and why."""

    def __init__(self, entry: int | None, line: int, why: Why) -> None:
        super().__init__(entry, line, why)
        self.entry = entry
        self.line = line
        self.why = why

    @property
    def sentence(self) -> str:
        what = "抬头" if self.entry is None else f"第 {self.entry} 条"
        return f"{what}（文件第 {self.line} 行）：{self.why.value}。"


@dataclass(frozen=True)
class Header:
    """The first line of an export: whose log, and between which hashes its entries lie."""

    service: str
    alliance: str
    first: int
    last: int
    previous_hash: bytes
    last_hash: bytes


@dataclass(frozen=True)
class Verified:
    """A file whose chain holds; `header` is None for an export without entries."""

    path: Path
    header: Header | None

    @property
    def sentence(self) -> str:
        if self.header is None:
            return f"{self.path}：完整：0 条。"
        h = self.header
        return (
            f"{self.path}：完整：{h.last - h.first + 1} 条，{h.service} / {h.alliance}，"
            f"第 {h.first} 至 {h.last} 条，末条指纹 {h.last_hash.hex()}。"
        )


def verify_files(paths: list[Path]) -> list[Verified]:
    """Check each file, then those of one log against each other. Raises OperatorError naming the first broken entry."""
    verified = [verify_file(path) for path in paths]
    known = [(found.header, found.path) for found in verified if found.header is not None]
    known.sort(key=lambda one: (one[0].service, one[0].alliance, one[0].first, str(one[1])))
    furthest = known[:1]
    for later, there in known[1:]:
        [(earlier, here)] = furthest
        _compare(earlier, here, later, there)
        if (earlier.service, earlier.alliance) != (later.service, later.alliance) or later.last >= earlier.last:
            furthest = [(later, there)]
    return verified


def verify_file(path: Path) -> Verified:
    """Check one file. Raises OperatorError naming the first broken entry, or when it is no export."""
    try:
        return Verified(path, check_lines(lambda: _lines_of(path)))
    except ChainBroken as broken:
        raise OperatorError(f"{path}：不完整：{broken.sentence}") from broken
    except FileNotFoundError:
        raise OperatorError(f"没有文件 {path}；请给出导出的审计记录（.jsonl）。") from None


def check_lines(open_lines: OpenLines) -> Header | None:
    """Walk the chain; `open_lines()` gives the lines from the beginning. Raises ChainBroken at the first break."""
    lines = open_lines()
    header = _header(next(lines, None))
    if header is None:
        if next(lines, None) is not None:
            raise ChainBroken(None, 2, Why.EXTRA)
        return None
    previous, expected = header.previous_hash, header.first
    for number, text in enumerate(lines, start=2):
        previous = _step(header, text, previous, expected, number, open_lines)
        expected += 1
    if expected <= header.last:
        raise ChainBroken(expected, expected - header.first + 2, Why.MISSING)
    if previous != header.last_hash:
        raise ChainBroken(header.last, header.last - header.first + 2, Why.CHANGED)
    return header


def _step(header: Header, text: bytes, previous: bytes, expected: int, number: int, open_lines: OpenLines) -> bytes:
    """Check the line on which entry `expected` must stand; returns its hash."""
    line = parsed(text)
    if expected > header.last:
        raise ChainBroken(line["entry_no"] if line else None, number, Why.EXTRA)
    if line is None:
        raise ChainBroken(expected, number, Why.CHANGED)
    stated, found = line["entry_no"], bytes.fromhex(line["previous_hash"])
    if stated != expected and found != previous:
        raise ChainBroken(expected, number, _displaced(stated, expected, open_lines))
    if found != previous and entry_hash(found, line).hex() == line["hash"]:
        # This one is sound by itself: what it follows was changed together with its hash.
        raise ChainBroken(
            *((None, 1, Why.HEADER) if expected == header.first else (expected - 1, number - 1, Why.CHANGED))
        )
    made = entry_hash(previous, line)
    linked = stated == expected and found == previous and line["alliance"] == header.alliance
    if not linked or made.hex() != line["hash"]:
        raise ChainBroken(expected, number, Why.CHANGED)
    return made


def _displaced(stated: int, expected: int, open_lines: OpenLines) -> Why:
    """Another entry stands here: is the expected one somewhere else in the file, or is it gone?"""
    if stated < expected:
        return Why.ORDER
    others = (parsed(text) for text in open_lines())
    return Why.ORDER if any(line and line["entry_no"] == expected for line in others) else Why.MISSING


def _header(text: bytes | None) -> Header | None:
    """The header; None when it says that there are no entries. Raises ChainBroken when it is not sound."""
    found = _object(text or b"")
    if found is None or found.get("format") != FORMAT:
        raise ChainBroken(None, 1, Why.HEADER)
    names = ("first_entry", "last_entry", "previous_hash", "last_hash")
    if all(name in found and found[name] is None for name in names):
        return None
    try:
        header = Header(
            service=str(found["service"]),
            alliance=str(found["alliance"]),
            first=_number(found["first_entry"]),
            last=_number(found["last_entry"]),
            previous_hash=_digest(found["previous_hash"]),
            last_hash=_digest(found["last_hash"]),
        )
    except (KeyError, ValueError) as fault:
        raise ChainBroken(None, 1, Why.HEADER) from fault
    begun = header.first == 1 and header.previous_hash != genesis(header.service, header.alliance)
    if begun or header.first > header.last:
        raise ChainBroken(None, 1, Why.HEADER)
    return header


def parsed(text: bytes) -> dict[str, Any] | None:
    """One line of an export with exactly its keys and types; None for anything else."""
    line = _object(text)
    if line is None or line.keys() != LINE_KEYS:
        return None
    try:
        _number(line["entry_no"])
        for name in ("previous_hash", "hash"):
            _digest(line[name])
        for name in LINE_KEYS - {"entry_no"}:
            if line[name] is not None:
                line[name].encode()
    except (ValueError, AttributeError):  # no text, or text that no UTF-8 holds
        return None
    return line


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name that stands twice would be read differently by different programs."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _number(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("no entry number")
    return value


def _digest(value: Any) -> bytes:
    """A hash as lower-case hexadecimal; any other spelling would be another text."""
    if not isinstance(value, str) or len(value) != 2 * HASH_BYTES or bytes.fromhex(value).hex() != value:
        raise ValueError("no hash")
    return bytes.fromhex(value)


def _lines_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from stream


def _compare(earlier: Header, here: Path, later: Header, there: Path) -> None:
    """Two stretches of one log must agree where they meet or overlap; a gap between them is nobody's fault."""
    same_log = (earlier.service, earlier.alliance) == (later.service, later.alliance)
    if not same_log or later.first > earlier.last + 1:
        return
    shared = min(earlier.last, later.last)
    if later.first == earlier.last + 1:
        agree = earlier.last_hash == later.previous_hash
    else:
        agree = _hash_of(here, shared) == _hash_of(there, shared)
    if not agree:
        raise OperatorError(f"{here} 与 {there} 互相矛盾：到第 {shared} 条为止的记录不同，其中一份被改动过。")


def _hash_of(path: Path, entry: int) -> bytes:
    lines: Iterable[dict[str, Any] | None] = (parsed(text) for text in _lines_of(path))
    return next(_digest(line["hash"]) for line in lines if line and line["entry_no"] == entry)

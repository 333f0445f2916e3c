"""What a settlement is a function of, and the hash that proves two settlements equal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

import polars as pl

from services.subsidies.rules.bulk import LINES

_SLICE_ROWS = 200_000


@dataclass(frozen=True)
class Pins:
    """The inputs of one settlement, each by version or by SHA-256 (hex): the same pins give the same lines."""

    alliance: str
    year: int
    snapshot_date: date
    policy_pack: str
    policy_version: int
    policy_sha256: str
    registry_version: str
    roster_sequence: int
    claims_sha256: str
    prior_payments_sha256: str

    def text(self) -> str:
        """One line of JSON with sorted keys, the form that is hashed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def settlement_hash(pins: Pins, lines: pl.DataFrame) -> str:
    """SHA-256 (hex) over the pins' line of JSON and then every line as CSV, in line order.

    The CSV is that of `csv_parts`, so the hash can be recomputed years later from stored lines by any tool.
    """
    digest = started_hash(pins)
    for part in csv_parts(lines):
        digest.update(part)
    return digest.hexdigest()


def started_hash(pins: Pins) -> hashlib._Hash:
    """The hash of a settlement before its first line; whoever writes the parts of the CSV adds them as they go."""
    return hashlib.sha256(pins.text().encode() + b"\n")


def csv_parts(lines: pl.DataFrame) -> Iterator[bytes]:
    """The lines as CSV in line order, some hundred thousand at a time.

    The CSV (RFC 4180, no header, nulls empty, rows ended by a line feed) has the columns of `LINES` in their order.
    """
    ordered = lines.select(pl.col(name).cast(kind) for name, kind in LINES.items()).sort("line_no")
    for part in ordered.iter_slices(_SLICE_ROWS):
        yield part.write_csv(None, include_header=False).encode()

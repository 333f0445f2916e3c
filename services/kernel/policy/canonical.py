"""The one canonical form of a pack's parts, so that equal content has an equal hash on every machine."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from services.kernel.policy.models import PolicyPack
from services.kernel.policy.vocabulary import PartName


@dataclass(frozen=True, slots=True)
class PackPart:
    """One part as stored by the service that owns it: JSON payload and SHA-256 (hex) of its canonical text."""

    pack: str
    part: PartName
    payload: dict[str, Any]
    sha256: str


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no escapes for Chinese; NaN and infinities are refused (ValueError)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON in UTF-8. The order of keys does not matter, the order of items does."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def pack_part(pack: PolicyPack, part: PartName) -> PackPart:
    """One part of a pack with its hash. The payload has the shape of the YAML file, dates and decimals as text."""
    payload = pack.part(part).model_dump(mode="json", by_alias=True)
    return PackPart(pack.document.pack, part, payload, sha256_of(payload))


def pack_parts(pack: PolicyPack) -> list[PackPart]:
    """The parts that are written, in the order document, structure, targets, subsidies."""
    return [pack_part(pack, part) for part in pack.written]

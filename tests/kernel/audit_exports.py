"""Reading an export of the audit log in tests."""

import json
from collections.abc import Iterable
from typing import Any


def parsed_lines(parts: Iterable[bytes]) -> list[dict[str, Any]]:
    """The lines of an export, or of parts of one, as objects."""
    return [json.loads(line) for line in b"".join(parts).split(b"\n") if line]

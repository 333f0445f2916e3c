"""Several names in one field or cell, and former names with the day until which each stood; as people write them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

_MARKS: Final = re.compile(r"[、,，;；/|\n]+")
_UNTIL: Final = re.compile(r"(.*?)(?:[（(]至(\d{4}-\d{2}-\d{2})[）)])?")


def split_names(text: object) -> list[str]:
    """The names in a text of several, in order, each once."""
    names = [name.strip() for name in _MARKS.split(str(text or ""))]
    return list(dict.fromkeys(name for name in names if name))


def split_former_names(text: object) -> list[dict[str, Any]]:
    """The former names in a text, each with the day until which it stood, where that is written and is a day."""
    found: dict[str, dict[str, Any]] = {}
    for one in split_names(text):
        match = _UNTIL.fullmatch(one)
        name, until = (match[1].strip(), match[2]) if match and (not match[2] or _is_day(match[2])) else (one, None)
        found[name] = {"name": name, "until": until}
    return list(found.values())


def former_name(former: Mapping[str, Any]) -> str:
    """A former name as `split_former_names` reads it again: `旧名称（至2020-06-30）`."""
    return f"{former['name']}（至{former['until']}）" if former["until"] else str(former["name"])


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

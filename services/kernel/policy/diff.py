"""What an application of a pack would change, value by value, each with a Chinese sentence.

A path is a JSON pointer (RFC 6901). An item of a list whose items are all named by the same key is addressed by it
(`/rules/code=industry_college/parameters/amount/from=2024-01-01/value`), so that inserting an item does not look like
a change of all that follow; `#order` stands for the order of such items. Other lists are replaced as a whole, or item
by item where their lengths agree. The changes are empty exactly when the two values are equal, and applying them to the
old value gives the new one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from services.kernel.policy.canonical import canonical_json, pack_parts
from services.kernel.policy.labels import label
from services.kernel.policy.models import PolicyPack

ChangeKind = Literal["added", "removed", "changed"]
ORDER = "#order"
_KEYS = ("code", "id", "field", "from", "year")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `old` is None when added, `new` is None when removed."""

    path: str
    kind: ChangeKind
    old: Any
    new: Any
    sentence: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the payload: pointer segments and the Chinese words that lead there."""

    segments: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def down(self, segment: str, word: str) -> "_Place":
        return _Place((*self.segments, segment), (*self.words, word))

    @property
    def pointer(self) -> str:
        return "".join("/" + segment.replace("~", "~0").replace("/", "~1") for segment in self.segments)


def diff_parts(old: dict[str, Any] | None, new: dict[str, Any]) -> list[Change]:
    """Changes from one payload to another; None stands for a part that was never applied."""
    return list(_diff(_Place(), {} if old is None else old, new))


def diff_against(applied: dict[str, Any] | None, pack: PolicyPack) -> list[Change]:
    """Changes that applying this pack would make.

    `applied` maps part names to their stored payloads (a part that was never applied is absent); None when nothing of
    the pack was applied. A part that is new as a whole is one change.
    """
    changes: list[Change] = []
    for part in pack_parts(pack):
        place = _Place().down(part.part, label(part.part))
        old = (applied or {}).get(part.part)
        if old is None:
            changes.append(Change(place.pointer, "added", None, part.payload, _first_time(place, part.payload)))
        else:
            changes.extend(_diff(place, old, part.payload))
    return changes


def render_changes(changes: list[Change]) -> str:
    """Chinese text for a terminal, one line per change."""
    if not changes:
        return "没有变化：已应用的内容与政策包完全一致。"
    marks: dict[ChangeKind, str] = {"added": "+", "removed": "-", "changed": "~"}
    lines = [f"{marks[change.kind]} {change.sentence}" for change in changes]
    return "\n".join([*lines, f"共 {len(changes)} 处变化。"])


def _first_time(place: _Place, payload: dict[str, Any]) -> str:
    counts = [f"{label(key)} {len(value)} 项" for key, value in payload.items() if isinstance(value, list) and value]
    return f"{place.words[-1]}：首次应用" + (f"（{'、'.join(counts)}）" if counts else "")


def _diff(place: _Place, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _diff_mappings(place, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _diff_lists(place, old, new)
    elif canonical_json(old) != canonical_json(new):
        yield _changed(place, old, new)


def _diff_mappings(place: _Place, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        below = place.down(key, label(key))
        if key not in new:
            yield _removed(below, old[key])
        elif key not in old:
            yield _added(below, new[key])
        else:
            yield from _diff(below, old[key], new[key])


def _diff_lists(place: _Place, old: list[Any], new: list[Any]) -> Iterator[Change]:
    key = _shared_key(old, new)
    if key is not None:
        yield from _diff_keyed(place, key, old, new)
    elif len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _diff(place.down(str(index), f"第 {index + 1} 项"), before, after)
    else:
        yield _changed(place, old, new)


def _diff_keyed(place: _Place, key: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    before = {str(item[key]): item for item in old}
    after = {str(item[key]): item for item in new}
    for name, item in before.items():
        below = place.down(f"{key}={name}", _title(item, name))
        if name in after:
            yield from _diff(below, item, after[name])
        else:
            yield _removed(below, item)
    for name, item in after.items():
        if name not in before:
            yield _added(place.down(f"{key}={name}", _title(item, name)), item)
    # Applying the changes keeps old items in place and appends the new ones; any other order is a change of its own.
    resulting = [name for name in before if name in after] + [name for name in after if name not in before]
    if resulting != list(after):
        yield _changed(place.down(ORDER, "顺序"), resulting, list(after))


def _shared_key(old: list[Any], new: list[Any]) -> str | None:
    if not old and not new:
        return None
    return next((key for key in _KEYS if _names_all(key, old) and _names_all(key, new)), None)


def _names_all(key: str, items: list[Any]) -> bool:
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    usable = all(isinstance(name, (str, int)) and not isinstance(name, bool) for name in names)
    return usable and len({str(name) for name in names}) == len(names)


def _title(item: dict[str, Any], name: str) -> str:
    shown = item.get("name") or item.get("title") or item.get("heading")
    return f"“{shown}”" if isinstance(shown, str) else f"“{name}”"


def _changed(place: _Place, old: Any, new: Any) -> Change:
    sentence = f"{_where(place)}：由 {_shown(old)} 改为 {_shown(new)}"
    return Change(place.pointer, "changed", old, new, sentence)


def _added(place: _Place, new: Any) -> Change:
    return Change(place.pointer, "added", None, new, f"{_where(place)}：新增 {_shown(new)}")


def _removed(place: _Place, old: Any) -> Change:
    return Change(place.pointer, "removed", old, None, f"{_where(place)}：删去 {_shown(old)}")


def _where(place: _Place) -> str:
    return " › ".join(place.words) or "内容"


def _shown(value: Any) -> str:
    if value is None:
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

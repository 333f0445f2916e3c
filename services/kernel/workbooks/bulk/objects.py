"""Objects as rows: which key means which field, and what cannot be a cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.kernel.errors import InvalidInput
from services.kernel.workbooks.bulk.batches import Batch, batch_of, broken_line
from services.kernel.workbooks.naming import FieldNames
from services.kernel.workbooks.reading import missing_keys, refused
from services.kernel.workbooks.spec import Cell, CellIssue, Fault, RawRow, TableSpec
from services.kernel.workbooks.text import is_empty

_NO_OBJECT: Final = "不是 JSON 对象，或有语法错误；每行应为一个完整的 { … }。"
_BAD_TEXT: Final = "含有无法保存的字符（空字符或不成对的代理字符），请删去后重填。"
_NESTED = Fault("value_not_allowed", "应为文字、数字或空，不能是数组或对象。")
_DOUBLED = Fault("field_duplicate", "同一字段以不同名称填写了不同的内容，请只保留一个。")
_NO_CELLS: Final = frozenset({list, dict})
_PLANS: Final = 1_000
UNKNOWN_KEPT: Final = 100


@dataclass(frozen=True)
class _Plan:
    """Where the objects with some keys have each field; `doubled` are fields that stand under several keys."""

    keys: tuple[str | None, ...]
    doubled: tuple[tuple[int, tuple[str, ...]], ...]


class ObjectRows:
    """Gathers objects until they are asked for as a batch. The first batch must know every required field."""

    def __init__(self, spec: TableSpec) -> None:
        self._spec = spec
        self._names = FieldNames(spec)
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._known: set[str] | None = set()
        self.unknown: list[str] = []
        self.found = False
        self._empty_batch()

    def _empty_batch(self) -> None:
        self._rows: list[RawRow] = []
        self._unreadable: dict[tuple[int, str], Fault] = {}
        self._broken: list[CellIssue] = []

    @property
    def waiting(self) -> int:
        return len(self._rows) + len(self._broken)

    def take(self, number: int, value: Any) -> None:
        """One value as a row, or as a broken one; an object in which nothing stands is a blank line."""
        if not isinstance(value, dict):
            self._broken.append(broken_line(number, "json_invalid", _NO_OBJECT))
            return
        plan = self._plan(tuple(value))
        cells: list[Cell] = [None if key is None else value[key] for key in plan.keys]
        if not _sound(cells):
            self._broken.append(broken_line(number, "text_invalid", _BAD_TEXT))
            return
        faults = self._faults(plan, value, cells)
        if faults or not all(is_empty(cell) for cell in cells):
            self._unreadable |= {(len(self._rows), name): fault for name, fault in faults.items()}
            self._rows.append(RawRow(number, tuple(cells)))

    def batch(self) -> Batch:
        """What was taken since the last batch. Raises InvalidInput when the first lacks a required field."""
        self._check_keys()
        batch = batch_of(self._spec, self._rows, self._unreadable, self._broken)
        self.found = self.found or bool(self.waiting)
        self._empty_batch()
        return batch

    def nothing(self) -> InvalidInput:
        """The refusal of a file without a row: its objects may have meant another table."""
        if self.unknown:
            return missing_keys(list(self._spec.required_headers))
        return refused("table_empty", "文件里没有数据，请填写后再导入。")

    def _check_keys(self) -> None:
        if self._known is None:
            return
        missing = [c.header for c in self._spec.columns if c.required and c.field not in self._known]
        if self._rows and missing:
            raise missing_keys(missing)
        self._known = None if self._rows else self._known

    def _faults(self, plan: _Plan, value: Mapping[str, Any], cells: list[Cell]) -> dict[str, Fault]:
        """The faults of single cells; what is no cell is taken out of the row."""
        faults: dict[str, Fault] = {}
        if not _NO_CELLS.isdisjoint(map(type, cells)):
            for place in [place for place, cell in enumerate(cells) if type(cell) in _NO_CELLS]:
                faults[self._spec.columns[place].field] = _NESTED
                cells[place] = None
        for place, keys in plan.doubled:
            if len({str(value[key]) for key in keys if not is_empty(value[key])}) > 1:
                faults[self._spec.columns[place].field] = _DOUBLED
        return faults

    def _plan(self, keys: tuple[str, ...]) -> _Plan:
        plan = self._plans.get(keys)
        if plan is None:
            plan = self._made_plan(keys)
            if len(self._plans) < _PLANS:
                self._plans[keys] = plan
        return plan

    def _made_plan(self, keys: tuple[str, ...]) -> _Plan:
        places = self._names.places(keys)
        if self._known is not None:
            self._known |= places.keys()
        new = (name for name in self._names.unknown(keys) if name not in self.unknown)
        self.unknown += list(new)[: UNKNOWN_KEPT - len(self.unknown)]
        fields = [column.field for column in self._spec.columns]
        doubled = [
            (place, tuple(keys[i] for i in places[name]))
            for place, name in enumerate(fields)
            if len(places.get(name, ())) > 1
        ]
        return _Plan(tuple(keys[places[name][0]] if name in places else None for name in fields), tuple(doubled))


def _sound(cells: list[Cell]) -> bool:
    """Whether every text can be written as UTF-8 and into the database."""
    text = "".join([cell for cell in cells if type(cell) is str])
    if text.isascii():
        return "\x00" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text

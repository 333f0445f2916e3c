"""Rows that are JSON objects: one a line (NDJSON), or in one array, also as `{"rows": [...]}`.

An array is read object by object with the standard library's decoder, so that only the objects at hand are in memory;
its rows are numbered from 1, those of NDJSON by their lines.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from services.kernel.errors import InvalidInput
from services.kernel.workbooks.bulk.batches import MAXIMUM_LINE, MAXIMUM_ROWS, Batch, Source, too_long, too_many_rows
from services.kernel.workbooks.bulk.objects import ObjectRows
from services.kernel.workbooks.bulk.texts import parts_of, require_utf8
from services.kernel.workbooks.reading import refused
from services.kernel.workbooks.spec import TableSpec

BATCH_ROWS: Final = 20_000
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_WRAPPED: Final = re.compile(r'\{[ \t\r\n]*"rows"[ \t\r\n]*:[ \t\r\n]*\[')
_OPENING: Final = 1024  # characters within which the array must begin


class JsonStream:
    """Rows of objects. Raises UnsupportedMedia for what is not UTF-8, InvalidInput for what is no rows of this kind."""

    def __init__(self, source: Source, spec: TableSpec, *, lines: bool) -> None:
        require_utf8(source)
        self._rows = ObjectRows(spec)
        self._objects = _objects_of_lines(source) if lines else _objects_of_array(source)

    @property
    def unknown(self) -> list[str]:
        """The keys so far that mean no field."""
        return self._rows.unknown

    def batches(self) -> Iterator[Batch]:
        """The rows. Raises InvalidInput when there are none or too many, or when the text breaks off."""
        for count, (number, value) in enumerate(self._objects, 1):
            self._rows.take(number, value)
            if count > MAXIMUM_ROWS:
                raise too_many_rows()
            if self._rows.waiting >= BATCH_ROWS:
                yield self._rows.batch()
        if self._rows.waiting:
            yield self._rows.batch()
        if not self._rows.found:
            raise self._rows.nothing()


def _objects_of_lines(source: Source) -> Iterator[tuple[int, Any]]:
    """The value of each line that is not blank; a line that is no JSON gives the error itself."""
    for first, part in parts_of(source, "utf-8-sig"):
        for number, line in enumerate(part.split(b"\n"), first):
            if len(line) > MAXIMUM_LINE:
                raise too_long(number)
            if line and not line.isspace():
                yield number, _loaded(line)


def _loaded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as fault:
        return fault


def _objects_of_array(source: Source) -> Iterator[tuple[int, Any]]:
    text = _Text(source)
    wrapped = text.open()
    number = 0
    while text.next_is_value(first=number == 0):
        number += 1
        yield number, text.value(number)
    text.close(wrapped=wrapped)


class _Text:
    """A window on a JSON text that moves on as its values are read."""

    def __init__(self, source: Source) -> None:
        self._pieces = source()
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(parse_constant=_no_constant)
        self._window = ""
        self._at = 0
        self._ended = False

    def open(self) -> bool:
        """Move behind the bracket of the array; returns whether an object stands around it."""
        while len(self._window) < _OPENING and self._more():
            pass
        self._skip()
        if self._window.startswith("[", self._at):
            self._at += 1
            return False
        found = _WRAPPED.match(self._window, self._at)
        if found is None:
            raise _invalid('开头应为数组 [ … ]，或 {"rows": [ … ]}')
        self._at = found.end()
        return True

    def next_is_value(self, *, first: bool) -> bool:
        """Move to the next value, behind its comma; false at the end of the array."""
        character = self._character()
        if character == "]":
            self._at += 1
            return False
        if first:
            return True
        if character != ",":
            raise _invalid("两个对象之间应为逗号" if character else "文件在中途结束，内容不完整")
        self._at += 1
        self._skip()
        return True

    def value(self, number: int) -> Any:
        """One value of the array."""
        while True:
            try:
                value, end = self._json.raw_decode(self._window, self._at)
            except (ValueError, RecursionError) as fault:
                if len(self._window) - self._at > MAXIMUM_LINE:
                    raise too_long(number) from fault
                if not self._more():
                    raise _invalid(f"第 {number} 个对象不完整或有语法错误") from fault
                continue
            if end < len(self._window) or isinstance(value, dict) or not self._more():
                self._at = end
                return value

    def close(self, *, wrapped: bool) -> None:
        """Nothing may follow the array but the bracket of the object around it."""
        if wrapped and self._character() != "}":
            raise _invalid("数组之后应为 }")
        self._at += wrapped
        if self._character():
            raise _invalid("数组之后还有别的内容")

    def _character(self) -> str:
        self._skip()
        return self._window[self._at : self._at + 1]

    def _skip(self) -> None:
        while True:
            found = _BLANK.match(self._window, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._window) or not self._more():
                return

    def _more(self) -> bool:
        """Read on; false at the end of the file."""
        if self._ended:
            return False
        piece = next(self._pieces, None)
        self._ended = piece is None
        self._window = self._window[self._at :] + self._decoder.decode(piece or b"", final=piece is None)
        self._at = 0
        return piece is not None


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


def _invalid(what: str) -> InvalidInput:
    return refused("json_invalid", f"JSON 有误：{what}。请检查文件是否完整后重新导入。")

"""Which field a header or a key means: by its header, its alias or its field name, whatever the width and the case."""

from collections.abc import Iterable, Sequence
from typing import Final

from services.kernel.workbooks.spec import LINE_HEADER, REASON_HEADER, Cell, TableSpec
from services.kernel.workbooks.text import tidy_header

Places = dict[str, list[int]]
"""The places at which each known field stands."""

_OUR_OWN: Final = frozenset({tidy_header(REASON_HEADER), tidy_header(LINE_HEADER)})


class FieldNames:
    """The names of a spec's fields. A fallback counts only where no name of its field is present."""

    def __init__(self, spec: TableSpec) -> None:
        self._names = {
            tidy_header(name): column.field
            for column in spec.columns
            for name in (column.field, column.header, *column.aliases)
        }
        self._fallbacks = {tidy_header(name): column.field for column in spec.columns for name in column.fallbacks}

    def places(self, names: Sequence[Cell]) -> Places:
        """The fields that stand in a header or in the keys of an object."""
        found, instead = Places(), Places()
        for place, name in enumerate(names):
            tidied = tidy_header(name) if isinstance(name, str) else ""
            if tidied in self._names:
                found.setdefault(self._names[tidied], []).append(place)
            elif tidied in self._fallbacks:
                instead.setdefault(self._fallbacks[tidied], []).append(place)
        return {**{field: places[:1] for field, places in instead.items()}, **found}

    def unknown(self, names: Iterable[Cell]) -> list[str]:
        """The names that mean no field, as they were written."""
        known = self._names.keys() | self._fallbacks.keys() | _OUR_OWN | {""}
        return [name for name in names if isinstance(name, str) and tidy_header(name) not in known]

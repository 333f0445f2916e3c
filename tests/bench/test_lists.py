"""The lists' section: rows that the hub takes, and how their times are counted."""

from itertools import islice

from services.kernel.identifiers import is_uscc
from services.kernel.pinyin import search_text, sort_key
from tests.bench.lists import (
    ASKED,
    COLLABORATION_COLUMNS,
    COLUMNS_OF_ALL,
    MEMBER_COLUMNS,
    collaborations,
    list_table,
    members,
)
from tests.bench.pages import FLOOR


def test_members_are_such_as_the_registry_writes_them() -> None:
    for row in islice(members(), 50):
        shown = dict(zip((*MEMBER_COLUMNS, *COLUMNS_OF_ALL), row, strict=True))
        assert is_uscc(shown["uscc"])
        assert shown["sort_key"] == sort_key(shown["name"])
        assert shown["search_text"] == f"{search_text(shown['name'])}\n{shown['uscc'].lower()}"


def test_collaborations_are_such_as_the_registry_writes_them() -> None:
    rows = [
        dict(zip((*COLLABORATION_COLUMNS, *COLUMNS_OF_ALL), row, strict=True)) for row in islice(collaborations(), 50)
    ]
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(row["search_text"] == search_text(row["name"]) for row in rows)
    assert all(row["sort_key"] == sort_key(row["name"]) for row in rows)


def test_ratios_are_to_the_gateway_itself() -> None:
    shown = list_table({FLOOR: [0.001] * 4, "成员": [0.004, 0.006, 0.010, 0.004]})
    assert shown.splitlines()[-1].split() == ["成员", "5.0", "4.0", "10.0"]


def test_fragments_of_every_length_are_asked_for() -> None:
    paths = [asked.path for asked in ASKED.values()]
    assert len(set(paths)) >= len(paths) - 2  # two are asked in two names
    assert next(iter(ASKED)) == FLOOR

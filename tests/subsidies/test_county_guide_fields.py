"""The guide for county bureaus: its tables of field names are the code's, and the people in it are made up."""

import re
from pathlib import Path

import pytest

from hub.demo.identities import FIRST_SEQUENCE
from services.kernel.identifiers import is_id_number, is_uscc
from services.kernel.workbooks import Column
from services.subsidies.domain import RosterKind
from services.subsidies.rosters.columns import choices_of, spec_of

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "county-api.md"
RULES = {"生源输送奖励": "sending_award", "跨市招生补助": "cross_city_enrolment", "不申报": ""}
HEAD = "| 字段名 | 表头 | 也认作 | 代用 | 必填 | 格式 |\n| --- | --- | --- | --- | --- | --- |\n"
FORMATS = {
    "text": "文字",
    "code": "代码，作为文字",
    "date": "日期，如 2025-09-01",
    "year": "年份，如 2025",
    "number": "数字",
    "id_number": "18 位，校验位须正确",
    "uscc": "18 位，校验位须正确",
}


def table_of(kind: RosterKind) -> str:
    """The table of one kind of roster as the guide has to show it."""
    return HEAD + "".join(line_of(column) for column in spec_of(kind, choices_of(RULES)).columns)


def line_of(column: Column) -> str:
    names = [f"`{column.field}`", column.header, _list(column.aliases), _list(column.fallbacks)]
    return f"| {' | '.join([*names, '是' if column.required else '', _format(column)])} |\n"


def _list(names: tuple[str, ...]) -> str:
    return "、".join(f"`{name}`" if name.isascii() else name for name in names)


def _format(column: Column) -> str:
    if not column.choices:
        return FORMATS[column.kind]
    return "、".join(label if label == code else f"{label} `{code}`" for label, code in column.choices.items())


@pytest.mark.parametrize("kind", list(RosterKind))
def test_the_guides_table_of_fields_is_the_codes(kind: RosterKind) -> None:
    shown = GUIDE.read_text().split(f"<!-- fields: {kind.value} -->\n\n", 1)[1].split("\n\n", 1)[0] + "\n"
    assert shown == table_of(kind)


def test_the_guides_identities_are_made_up_and_valid_but_for_the_one_that_is_returned() -> None:
    guide = GUIDE.read_text()
    people = set(re.findall(r"\b\d{17}[\dX]\b", guide))
    assert len(people) >= 9
    assert all(int(number[14:17]) >= FIRST_SEQUENCE for number in people)  # never issued
    assert [number for number in people if not is_id_number(number)] == ["340827200801119963"]
    units = set(re.findall(r"\b[19][12]\d{6}MAXX\w{6}\b", guide))
    assert len(units) == 2
    assert all(is_uscc(code) for code in units)

"""`hub audit verify`: whatever single line of an export is touched, the first broken entry is named at its place."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hub import cli
from hub.audit import ChainBroken, Header, Why, check_lines
from services.kernel.audit_chain import FIELDS, FORMAT, entry_hash, genesis

TEXT_FIELDS = [name for name in FIELDS if name not in ("entry_no", "alliance")]
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FULL_WIDTH_ONE = "\uff11"


@dataclass
class Export:
    """The lines of an export as objects; the header first."""

    header: dict[str, Any]
    lines: list[dict[str, Any]]

    @property
    def first(self) -> int:
        first: int = self.header["first_entry"]
        return first

    def written(self) -> list[bytes]:
        return [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in (self.header, *self.lines)]


def chained(contents: list[dict[str, str | None]], first: int = 1, alliance: str = "anqing") -> Export:
    """A sound export of entries with these fields, made as a service makes it."""
    start = genesis("registry", alliance) if first == 1 else bytes(range(32))
    previous, lines = start, []
    for number, content in enumerate(contents, start=first):
        line: dict[str, Any] = {**dict.fromkeys(FIELDS), **content, "entry_no": number, "alliance": alliance}
        line["previous_hash"] = previous.hex()
        previous = entry_hash(previous, line)
        lines.append({**line, "hash": previous.hex()})
    header = {
        "format": FORMAT,
        "service": "registry",
        "alliance": alliance,
        "first_entry": first,
        "last_entry": first + len(contents) - 1,
        "previous_hash": start.hex(),
        "last_hash": previous.hex(),
    }
    return Export(header, lines)


@st.composite
def exports(draw: st.DrawFn, least: int = 1) -> Export:
    contents = st.fixed_dictionaries({}, optional=dict.fromkeys(TEXT_FIELDS, texts))
    first = draw(st.just(1) | st.integers(2, 10**12))
    return chained(draw(st.lists(contents, min_size=least, max_size=8)), first)


def check(lines: list[bytes]) -> Header | None:
    return check_lines(lambda: iter(lines))


def broken(lines: list[bytes]) -> tuple[int | None, int, Why]:
    with pytest.raises(ChainBroken) as caught:
        check(lines)
    return caught.value.entry, caught.value.line, caught.value.why


@given(exports())
def test_what_was_not_touched_is_sound(export: Export) -> None:
    header = check(export.written())
    assert header is not None
    assert header.last - header.first + 1 == len(export.lines)


@given(exports(), st.data())
def test_a_changed_field_is_found_at_its_entry(export: Export, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(export.lines) - 1))
    name = data.draw(st.sampled_from([*FIELDS, "previous_hash", "hash"]))
    values: Any = {"entry_no": st.integers(-1, 10**13) | texts}.get(name, texts | st.integers())
    if name in ("previous_hash", "hash"):
        values = (
            values | st.binary(min_size=32, max_size=32).map(bytes.hex) | st.just(export.lines[place][name].upper())
        )
    value = data.draw(values.filter(lambda value: value != export.lines[place][name]))
    export.lines[place][name] = value
    entry, line, _ = broken(export.written())
    assert (entry, line) == (export.first + place, place + 2)


@given(exports(), st.data())
def test_a_link_that_names_another_hash_is_found(export: Export, data: st.DataObject) -> None:
    """Also where the entry itself, and its hash, are as they were written."""
    place = data.draw(st.integers(0, len(export.lines) - 1))
    other = st.binary(min_size=32, max_size=32).map(bytes.hex)
    link = data.draw(other.filter(lambda value: value != export.lines[place]["previous_hash"]))
    export.lines[place]["previous_hash"] = link
    assert broken(export.written()) == (export.first + place, place + 2, Why.CHANGED)


@given(exports(), st.data())
def test_a_forged_entry_with_a_hash_of_its_own_is_found(export: Export, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(export.lines) - 1))
    line = export.lines[place]
    line["reason"] = f"{line['reason']} 改"
    line["hash"] = entry_hash(bytes.fromhex(line["previous_hash"]), line).hex()
    assert broken(export.written()) == (export.first + place, place + 2, Why.CHANGED)


@given(exports(), st.data())
def test_a_missing_entry_is_found_at_its_place(export: Export, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(export.lines) - 1))
    del export.lines[place]
    entry, _, why = broken(export.written())
    assert (entry, why) == (export.first + place, Why.MISSING)


@given(exports(least=2), st.data())
def test_two_swapped_entries_are_found_at_the_first(export: Export, data: st.DataObject) -> None:
    pair = st.tuples(*[st.integers(0, len(export.lines) - 1)] * 2).filter(lambda pair: pair[0] < pair[1])
    one, other = data.draw(pair)
    export.lines[one], export.lines[other] = export.lines[other], export.lines[one]
    assert broken(export.written()) == (export.first + one, one + 2, Why.ORDER)


@given(exports(), st.data())
def test_a_repeated_entry_is_found_where_it_stands_a_second_time(export: Export, data: st.DataObject) -> None:
    source = data.draw(st.integers(0, len(export.lines) - 1))
    place = data.draw(st.integers(0, len(export.lines)))
    count = len(export.lines)
    export.lines.insert(place, export.lines[source])
    second = place + 1 if place == source else place  # of two alike, the one that follows is too many
    entry, line, why = broken(export.written())
    assert line == second + 2
    if second < count:
        assert (entry, why) == (export.first + second, Why.ORDER)
    else:
        assert why is Why.EXTRA


@given(exports(), st.data())
def test_an_inserted_line_of_anything_is_found(export: Export, data: st.DataObject) -> None:
    lines = export.written()
    place = data.draw(st.integers(1, len(lines)))
    anything = st.sampled_from([b"\n", b"{}\n", b"null\n", b"[1]\n", b"\xff\n", lines[0], b"[" * 100_000 + b"\n"])
    lines.insert(place, data.draw(anything))
    _, line, why = broken(lines)
    assert (line, why) == (place + 1, Why.CHANGED if place < len(lines) - 1 else Why.EXTRA)


@given(exports(), st.data())
def test_a_header_that_does_not_fit_its_entries_is_found(export: Export, data: st.DataObject) -> None:
    names = ["format", "alliance", "first_entry", "last_entry", "previous_hash", "last_hash"]
    name = data.draw(st.sampled_from([*names, *(["service"] if export.first == 1 else [])]))
    values = texts | st.integers(0, 10**13) | st.binary(min_size=32, max_size=32).map(bytes.hex)
    export.header[name] = data.draw(values.filter(lambda value: str(value) != str(export.header[name])))
    broken(export.written())


@pytest.mark.parametrize(
    "text",
    [
        '{"entry_no": 1, "entry_no": 1}',
        '{"entry_no": "1"}',
        f'{{"entry_no": {FULL_WIDTH_ONE}}}',
        '{"entry_no": 1.0}',
        '{"entry_no": true}',
    ],
)
def test_a_line_that_two_programs_may_read_differently_is_refused(text: str) -> None:
    export = chained([{"reason": "a"}])
    plain = json.dumps({name: value for name, value in export.lines[0].items() if name != "entry_no"})
    lines = [export.written()[0], f"{text[:-1]}, {plain[1:]}\n".encode()]
    assert broken(lines) == (1, 2, Why.CHANGED)


def test_a_text_that_no_utf8_holds_is_a_change() -> None:
    export = chained([{"reason": "a"}])
    lines = export.written()
    assert broken([lines[0], lines[1].replace(b'"a"', rb'"\ud800"')]) == (1, 2, Why.CHANGED)


def write(path: Path, lines: list[bytes]) -> str:
    path.write_bytes(b"".join(lines))
    return str(path)


def run(*paths: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, ["audit", "verify", *paths])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_tells_what_is_whole_and_what_is_broken(tmp_path: Path) -> None:
    export = chained([{"reason": text} for text in "甲乙丙"])
    whole = write(tmp_path / "whole.jsonl", export.written())
    assert run(whole) == (
        0,
        f"{whole}：完整：3 条，registry / anqing，第 1 至 3 条，末条指纹 {export.header['last_hash']}。\n",
        "",
    )
    export.lines[1]["reason"] = "丁"
    changed = write(tmp_path / "changed.jsonl", export.written())
    assert run(whole, changed) == (1, "", f"{changed}：不完整：第 2 条（文件第 3 行）：内容被改动。\n")
    cut = write(tmp_path / "cut.jsonl", export.written()[:1])
    assert run(cut)[2] == f"{cut}：不完整：第 1 条（文件第 2 行）：缺少这一条。\n"
    assert run(write(tmp_path / "empty", []))[2].endswith("不完整：抬头（文件第 1 行）：抬头与记录不符。\n")
    assert run(str(tmp_path / "none"))[2].startswith("没有文件")


def part_of(export: Export, first: int, last: int) -> list[bytes]:
    """An export of some of the entries."""
    lines = export.lines[first - 1 : last]
    ends = {"previous_hash": lines[0]["previous_hash"], "last_hash": lines[-1]["hash"]}
    return Export({**export.header, "first_entry": first, "last_entry": last, **ends}, lines).written()


@pytest.mark.parametrize(
    ("stretches", "agree"),
    [
        ([("a", 1, 3), ("a", 4, 6)], True),
        ([("a", 1, 2), ("a", 5, 6)], True),
        ([("a", 1, 2), ("b", 5, 6)], True),  # nothing tells: between them lies a gap
        ([("a", 1, 5), ("a", 2, 3), ("a", 4, 6)], True),
        ([("a", 1, 3), ("b", 4, 6)], False),
        ([("a", 1, 4), ("b", 2, 6)], False),
        ([("a", 1, 6), ("a", 2, 2), ("b", 5, 6)], False),
        ([("a", 1, 1), ("b", 1, 6)], True),  # they part after the first entry
    ],
)
def test_several_files_of_one_log_are_held_against_each_other(
    tmp_path: Path, stretches: list[tuple[str, int, int]], agree: bool
) -> None:
    logs = {"a": chained([{"reason": n} for n in "123456"]), "b": chained([{"reason": n} for n in "1x3456"])}
    paths = [
        write(tmp_path / f"{place}.jsonl", part_of(logs[log], first, last))
        for place, (log, first, last) in enumerate(stretches)
    ]
    code, _, said = run(*paths)
    assert (code, "互相矛盾" in said) == ((0, False) if agree else (1, True))


def test_files_of_different_logs_do_not_speak_of_each_other(tmp_path: Path) -> None:
    one = write(tmp_path / "1.jsonl", chained([{"reason": "a"}]).written())
    other = write(tmp_path / "2.jsonl", chained([{"reason": "b"}], alliance="xiaogan").written())
    assert run(one, other)[0] == 0

"""Very large tables: every format gives the same rows, and column by column says what cell by cell says."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.errors import HubError, InvalidInput, UnsupportedMedia
from services.kernel.identifiers import id_check_character, is_id_number, person_hasher, person_key
from services.kernel.workbooks import Column, TableSpec, check_table, read_table, same, write_rows
from services.kernel.workbooks.bulk import BulkChecker, Format, batches, csv_stream, json_stream, open_stream, texts
from services.kernel.workbooks.bulk.checking import _sound_id_numbers

ID = "34052419800101001X"
SPEC = TableSpec(
    sheet="名册",
    title="",
    columns=(
        Column("name", "姓名", ("xm",), required=True, maximum_length=20),
        Column("id_number", "身份证号", ("sfzjh",), required=True, kind="id_number"),
        Column("school", "学校", ("xxmc",), ("学校代码", "xxdm"), required=True),
        Column("enrolled_on", "入学日期", kind="date"),
        Column("division", "区划代码", kind="code", maximum_length=12),
        Column("year", "年度", kind="year"),
        Column("status", "状态", kind="choice", choices={"在籍": "active", "离校": "left"}),
        Column("score", "得分", kind="number", minimum=Decimal(0), maximum=Decimal(100), places=2),
        Column("format", "形式", kind="choice", choices=same("冠名", "订单")),
    ),
)
FIELDS = [column.field for column in SPEC.columns]
HEADERS = [column.header for column in SPEC.columns]
GOOD: dict[str, Any] = {"name": "张三", "id_number": ID, "school": "示例学校", "enrolled_on": "2025-09-01"}


def in_pieces(content: bytes, size: int = 1 << 20) -> Callable[[], Iterator[bytes]]:
    return lambda: (content[at : at + size] for at in range(0, len(content), size))


def read(
    content: bytes, form: Format = Format.TABLE, piece: int = 1 << 20
) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    """The rows without fault, and the faults."""
    stream, checker = open_stream(in_pieces(content, piece), SPEC, form), BulkChecker(SPEC)
    rows: list[dict[str, Any]] = []
    faults: list[tuple[int, str, str]] = []
    for batch in stream.batches():
        checked = checker.check(batch)
        found = [checker.cell_issue(issue) for issue in checked.issues.iter_rows()]
        bad = {issue.line for issue in found}
        rows += [row for row in checked.values.to_dicts() if row["line"] not in bad]
        faults += [(issue.line, issue.field, issue.code) for issue in found]
    return rows, faults


def csv_of(*rows: dict[str, Any], encoding: str = "utf-8", end: str = "\r\n", header: list[str] = FIELDS) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(header)
    writer.writerows([row.get(field, "") for field in FIELDS] for row in rows)
    return text.getvalue().encode(encoding)


def ndjson_of(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def by_cells(content: bytes) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    """What reading and checking cell by cell says of a small file."""
    checked = check_table(SPEC, read_table(content, SPEC))
    rows = [
        {"line": row.line, **{f: str(v) if isinstance(v, Decimal) else v for f, v in row.values.items()}}
        for row in checked.rows
    ]
    return rows, [(issue.line, issue.field, issue.code) for issue in checked.issues]


cells = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["张三", "", " 李 四", "欧阳·娜", "王\n五", '"赵"六', "钱,七", "=1+1", "'孙八", "x" * 21, "　"]
        ),
        "id_number": st.sampled_from(
            [ID, ID.lower(), "３４０５２４１９８００１０１００１Ｘ", "1", "", "34052419801301001X"]
        ),
        "school": st.sampled_from(["示例学校", "", "-", '="001"', "Ａ校"]),
        "enrolled_on": st.sampled_from(["2025-09-01", "2025/9/1", "2025-02-30", "", "x"]),
        "division": st.sampled_from(["340822", "'340822", "３４０８２２", "1234567890123", ""]),
        "year": st.sampled_from(["2025", "202509", "2025级", "20225", "", "202513"]),
        "status": st.sampled_from(["在籍", "离 校", "left", "休学", ""]),
        "score": st.sampled_from(["88.5", "100", "100.01", "1.234", "", "1,0"]),
        "format": st.sampled_from(["冠名", "", "学徒"]),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(cells | st.just({}), min_size=1, max_size=8),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.integers(1, 200),
)
def test_csv_by_columns_says_what_it_says_by_cells(
    rows: list[dict[str, Any]], end: str, encoding: str, piece: int
) -> None:
    rows = [*rows, GOOD]
    content = csv_of(*rows, encoding=encoding, end=end, header=HEADERS)
    assert read(content, piece=piece) == by_cells(content)


@settings(max_examples=30, deadline=None)
@given(st.lists(cells, min_size=1, max_size=6), st.integers(1, 300))
def test_xlsx_and_json_say_what_csv_says(rows: list[dict[str, Any]], piece: int) -> None:
    rows = [GOOD, *rows]
    expected_rows, expected_faults = by_cells(csv_of(*rows, header=HEADERS))
    whole = ndjson_of(*rows)
    shift = 1  # objects are numbered from 1, the lines of a .csv begin with its header

    def moved(found: tuple[Any, Any], by: int) -> tuple[Any, Any]:
        return [{**r, "line": r["line"] + by} for r in found[0]], [(line + by, *more) for line, *more in found[1]]

    # A line feed within a cell makes two lines of a .csv and of nothing else, so such rows are left out here.
    if any("\n" in str(value) for row in rows for value in row.values()):
        return
    assert moved(read(whole, Format.NDJSON, piece), shift) == (expected_rows, expected_faults)
    array = json.dumps(rows, ensure_ascii=False, indent=1).encode()
    assert moved(read(array, Format.JSON, piece), shift) == (expected_rows, expected_faults)
    wrapped = b'\xef\xbb\xbf { "rows" :' + array + b"} \n"
    assert read(wrapped, Format.JSON, piece) == read(array, Format.JSON)
    assert read(write_rows(SPEC, rows)) == (expected_rows, expected_faults)


def test_parts_of_a_file_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**GOOD, "name": f"王小{n}", "school": 'a "b"\n,c' if n % 7 == 0 else "示例学校"} for n in range(300)]
    content = csv_of(*rows, header=HEADERS)
    whole = by_cells(content)
    for part in (50, 333, 2000):
        monkeypatch.setattr(texts, "PART_BYTES", part)
        assert read(content, piece=64) == whole
    monkeypatch.setattr(json_stream, "BATCH_ROWS", 7)
    lines = ndjson_of(*rows)
    assert [row["name"] for row in read(lines, Format.NDJSON, 64)[0]] == [row["name"] for row in rows]


def test_plain_and_quoted_reading_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**GOOD, "name": f"王小{n}"} if n % 3 else {} for n in range(50)]
    content = csv_of(*rows, header=HEADERS) + b"\n,,\r\n  \n" + csv_of(GOOD, header=["再"])[5:]
    plain = read(content)
    monkeypatch.setattr(csv_stream, "_is_plain", lambda _part: False)
    assert read(content) == plain == by_cells(content)


def test_numbers_and_dates_of_json_are_understood_as_those_of_a_workbook() -> None:
    row = {**GOOD, "year": 2025, "division": 340822, "score": 88.5, "enrolled_on": "20250901", "status": None}
    [taken], faults = read(ndjson_of(row), Format.NDJSON)
    assert faults == []
    assert (taken["year"], taken["division"], taken["score"]) == (2025, "340822", "88.5")
    assert taken["enrolled_on"] == date(2025, 9, 1)
    lost = {**GOOD, "id_number": 340524198001010010, "year": True}
    assert read(ndjson_of(GOOD, lost), Format.NDJSON)[1] == [
        (2, "id_number", "id_number_invalid"),
        (2, "year", "year_invalid"),
    ]


def test_national_english_and_chinese_names_mean_the_same_and_a_code_stands_in_for_a_missing_name() -> None:
    expected = read(ndjson_of(GOOD), Format.NDJSON)[0]
    national = {"xm": "张三", "sfzjh": ID, "XXMC": "示例学校", "入学日期": "2025-09-01", "xxdm": "3634011234"}
    assert read(ndjson_of(national), Format.NDJSON)[0] == expected
    del national["XXMC"]
    assert [row["school"] for row in read(ndjson_of(national), Format.NDJSON)[0]] == ["3634011234"]
    names = ["xm", "sfzjh", "学校代码", "入学日期", "mz", "民族"]
    table = (",".join(names) + f"\n张三,{ID},3634011234,2025-09-01,汉,汉\n").encode()
    assert [row["school"] for row in read(table)[0]] == ["3634011234"]
    assert open_stream(in_pieces(table), SPEC, Format.TABLE).unknown == ["mz", "民族"]


def test_unknown_keys_are_told_once_and_one_field_under_two_names_must_agree() -> None:
    rows = [{**GOOD, "xb": 1}, {**GOOD, "xb": 2, "民族": ""}, {**GOOD, "xm": "李四"}, {**GOOD, "xm": "张三"}]
    stream = open_stream(in_pieces(ndjson_of(*rows)), SPEC, Format.NDJSON)
    assert len(list(stream.batches())) == 1
    assert stream.unknown == ["xb", "民族"]
    taken, faults = read(ndjson_of(*rows), Format.NDJSON)
    assert faults == [(3, "name", "field_duplicate")]
    assert [row["line"] for row in taken] == [1, 2, 4]


def test_a_broken_line_of_ndjson_is_one_fault_and_the_others_are_read() -> None:
    lines = ndjson_of(GOOD).rstrip() + b'\n{"name": "x\n\n[1]\n"x"\nnull\n' + ndjson_of(GOOD)[:-20]
    taken, faults = read(lines, Format.NDJSON)
    assert [row["line"] for row in taken] == [1]
    assert faults == [(line, "row", "json_invalid") for line in (2, 4, 5, 6, 7)]


def test_what_cannot_be_a_cell_or_cannot_be_kept_is_a_fault_of_its_row() -> None:
    nested = {**GOOD, "name": {"first": "张"}, "division": [1]}
    taken, faults = read(json.dumps([GOOD, nested, {**GOOD, "name": "a\x00b"}, 7]).encode(), Format.JSON)
    assert faults == [
        (2, "name", "value_not_allowed"),
        (2, "division", "value_not_allowed"),
        (3, "row", "text_invalid"),
        (4, "row", "json_invalid"),
    ]
    surrogate = json.dumps([{**GOOD, "name": "\ud800"}]).encode()
    assert read(surrogate, Format.JSON)[1] == [(1, "row", "text_invalid")]
    assert [row["line"] for row in taken] == [1]


@pytest.mark.parametrize(
    "content",
    [
        ndjson_of(GOOD)[:-5],
        b"[" + ndjson_of(GOOD),
        b"[" + ndjson_of(GOOD) + b",",
        b"[" + ndjson_of(GOOD) + b"]x",
        b"[" + ndjson_of(GOOD) + ndjson_of(GOOD) + b"]",
        b"[" + ndjson_of(GOOD) + b",]",
        b'{"rows": [' + ndjson_of(GOOD) + b"]",
        b'{"rows": [' + ndjson_of(GOOD) + b'], "more": 1}',
        b'{"other": [' + ndjson_of(GOOD) + b"]}",
        b"[" + ndjson_of(GOOD)[:-10],
        b'[{"name": NaN}]',
        b"[" * 5000,
    ],
)
def test_an_array_that_breaks_off_or_goes_on_wrongly_is_refused_whole(content: bytes) -> None:
    for piece in (7, 1 << 20):
        with pytest.raises(InvalidInput) as caught:
            read(content, Format.JSON, piece)
        assert caught.value.issues[0].code == "json_invalid"


@pytest.mark.parametrize(
    ("content", "form", "code"),
    [
        (b"", Format.TABLE, "file_empty"),
        (b" \n", Format.JSON, "file_empty"),
        (b"[]", Format.JSON, "table_empty"),
        (b"[{}]", Format.JSON, "table_empty"),
        (b"\n \n", Format.NDJSON, "file_empty"),
        ("姓名,身份证号,学校\n".encode(), Format.TABLE, "table_empty"),
        ("姓名,身份证号\n".encode(), Format.TABLE, "header_missing"),
        ("姓名,身份证号,学校,xm\n".encode(), Format.TABLE, "header_duplicate"),
        (b"no header\n1,2\n", Format.TABLE, "header_missing"),
        (ndjson_of({"class_code": "C1"}), Format.NDJSON, "header_missing"),
        (json.dumps([{"name": "x"}]).encode(), Format.JSON, "header_missing"),
        (b"\xd0\xcf\x11\xe0", Format.TABLE, "not_a_workbook"),
        (b"PK\x03\x04 no archive", Format.TABLE, "not_a_workbook"),
        (b"name\x00", Format.TABLE, "not_a_workbook"),
        ("姓名".encode("gb18030"), Format.JSON, "encoding"),
        (csv_of(GOOD) + b"\xff\xff", Format.TABLE, "encoding"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_with_its_reason(content: bytes, form: Format, code: str) -> None:
    with pytest.raises(HubError) as caught:
        read(content, form)
    found = caught.value.issues[0].code if isinstance(caught.value, InvalidInput) else caught.value.code
    assert found == code


def test_a_huge_field_is_a_fault_and_a_huge_line_refuses_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    long = {**GOOD, "school": "长" * 250_000}
    for content, form, line in (
        (csv_of(GOOD, long), Format.TABLE, 3),
        (csv_of(GOOD, {**long, "name": 'a"b'}), Format.TABLE, 3),
        (ndjson_of(GOOD, long), Format.NDJSON, 2),
        (json.dumps([GOOD, long]).encode(), Format.JSON, 2),
    ):
        assert read(content, form)[1] == [(line, "school", "text_too_long")]
    endless = {**GOOD, "school": "x" * 3 * batches.MAXIMUM_LINE}
    monkeypatch.setattr(texts, "PART_BYTES", 1000)
    for content, form in (
        (csv_of(GOOD, endless), Format.TABLE),
        (ndjson_of(GOOD, endless), Format.NDJSON),
        (json.dumps([GOOD, endless])[:-10].encode(), Format.JSON),
    ):
        with pytest.raises(InvalidInput) as caught:
            read(content, form)
        assert caught.value.issues[0].code == "row_too_long"
    open_quote = csv_of(GOOD) + b'"' + b"x\n" * batches.MAXIMUM_LINE
    with pytest.raises((UnsupportedMedia, InvalidInput)):
        read(open_quote)
    many_fields = csv_of(GOOD) + b'"x\n",' * (batches.MAXIMUM_LINE // 4)
    with pytest.raises(InvalidInput) as caught:
        read(many_fields)
    assert caught.value.issues[0].code == "row_too_long"


@pytest.mark.parametrize("form", list(Format))
def test_more_rows_than_are_taken_at_once_are_refused(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (batches, csv_stream, json_stream):
        monkeypatch.setattr(module, "MAXIMUM_ROWS", 5)
    contents = {Format.TABLE: csv_of, Format.NDJSON: ndjson_of, Format.JSON: lambda *r: json.dumps(r).encode()}
    assert len(read(contents[form](*[GOOD] * 5), form)[0]) == 5
    with pytest.raises(InvalidInput) as caught:
        read(contents[form](*[GOOD] * 6), form)
    assert caught.value.issues[0].code == "too_many_rows"


def test_merged_cells_and_titles_of_a_workbook_are_read_as_in_small_files() -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.add_worksheet("填写说明").write(0, 0, "说明")
        sheet = book.add_worksheet("名册")
        sheet.write(1, 2, "示例名册")
        for place, header in enumerate(["姓名", "身份证号", "学校", "入学日期"], start=1):
            sheet.write(3, place, header)
        for line in range(5, 9):
            sheet.write(line, 1, f"王小{line}")
            sheet.write(line, 2, ID)
        sheet.merge_range(5, 3, 7, 3, "示例学校")
        sheet.write_formula(8, 3, '="别的" & "学校"', None, "别的学校")
        sheet.write_datetime(5, 4, date(2025, 9, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
    content = buffer.getvalue()
    assert read(content) == by_cells(content)
    assert [(row["line"], row["school"]) for row in read(content)[0]] == [
        (6, "示例学校"),
        (7, "示例学校"),
        (8, "示例学校"),
        (9, "别的学校"),
    ]


numbers = st.from_regex(r"\A[0-9]{17}[0-9X]\Z") | st.builds(
    lambda day, order: f"340822{day:%Y%m%d}{order:03d}",
    st.dates(date(1850, 1, 1), date(2050, 1, 1)),
    st.integers(0, 999),
).map(lambda body: body + id_check_character(body))


@settings(max_examples=100, deadline=None)
@given(st.lists(numbers | st.text(max_size=20) | st.none(), min_size=1, max_size=30))
def test_identity_numbers_are_recognised_at_once_as_one_by_one(texts_of: list[str | None]) -> None:
    clean = [text if text is None or text.isprintable() else "x" for text in texts_of]
    sound = _sound_id_numbers(pl.Series(clean, dtype=pl.String)).to_list()
    assert sound == [text is not None and is_id_number(text) for text in clean]


@given(st.binary(min_size=0, max_size=200), st.lists(st.text("0123456789X", min_size=1, max_size=20), min_size=1))
def test_persons_are_hashed_at_once_as_one_by_one(key: bytes, ids: list[str]) -> None:
    hashed = person_hasher(key)
    assert [hashed(text) for text in ids] == [person_key(text, key) for text in ids]

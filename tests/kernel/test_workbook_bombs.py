"""Workbooks of a few kilobytes whose cells all point at one long shared string."""

import io
import zipfile
from collections.abc import Iterator

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.kernel.errors import TooLarge, UnsupportedMedia
from services.kernel.workbooks import guard
from services.kernel.workbooks.copies import SharedStrings, copied_text
from services.kernel.workbooks.guard import BULK, Limits, check_archive

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SMALL = Limits(packed=1 << 20, unpacked=64 << 20, cells=1_000_000, text=1_000_000)
POINTING = '<c r="A1" t="s"><v>0</v></c>'
LONG = f"<si><t>{'x' * 100_000}</t></si>"


def book(
    cells: str, items: str = LONG, sheet: str = "xl/worksheets/sheet1.xml", others: dict[str, bytes] | None = None
) -> bytes:
    """A workbook of one sheet with one row; `others` are more members."""
    buffer = io.BytesIO()
    relation = '<Relationship Id="{}" Type="' + OFFICE + '/{}" Target="{}"/>'
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        rels = relation.format("rId1", "officeDocument", "xl/workbook.xml")
        archive.writestr("_rels/.rels", f"<Relationships>{rels}</Relationships>")
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        rels = relation.format("rId1", "worksheet", f"/{sheet}")
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{rels}</Relationships>")
        archive.writestr("xl/sharedStrings.xml", b'<sst xmlns="%s">%s</sst>' % (MAIN.encode(), items.encode()))
        body = b'<sheetData><row r="1">%s</row></sheetData>' % cells.encode()
        archive.writestr(sheet, b'<worksheet xmlns="%s">%s</worksheet>' % (MAIN.encode(), body))
        for name, content in (others or {}).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def copied(content: bytes) -> int:
    """The bytes that the reader itself copies into cells."""
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    return sum(len(str(cell).encode()) for row in rows for cell in row)


def refused(content: bytes, limits: Limits | None) -> str:
    with pytest.raises(TooLarge) as caught:
        check_archive(content, limits)
    assert caught.value.detail.endswith("。")
    return caught.value.code


@pytest.mark.parametrize(("limits", "cells"), [(None, 3_000), (BULK, 6_000)], ids=["small", "bulk"])
def test_a_small_file_that_would_fill_the_memory_is_refused(limits: Limits | None, cells: int) -> None:
    content = book(POINTING * cells)
    assert len(content) < 10_000
    assert refused(content, limits) == "workbook_text_too_large"
    check_archive(book(POINTING * (cells // 2)), limits)


@pytest.mark.parametrize(
    "cell",
    [
        "<c t='s'><v>0</v></c>",
        '<c t = "s" ><v>0</v></c>',
        '<c\nr="A1"\tt="s"><v>0</v></c>',
        '<x:c t="s"><x:v>0</x:v></x:c>',
        '<é:c t="s"><é:v>0</é:v></é:c>',
        '<c t="s"><v>1</v><v>0</v></c>',
        '<c t="s"><v>1</v><y:v>0</y:v></c>',
        '<c t="s"><!-- --><v>0</v></c>',
        '<c t="s"><v>0<x/></v></c>',
        '<c t="s"><v>x</v></c>',
        '<c t="s"><f>1</f><v>0</v></c>',
        '<c t="s" x="<c><v>1</v></c>"><v>0</v></c>',
    ],
)
def test_cells_written_oddly_count_all_the_same(cell: str) -> None:
    content = book(cell * 20, LONG + "<si><t>y</t></si>")
    assert copied(book(cell, LONG + "<si><t>y</t></si>")) == 100_000
    assert refused(content, SMALL) == "workbook_text_too_large"


@pytest.mark.parametrize(
    "cell", ['<c t="&#115;"><v>0</v></c>', '<c t="s"><v><![CDATA[0]]></v></c>'], ids=["entity", "cdata"]
)
def test_what_this_reader_does_not_take_counts_as_the_longest(cell: str) -> None:
    assert refused(book(cell * 20), SMALL) == "workbook_text_too_large"


@pytest.mark.parametrize(
    "items",
    [
        f"<si><t>{'x' * 50_000}<z></si>{'x' * 50_000}</t></si>",
        f"<si><t>{'x' * 50_000}<!-- </t></si> -->{'x' * 50_000}</t></si>",
        f"<si><t><![CDATA[{'x' * 100_000}]]></t></si>",
        f"<!-- <si><t>y</t></si> -->{LONG}",
        f"<si><t a='></t></si><si><t>'>{'x' * 100_000}</t></si>",
        f"<é:si><é:t>{'x' * 100_000}</é:t></é:si>",
        f"<si><r><t>{'x' * 50_000}</t></r><r><t>{'x' * 50_000}</t></r></si>",
    ],
    ids=["unmatched", "comment", "cdata", "commented item", "attribute", "prefix", "runs"],
)
def test_strings_written_oddly_are_not_taken_for_shorter(items: str) -> None:
    if "CDATA" not in items:
        assert copied(book(POINTING, items)) >= 100_000
    assert refused(book(POINTING * 20, items), SMALL) == "workbook_text_too_large"


@pytest.mark.parametrize("sheet", ["xl/other/a.xml", "customs/a.bin", "xl/worksheets/sharedStrings.xml"])
def test_a_sheet_may_stand_anywhere(sheet: str) -> None:
    with pytest.raises((TooLarge, UnsupportedMedia)):
        check_archive(book(POINTING * 20, sheet=sheet), SMALL)
    with pytest.raises((TooLarge, UnsupportedMedia)):
        check_archive(book('<c r="XFD1048576"/>', sheet=sheet), SMALL)


def test_cells_without_a_place_count() -> None:
    assert refused(book("<c/>" * 1_000_001), SMALL) == "workbook_too_large"
    check_archive(book("<x:c></x:c>" * 600_000), SMALL)


def test_an_encoding_of_two_bytes_and_a_second_name_are_refused() -> None:
    sheet = {"xl/worksheets/sheet2.xml": "<worksheet/>".encode("utf-16")}
    for content in (book(POINTING, others=sheet), book(POINTING, others={"a/SharedStrings.xml": b"<sst/>"})):
        with pytest.raises(UnsupportedMedia):
            check_archive(content, SMALL)


@pytest.mark.parametrize("size", [1, 7, 1_000, 1_100])
def test_cells_and_strings_at_a_seam_are_counted_once(size: int) -> None:
    cells = '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" s="1"><v>12</v></c>' * 100
    items = '<sst>\n<si><t>abc</t></si><si><t xml:space="preserve">ab </t><phoneticPr fontId="1"/></si><si/></sst>'
    strings = strings_of(items.replace("<si/>", "").encode(), size)
    assert (strings.known, strings.longest, list(strings.lengths)) == (True, 3, [3, 3])
    spent: list[int] = []
    copied_text(in_pieces(cells.encode(), size), strings, spent.append)
    assert sum(spent) == 600
    assert not strings_of(items.encode(), size).known


def in_pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[place : place + size] for place in range(0, len(content), size))


def strings_of(content: bytes, size: int) -> SharedStrings:
    strings = SharedStrings()
    for piece in in_pieces(content, size):
        strings.take(piece)
    strings.finish()
    return strings


def test_honest_files_with_one_long_remark_pass() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_string(0, 0, "备注" * 2_500)
        for number in range(1, 50_001):
            sheet.write_string(number, 0, f"学生{number}")
    content = buffer.getvalue()
    assert guard.MAXIMUM_TEXT < 50_001 * 15_000
    check_archive(content)
    check_archive(content, BULK)


TEXTS = st.lists(st.text(st.sampled_from("ab<&>\"' 文😀\n"), max_size=12), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 5), max_size=30))
def test_the_sum_is_never_below_what_the_reader_copies(texts: list[str], picked: list[int]) -> None:
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;") for text in texts]
    items = "".join(f"<si><t>{text}</t></si>" for text in escaped)
    cells = "".join(f'<c t="s"><v>{place % len(texts)}</v></c>' for place in picked)
    spent: list[int] = []
    copied_text([cells.encode()], strings_of(f"<sst>{items}</sst>".encode(), 16), spent.append)
    assert sum(spent) >= sum(len(texts[place % len(texts)].encode()) for place in picked)
    if picked:
        assert sum(spent) >= copied(book(cells, items))

"""What a file is by its content; each type under each wrong name; what no clerk should have to open."""

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.errors import UnsupportedMedia
from services.registry.domain.attachments import NAME_LENGTH, UNNAMED, ending_of, safe_name
from services.registry.domain.file_types import ENDINGS, recognise
from tests.registry import sample_files as make

SAMPLES = make.SAMPLES


def refused(content: bytes, ending: str) -> str:
    """The code by which a file is refused; its sentence is Chinese and says what to do."""
    with pytest.raises(UnsupportedMedia) as caught:
        recognise(content, ending)
    assert caught.value.detail.endswith(("。", "；"))
    return caught.value.code


@pytest.mark.parametrize("ending", SAMPLES)
def test_each_type_is_recognised_by_its_content(ending: str) -> None:
    assert recognise(SAMPLES[ending], ending) is ENDINGS[ending]


@pytest.mark.parametrize("real", SAMPLES)
@pytest.mark.parametrize("claimed", SAMPLES)
def test_no_type_passes_under_another_s_name(real: str, claimed: str) -> None:
    if ENDINGS[real] is ENDINGS[claimed]:
        assert recognise(SAMPLES[real], claimed) is ENDINGS[real]
    else:
        assert refused(SAMPLES[real], claimed) == "file_type_differs"


@pytest.mark.parametrize("ending", ["", "exe", "html", "svg", "docm", "xlsm", "zip", "txt", "pdf1", "js", "webp"])
@pytest.mark.parametrize("real", ["pdf", "docx", "png"])
def test_a_name_that_is_not_taken_is_refused_whatever_is_inside(real: str, ending: str) -> None:
    assert refused(SAMPLES[real], ending) == "file_type_refused"


FOREIGN = {
    "windows program": b"MZ\x90\x00" + bytes(200),
    "linux program": b"\x7fELF\x02\x01\x01" + bytes(200),
    "html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "html behind blanks": b"\n\n  <html><body>x</body></html>",
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "javascript": b"WScript.Echo('x');\n",
    "zip": make.archive({"readme.txt": "x"}),
    "rar": b"Rar!\x1a\x07\x01\x00" + bytes(100),
    "gif": b"GIF89a\x01\x00\x01\x00\x00\xff\x00,",
    "webp": b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00" + bytes(20),
    "text": "一份协议的正文。".encode() * 20,
    "powerpoint": make.archive({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>"}),
    "binary workbook": make.archive({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": "x"}),
    "installer": make.compound({"\x05SummaryInformation": b"x"}),
    "pdf behind html": b"<html>" + make.pdf(),
    "noise": bytes(range(256)) * 8,
}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("ending", SAMPLES)
def test_what_is_none_of_them_is_refused_under_every_name(what: str, ending: str) -> None:
    assert refused(FOREIGN[what], ending) == "file_type_refused"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("windows program", "Windows 程序"),
        ("html", "网页"),
        ("zip", "压缩包"),
        ("noise", "无法识别"),
    ],
)
def test_a_refusal_says_what_the_content_looks_like(what: str, words: str) -> None:
    with pytest.raises(UnsupportedMedia, match=words):
        recognise(FOREIGN[what], "pdf")


@pytest.mark.parametrize("content", [b"", b" \n\t", b"\x00" * 1000])
@pytest.mark.parametrize("ending", ["pdf", "docx", "exe"])
def test_an_empty_file_is_refused(content: bytes, ending: str) -> None:
    assert refused(content, ending) == "file_empty"


MACROS = {
    "docm by its member": make.docx({"word/vbaProject.bin": b"x"}),
    "docm by its contents": make.docx(kind="application/vnd.ms-word.document.macroEnabled.main+xml"),
    "docm in capitals": make.docx({"word/VBAPROJECT.BIN": b"x"}),
    "doc": make.doc(Macros=b"x"),
    "xls": make.xls(storages=("_VBA_PROJECT_CUR",)),
}


@pytest.mark.parametrize("what", MACROS)
def test_macros_are_refused(what: str) -> None:
    ending = what.split(" ", maxsplit=1)[0].replace("docm", "docx")
    assert refused(MACROS[what], ending) == "file_has_macros"


def encrypted_member() -> bytes:
    """A document of whose members the first is marked as encrypted, in both directories."""
    content = bytearray(make.docx())
    content[6] |= 1
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    return bytes(content)


ENCRYPTED = {
    "pdf": make.encrypted_pdf(),
    "docx": make.compound({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}),
    "xlsx": make.compound({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}),
    "doc": make.doc(flags=0x0100),
    "xls": make.xls((0x2F, bytes(54))),
}


@pytest.mark.parametrize("ending", ENCRYPTED)
def test_what_asks_for_a_password_is_refused(ending: str) -> None:
    assert refused(ENCRYPTED[ending], ending) == "file_encrypted"


def test_an_encrypted_archive_is_refused() -> None:
    assert refused(encrypted_member(), "docx") == "file_encrypted"


def test_a_bomb_is_refused_by_what_it_declares() -> None:
    bomb = bytearray(make.docx({"word/media/a": b"\x00"}))
    central = bomb.rindex(b"PK\x01\x02")
    bomb[central + 24 : central + 28] = (2**31).to_bytes(4, "little")  # the size unpacked
    assert refused(bytes(bomb), "docx") == "file_unsafe"


def test_thousands_of_members_are_refused() -> None:
    many = {f"word/media/{number}": b"" for number in range(5_001)}
    assert refused(make.archive({"word/document.xml": "x", **many}, compression=zipfile.ZIP_STORED), "docx") == (
        "file_unsafe"
    )


def test_an_archive_behind_another_is_refused() -> None:
    assert refused(make.archive({"a.exe": "x"}) + make.docx(), "docx") == "file_unsafe"


@pytest.mark.parametrize("name", ["word/embeddings/a.exe", "word/media/x.html", "a.JS", "x.svg"])
def test_a_program_inside_is_refused(name: str) -> None:
    assert refused(make.docx({name: b"MZ"}), "docx") == "file_has_program"


@pytest.mark.parametrize("ending", SAMPLES)
def test_a_file_that_was_cut_off_is_refused(ending: str) -> None:
    whole = SAMPLES[ending]
    kept = whole[: len(whole) * 2 // 3]
    if ending in ("jpg", "jpeg", "png"):
        kept = whole[:-8]
    with pytest.raises(UnsupportedMedia) as caught:
        recognise(kept, ending)
    assert caught.value.code in ("file_damaged", "file_type_refused")


@pytest.mark.parametrize("segment", [b"", b"\xff\xe1\x00\x0aExif\x00\x00II", b"\xff\xed\x00\x04ab"])
def test_pictures_of_every_make_are_taken(segment: bytes) -> None:
    assert recognise(make.jpeg(segment), "jpg").code == "jpeg"


def test_the_older_stream_of_excel_is_known() -> None:
    assert recognise(make.xls(name="Book"), "xls").code == "xls"


@given(content=st.binary(max_size=3000), ending=st.sampled_from([*SAMPLES, "exe", ""]))
def test_noise_is_never_a_fault_and_hardly_ever_a_file(content: bytes, ending: str) -> None:
    try:
        found = recognise(content, ending)
    except UnsupportedMedia:
        return
    assert found is ENDINGS[ending]


@given(
    real=st.sampled_from(sorted(SAMPLES)),
    place=st.integers(0, 10_000),
    value=st.integers(0, 255),
    claimed=st.sampled_from(sorted(SAMPLES)),
)
def test_a_changed_byte_never_makes_one_type_another(real: str, place: int, value: int, claimed: str) -> None:
    content = bytearray(SAMPLES[real])
    content[place % len(content)] = value
    try:
        found = recognise(bytes(content), claimed)
    except UnsupportedMedia:
        return
    assert found is ENDINGS[real] is ENDINGS[claimed]


NAMES = {
    "合作协议.pdf": ("合作协议.pdf", "pdf"),
    "../../etc/x.pdf": ("x.pdf", "pdf"),
    "C:\\fakepath\\扫描件.JPG": ("扫描件.JPG", "jpg"),
    "a\x00b\r\nc.pdf": ("abc.pdf", "pdf"),
    "合同\u202efdp.exe": ("合同fdp.exe", "exe"),
    "零\u200b宽.pdf": ("零宽.pdf", "pdf"),
    "合同．ｐｄｆ": ("合同．ｐｄｆ", "pdf"),
    "报价：一?二*三.docx": ("报价：一？二＊三.docx", "docx"),
    "two   blanks\t.pdf": ("two blanks .pdf", "pdf"),
    "x.pdf. .": ("x.pdf", "pdf"),
    ".pdf": ("pdf", ""),
    "无扩展名": ("无扩展名", ""),
    "x.tar.gz": ("x.tar.gz", "gz"),
    "\ud800.pdf": ("pdf", ""),
    "": (UNNAMED, ""),
    "../..": (UNNAMED, ""),
    "\x00\x01": (UNNAMED, ""),
}


@pytest.mark.parametrize("given_name", NAMES)
def test_names_are_shown_safely(given_name: str) -> None:
    assert (safe_name(given_name), ending_of(given_name)) == NAMES[given_name]


def test_a_long_name_keeps_its_ending() -> None:
    shown = safe_name("协" * 300 + ".pdf")
    assert len(shown) <= NAME_LENGTH
    assert shown.endswith("…" + ".pdf")
    assert ending_of("协" * 300 + ".pdf") == "pdf"


@given(st.text(max_size=400))
def test_whatever_it_is_called_the_name_is_safe_and_stays_what_it_is(name: str) -> None:
    shown = safe_name(name)
    assert 0 < len(shown) <= NAME_LENGTH
    assert not set(shown) & set('/\\<>:"|?*\r\n\x00')
    assert shown.isprintable() or "\u00a0" in shown or not shown.isascii()
    assert safe_name(shown) == shown
    shown.encode()

"""The panel of attachments: listing, several uploads at once, downloads, removal; with script and without."""

import json
from typing import Any

import pytest
from aiohttp import web

from frontend.attachments import size_words
from tests.frontend.conftest import Browser
from tests.frontend.days import DAY, leading_out
from tests.frontend.fake_gateway import FakeGateway, problem, refuse, reply

pytestmark = pytest.mark.anyio
API = "/api/registry/v1/attachments"
SUBJECT = "0b9d2f6e-2f5e-4a63-9f0c-0c8a51a6f001"
KEPT = "0b9d2f6e-2f5e-4a63-9f0c-0c8a51a6f002"
PAGE = f"/attachments/agreement/{SUBJECT}"
HTMX = {"HX-Request": "true"}
ROW = {
    "id": KEPT,
    "file_name": "协议<扫描件>.pdf",
    "content_type": "application/pdf",
    "size": 2_300_000,
    "sha256": "ab" * 32,
    "uploaded_at": "2026-11-20T02:30:00+00:00",
    "uploaded_by": "secretariat",
    "uploaded_by_name": "王琳",
}


def answer(*rows: dict[str, Any], may_add: bool = True) -> dict[str, Any]:
    return {
        "items": list(rows),
        "next_cursor": None,
        "total": len(rows),
        "title": "框架协议",
        "href": f"/agreements/{SUBJECT}",
        "may_add": may_add,
        "limit_bytes": 20 * 1024 * 1024,
        "limit_files": 50,
        "endings": ["pdf", "docx"],
    }


@pytest.fixture
def uploads(fake: FakeGateway) -> list[dict[str, Any]]:
    """What the service was sent; it refuses programs."""
    fake.answers[("GET", API)] = reply(answer(ROW))
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.StreamResponse:
        file = (await request.post())["file"]
        assert isinstance(file, web.FileField)
        got.append({"name": file.filename, "content": file.file.read(), "key": request.headers["Idempotency-Key"]})
        got[-1] |= dict(request.query)
        if file.filename.endswith(".exe"):
            return problem(415, "file_type_refused", "不支持的文件类型", "不能上传“.exe”文件。")
        return web.json_response(ROW, status=201)

    fake.answers[("POST", API)] = take
    return got


async def test_the_panel_lists_what_there_is_and_takes_more(browser: Browser, fake: FakeGateway) -> None:
    fake.answers[("GET", API)] = reply(answer(ROW))
    fragment = (await browser.http.get(PAGE, headers=HTMX)).text
    assert fragment.lstrip().startswith(f'<div id="attachments-{SUBJECT}"')
    assert "协议&lt;扫描件&gt;.pdf" in fragment
    assert "2.2 MB" in fragment
    assert 'accept=".pdf,.docx"' in fragment
    page = (await browser.http.get(PAGE)).text
    assert "框架协议的附件" in page
    assert f'href="/agreements/{SUBJECT}"' in page


async def test_who_may_not_add_sees_no_form(browser: Browser, fake: FakeGateway) -> None:
    fake.answers[("GET", API)] = reply(answer(ROW, may_add=False))
    fragment = (await browser.http.get(PAGE, headers=HTMX)).text
    assert "<form" not in fragment
    assert "removal" not in fragment


async def test_a_day_is_asked_for_and_kept_in_the_links(browser: Browser, fake: FakeGateway) -> None:
    fake.answers[("GET", API)] = reply(answer(ROW, may_add=False))
    fragment = (await browser.http.get(PAGE, params={"as_of": "2026-01-31"}, headers=HTMX)).text
    assert "as_of=2026-01-31" in next(path for _, path, _ in fake.seen if path.startswith(API))
    assert f"{KEPT}/content?as_of=2026-01-31" in fragment


@pytest.mark.parametrize("script", [True, False])
async def test_several_files_are_sent_each_by_itself(
    browser: Browser, uploads: list[dict[str, Any]], script: bool
) -> None:
    data = {"csrf_token": await browser.csrf(), "idempotency_key": "k"}
    files = [("files", ("甲.pdf", b"one")), ("files", ("乙.docx", b"two"))]
    response = await browser.http.post(PAGE, data=data, files=files, headers=HTMX if script else {})
    assert [(one["name"], one["content"], one["key"]) for one in uploads] == [
        ("甲.pdf", b"one", "k-0"),
        ("乙.docx", b"two", "k-1"),
    ]
    assert {one["subject_kind"] for one in uploads} == {"agreement"}
    assert {one["subject"] for one in uploads} == {SUBJECT}
    if script:
        assert response.status_code == 200
        assert json.loads(response.headers["HX-Trigger"])["hub:toast"]["message"] == "已上传 2 份附件。"
    else:
        assert (response.status_code, response.headers["Location"]) == (303, PAGE)


async def test_a_refused_file_is_told_by_name_and_the_others_are_kept(
    browser: Browser, uploads: list[dict[str, Any]]
) -> None:
    data = {"csrf_token": await browser.csrf()}
    files = [("files", ("坏<b>.exe", b"MZ")), ("files", ("好.pdf", b"two"))]
    response = await browser.http.post(PAGE, data=data, files=files, headers=HTMX)
    assert response.status_code == 422
    assert "“坏&lt;b&gt;.exe”：不能上传“.exe”文件。" in response.text
    assert "已上传 1 份附件。" in json.loads(response.headers["HX-Trigger"])["hub:toast"]["message"]
    assert len(uploads) == 2


async def test_nothing_chosen_is_told(browser: Browser, uploads: list[dict[str, Any]]) -> None:
    response = await browser.http.post(PAGE, data={"csrf_token": await browser.csrf()}, headers=HTMX)
    assert (response.status_code, uploads) == (422, [])
    assert "请选择要上传的文件。" in response.text


async def test_a_download_is_only_to_be_saved(browser: Browser, fake: FakeGateway) -> None:
    async def content(_request: web.Request) -> web.StreamResponse:
        headers = {"Content-Disposition": 'attachment; filename="attachment.pdf"', "Content-Type": "application/pdf"}
        return web.Response(body=b"%PDF-", headers=headers)

    fake.answers[("GET", f"{API}/{KEPT}/content")] = content
    response = await browser.http.get(f"{PAGE}/{KEPT}/content")
    assert response.content == b"%PDF-"
    assert response.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


async def test_removal_asks_for_a_reason_and_returns_to_the_record(browser: Browser, fake: FakeGateway) -> None:
    fake.answers[("GET", API)] = reply(answer(ROW))
    asked: list[str] = []

    async def gone(request: web.Request) -> web.StreamResponse:
        asked.append(request.query["reason"])
        return web.Response(status=204)

    fake.answers[("DELETE", f"{API}/{KEPT}")] = gone
    page = (await browser.http.get(f"{PAGE}/{KEPT}/removal")).text
    assert "移除原因" in page
    data = {"csrf_token": await browser.csrf(), "reason": " 传错了 "}
    response = await browser.http.post(f"{PAGE}/{KEPT}/removal", data=data)
    assert (response.status_code, response.headers["Location"]) == (303, f"/agreements/{SUBJECT}")
    assert asked == ["传错了"]


async def test_a_refused_removal_shows_why(browser: Browser, fake: FakeGateway) -> None:
    fake.answers[("GET", API)] = reply(answer(ROW))
    issue = {"field": "reason", "code": "missing", "message": "请写明移除原因。"}
    fake.answers[("DELETE", f"{API}/{KEPT}")] = refuse(422, "invalid_input", "填写内容有误", "有 1 处。", [issue])
    data = {"csrf_token": await browser.csrf(), "reason": ""}
    response = await browser.http.post(f"{PAGE}/{KEPT}/removal", data=data)
    assert response.status_code == 422
    assert "请写明移除原因。" in response.text


@pytest.mark.parametrize(
    ("size", "words"),
    [(1, "1 B"), (1023, "1023 B"), (1024, "1 KB"), (1024**2, "1 MB"), (2_300_000, "2.2 MB"), (20 * 1024**2, "20 MB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words


async def test_attachments_of_an_earlier_day_stay_in_it(browser: Browser, fake: FakeGateway) -> None:
    fake.answers[("GET", API)] = reply(answer(ROW, may_add=False))
    shown = await browser.http.get(PAGE, params={"as_of": DAY})
    assert leading_out(shown.text, PAGE) == []

"""The pages on which an applicant sends papers and takes them back, on a fake gateway."""

from typing import Any

import pytest
from aiohttp import web

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, problem, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_life_cycle_pages import PAPERS, PUBLIC, SEEN, Sent, public_post
from tests.frontend.test_members_pages import TWO

pytestmark = pytest.mark.anyio
INQUIRY = ("POST", f"{PUBLIC}/applications/inquiry")
UPLOAD = ("POST", f"{PUBLIC}/applications/papers")
REMOVAL = ("POST", f"{PUBLIC}/applications/papers/removal")
HELD = {"alliance": "anqing", "number": "2026-0001", "code": "abcd"}
PAPER = {
    "id": TWO, "file_name": "营业<执照>.pdf", "content_type": "application/pdf", "size": 3_565_158, "sha256": "0" * 64,
    "uploaded_on": "2026-11-22",
}  # fmt: skip
CLOSED = {**SEEN, "state": "deliberation", "may_complete": False, "papers": {**PAPERS, "items": [PAPER], "token": None}}


class Takes:
    """The API's answers to uploads, in turn; what came with each."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, bytes]] = []
        self.authorized = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        self.sent.append((request.headers["Papers-Token"], file.filename, file.file.read()))
        self.authorized |= "Authorization" in request.headers
        answer: web.StreamResponse = await self.answers[min(len(self.sent), len(self.answers)) - 1](request)
        return answer


@pytest.fixture(autouse=True)
def answers(fake: FakeGateway) -> None:
    fake.answers |= {
        ("GET", f"{PUBLIC}/alliances"): reply([{"code": "anqing", "name": "安庆职教联盟"}]),
        ("GET", f"{PUBLIC}/applications/form"): reply({"divisions": []}),
        INQUIRY: reply({**SEEN, "papers": {**PAPERS, "items": [PAPER]}}),
    }


async def opened(stranger: Browser) -> str:
    """The status page of a receipt that was typed in; returns the token that its forms repeat."""
    await public_post(stranger, "/apply/status", "/apply/status", number="2026-0001", code="abcd")
    shown = Page((await stranger.http.get("/apply/status")).text)
    assert shown.faults == []
    return next(one.get("value", "") for one in shown.having("input") if one.get("name") == "csrf_token")


async def send(stranger: Browser, csrf: str, *names: str) -> Any:
    files = [("files", (name, f"content of {name}".encode(), "application/pdf")) for name in names]
    empty = [("files", ("", b"", "application/octet-stream"))]
    return await stranger.http.post("/apply/status/papers", data={"csrf_token": csrf}, files=files or empty)


async def test_the_page_lists_papers_and_says_what_is_taken(stranger: Browser) -> None:
    await opened(stranger)
    text = (await stranger.http.get("/apply/status")).text
    assert "营业&lt;执照&gt;.pdf" in text
    assert "3.4 MB" in text
    assert "每个不超过 10 MB，合计不超过 20 MB，最多 10 份" in text
    assert 'accept=".pdf,.jpg,.jpeg,.png"' in text
    form = text[text.index('<form id="papers-form"') :]
    assert 'enctype="multipart/form-data"' in form
    assert "hx-" not in form[: form.index("</form>")]
    assert "sealed-for-papers" not in text, "the upload's token stays on the server"


async def test_each_chosen_file_goes_with_the_token_of_a_fresh_inquiry(stranger: Browser, fake: FakeGateway) -> None:
    takes = fake.answers[UPLOAD] = Takes(reply(PAPER, 201))
    csrf = await opened(stranger)
    asked = fake.answers[INQUIRY] = Sent(reply(SEEN))
    answer = await send(stranger, csrf, "执照.pdf", "章程.pdf")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/apply/status")
    assert takes.sent == [
        ("sealed-for-papers", name, f"content of {name}".encode()) for name in ("执照.pdf", "章程.pdf")
    ]
    assert not takes.authorized
    assert asked.bodies == [HELD]


async def test_refused_files_are_told_one_by_one(stranger: Browser, fake: FakeGateway) -> None:
    takes = fake.answers[UPLOAD] = Takes(
        refuse(415, "file_type_differs", "不支持的文件类型", "内容却是 Word 文档"),
        reply(PAPER, 201),
        refuse(429, "rate_limited", "请求过于频繁", "请在 30 秒后重试"),
    )
    answer = await send(stranger, await opened(stranger), "假<的>.pdf", "章程.pdf", "晚了.pdf")
    assert answer.status_code == 422
    assert len(takes.sent) == 3
    assert "“假&lt;的&gt;.pdf”：内容却是 Word 文档" in answer.text
    assert "“晚了.pdf”：请在 30 秒后重试" in answer.text
    assert "“章程.pdf”" not in answer.text
    assert Page(answer.text).faults == []


async def test_nothing_chosen_is_said(stranger: Browser) -> None:
    answer = await send(stranger, await opened(stranger))
    assert (answer.status_code, "请选择要上传的文件" in answer.text) == (422, True)


async def test_a_paper_is_taken_back(stranger: Browser, fake: FakeGateway) -> None:
    csrf = await opened(stranger)
    gone = fake.answers[REMOVAL] = Sent(reply(SEEN))
    for answered in (gone.answer, refuse(404, "paper_not_found", "没有找到", "可能已被移除")):
        gone.answer = answered
        answer = await stranger.http.post("/apply/status/papers/removal", data={"csrf_token": csrf, "paper": TWO})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/apply/status")
    assert gone.bodies == [{**HELD, "paper": TWO}] * 2


async def test_once_closed_the_papers_stand_and_nothing_is_sent(stranger: Browser, fake: FakeGateway) -> None:
    csrf = await opened(stranger)
    fake.answers[INQUIRY] = reply(CLOSED)
    takes = fake.answers[UPLOAD] = Takes(reply(PAPER, 201))
    fake.answers[REMOVAL] = refuse(409, "papers_closed", "当前状态不允许", "不能再增减材料")
    answer = await send(stranger, csrf, "执照.pdf")
    assert (answer.status_code, takes.sent) == (303, [])
    answer = await stranger.http.post("/apply/status/papers/removal", data={"csrf_token": csrf, "paper": TWO})
    assert answer.status_code == 303
    text = (await stranger.http.get("/apply/status")).text
    assert "营业&lt;执照&gt;.pdf" in text
    assert "papers-form" not in text
    assert "papers/removal" not in text


async def test_without_a_receipt_or_with_a_wrong_one_nothing_is_sent(stranger: Browser, fake: FakeGateway) -> None:
    shown = Page((await stranger.http.get("/apply/status")).text)
    csrf = next(one.get("value", "") for one in shown.having("input") if one.get("name") == "csrf_token")
    takes = fake.answers[UPLOAD] = Takes(reply(PAPER, 201))
    for path in ("/apply/status/papers", "/apply/status/papers/removal"):
        answer = await stranger.http.post(path, data={"csrf_token": csrf, "paper": TWO})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/apply/status")
        assert (await stranger.http.post(path, data={"csrf_token": "guessed", "paper": TWO})).status_code == 403
    await opened(stranger)

    async def unknown(_request: web.Request) -> web.StreamResponse:
        return problem(404, "receipt_unknown", "没有找到", "编号或查询码不正确，请核对回执后重试。")

    fake.answers[INQUIRY] = fake.answers[REMOVAL] = unknown
    for answer in (
        await send(stranger, csrf, "执照.pdf"),
        await stranger.http.post("/apply/status/papers/removal", data={"csrf_token": csrf, "paper": TWO}),
    ):
        assert (answer.status_code, "编号或查询码不正确" in answer.text) == (404, True)
    assert takes.sent == []


async def test_an_application_without_papers_that_is_closed_shows_no_card(stranger: Browser, fake: FakeGateway) -> None:
    fake.answers[INQUIRY] = reply({**CLOSED, "papers": {**PAPERS, "token": None}})
    await opened(stranger)
    assert "申请材料" not in (await stranger.http.get("/apply/status")).text

"""The pages of imports and bulk edits through the whole application, on a fake gateway."""

from typing import Any

import pytest
from aiohttp import web

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, Handler, problem, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_members_pages import API, HTMX, JOB, ONE, TWO, Recorder, as_role, page, send

pytestmark = pytest.mark.anyio
HERE = f"/change-sets/{TWO}"
FOUND: dict[str, Any] = {
    "id": TWO,
    "kind": "members",
    "origin": "import",
    "title": "成员.xlsx",
    "state": "ready",
    "job": JOB,
    "effective_on": None,
    "reason": None,
    **{"total": 4, "new": 1, "changed": 1, "unchanged": 1, "rejected": 1, "applied": 0, "left_out": 0, "undone": 0},
    "created_by_name": "王琳",
    "created_at": "2025-11-01T00:00:00Z",
    "applied_at": None,
    "undone_at": None,
    "row_version": 2,
}
ROWS = [
    {
        "line": 2,
        "outcome": "changed",
        "object_id": ONE,
        "label": "甲<校>",
        "changes": [{"field": "division", "header": "区划代码", "before": "340822", "after": "340825"}],
        "issues": [],
        "result": None,
        "note": None,
    },
    {
        "line": 3,
        "outcome": "rejected",
        "object_id": None,
        "label": "第 3 行",
        "changes": [],
        "issues": [{"line": 3, "field": "uscc", "header": "统一社会信用代码", "code": "x", "message": "代码不正确。"}],
        "result": None,
        "note": None,
    },
]


@pytest.fixture(autouse=True)
def answers(fake: FakeGateway) -> None:
    fake.answers["GET", f"{API}/change-sets"] = reply({"items": [FOUND], "total": 1, "next_cursor": None})
    fake.answers["GET", f"{API}/change-sets/{TWO}"] = reply(FOUND, headers={"ETag": '"2"'})
    fake.answers["GET", f"{API}/change-sets/{TWO}/rows"] = reply({"items": ROWS, "total": 2, "next_cursor": None})
    fake.answers["GET", f"{API}/divisions"] = reply({"divisions": [{"code": "340822", "name": "怀宁县"}], "zones": []})


def standing(fake: FakeGateway, **changes: Any) -> None:
    fake.answers["GET", f"{API}/change-sets/{TWO}"] = reply({**FOUND, **changes}, headers={"ETag": '"2"'})


@pytest.mark.parametrize(
    "path", ["/change-sets", "/change-sets/new", HERE, f"/change-sets/edits/new?ids={ONE}&ids={TWO}"]
)
async def test_every_page_is_sound_and_has_a_fragment(browser: Browser, path: str) -> None:
    whole = await page(browser, path)
    assert whole.faults == []
    assert len(whole.having("h1")) == 1
    fragment = await browser.http.get(path, headers=HTMX)
    assert "<html" not in fragment.text
    assert Page(fragment.text).faults == []


async def test_only_who_writes_the_registry_comes_here(stranger: Browser, fake: FakeGateway) -> None:
    as_role(fake, "leader")
    await stranger.sign_in()
    assert (await stranger.http.get(HERE)).status_code == 403


async def test_a_preview_shows_each_change_and_each_fault(browser: Browser) -> None:
    shown = await page(browser, HERE)
    for text in ("甲<校>", "区划代码", "340822", "340825", "代码不正确。", "写入 2 行"):
        assert text in shown.text
    assert shown.having("form", action=f"{HERE}/application")
    assert shown.having("form", action=f"{HERE}/discarding")
    assert not shown.having("form", action=f"{HERE}/undoing")
    assert shown.having("a", href=f"{HERE}/errors")


async def test_an_applied_set_can_be_undone_and_tells_what_was_left_out(browser: Browser, fake: FakeGateway) -> None:
    standing(fake, state="applied", applied=1, left_out=1)
    shown = await page(browser, HERE)
    assert "另有 1 行因预览后被他人修改而没有写入" in shown.text
    assert shown.having("form", action=f"{HERE}/undoing")
    assert not shown.having("form", action=f"{HERE}/application")


@pytest.mark.parametrize("state", ["checking", "applying", "undoing"])
async def test_a_set_in_hand_shows_its_job(browser: Browser, fake: FakeGateway, state: str) -> None:
    standing(fake, state=state)
    job = {"id": JOB, "kind": "x", "state": "running", "done": 4, "total": 8, "message": "", "error": None}
    fake.answers["GET", f"{API}/jobs/{JOB}"] = reply(job)
    shown = await page(browser, HERE)
    (box,) = shown.having("div", id=f"job-{JOB}")
    assert box["hx-get"].startswith(f"/jobs/registry/{JOB}?then={HERE}")
    assert not shown.having("form", action=f"{HERE}/application")


async def test_a_workbook_is_passed_on_whole(browser: Browser, fake: FakeGateway) -> None:
    received: dict[str, Any] = {}

    async def take(request: web.Request) -> web.StreamResponse:
        part = (await request.post())["file"]
        assert isinstance(part, web.FileField)
        received.update(kind=request.query["kind"], key=request.headers["Idempotency-Key"], name=part.filename)
        received["content"] = part.file.read()
        return web.json_response({**FOUND, "state": "checking"}, status=202)

    fake.answers["POST", f"{API}/change-sets"] = take
    files = {"file": ("单位.xlsx", b"PK" * 900_000)}
    answer = await send(browser, "/change-sets/new", {"kind": "members"}, files=files)
    assert answer.headers["HX-Redirect"] == HERE
    content = received.pop("content")
    assert received == {"kind": "members", "key": "key-1", "name": "单位.xlsx"}
    assert len(content) == 1_800_000


@pytest.mark.parametrize(
    ("status", "errors", "sentence"),
    [
        (415, [], "只能导入 .xlsx 或 .csv 文件。"),
        (413, [], "文件超过 20 MB。"),
        (422, [{"field": "file", "code": "header_missing", "message": "表头缺少：类别。"}], "表头缺少：类别。"),
    ],
)
async def test_a_wrong_file_is_told_at_its_field(
    browser: Browser, fake: FakeGateway, status: int, errors: list[dict[str, str]], sentence: str
) -> None:
    fake.answers["POST", f"{API}/change-sets"] = refuse(status, "file", "文件有误", sentence, errors)
    answer = await send(browser, "/change-sets/new", {}, files={"file": ("a.pdf", b"%PDF")})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (status, "#import-form")
    form = Page(answer.text)
    assert form.having("input", name="file")[0]["aria-invalid"] == "true"
    assert sentence in form.text


async def test_no_file_is_told_without_asking_the_service(browser: Browser, fake: FakeGateway) -> None:
    answer = await send(browser, "/change-sets/new", {})
    assert answer.status_code == 422
    assert "请选择要导入的文件。" in answer.text
    assert not any(method == "POST" for method, path, _ in fake.seen if path.startswith("/api/"))


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("application", {"effective_on": "2025-07-01", "reason": "区划调整"}),
        ("undoing", None),
        ("discarding", None),
    ],
)
async def test_a_decision_carries_the_version_that_was_seen(
    browser: Browser, fake: FakeGateway, verb: str, body: dict[str, str] | None
) -> None:
    seen: list[tuple[str, bytes]] = []

    async def take(request: web.Request) -> web.StreamResponse:
        seen.append((request.headers["If-Match"], await request.read()))
        return web.json_response(FOUND, status=202)

    fake.answers["POST", f"{API}/change-sets/{TWO}/{verb}"] = take
    answer = await send(browser, f"{HERE}/{verb}", {"etag": '"2"', **(body or {})})
    assert answer.headers["HX-Redirect"] == HERE
    ((version, sent),) = seen
    assert version == '"2"'
    assert (b"2025-07-01" in sent) is (body is not None)


async def test_a_decision_that_came_too_late_is_told_beside_what_stands_now(
    browser: Browser, fake: FakeGateway
) -> None:
    async def late(request: web.Request) -> web.StreamResponse:
        return problem(412, "stale_version", "内容已被他人修改", "这批改动刚被别人处理，请看最新状态。")

    fake.answers["POST", f"{API}/change-sets/{TWO}/application"] = late
    standing(fake, state="discarded")
    answer = await send(browser, f"{HERE}/application", {"etag": '"1"'})
    assert answer.status_code == 412
    assert "这批改动刚被别人处理" in answer.text
    assert "已放弃" in answer.text


async def test_ticked_rows_lead_to_the_form_and_the_form_says_one_field(browser: Browser, fake: FakeGateway) -> None:
    ticked = await send(browser, "/change-sets/ticked", {"ids": [ONE, TWO]})
    assert ticked.headers["HX-Redirect"] == f"/change-sets/edits/new?ids={ONE}&ids={TWO}"
    shown = await page(browser, ticked.headers["HX-Redirect"])
    assert "已选 2 家单位" in shown.text
    taken = Recorder(202, FOUND)
    fake.answers["POST", f"{API}/change-sets/edits"] = taken
    fields = {"ids": f'["{ONE}", "{TWO}"]', "field": "division", "value_division": "340822", "reason": "区划调整"}
    answer = await send(browser, "/change-sets/edits/new", {**fields, "value_industry": "汽车", "effective_on": ""})
    assert answer.headers["HX-Redirect"] == HERE
    assert taken.bodies == [
        {
            "kind": "members",
            "filter": {"ids": [ONE, TWO]},
            "values": {"division": "340822"},
            "reason": "区划调整",
            "effective_on": None,
        }
    ]


@pytest.mark.parametrize(
    ("kind", "template", "noun"),
    [
        ("members", "/members/template", "成员单位"),
        ("collaborations", "/collaborations/template", "合作载体"),
        ("base", "/collaborations/template?kind=base", "实训基地"),
        ("dragons", "/members/template", "成员单位"),
    ],
)
async def test_each_kind_has_its_template(browser: Browser, kind: str, template: str, noun: str) -> None:
    shown = await page(browser, f"/change-sets/new?kind={kind}")
    assert shown.having("a", href=template)
    assert f"导入{noun}" in shown.text


async def test_rejected_rows_are_passed_on(browser: Browser, fake: FakeGateway) -> None:
    async def workbook(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"PK-errors")

    handler: Handler = workbook
    fake.answers["GET", f"{API}/change-sets/{TWO}/errors.xlsx"] = handler
    assert (await browser.http.get(f"{HERE}/errors")).content == b"PK-errors"

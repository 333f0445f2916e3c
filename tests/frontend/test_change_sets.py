"""The pages of imports and bulk edits through the whole application, on a fake gateway."""

import json
from typing import Any

import pytest
from aiohttp import web

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, Handler, problem, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_members_pages import API, HTMX, JOB, MEMBER, ONE, TWO, Recorder, as_role, listing, page, send

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


@pytest.mark.parametrize(
    ("of", "unit", "fields", "values"),
    [
        ("members", "家单位", {"field": "division", "value_division": "340822"}, {"division": "340822"}),
        ("members", "家单位", {"field": "industry", "value_industry": ""}, {"industry": None}),
        ("collaborations", "个载体", {"field": "lead_member", "value_lead_member": TWO}, {"lead_member": TWO}),
        ("collaborations", "个载体", {"field": "host_member", "value_host_member": ""}, {"host_member": None}),
        (
            "collaborations",
            "个载体",
            {"field": "end", "value_ended_on": "2025-07-15", "value_end_reason": "毕业"},
            {"status": "ended", "ended_on": "2025-07-15", "end_reason": "毕业"},
        ),
        (
            "collaborations",
            "个载体",
            {"field": "resume", "value_end_reason": "不算"},
            {"status": "active", "ended_on": None, "end_reason": None},
        ),
    ],
)
async def test_ticked_rows_lead_to_the_form_and_the_form_says_one_field(
    browser: Browser, fake: FakeGateway, of: str, unit: str, fields: dict[str, str], values: dict[str, str | None]
) -> None:
    fake.answers["GET", f"{API}/members"] = listing(MEMBER)
    ticked = await send(browser, f"/change-sets/ticked?of={of}", {"ids": [ONE, TWO]})
    assert ticked.headers["HX-Redirect"] == f"/change-sets/edits/new?of={of}&ids={ONE}&ids={TWO}"
    shown = await page(browser, ticked.headers["HX-Redirect"])
    assert shown.faults == []
    assert f"已选 2 {unit}" in shown.text
    hidden = {
        one["name"]: one["value"] for one in shown.having("input", type="hidden") if one["name"] in ("of", "filter")
    }
    taken = Recorder(202, FOUND)
    fake.answers["POST", f"{API}/change-sets/edits"] = taken
    other = {"value_functional_zone": "经开区", "value_ended_on": "", "effective_on": "", "reason": "年度调整"}
    answer = await send(browser, "/change-sets/edits/new", {**other, **hidden, **fields})
    assert answer.headers["HX-Redirect"] == HERE
    told = {"filter": {"ids": [ONE, TWO]}, "values": values, "reason": "年度调整", "effective_on": None}
    assert taken.bodies == [{"kind": of, **told}]


@pytest.mark.parametrize(
    "way", ["/change-sets/ticked?of=members", "/change-sets/ticked?of=collaborations", "/members/export"]
)
@pytest.mark.parametrize("ids", [[], ["x"], [ONE, "\x00"]])
async def test_nothing_ticked_or_nothing_known_never_means_everything(
    browser: Browser, way: str, ids: list[str]
) -> None:
    answer = await send(browser, way, {"ids": ids})
    assert (answer.status_code, answer.headers.get("HX-Redirect")) == (422, None)
    assert "请在列表中勾选" in answer.text


@pytest.mark.parametrize("kept", [None, "", "x", "[]", "null", '{"q": 1}'])
async def test_an_edit_without_its_choice_of_things_is_refused(
    browser: Browser, fake: FakeGateway, kept: str | None
) -> None:
    taken = fake.answers["POST", f"{API}/change-sets/edits"] = Recorder(202, FOUND)
    fields = {"of": "members", "field": "industry", "value_industry": "汽车", "reason": "调整"}
    answer = await send(browser, "/change-sets/edits/new", fields | ({} if kept is None else {"filter": kept}))
    assert (answer.status_code, taken.bodies) == (422, [])
    assert "重新选择" in answer.text


async def test_an_address_with_odd_ids_is_no_choice(browser: Browser) -> None:
    assert (await browser.http.get(f"/change-sets/edits/new?of=members&ids={ONE}&ids=x")).status_code == 422


async def test_all_that_a_query_finds_is_edited_by_its_conditions(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{API}/members"] = listing(MEMBER)
    asked: list[dict[str, str]] = []

    async def list_(request: web.Request) -> web.StreamResponse:
        asked.append(dict(request.query))
        return web.json_response({"items": [], "total": 12, "next_cursor": None})

    fake.answers["GET", f"{API}/collaborations"] = list_
    path = "/change-sets/edits/new?of=collaborations&kind=school_enterprise_class&status=active&as_of=2025-01-01&x=1"
    shown = await page(browser, path)
    assert "查询到 12 个载体" in shown.text
    conditions = {"kind": "school_enterprise_class", "status": "active"}
    assert asked == [{**conditions, "limit": "1"}]
    (kept,) = shown.having("input", name="filter")
    assert json.loads(kept["value"]) == conditions
    taken = Recorder(202, FOUND)
    fake.answers["POST", f"{API}/change-sets/edits"] = taken
    fields = {"of": "collaborations", "filter": kept["value"], "field": "resume", "reason": "复办"}
    await send(browser, "/change-sets/edits/new", fields)
    assert taken.bodies[0]["filter"] == conditions
    fake.answers["GET", f"{API}/collaborations"] = reply({"items": [], "total": None, "next_cursor": None})
    assert "查询到 很多个载体" in (await page(browser, path)).text


async def test_a_refused_edit_is_told_at_its_field_with_what_was_chosen(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{API}/members"] = listing({**MEMBER, "id": ONE})
    errors = [
        {"field": "values.ended_on", "code": "value_not_allowed", "message": "“终止日期”的内容不正确"},
        {"field": "values.end_reason", "code": "value_not_allowed", "message": "“终止原因”的内容不正确"},
    ]
    fake.answers["POST", f"{API}/change-sets/edits"] = refuse(422, "invalid_input", "填写内容有误", "有 2 处", errors)
    fields = {"of": "collaborations", "filter": f'{{"ids": ["{ONE}"]}}', "field": "end", "reason": "毕业"}
    answer = await send(browser, "/change-sets/edits/new", {**fields, "value_end_reason": "学生毕业"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#edit-form")
    form = Page(answer.text)
    assert form.faults == []
    for name, words in (("value_ended_on", "“终止日期”的内容不正确"), ("value_end_reason", "“终止原因”的内容不正确")):
        (field,) = form.having("input", name=name)
        assert field["aria-invalid"] == "true"
        assert words in form.text
    assert form.having("input", name="value_end_reason")[0]["value"] == "学生毕业"
    assert "已选 1 个载体" in form.text


async def test_an_edit_without_a_choice_is_told_without_asking_the_service(browser: Browser, fake: FakeGateway) -> None:
    fields = {"of": "members", "filter": f'{{"ids": ["{ONE}"]}}', "field": "", "reason": "调整"}
    answer = await send(browser, "/change-sets/edits/new", fields)
    assert answer.status_code == 422
    assert "请选择修改哪一项" in answer.text
    assert not any(method == "POST" for method, path, _ in fake.seen if path.startswith("/api/"))


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

"""The pages of members through the whole application, on a fake gateway."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from tests.frontend.collaboration_answers import COLLABORATION
from tests.frontend.conftest import Browser
from tests.frontend.days import DAY, leading_out
from tests.frontend.fake_gateway import FakeGateway, Handler, problem, refuse, reply
from tests.frontend.html import Page

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true"}
API = "/api/registry/v1"
ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
GRANT = "33333333-3333-4333-8333-333333333333"
JOB = "44444444-4444-4444-8444-444444444444"

MEMBER: dict[str, Any] = {
    "id": ONE,
    "name": "怀宁示例汽车零部件有限公司",
    "aliases": ["示例零部件", "怀汽配"],
    "former_names": [{"name": "怀宁汽配厂", "until": "2010-05-01"}],
    "school_code": None,
    "industry_code": "C3670",
    "address": "怀宁县示例路1号",
    "logo": None,
    "uscc": "91340822MA00000016",
    "category": "enterprise",
    "division": "340822",
    "division_name": "怀宁县",
    "functional_zone": None,
    "functional_zone_name": None,
    "structure_role": "participant",
    "enterprise_size": "medium",
    "size_evidence": "证明第2号",
    "industry": "汽车",
    "contact_person": "张三",
    "contact_phone": "0556-1234567",
    "status": "active",
    "joined_on": "2024-09-01",
    "left_on": None,
    "row_version": 3,
    "created_at": "2025-11-01T00:00:00Z",
    "updated_at": "2025-11-02T00:00:00Z",
}
HISTORY = {
    "items": [
        {
            "at": "2025-11-02T00:00:00Z",
            "actor_name": "王琳",
            "action": "member.update",
            "changed": ["uscc", "aliases"],
            "reason": "批量导入",
        }
    ]
}
STATES = {
    "items": [
        {
            "valid_from": "2025-06-30",
            "valid_until": None,
            "changed": [
                {"field": "name", "before": "怀宁汽配厂", "after": "怀宁示例汽车零部件有限公司"},
                {"field": "category", "before": "park", "after": "enterprise"},
                {"field": "joined_on", "before": None, "after": "2024-09-01"},
            ],
        },
        {"valid_from": "2024-09-01", "valid_until": "2025-06-30", "changed": []},
    ]
}
CONTACT: dict[str, Any] = {
    "id": GRANT,
    "post": "联络员",
    "person": "李四",
    "phone": "12345",
    "email": None,
    "row_version": 2,
    "updated_at": "2025-11-01T00:00:00Z",
}
SUCCESSION = {
    "id": GRANT,
    "kind": "merge",
    "predecessor": {"id": TWO, "name": "怀宁配件厂"},
    "successor": {"id": ONE, "name": MEMBER["name"]},
    "on_date": "2025-01-01",
    "document": "示例〔2025〕1号",
    "reason": "合并",
}
DIVISIONS = {
    "divisions": [{"code": "340800", "name": "安庆市"}, {"code": "340822", "name": "怀宁县"}],
    "zones": [{"code": "3408Z1", "name": "安庆经济技术开发区"}],
}


SEAT = {"id": TWO, "body": {"id": ONE, "name": "集团理事会"}, "title": "理事", "post": "总经理", "holder": "示例总经理"}
AGREEMENT = {
    "id": TWO,
    "title": "冠名班协议",
    "parties": [{"name": "示例学院"}, {"name": "怀宁示例汽车零部件有限公司"}],
    "until_date": "2026-09-01",
    "phase": "in_force",
}


def listing(*items: dict[str, Any]) -> Handler:
    return reply({"items": list(items), "next_cursor": None, "total": len(items)})


def member_answers() -> dict[tuple[str, str], Handler]:
    """What the registry answers of members when nothing special happens."""
    return {
        ("GET", f"{API}/members"): listing(MEMBER),
        ("GET", f"{API}/members/{ONE}"): reply(MEMBER, headers={"ETag": '"3"'}),
        ("GET", f"{API}/members/{ONE}/history"): reply(HISTORY),
        ("GET", f"{API}/members/{ONE}/states"): reply(STATES),
        ("GET", f"{API}/members/{ONE}/contacts"): reply({"items": [CONTACT], "as_of": None}),
        ("GET", f"{API}/members/{ONE}/contacts/{GRANT}"): reply(CONTACT, headers={"ETag": '"2"'}),
        ("GET", f"{API}/members/{ONE}/successions"): reply({"items": [SUCCESSION]}),
        ("GET", f"{API}/attachments"): reply(
            {"items": [{"id": TWO, "file_name": "标.png", "content_type": "image/png"}]}
        ),
        ("GET", f"{API}/collaborations"): listing(COLLABORATION),  # its host has the id of the member
        ("GET", f"{API}/seats"): listing(SEAT),
        ("GET", f"{API}/leads"): listing({"id": TWO, "scope": "汽车产业链"}),
        ("GET", f"{API}/agreements"): listing(AGREEMENT),
        ("GET", f"{API}/divisions"): reply(DIVISIONS),
    }


@pytest.fixture(autouse=True)
def registry(fake: FakeGateway) -> None:
    fake.answers |= member_answers()


class Recorder:
    """A handler that keeps what it was sent."""

    def __init__(self, status: int, data: dict[str, Any]) -> None:
        self.status = status
        self.data = data
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        self.bodies.append(json.loads(await request.read()))
        return web.json_response(self.data, status=self.status)


def as_role(fake: FakeGateway, role: str, **more: str) -> None:
    fake.user = {**fake.user, "role": role, **more}


async def page(browser: Browser, path: str, **headers: str) -> Page:
    answer = await browser.http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def send(browser: Browser, path: str, data: dict[str, Any], **more: Any) -> Any:
    form = {"csrf_token": await browser.csrf(), "idempotency_key": "key-1", **data}
    return await browser.http.post(path, data=form, headers=HTMX, **more)


FILLED = {
    "name": "甲公司",
    "aliases": "甲、甲司 ; 老甲",
    "uscc": "",
    "category": "enterprise",
    "division": "340822",
    "status": "active",
    "joined_on": "2024-09-01",
}


# ---- lists


@pytest.mark.parametrize(
    "path",
    [
        "/members",
        "/members/new",
        f"/members/{ONE}",
        f"/members/{ONE}/edit",
    ],
)
async def test_every_page_is_sound_and_has_a_fragment(browser: Browser, path: str) -> None:
    whole = await page(browser, path)
    assert whole.faults == []
    assert len(whole.having("h1")) == 1
    fragment = await browser.http.get(path, headers=HTMX)
    assert "<html" not in fragment.text
    assert Page(fragment.text).faults == []


async def test_the_list_shows_words_for_codes_and_asks_what_the_query_says(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, "/members?q=huaining&division=340822&sort=-name&colour=red")
    for text in ("怀宁示例汽车零部件有限公司", "企业", "怀宁县", "中型", "在册", "1 家", "序号", "合计"):
        assert text in shown.text
    asked = next(path for method, path, _ in fake.seen if path.startswith(f"{API}/members?"))
    assert asked == f"{API}/members?limit=50&q=huaining&division=340822&sort=-name"
    assert shown.having("a", href=f"/members/{ONE}")
    assert shown.having("option", value="340822", selected="")


async def test_the_secretariat_sees_what_changes_things(browser: Browser) -> None:
    shown = await page(browser, "/members")
    assert all(shown.having("a", href=way) for way in ("/members/new", "/change-sets/new?kind=members"))
    found = await page(browser, "/members?category=enterprise&missing=uscc&sort=-name")
    assert found.having("a", href="/change-sets/edits/new?of=members&category=enterprise&missing=uscc")
    assert (await page(browser, f"/members/{ONE}")).having("a", href=f"/members/{ONE}/edit")


@pytest.mark.parametrize(
    ("role", "more"), [("county_clerk", {"division": "340822"}), ("unit_reporter", {"member": ONE})]
)
async def test_others_see_no_way_to_write(
    stranger: Browser, fake: FakeGateway, role: str, more: dict[str, str]
) -> None:
    as_role(fake, role, **more)
    await stranger.sign_in()
    text = (await stranger.http.get("/members")).text
    assert "/members/new" not in text
    detail = (await stranger.http.get(f"/members/{ONE}")).text
    assert f"/members/{ONE}/edit" not in detail
    assert not any(path.endswith("/history") for _, path, _ in fake.seen)


async def test_a_member_shows_its_facts_collaborations_and_changes(browser: Browser) -> None:
    shown = await page(browser, f"/members/{ONE}")
    for text in (
        "示例零部件、怀汽配",
        "怀宁县（340822）",
        "0556-1234567",
        "2024年9月1日",
        "汽车产业学院",
        "办学（承办）",
    ):
        assert text in shown.text
    assert "修改了统一社会信用代码、简称；批量导入" in shown.text


async def test_a_member_shows_its_seats_leads_and_agreements(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, f"/members/{ONE}")
    for text in (
        "集团理事会",
        "总经理 示例总经理",
        "牵头：汽车产业链",
        "示例学院、怀宁示例汽车零部件有限公司",
        "2026年8月31日",
        "履行中",
    ):
        assert text in shown.text
    assert shown.having("a", href=f"/governance/seats/{TWO}")
    assert shown.having("a", href=f"/agreements/{TWO}")
    asked = [path for _, path, _ in fake.seen]
    assert f"{API}/seats?member={ONE}&limit=200" in asked
    assert f"{API}/agreements?party={ONE}&limit=200" in asked
    fake.answers |= {("GET", f"{API}/{kind}"): listing() for kind in ("seats", "leads", "agreements")}
    shown = await page(browser, f"/members/{ONE}")
    assert "席位与牵头" not in shown.text
    assert "本单位签约的协议" not in shown.text


async def test_a_member_that_is_not_to_be_seen_is_not_found(browser: Browser) -> None:
    answer = await browser.http.get(f"/members/{TWO}")
    assert answer.status_code == 404
    assert "没有这条记录" in answer.text


# ---- forms


async def test_a_new_member_is_sent_as_the_service_takes_it(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(201, MEMBER)
    fake.answers["POST", f"{API}/members"] = taken
    answer = await send(browser, "/members/new", FILLED)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/members/{ONE}")
    assert taken.headers[0]["Idempotency-Key"] == "key-1"
    (body,) = taken.bodies
    assert (body["name"], body["aliases"], body["uscc"]) == ("甲公司", ["甲", "甲司", "老甲"], None)
    assert body["left_on"] is None
    assert set(body) == {
        *("name", "aliases", "uscc", "category", "division", "functional_zone", "structure_role", "enterprise_size"),
        *("size_evidence", "industry", "contact_person", "contact_phone", "status", "joined_on", "left_on"),
        *("former_names", "school_code", "industry_code", "address", "logo", "effective_on"),
    }


async def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(browser: Browser, fake: FakeGateway) -> None:
    errors = [
        {"field": "uscc", "code": "uscc_invalid", "message": "代码不正确。"},
        {"field": "aliases.1", "code": "string_too_long", "message": "太长。"},
    ]
    fake.answers["POST", f"{API}/members"] = refuse(422, "invalid_input", "填写内容有误", "有 2 处需要修改。", errors)
    answer = await send(browser, "/members/new", {**FILLED, "uscc": "9134"})
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#member-form"
    form = Page(answer.text)
    assert form.faults == []
    (uscc,) = form.having("input", name="uscc")
    assert (uscc["value"], uscc["aria-invalid"]) == ("9134", "true")
    assert form.having("input", name="aliases")[0]["aria-invalid"] == "true"
    assert form.having("input", name="name")[0]["value"] == "甲公司"
    assert form.having("option", value="enterprise", selected="")


async def test_an_edit_sends_the_version_it_began_from(browser: Browser, fake: FakeGateway) -> None:
    form = await page(browser, f"/members/{ONE}/edit")
    assert form.having("input", name="etag")[0]["value"] == '"3"'
    assert form.having("input", name="aliases")[0]["value"] == "示例零部件、怀汽配"
    taken = Recorder(200, MEMBER)
    fake.answers["PUT", f"{API}/members/{ONE}"] = taken
    answer = await send(browser, f"/members/{ONE}/edit", {**FILLED, "etag": '"3"'})
    assert answer.headers["HX-Redirect"] == f"/members/{ONE}"
    assert taken.headers[0]["If-Match"] == '"3"'


async def test_when_somebody_was_faster_the_form_says_what_differs(browser: Browser, fake: FakeGateway) -> None:
    newer = {**MEMBER, "name": "甲公司", "aliases": ["甲", "甲司", "老甲"], "enterprise_size": "large"}
    fake.answers["GET", f"{API}/members/{ONE}"] = reply(newer, headers={"ETag": '"4"'})
    fake.answers["PUT", f"{API}/members/{ONE}"] = refuse(412, "stale_version", "内容已被他人修改", "请刷新。")
    data = {**FILLED, "enterprise_size": "medium", "etag": '"3"'}
    answer = await send(browser, f"/members/{ONE}/edit", data)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (412, "#member-form")
    form = Page(answer.text)
    assert form.having("input", name="etag")[0]["value"] == '"4"'
    assert "现为“大型”，与您填写的不同。" in form.text
    assert form.having("option", value="medium", selected="")
    assert form.having("select", name="enterprise_size")[0]["aria-invalid"] == "true"
    for same in ("name", "aliases", "joined_on"):
        assert "aria-invalid" not in form.having("input", name=same)[0]


async def test_a_service_that_is_down_is_no_fault_of_the_form(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{API}/members"] = refuse(503, "unavailable", "服务暂时不可用", "请稍后重试。")
    answer = await send(browser, "/members/new", FILLED)
    assert answer.status_code == 503
    assert "HX-Retarget" not in answer.headers


# ---- export, template, import


async def test_an_export_takes_the_query_of_the_list(browser: Browser, fake: FakeGateway) -> None:
    async def workbook(request: web.Request) -> web.StreamResponse:
        assert request.query_string == "q=an&category=enterprise"
        headers = {"Content-Disposition": "attachment; filename*=UTF-8''%E6%88%90.xlsx"}
        return web.Response(body=b"PK-workbook", headers=headers)

    fake.answers["GET", f"{API}/members/export.xlsx"] = workbook
    shown = await page(browser, "/members?q=an&category=enterprise")
    (link,) = [a for a in shown.having("a") if a.get("href", "").startswith("/members/export")]
    answer = await browser.http.get(link["href"].replace("&sort=name", ""))
    assert (answer.status_code, answer.content) == (200, b"PK-workbook")
    assert answer.headers["Content-Disposition"].endswith(".xlsx")


async def test_ticked_rows_are_exported_by_id(browser: Browser, fake: FakeGateway) -> None:
    async def workbook(request: web.Request) -> web.StreamResponse:
        return web.Response(body=",".join(request.query.getall("ids")).encode())

    fake.answers["GET", f"{API}/members/export.xlsx"] = workbook
    answer = await send(browser, "/members/export", {"ids": [ONE, TWO]})
    assert answer.status_code == 204
    download = await browser.http.get(answer.headers["HX-Redirect"])
    assert download.text == f"{ONE},{TWO}"


async def test_the_template_is_passed_on(browser: Browser, fake: FakeGateway) -> None:
    async def workbook(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"PK-template")

    fake.answers["GET", f"{API}/members/template.xlsx"] = workbook
    assert (await browser.http.get("/members/template")).content == b"PK-template"


async def test_a_refusal_that_is_no_fault_of_the_form_reaches_the_error_page(
    browser: Browser, fake: FakeGateway
) -> None:
    async def refused(request: web.Request) -> web.StreamResponse:
        return problem(403, "forbidden", "没有权限", "您的角色没有这项权限。")

    fake.answers["POST", f"{API}/members"] = refused
    answer = await send(browser, "/members/new", {"name": "甲"})
    assert answer.status_code == 403
    assert "您的角色没有这项权限。" in answer.text


@pytest.mark.parametrize("path", ["/members", f"/members/{ONE}"])
async def test_a_page_of_an_earlier_day_stays_in_it(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path, params={"as_of": DAY})
    assert leading_out(answer.text, path) == []


@pytest.mark.parametrize("query", ["", f"?as_of={DAY}"])
async def test_lists_too_long_for_the_page_say_where_the_rest_is(
    browser: Browser, fake: FakeGateway, query: str
) -> None:
    links = [("collaborations", f"partner={quote(MEMBER['name'])}"), ("agreements", f"party={ONE}")]
    whole = await page(browser, f"/members/{ONE}{query}")
    assert "只列出前" not in whole.text
    for name, item in (("collaborations", COLLABORATION), ("agreements", AGREEMENT)):
        fake.answers["GET", f"{API}/{name}"] = reply({"items": [item], "next_cursor": "more", "total": None})
    shown = await page(browser, f"/members/{ONE}{query}")
    assert shown.text.count("只列出前 1 项") == 2
    for name, condition in links:
        assert shown.having("a", href=f"/{name}?{condition}{query.replace('?', '&')}"), name


@pytest.mark.parametrize("query", ["", f"?as_of={DAY}"])
async def test_the_logo_is_shown_as_it_was_on_the_day(browser: Browser, fake: FakeGateway, query: str) -> None:
    async def picture(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x89PNG" + request.query_string.encode(), content_type="image/png")

    fake.answers["GET", f"{API}/members/{ONE}"] = reply({**MEMBER, "logo": TWO}, headers={"ETag": '"3"'})
    fake.answers["GET", f"{API}/attachments/{TWO}/content"] = picture
    (shown,) = (await page(browser, f"/members/{ONE}{query}")).having("img", alt=f"{MEMBER['name']}标识")
    answer = await browser.http.get(shown["src"])
    assert (answer.status_code, answer.content) == (200, b"\x89PNG" + query.removeprefix("?").encode())

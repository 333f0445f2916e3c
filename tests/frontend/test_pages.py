"""What every page owes, through the whole application: guards, sound HTML, fragments, errors, forms, files."""

import json
from typing import cast

import pytest
from aiohttp import web
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from frontend.access import GUARDS, Gateway, performs
from frontend.forms import Form, payload, submitted
from frontend.gateway_client import ApiProblem
from frontend.htmx import redirect, render
from frontend.menu import menu_for
from frontend.session import User
from services.kernel.clock import FixedClock
from services.kernel.permissions import Permission
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true"}
JOB = "11111111-1111-4111-8111-111111111111"


# ---- the guards


@pytest.mark.parametrize("path", ["/", "/components", "/citations/anqing-2024/二9", f"/jobs/subsidies/{JOB}"])
async def test_every_page_is_behind_sign_in(stranger: Browser, fake: FakeGateway, path: str) -> None:
    answer = await stranger.http.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")
    assert fake.seen == []


async def test_a_stranger_who_posts_is_sent_to_sign_in_and_then_home(stranger: Browser) -> None:
    answer = await stranger.http.post("/components/form", data={"name": "x"})
    assert answer.headers["Location"] == "/login?next=%2F"


@pytest.mark.parametrize("given", [None, "", "wrong", "令牌"])
async def test_a_post_without_the_token_is_refused(browser: Browser, given: str | None) -> None:
    data = {"name": "x"} if given is None else {"name": "x", "csrf_token": given}
    answer = await browser.http.post("/components/form", data=data)
    assert answer.status_code == 403
    assert "页面已过期" in answer.text


async def test_the_token_is_taken_from_the_field_and_from_the_header(browser: Browser) -> None:
    token = await browser.csrf()
    by_field = await browser.http.post("/components/form", data={"name": "x", "csrf_token": token})
    by_header = await browser.http.post("/components/form", data={"name": "x"}, headers={"X-CSRF-Token": token})
    assert (by_field.status_code, by_header.status_code) == (303, 303)


async def test_a_wrong_header_is_not_saved_by_a_right_field(browser: Browser) -> None:
    data = {"csrf_token": await browser.csrf()}
    answer = await browser.http.post("/components/form", data=data, headers={"X-CSRF-Token": "wrong"})
    assert answer.status_code == 403


async def test_another_persons_token_is_refused(browser: Browser, app: FastAPI) -> None:
    old = await browser.csrf()
    await browser.sign_in()
    answer = await browser.http.post("/components/form", data={"name": "x", "csrf_token": old})
    assert answer.status_code == 403


# ---- every page


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?tab=done",
        "/?tab=overdue",
        "/components",
        "/components/table",
        "/citations/anqing-2024/三(二)",
        "/nowhere",
    ],
)
async def test_pages_are_sound_html_for_a_strict_policy(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path)
    page = Page(answer.text)
    assert page.faults == []
    assert page.having("html", lang="zh-CN")
    assert len(page.having("h1")) == len(page.having("main")) == 1
    assert page.having("a", class_="skip-link", href="#content")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "HX-Request"
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_nothing_is_loaded_from_elsewhere(browser: Browser) -> None:
    page = Page((await browser.http.get("/components")).text)
    addresses = [
        a.get("src") or a.get("href", "") for tag, a in page.elements if tag in ("script", "link", "img", "use")
    ]
    loaded = [address for address in addresses if address]
    assert len(loaded) > 20
    assert [address for address in loaded if not address.startswith("/static/")] == []


async def test_the_menu_follows_the_role_and_marks_the_page(browser: Browser) -> None:
    page = Page((await browser.http.get("/components")).text)
    links = [a["href"] for a in page.having("a", class_="menu-link")]
    assert links == [
        "/",
        "/members",
        "/applications",
        "/member-reviews",
        "/members/duplicates",
        "/change-sets",
        "/collaborations",
        "/agreements",
        "/governance/bodies",
        "/governance/picture",
        "/governance/meetings",
        "/governance/resolutions",
        "/coverage",
        "/majors",
        "/catalogues/majors",
        "/teachers",
        "/targets",
        "/subsidies/rosters",
        "/subsidies/claims",
        "/subsidies/settlements",
        "/integration/clients",
        "/integration/webhooks",
        "/practice",
    ]


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/", ["/"]),
        ("/members", ["/members"]),
        ("/members/7/edit", ["/members"]),
        ("/members/duplicates", ["/members/duplicates"]),
        ("/governance/bodies/7", ["/governance/bodies"]),
        ("/memberships", []),
        ("/components", []),
    ],
)
def test_the_menu_marks_the_nearest_entry_above_the_page(path: str, marked: list[str]) -> None:
    everything = frozenset(Permission)

    class Everybody:
        def may(self, *permissions: Permission) -> bool:
            return any(permission in everything for permission in permissions)

    shown = menu_for(cast(User, Everybody()), path)
    found = [one.path for entry in shown for one in (entry, *entry.children) if one.current]
    assert found == marked


async def test_a_role_without_rights_has_a_short_menu(stranger: Browser, fake: FakeGateway) -> None:
    fake.user["role"] = "unheard_of"
    await stranger.sign_in()
    page = Page((await stranger.http.get("/components")).text)
    assert [a["href"] for a in page.having("a", class_="menu-link")] == ["/"]


async def test_the_demonstration_says_so(browser: Browser) -> None:
    assert "演示环境" in (await browser.http.get("/components")).text


async def test_large_font_is_remembered_by_cookie(browser: Browser) -> None:
    browser.http.cookies.set("hub_font", "large", domain="hub.test")
    page = Page((await browser.http.get("/components")).text)
    assert page.having("html", class_="font-large")
    assert [a["aria-pressed"] for a in page.having("button") if "data-font-toggle" in a] == ["true"]


# ---- fragments


async def test_a_list_gives_its_fragment_to_htmx_and_the_page_to_others(browser: Browser) -> None:
    whole = await browser.http.get("/components/table", params={"q": "学校"})
    part = await browser.http.get("/components/table", params={"q": "学校"}, headers=HTMX)
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert Page(part.text).faults == []
    assert Page(part.text).having("section", id="sample")
    assert "示例旅游学校" in part.text
    assert "示例建材集团" not in part.text


async def test_the_sample_list_sorts_pages_and_totals(browser: Browser) -> None:
    first = Page((await browser.http.get("/components/table?sort=-granted", headers=HTMX)).text)
    assert "第 1–6 条，共 8 条" in first.text
    assert first.having("th", aria_sort="descending")
    following = next(a["hx-get"] for a in first.having("a", id="sample-page-3"))
    second = Page((await browser.http.get(following, headers=HTMX)).text)
    assert "第 7–8 条，共 8 条" in second.text
    assert "合计" in second.text
    assert second.having("span", data_fen="360000036")


async def test_a_batch_answers_with_the_list_and_a_toast(browser: Browser) -> None:
    headers = {**HTMX, "X-CSRF-Token": await browser.csrf()}
    answer = await browser.http.post("/components/batch", data={"ids": ["1", "2", "3"]}, headers=headers)
    assert json.loads(answer.headers["HX-Trigger"])["hub:toast"]["message"].startswith("已向 3 家")
    assert 'id="sample"' in answer.text


async def test_a_refused_form_comes_back_filled_in_with_its_errors(browser: Browser) -> None:
    token = await browser.csrf()
    data = {"csrf_token": token, "name": " ", "uscc": '"><b>', "idempotency_key": "key-1"}
    answer = await browser.http.post("/components/form", data=data, headers=HTMX)
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.faults == []
    assert "<html" not in answer.text
    assert page.having("input", id="field-name", aria_invalid="true", aria_describedby="error-name")
    assert page.having("input", id="field-uscc", value='"><b>')
    assert page.having("input", name="idempotency_key", value="key-1")
    assert page.having("a", href="#field-name")


# ---- errors


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 412, 413, 422, 428, 429, 500, 502, 503, 504])
async def test_every_refusal_has_a_page_and_a_fragment(browser: Browser, status: int) -> None:
    page = await browser.http.get(f"/components/error/{status}")
    part = await browser.http.get(f"/components/error/{status}", headers=HTMX)
    assert (page.status_code, part.status_code) == (status, status)
    assert "<html" in page.text
    assert "<html" not in part.text
    for answer in (page, part):
        read = Page(answer.text)
        assert read.faults == []
        assert answer.headers["X-Request-ID"] in read.text
        assert f"代码 {status}" in read.text
    assert "王琳" in page.text


async def test_an_unexpected_failure_tells_no_inner_detail(browser: Browser, app: FastAPI) -> None:
    router = APIRouter()

    @router.get("/broken")
    async def broken() -> Response:
        raise ZeroDivisionError("secret inner detail")

    app.include_router(router, dependencies=GUARDS)
    answer = await browser.http.get("/broken")
    assert answer.status_code == 500
    assert "系统内部出错" in answer.text
    assert "secret inner detail" not in answer.text
    assert "ZeroDivisionError" not in answer.text


async def test_a_services_refusal_keeps_its_status_sentence_and_request_id(browser: Browser, fake: FakeGateway) -> None:
    answer = await browser.http.get("/citations/anqing-2024/二9")
    assert answer.status_code == 200
    path = f"/api/subsidies/v1/jobs/{JOB}"
    fake.answers["GET", path] = refuse(409, "already_settled", "当前状态不允许此操作", "本年度已经结算。")
    refused = await browser.http.get(f"/jobs/subsidies/{JOB}", headers=HTMX)
    assert refused.status_code == 409
    assert "本年度已经结算。" in refused.text
    assert "0123456789abcdef" in refused.text


async def test_a_malformed_parameter_is_a_422_page_in_chinese(browser: Browser) -> None:
    answer = await browser.http.get("/?tab=unknown")
    assert answer.status_code == 422
    assert "不在可选范围内" in answer.text


# ---- what a page author writes


async def test_an_upload_page_goes_through_to_the_service(browser: Browser, app: FastAPI, fake: FakeGateway) -> None:
    router = APIRouter()

    @router.post("/sample-upload", dependencies=[performs("POST /api/subsidies/v1/imports")])
    async def upload(request: Request, gateway: Gateway) -> Response:
        values = await submitted(request)
        file = values["file"]
        answer = await gateway.upload("/api/subsidies/v1/imports", file.file, filename=file.filename)
        return redirect(request, "/", toast=f"已上传 {answer.data['size']} 字节")

    async def take(request: web.Request) -> web.StreamResponse:
        part = (await request.post())["file"]
        assert isinstance(part, web.FileField)
        return web.json_response({"size": len(part.file.read())})

    fake.answers["POST", "/api/subsidies/v1/imports"] = take
    app.include_router(router, dependencies=GUARDS)
    files = {"file": ("名册.xlsx", b"x" * 2_000_000)}
    answer = await browser.http.post("/sample-upload", files=files, data={"csrf_token": await browser.csrf()})
    assert answer.status_code == 303
    assert "2000000" in answer.headers["Set-Cookie"]


async def test_an_edit_page_sends_back_the_version_it_read(browser: Browser, app: FastAPI, fake: FakeGateway) -> None:
    router = APIRouter()
    path = "/api/registry/v1/members/1"

    @router.get("/sample-edit")
    async def edit(request: Request, gateway: Gateway) -> Response:
        answer = await gateway.get(path)
        context = {"form": Form.of(request, answer.data, etag=answer.etag), "form_id": "f", "labels": {}}
        return render(request, "components/form.html", {**context, "categories": ()})

    @router.post("/sample-edit", dependencies=[performs(f"PUT {path}")])
    async def save(request: Request, gateway: Gateway) -> Response:
        values = await submitted(request)
        await gateway.put(path, payload(values, "name", "uscc"), if_match=values["etag"])
        return redirect(request, "/")

    app.include_router(router, dependencies=GUARDS)
    fake.answers["GET", path] = reply({"name": "甲", "uscc": None}, headers={"ETag": '"v7"'})
    shown = Page((await browser.http.get("/sample-edit")).text)
    hidden = {a["name"]: a["value"] for a in shown.having("input", type="hidden")}
    assert hidden["etag"] == '"v7"'
    fake.answers["PUT", path] = refuse(412, "stale_version", "内容已被他人修改", "这条记录刚被他人修改。")
    stale = await browser.http.post("/sample-edit", data={**hidden, "name": "乙", "uscc": ""}, headers=HTMX)
    assert stale.status_code == 412
    assert "刷新页面" in stale.text
    assert fake.seen[-1][2]["If-Match"] == '"v7"'


# ---- forms as objects


async def test_payload_makes_empty_texts_null() -> None:
    assert payload({"a": "", "b": "x", "c": None}, "a", "b", "c", "d") == {"a": None, "b": "x", "c": None, "d": None}


async def test_a_form_knows_what_is_chosen() -> None:
    form = Form("t", {"one": "a", "many": ["a", "c"], "none": None, "number": 5})
    assert form.has("one", "a")
    assert form.has("many", "c")
    assert not form.has("many", "b")
    assert not form.has("none", "a")
    assert form.has("number", "5")
    assert form.value("none") == form.value("missing") == ""
    assert form.error("one") == []


async def test_problems_do_not_repeat_personal_data_in_their_text() -> None:
    assert str(ApiProblem(422, "invalid_input", "标题", "身份证号 340824…")) == "422 invalid_input"


# ---- files and health


async def test_static_files_are_kept_for_ever_under_their_hash(stranger: Browser) -> None:
    hashed = await stranger.http.get("/static/app.css?v=abc", headers={"Accept-Encoding": "gzip"})
    assert hashed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["Content-Encoding"] == "gzip"
    assert (await stranger.http.get("/static/app.css")).headers["Cache-Control"] == "no-cache"
    missing = await stranger.http.get("/static/nothing.css?v=abc")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("Cache-Control", "")


async def test_pages_are_never_compressed(browser: Browser) -> None:
    answer = await browser.http.get("/components", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


async def test_health_needs_no_sign_in(stranger: Browser, clock: FixedClock) -> None:
    assert (await stranger.http.get("/livez")).status_code == 200
    assert (await stranger.http.get("/readyz")).status_code == 200
    assert "hub_requests" in (await stranger.http.get("/metrics")).text

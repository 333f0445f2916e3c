"""The pages of applying, of applications, of a member's life and of yearly reviews, on a fake gateway."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from tests.frontend.conftest import Browser
from tests.frontend.days import DAY, leading_out
from tests.frontend.fake_gateway import FakeGateway, Handler, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_members_pages import API, DIVISIONS, MEMBER, ONE, TWO, as_role, page

pytestmark = pytest.mark.anyio
PUBLIC = f"{API}/public"
FIELDS = {
    "name": "安庆示例<机械>有限公司", "uscc": None, "category": "enterprise", "division": "340822", "address": None,
    "profile": None, "reason": "愿参加校企合作", "contact_person": "张三", "contact_phone": "0556-1234567",
}  # fmt: skip
FORM = {
    "alliance": "anqing", "alliance_name": "安庆职教联盟", "form_token": "sealed", "wait_seconds": 3,
    "expires_at": "2026-01-01T00:00:00Z", "divisions": DIVISIONS["divisions"],
}  # fmt: skip
RECEIPT = {"number": "2026-0001", "code": "ABCD-EFGH-JKMN-PQRS", "name": FIELDS["name"], "submitted_on": "2026-11-22"}
STEP = {
    "id": TWO, "step": "submit", "to_state": "submitted", "on_date": "2026-11-22", "at": "2026-11-22T00:00:00Z",
    "actor_name": "申请单位", "opinion": None, "document": None, "resolution": None, "resolution_number": None,
    "answers": None, "outcome": None, "cited": None,
}  # fmt: skip
APPLICATION: dict[str, Any] = {
    "id": ONE, "number": "2026-0001", "state": "submitted", "submitted_on": "2026-11-22", "published_on": None,
    "publicity_ends_on": None, "publicity_estimated": False, "publicity_days": None, "proposed_publicity_days": 5,
    "division_name": "怀宁县", "member": None, "row_version": 1, "steps": [STEP], "open_objections": [],
    "allowed": ["endorse", "return", "decline", "withdraw"], **FIELDS,
}  # fmt: skip
PAPERS: dict[str, Any] = {
    "items": [], "token": "sealed-for-papers", "limit_files": 10, "limit_bytes": 10_485_760,
    "limit_bytes_together": 20_971_520, "endings": ["pdf", "jpg", "jpeg", "png"],
}  # fmt: skip
SEEN: dict[str, Any] = {
    "papers": PAPERS,
    "number": "2026-0001", "state": "returned", "submitted_on": "2026-11-22", "published_on": None,
    "publicity_ends_on": None, "publicity_estimated": False, "fields": FIELDS, "may_complete": True,
    "may_withdraw": True,
    "steps": [{"step": "return", "on_date": "2026-11-22", "by_applicant": False, "opinion": "请补充",
               "document": None}],
}  # fmt: skip
EVENT: dict[str, Any] = {
    "id": TWO, "step": "annual_review", "from_status": "active", "to_status": "active", "effective_on": "2026-03-01",
    "at": "2026-03-01T00:00:00Z", "actor_name": "王琳", "opinion": "良好", "document": None, "resolution": None,
    "resolution_number": None, "cited": None, "deadline": None, "year": 2025, "grade": "qualified", "application": None,
}  # fmt: skip
REVIEW = {
    "member": ONE, "year": 2025, "grade": "qualified", "on_date": "2026-03-01", "opinion": "良好", "document": None,
    "row_version": 1,
}  # fmt: skip
ROW = {
    "member": ONE, "name": "甲<校>", "category": "enterprise", "division_name": None, "status": "active", "year": 2025,
    "grade": None, "on_date": None, "opinion": None, "document": None,
}  # fmt: skip


RESOLUTION = "33333333-3333-4333-8333-333333333333"
CITED = {
    "id": RESOLUTION, "title": "关于吸收<新成员>的决议", "number": "宜职教集〔2026〕3号", "outcome": "passed",
    "resolved_on": "2026-11-20",
}  # fmt: skip


class Sent:
    """What a page sent to one operation, and what it is answered."""

    def __init__(self, answer: Handler) -> None:
        self.answer = answer
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(json.loads(await request.text() or "null"))
        self.headers.append(dict(request.headers))
        return await self.answer(request)


def life_cycle_answers() -> dict[tuple[str, str], Handler]:
    """What the registry answers when nothing special happens."""
    listed = {"items": [APPLICATION], "total": 1, "next_cursor": None}
    rows = {"items": [ROW], "total": 1, "next_cursor": None}
    impact = {"version": "v1", "touches": [{"kind": "席位", "id": TWO, "title": "理事", "href": "/x"}], "claims": None}
    tag = {"ETag": '"1"'}
    return {
        ("GET", f"{PUBLIC}/alliances"): reply([{"code": "anqing", "name": "安庆职教联盟"}]),
        ("GET", f"{PUBLIC}/applications/form"): reply(FORM),
        ("POST", f"{PUBLIC}/applications"): reply(RECEIPT, 201),
        ("POST", f"{PUBLIC}/applications/inquiry"): reply(SEEN),
        ("GET", f"{API}/applications"): reply(listed),
        ("GET", f"{API}/applications/{ONE}"): reply(APPLICATION, headers=tag),
        ("GET", f"{API}/divisions"): reply(DIVISIONS),
        ("GET", f"{API}/members/{ONE}"): reply(MEMBER, headers=tag),
        ("GET", f"{API}/members/{ONE}/steps"): reply(
            {"items": [EVENT], "allowed": ["annual_review", "rectification", "suspension", "exit"]}
        ),
        ("GET", f"{API}/members/{ONE}/reviews"): reply([REVIEW]),
        ("GET", f"{API}/members/{ONE}/exit-impact"): reply(impact),
        ("GET", f"{API}/member-reviews"): reply(rows),
        ("GET", f"{API}/member-duplicates/candidates"): reply(
            {"items": [{"member": {"id": TWO, "name": "原记录", "uscc": None}, "likeness": 1, "same_codes": []}]}
        ),
    }


@pytest.fixture(autouse=True)
def answers(fake: FakeGateway) -> None:
    fake.answers |= life_cycle_answers()


async def public_post(stranger: Browser, path: str, form: str, **values: str) -> Any:
    """Send a form that a stranger opened before, with the hidden fields that stood in it."""
    shown = Page((await stranger.http.get(form)).text)
    assert shown.faults == []
    hidden = {one.get("name", ""): one.get("value", "") for one in shown.having("input") if one.get("type") == "hidden"}
    return await stranger.http.post(path, data={**hidden, **values})


# --- without an account ---


async def test_a_stranger_applies_and_sees_the_receipt_once(stranger: Browser, fake: FakeGateway) -> None:
    sent = fake.answers["POST", f"{PUBLIC}/applications"] = Sent(reply(RECEIPT, 201))
    values = {name: value or "" for name, value in FIELDS.items()}
    answer = await public_post(stranger, "/apply", "/apply", **values)
    assert answer.status_code == 200
    assert RECEIPT["code"] in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    expected = {**FIELDS, "alliance": "anqing", "form_token": "sealed", "website": ""}
    assert sent.bodies == [expected]
    assert "Authorization" not in sent.headers[0]


async def test_the_form_works_without_script_and_hides_its_trap(stranger: Browser) -> None:
    text = (await stranger.http.get("/apply")).text
    form = text[text.index('<form id="apply-form"') : text.index("</form>")]
    assert "hx-" not in form
    assert 'name="website"' in form
    assert re.search(r'<div class="trap" aria-hidden="true">', form)


async def test_a_form_of_another_site_is_refused(stranger: Browser, fake: FakeGateway) -> None:
    sent = fake.answers["POST", f"{PUBLIC}/applications"] = Sent(reply(RECEIPT, 201))
    await stranger.http.get("/apply")
    for forged in ({}, {"csrf_token": "guessed"}, {"csrf_token": ""}):
        assert (await stranger.http.post("/apply", data={**forged, "name": "x"})).status_code == 403
    for path in ("/apply/status", "/apply/status/completion", "/apply/status/withdrawal", "/apply/status/leave"):
        assert (await stranger.http.post(path, data={})).status_code == 403
    assert sent.bodies == []


async def test_faults_come_back_with_what_was_filled_in(stranger: Browser, fake: FakeGateway) -> None:
    errors = [{"field": "name", "code": "application_open", "message": "已有一份正在办理的申请"}]
    fake.answers["POST", f"{PUBLIC}/applications"] = refuse(422, "invalid_input", "填写内容有误", "有 1 处", errors)
    answer = await public_post(stranger, "/apply", "/apply", name="甲公司", reason="理由")
    assert answer.status_code == 422
    assert Page(answer.text).faults == []
    assert "已有一份正在办理的申请" in answer.text
    assert 'value="甲公司"' in answer.text
    assert 'value="sealed"' in answer.text


async def test_what_is_needed_and_empty_is_missed_rather_than_malformed(stranger: Browser, fake: FakeGateway) -> None:
    sent = fake.answers["POST", f"{PUBLIC}/applications"] = Sent(reply(RECEIPT, 201))
    await public_post(stranger, "/apply", "/apply", name="", category="", uscc="")
    assert not {"name", "category", "reason"} & set(sent.bodies[0])
    assert sent.bodies[0]["uscc"] is None


async def test_too_many_are_told_to_wait(stranger: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{PUBLIC}/applications"] = refuse(429, "too_many_requests", "请求过于频繁", "请明天再提交")
    answer = await public_post(stranger, "/apply", "/apply", name="甲公司")
    assert (answer.status_code, "请明天再提交" in answer.text) == (429, True)


async def test_several_alliances_are_chosen_by_name(stranger: Browser, fake: FakeGateway) -> None:
    two = [{"code": "anqing", "name": "安庆职教联盟"}, {"code": "xiaogan", "name": "孝感职教联盟"}]
    fake.answers["GET", f"{PUBLIC}/alliances"] = reply(two)
    shown = await stranger.http.get("/apply")
    assert "/apply?alliance=xiaogan" in shown.text
    assert "孝感职教联盟" in shown.text
    await stranger.http.get("/apply", params={"alliance": "xiaogan"})
    asked = [parse_qs(urlsplit(path).query) for _, path, _ in fake.seen if "/form" in path]
    assert asked == [{"alliance": ["xiaogan"]}]


async def test_the_receipt_opens_the_application_and_is_forgotten(stranger: Browser, fake: FakeGateway) -> None:
    sent = fake.answers["POST", f"{PUBLIC}/applications/inquiry"] = Sent(reply(SEEN))
    answer = await public_post(stranger, "/apply/status", "/apply/status", number="2026-0001", code="abcd")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/apply/status")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "hub_receipt" in c)
    assert "HttpOnly" in cookie
    assert "abcd" not in cookie
    shown = await stranger.http.get("/apply/status")
    assert "安庆示例&lt;机械&gt;有限公司" in shown.text
    assert "请补充" in shown.text
    assert Page(shown.text).faults == []
    assert sent.bodies[-1] == {"alliance": "anqing", "number": "2026-0001", "code": "abcd"}
    done = fake.answers["POST", f"{PUBLIC}/applications/completion"] = Sent(reply(SEEN))
    await public_post(stranger, "/apply/status/completion", "/apply/status", **{k: v or "" for k, v in FIELDS.items()})
    assert done.bodies == [{"alliance": "anqing", "number": "2026-0001", "code": "abcd", "fields": FIELDS}]
    gone = fake.answers["POST", f"{PUBLIC}/applications/withdrawal"] = Sent(reply(SEEN))
    await public_post(stranger, "/apply/status/withdrawal", "/apply/status", withdrawal_reason="不参加")
    assert gone.bodies[0]["reason"] == "不参加"
    await public_post(stranger, "/apply/status/leave", "/apply/status")
    assert "查询码" in (await stranger.http.get("/apply/status")).text


async def test_a_wrong_receipt_says_one_sentence(stranger: Browser, fake: FakeGateway) -> None:
    told = "编号或查询码不正确，请核对回执后重试。"
    fake.answers["POST", f"{PUBLIC}/applications/inquiry"] = refuse(404, "receipt_unknown", "没有找到", told)
    answer = await public_post(stranger, "/apply/status", "/apply/status", number="2026-0001", code="secret-code")
    assert answer.status_code == 404
    assert told in answer.text
    assert "secret-code" not in answer.text


# --- the office ---


@pytest.mark.parametrize(
    "path",
    [
        "/applications", "/applications/new", f"/applications/{ONE}", f"/applications/{ONE}/first-review",
        f"/applications/{ONE}/deliberation", f"/applications/{ONE}/publicity", f"/applications/{ONE}/admission",
        f"/applications/{ONE}/refusal", f"/applications/{ONE}/objections/{TWO}", f"/members/{ONE}/life",
        f"/members/{ONE}/steps/rectification", f"/members/{ONE}/steps/exit", f"/members/{ONE}/reviews/new",
        f"/members/{ONE}/reviews/2025", "/member-reviews", "/member-reviews/new",
    ],
)  # fmt: skip
async def test_every_page_is_sound_and_has_a_fragment(stranger: Browser, fake: FakeGateway, path: str) -> None:
    as_role(fake, "secretariat_head")
    await stranger.sign_in()
    whole = await page(stranger, path)
    assert whole.faults == []
    assert len(whole.having("h1")) == 1
    fragment = await stranger.http.get(path, headers={"HX-Request": "true"})
    assert "<html" not in fragment.text
    assert Page(fragment.text).faults == []


async def test_a_step_sends_its_version_and_returns(browser: Browser, fake: FakeGateway) -> None:
    sent = fake.answers["POST", f"{API}/applications/{ONE}/first-review"] = Sent(reply(APPLICATION))
    values = {"outcome": "returned", "opinion": "请补充", "document": "", "on_date": "", "etag": '"1"'}
    path = f"/applications/{ONE}/first-review"
    answer = await browser.http.post(path, data={**values, "csrf_token": await browser.csrf()})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/applications/{ONE}")
    assert sent.bodies == [{"outcome": "returned", "opinion": "请补充", "document": None, "on_date": None}]
    assert sent.headers[0]["If-Match"] == '"1"'


async def test_a_step_that_came_too_late_shows_the_form_with_the_new_version(
    browser: Browser, fake: FakeGateway
) -> None:
    fake.answers["POST", f"{API}/applications/{ONE}/first-review"] = refuse(412, "stale_version", "已被修改", "请核对")
    path = f"/applications/{ONE}/first-review"
    values = {"outcome": "endorsed", "etag": '"0"', "csrf_token": await browser.csrf()}
    answer = await browser.http.post(path, data=values)
    assert answer.status_code == 412
    assert "请核对" in answer.text
    assert 'value="&#34;1&#34;"' in answer.text


async def test_who_only_reads_sees_no_step(stranger: Browser, fake: FakeGateway) -> None:
    as_role(fake, "leader")
    await stranger.sign_in()
    text = (await stranger.http.get(f"/applications/{ONE}")).text
    assert "/first-review" not in text
    life = (await stranger.http.get(f"/members/{ONE}/life")).text
    assert "/steps/" not in life
    assert "2025 年度：合格" in life


async def test_a_clerk_is_not_offered_what_the_head_decides(browser: Browser) -> None:
    life = (await browser.http.get(f"/members/{ONE}/life")).text
    assert "/steps/rectification" in life
    assert "/steps/suspension" not in life
    assert "/steps/exit" not in life


async def test_an_exit_says_what_was_shown(stranger: Browser, fake: FakeGateway) -> None:
    as_role(fake, "secretariat_head")
    await stranger.sign_in()
    sent = fake.answers["POST", f"{API}/members/{ONE}/exit"] = Sent(reply({"items": [], "allowed": []}))
    shown = (await stranger.http.get(f"/members/{ONE}/steps/exit")).text
    assert "奖补服务没有响应" in shown
    assert "理事" in shown
    values = {"opinion": "迁出", "impact": "v1", "without_claims": "true", "etag": '"1"'}
    data = {**values, "csrf_token": await stranger.csrf()}
    assert (await stranger.http.post(f"/members/{ONE}/steps/exit", data=data)).status_code == 303
    assert (sent.bodies[0]["impact"], sent.bodies[0]["without_claims"]) == ("v1", True)


DECISIONS = [
    (f"/applications/{ONE}/deliberation", {"outcome": "approved", "opinion": "同意"}),
    (f"/applications/{ONE}/admission", {}),
    (f"/applications/{ONE}/refusal", {"opinion": "异议成立"}),
    (f"/members/{ONE}/steps/rectification", {"opinion": "完善制度", "deadline": "2026-12-31"}),
    (f"/members/{ONE}/steps/rectified", {"opinion": "已整改"}),
    (f"/members/{ONE}/steps/suspension", {"opinion": "停产"}),
    (f"/members/{ONE}/steps/resumption", {"opinion": "复产"}),
    (f"/members/{ONE}/steps/exit", {"opinion": "迁出", "impact": "v1"}),
]


@pytest.mark.parametrize(("path", "values"), DECISIONS)
async def test_a_decision_cites_the_resolution_that_was_chosen(
    stranger: Browser, fake: FakeGateway, path: str, values: dict[str, str]
) -> None:
    as_role(fake, "secretariat_head")
    await stranger.sign_in()
    (picker,) = (await page(stranger, path)).having("select", name="resolution")
    assert picker["hx-get"].startswith("/governance/resolutions/options")
    operation = path.replace("/steps/rectified", "/rectification/closure").replace("/steps/", "/")
    sent = fake.answers["POST", API + operation] = Sent(reply({}))
    data = {**values, "resolution": RESOLUTION, "q": "吸收", "etag": '"1"', "csrf_token": await stranger.csrf()}
    answer = await stranger.http.post(path, data=data)
    assert answer.status_code == 303, answer.text
    (body,) = sent.bodies
    assert (body["resolution"], body["resolution_number"]) == (RESOLUTION, None)
    assert "q" not in body


@pytest.mark.parametrize(("path", "values"), [DECISIONS[0], DECISIONS[5]])
async def test_a_citation_that_is_refused_is_told_at_the_picker(
    stranger: Browser, fake: FakeGateway, path: str, values: dict[str, str]
) -> None:
    as_role(fake, "secretariat_head")
    await stranger.sign_in()
    told = "决议没有通过，不能作为依据"
    errors = [{"field": "resolution", "code": "resolution_not_passed", "message": told}]
    operation = path.replace("/steps/", "/")
    fake.answers["POST", API + operation] = refuse(422, "invalid_input", "填写内容有误", "有 1 处", errors)
    data = {**values, "resolution": RESOLUTION, "etag": '"1"', "csrf_token": await stranger.csrf()}
    answer = await stranger.http.post(path, data=data)
    assert answer.status_code == 422
    form = Page(answer.text)
    (picker,) = form.having("select", name="resolution")
    assert (picker["aria-invalid"], picker["hx-get"]) == (
        "true", f"/governance/resolutions/options?selected={RESOLUTION}",
    )  # fmt: skip
    assert told in form.text


async def test_what_a_step_cites_is_a_link_to_the_resolution(browser: Browser, fake: FakeGateway) -> None:
    where = f"/governance/resolutions/{RESOLUTION}"
    decided = {**STEP, "step": "approve", "resolution": RESOLUTION, "cited": CITED}
    by_number = {**STEP, "step": "admit", "resolution_number": "理事会〔2020〕9号"}
    shown = {**APPLICATION, "steps": [STEP, decided, by_number]}
    fake.answers["GET", f"{API}/applications/{ONE}"] = reply(shown, headers={"ETag": '"1"'})
    suspended = {**EVENT, "step": "suspension", "grade": None, "year": None, "application": TWO, "cited": CITED}
    fake.answers["GET", f"{API}/members/{ONE}/steps"] = reply({"items": [suspended, EVENT], "allowed": []})
    for path in (f"/applications/{ONE}", f"/members/{ONE}/life"):
        whole = await page(browser, path)
        assert whole.faults == []
        (link,) = whole.having("a", href=where)
        assert "download" not in link
        assert "决议 宜职教集〔2026〕3号 关于吸收<新成员>的决议" in whole.text
    assert "决议：理事会〔2020〕9号" in (await browser.http.get(f"/applications/{ONE}")).text
    (back,) = (await page(browser, f"/members/{ONE}/life")).having("a", href=f"/applications/{TWO}")
    assert "download" not in back


async def test_grades_of_many_are_sent_at_once(browser: Browser, fake: FakeGateway) -> None:
    sent = fake.answers["POST", f"{API}/member-reviews/batch"] = Sent(reply({"recorded": 1}, 201))
    token = await browser.csrf()
    values = {
        "year": "2025",
        "category": "enterprise",
        f"grade-{ONE}": "qualified",
        f"grade-{TWO}": "",
        "document": "文",
    }
    answer = await browser.http.post("/member-reviews/new", data={**values, "csrf_token": token})
    assert answer.status_code == 303
    assert sent.bodies[0]["items"] == [{"member": ONE, "grade": "qualified", "opinion": None}]
    nothing = await browser.http.post("/member-reviews/new", data={"year": "2025", "csrf_token": token})
    assert (nothing.status_code, "还没有选择考核等次" in nothing.text) == (422, True)
    for odd in ("²", "9" * 5000):
        answer = await browser.http.post("/member-reviews/new", data={"year": odd, "csrf_token": token})
        assert (answer.status_code, "还没有选择考核等次" in answer.text) == (422, True), odd[:3]
    errors = [{"field": "items.0.grade", "code": "review_exists", "message": "已有考核结果"}]
    fake.answers["POST", f"{API}/member-reviews/batch"] = refuse(422, "invalid_input", "有误", "有 1 处", errors)
    refused = await browser.http.post("/member-reviews/new", data={**values, "csrf_token": token})
    assert refused.text.count("已有考核结果") == 2, "above and beside the member"


async def test_a_life_until_a_day_leads_to_the_application_of_that_day(browser: Browser, fake: FakeGateway) -> None:
    admitted = {**EVENT, "step": "admission", "grade": None, "year": None, "application": TWO}
    fake.answers["GET", f"{API}/members/{ONE}/steps"] = reply({"items": [admitted], "allowed": []})
    answer = await browser.http.get(f"/members/{ONE}/life", params={"as_of": DAY})
    assert leading_out(answer.text, f"/members/{ONE}/life") == []


@pytest.mark.parametrize("path", ["/applications", f"/applications/{ONE}"])
async def test_applications_of_an_earlier_day_ask_for_it_and_change_nothing(
    browser: Browser, fake: FakeGateway, path: str
) -> None:
    shown = {**APPLICATION, "member": ONE, "allowed": [], "open_objections": [TWO]}
    fake.answers["GET", f"{API}/applications/{ONE}"] = reply(shown)
    answer = await browser.http.get(path, params={"as_of": DAY})
    assert leading_out(answer.text, path) == []
    assert "不能修改" in answer.text
    for words in ("录入申请", "答复异议"):
        assert words not in answer.text
    asked = [asked for _, asked, _ in fake.seen if asked.startswith(f"{API}/applications")]
    assert asked
    assert all(f"as_of={DAY}" in one for one in asked)

"""The pages of collaborations, contributions, recognitions and reviews through the application, on a fake gateway."""

from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web

from tests.frontend.collaboration_answers import (
    API,
    CLASS,
    COLLABORATION,
    COLLEGE,
    CONTRIBUTION,
    ENTRY,
    FAILED,
    FIRM,
    GRANT,
    PLATE,
    REVIEW,
    REVIEWS,
    SCHOOL,
    SCHOOL_CLASS,
    answers,
)
from tests.frontend.conftest import Browser
from tests.frontend.days import DAY, leading_out
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_members_pages import DIVISIONS, HTMX, MEMBER, Recorder, as_role, listing, page, send

pytestmark = pytest.mark.anyio
BASE = f"/collaborations/{COLLEGE}"
PLATES = "/collaborations/plates"


@pytest.fixture(autouse=True)
def registry(fake: FakeGateway) -> None:
    """What the registry answers when nothing special happens."""
    members = [{**MEMBER, "id": SCHOOL, "name": "怀宁示例职业学校"}, {**MEMBER, "id": FIRM, "name": "示例汽车有限公司"}]
    fake.answers |= {
        **answers(),
        ("GET", f"{API}/members"): listing(*members),
        ("GET", f"{API}/divisions"): reply(DIVISIONS),
    }
    fake.user = {**fake.user, "role": "secretariat_head"}  # who may write and decide


@pytest.mark.parametrize(
    "path",
    [
        "/collaborations",
        "/collaborations/new",
        "/collaborations/new?kind=base",
        BASE,
        f"{BASE}?as_of=2025-06-01",
        f"/collaborations/{CLASS}",
        f"{BASE}/edit",
        f"/collaborations/{CLASS}/edit",
        f"{BASE}/contributions/new",
        f"{BASE}/contributions/{CONTRIBUTION}/edit",
        f"{BASE}/contributions/{CONTRIBUTION}/removal",
        f"{BASE}/recognitions/new",
        f"{BASE}/recognitions/{GRANT}/withdrawal",
        f"{BASE}/reviews/new",
        f"{BASE}/reviews/{REVIEW}/decision",
        f"{BASE}/reviews/{REVIEW}/removal",
        PLATES,
        f"{PLATES}/new",
        f"{PLATES}/{PLATE}",
        f"{PLATES}/{PLATE}/withdrawal",
        f"{PLATES}/{PLATE}/reviews/new",
        f"{PLATES}/{PLATE}/reviews/{REVIEW}/decision",
        f"{PLATES}/{PLATE}/reviews/{REVIEW}/removal",
    ],
)
async def test_every_page_is_sound_and_has_a_fragment(browser: Browser, path: str) -> None:
    whole = await page(browser, path)
    assert whole.faults == []
    assert len(whole.having("h1")) == 1
    fragment = await browser.http.get(path, headers=HTMX)
    assert "<html" not in fragment.text
    assert Page(fragment.text).faults == []


async def test_the_page_tells_all_that_hangs_on_a_collaboration(browser: Browser) -> None:
    shown = await page(browser, BASE)
    for text in (
        *("新能源汽车", "汽车检测、汽车制造", "2023年4月1日", "合作企业", "示例汽车有限公司"),
        *("数控机床 6 台", "佐证：协议第2号", "860,000.00", "未估值", "另有 1 项未估值", "按单位合计", "按类别合计"),
        *("皖教高示例〔2025〕3号", "长期", "2025 年度的考核还没有登记", "实训时数不足", "待决定"),
    ):
        assert text in shown.text
    for way in ("edit", "contributions/new", "recognitions/new", "reviews/new", f"reviews/{REVIEW}/decision"):
        assert shown.having("a", href=f"{BASE}/{way}"), way
    assert shown.having("a", href=f"{BASE}/contributions/{CONTRIBUTION}/edit")
    assert not shown.having("a", href=f"{BASE}/contributions/{GRANT}/edit")  # not the caller's own
    assert shown.having("div", hx_get=f"/attachments/collaboration/{COLLEGE}")


async def test_a_page_of_an_earlier_day_asks_for_that_day_and_offers_no_change(
    browser: Browser, fake: FakeGateway
) -> None:
    shown = await page(browser, f"{BASE}?as_of=2025-06-01")
    asked = [path for _, path, _ in fake.seen if path.startswith(f"{API}{BASE}")]
    assert len(asked) == 3
    assert all(path.endswith("?as_of=2025-06-01") for path in asked)
    ways = [a["href"] for a in shown.having("a") if a.get("href", "").startswith(f"{BASE}/")]
    assert ways == []
    assert shown.having("a", href=BASE)


async def test_a_class_shows_its_headcount_with_source_and_day(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, f"/collaborations/{CLASS}")
    assert "32 人" in shown.text
    assert "2025年12月1日，来源：学生名册（奖补服务），名册导入于 2025年10月8日 10:00" in shown.text
    down = {"headcount": None, "unavailable": "奖补服务暂时无法连接，学生名册没有读到，请稍后重试。"}
    fake.answers["GET", f"{API}/collaborations/{CLASS}/headcount"] = reply(down)
    assert "暂缺。奖补服务暂时无法连接" in (await page(browser, f"/collaborations/{CLASS}")).text
    fake.answers["GET", f"{API}/collaborations/{CLASS}/headcount"] = refuse(503, "x", "不可用", "请稍后重试。")
    assert "暂缺。请稍后重试。" in (await page(browser, f"/collaborations/{CLASS}")).text


async def test_the_list_asks_what_the_query_says_and_is_exported_so(browser: Browser, fake: FakeGateway) -> None:
    async def workbook(request: web.Request) -> web.StreamResponse:
        assert request.query_string == "kind=base&division=340822&missing=details&as_of=2025-06-01"
        return web.Response(body=b"PK-workbook")

    fake.answers["GET", f"{API}/collaborations/export.xlsx"] = workbook
    query = "kind=base&division=340822&missing=details&as_of=2025-06-01"
    shown = await page(browser, f"/collaborations?{query}")
    asked = next(path for _, path, _ in fake.seen if path.startswith(f"{API}/collaborations?"))
    assert asked == f"{API}/collaborations?limit=50&{query}&sort=name"
    (link,) = [a for a in shown.having("a") if a.get("href", "").startswith("/collaborations/export")]
    assert (await browser.http.get(link["href"])).content == b"PK-workbook"


# ---- the form


async def test_the_fields_follow_the_kind_and_keep_what_was_filled_in(browser: Browser) -> None:
    fragment = Page((await browser.http.get("/collaborations/kind-fields?kind=base&details.address=甲路")).text)
    assert fragment.having("input", name="details.address")[0]["value"] == "甲路"
    assert len(fragment.having("input", name="details.centres.name")) == 2
    assert fragment.having("select", name="details.shared")
    other = Page((await browser.http.get("/collaborations/kind-fields?kind=platform")).text)
    assert not other.having("input", name="details.address")
    assert Page((await browser.http.get("/collaborations/kind-fields")).text).having("div", id="kind-fields")


FILLED: dict[str, Any] = {
    "kind": "base",
    "name": "公共实训基地",
    "host_member": SCHOOL,
    "participant": ["示例汽车有限公司", "", "没有登记的公司"],
    "participant_part": ["enterprise", "partner", "supporter"],
    "details.area_square_metres": "31000",
    "details.shared": "",
    "details.centres.name": ["智能制造", "", "新材料"],
    "details.centres.area_square_metres": ["8000", "", ""],
    "details.centres.enterprise_square_metres": ["", "", "1200"],
    "status": "active",
    "founded_on": "",
    "effective_on": "2025-06-01",
}


async def test_a_form_is_sent_as_the_service_takes_it(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(201, COLLABORATION)
    fake.answers["POST", f"{API}/collaborations"] = taken
    answer = await send(browser, "/collaborations/new", FILLED)
    assert answer.headers["HX-Redirect"] == BASE
    assert taken.bodies == [
        {
            "kind": "base",
            "name": "公共实训基地",
            "host_member": SCHOOL,
            "lead_member": None,
            "founded_on": None,
            "status": "active",
            "ended_on": None,
            "end_reason": None,
            "participants": [
                {"member": FIRM, "part": "enterprise"},
                {"member": "没有登记的公司", "part": "supporter"},
            ],
            "details": {
                "area_square_metres": "31000",
                "centres": [
                    {"name": "智能制造", "area_square_metres": "8000", "enterprise_square_metres": ""},
                    {"name": "新材料", "area_square_metres": "", "enterprise_square_metres": "1200"},
                ],
            },
            "effective_on": "2025-06-01",
        }
    ]


async def test_faults_stand_at_the_fields_of_the_kind(browser: Browser, fake: FakeGateway) -> None:
    errors = [
        {"field": "details.area_square_metres", "code": "greater_than_equal", "message": "不能小于 0。"},
        {"field": "details.centres.1.name", "code": "missing", "message": "必填，请填写。"},
        {"field": "participants.1.member", "code": "uuid_parsing", "message": "编号格式不对。"},
    ]
    fake.answers["POST", f"{API}/collaborations"] = refuse(422, "invalid_input", "有误", "有 3 处。", errors)
    answer = await send(browser, "/collaborations/new", FILLED)
    form = Page(answer.text)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#collaboration-form")
    assert form.faults == []
    assert form.having("input", name="details.area_square_metres")[0]["aria-invalid"] == "true"
    assert "实训中心：必填，请填写。" in form.text
    assert "参与单位：没有登记这家单位，请从提示的名称中选择。" in form.text
    names = [one["value"] for one in form.having("input", name="participant")]
    assert names == ["示例汽车有限公司", "没有登记的公司", "", ""]
    assert form.having("input", name="details.centres.name")[1]["value"] == "新材料"


async def test_an_edit_shows_and_returns_the_version_it_began_from(browser: Browser, fake: FakeGateway) -> None:
    form = await page(browser, f"{BASE}/edit")
    assert form.having("input", name="etag")[0]["value"] == '"2"'
    assert form.having("input", name="details.industry")[0]["value"] == "新能源汽车"
    assert form.having("input", name="participant")[0]["value"] == "示例汽车有限公司"
    taken = Recorder(200, COLLABORATION)
    fake.answers["PUT", f"{API}{BASE}"] = taken
    one = {"name": "甲", "kind": "industry_college", "participant": "示例汽车有限公司", "participant_part": "partner"}
    await send(browser, f"{BASE}/edit", {**one, "details.majors": "汽车检测\n\n 汽车制造 ", "etag": '"2"'})
    assert taken.headers[0]["If-Match"] == '"2"'
    assert taken.bodies[0]["participants"] == [{"member": FIRM, "part": "partner"}]
    assert taken.bodies[0]["details"] == {"majors": ["汽车检测", "汽车制造"]}


async def test_two_editors_of_a_collaboration(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["PUT", f"{API}{BASE}"] = refuse(412, "stale_version", "已被修改", "请刷新。")
    data = {"kind": "industry_college", "name": "旧名", "status": "active", "founded_on": "2023-05-01", "etag": '"1"'}
    answer = await send(browser, f"{BASE}/edit", data)
    form = Page(answer.text)
    assert answer.status_code == 412
    assert "现为“汽车产业学院”，与您填写的不同。" in form.text
    assert "现为“怀宁示例职业学校”" in form.text
    assert "参与单位：现为“示例汽车有限公司（合作企业）”" in form.text
    assert "面向产业：现为“新能源汽车”" in form.text
    assert form.having("input", name="etag")[0]["value"] == '"2"'


# ---- contributions


async def test_a_contribution_is_sent_changed_and_taken_back(browser: Browser, fake: FakeGateway) -> None:
    data = {
        "member": FIRM,
        "kind": "equipment",
        "description": "机床",
        "value": "",
        "on_date": "2024-03-01",
        "evidence": "",
    }
    taken = Recorder(201, ENTRY)
    fake.answers["POST", f"{API}{BASE}/contributions"] = taken
    answer = await send(browser, f"{BASE}/contributions/new", data)
    assert answer.headers["HX-Redirect"] == BASE
    assert taken.bodies == [{**data, "value": None, "evidence": None}]
    assert taken.headers[0]["Idempotency-Key"] == "key-1"
    one = f"{BASE}/contributions/{CONTRIBUTION}"
    form = await page(browser, f"{one}/edit")
    assert form.having("input", name="etag")[0]["value"] == '"4"'
    assert form.having("option", value=FIRM, selected="")
    changed = Recorder(200, ENTRY)
    fake.answers["PUT", f"{API}{one}"] = changed
    await send(browser, f"{one}/edit", {**data, "value": "900000", "etag": '"4"'})
    assert (changed.bodies[0]["value"], changed.headers[0]["If-Match"]) == ("900000", '"4"')
    gone: list[str] = []

    async def remove(request: web.Request) -> web.StreamResponse:
        gone.append(f"{request.query['reason']} {request.headers['If-Match']}")
        return web.Response(status=204)

    fake.answers["DELETE", f"{API}{one}"] = remove
    answer = await send(browser, f"{one}/removal", {"reason": "重复登记", "etag": '"4"'})
    assert (gone, answer.headers["HX-Redirect"]) == (['重复登记 "4"'], BASE)


async def test_a_refused_contribution_keeps_what_was_typed(browser: Browser, fake: FakeGateway) -> None:
    errors = [{"field": "value", "code": "decimal_max_places", "message": "小数最多 2 位。"}]
    fake.answers["POST", f"{API}{BASE}/contributions"] = refuse(422, "x", "有误", "一处。", errors)
    answer = await send(browser, f"{BASE}/contributions/new", {"member": FIRM, "value": "1.234"})
    form = Page(answer.text)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#contribution-form")
    assert form.having("input", name="value")[0]["value"] == "1.234"


async def test_a_unit_contributes_for_itself_and_changes_nothing_else(stranger: Browser, fake: FakeGateway) -> None:
    as_role(fake, "unit_reporter", member=FIRM)
    await stranger.sign_in()
    shown = await page(stranger, BASE)
    assert shown.having("a", href=f"{BASE}/contributions/new")
    for way in ("edit", "recognitions/new", "reviews/new", f"reviews/{REVIEW}/decision"):
        assert not shown.having("a", href=f"{BASE}/{way}"), way
    form = await page(stranger, f"{BASE}/contributions/new")
    (member,) = form.having("select", name="member")
    assert [o["value"] for o in form.having("option") if o.get("value")] == [FIRM]
    assert member["id"] == "field-member"


# ---- recognitions and reviews


async def test_a_recognition_is_sent_and_its_faults_come_back(browser: Browser, fake: FakeGateway) -> None:
    path = f"{BASE}/recognitions/new"
    taken = Recorder(201, {})
    fake.answers["POST", f"{API}{BASE}/recognitions"] = taken
    data = {"level": "national", "granted_on": "2025-11-01", "document_number": "文〔2025〕1号"}
    answer = await send(browser, path, data)
    assert answer.headers["HX-Redirect"] == BASE
    assert "已登记级别认定" in unquote(unquote(answer.headers["Set-Cookie"]))
    assert taken.bodies == [{**data, "title": None, "lapses_on": None}]
    errors = [{"field": "level", "code": "level_stands", "message": "该级别的认定仍然有效。"}]
    fake.answers["POST", f"{API}{BASE}/recognitions"] = refuse(422, "x", "有误", "一处。", errors)
    again = await send(browser, path, data)
    assert (again.status_code, again.headers["HX-Retarget"]) == (422, "#recognition-form")
    assert Page(again.text).having("input", name="level", value="national", checked="")


@pytest.mark.parametrize(
    ("path", "operation", "then", "named"),
    [
        (f"{BASE}/recognitions/{GRANT}", f"{BASE}/recognitions/{GRANT}", BASE, "汽车产业学院"),
        (f"{PLATES}/{PLATE}", f"/recognitions/{PLATE}", f"{PLATES}/{PLATE}", "示例汽车有限公司"),
    ],
)
async def test_a_withdrawal_names_what_it_withdraws(
    browser: Browser, fake: FakeGateway, path: str, operation: str, then: str, named: str
) -> None:
    asked = (await page(browser, f"{path}/withdrawal")).text
    assert named in asked
    assert "皖教高示例〔2025〕3号" in asked
    taken = Recorder(200, {})
    fake.answers["POST", f"{API}{operation}/withdrawal"] = taken
    data = {"withdrawn_on": "2025-11-30", "reason": "复核未通过"}
    answer = await send(browser, f"{path}/withdrawal", data)
    assert answer.headers["HX-Redirect"] == then
    assert taken.bodies == [data]
    fake.answers["POST", f"{API}{operation}/withdrawal"] = refuse(409, "recognition_withdrawn", "不允许", "已经撤销。")
    again = await send(browser, f"{path}/withdrawal", data)
    assert again.status_code == 409
    assert "已经撤销。" in again.text


async def test_plates_tell_their_rule_their_lapse_and_what_they_lack(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, f"{PLATES}?lapsing=true&member={FIRM}")
    for text in (
        "1 项",
        "每 1 年考核一次，授牌满 3 年到期",
        "2026年2月1日",
        "2025年",
        "示例汽车有限公司",
        "产教融合型企业",
    ):
        assert text in shown.text
    assert shown.having("a", href="/citations/chenzhou-2021/%E5%9B%9B%28%E4%B9%9D%29")
    asked = next(path for _, path, _ in fake.seen if path.startswith(f"{API}/recognitions?"))
    assert asked == f"{API}/recognitions?limit=50&lapsing=true&sort=lapses_on&member={FIRM}"


async def test_the_plate_of_a_collaboration_is_shown_with_it(browser: Browser) -> None:
    answer = await browser.http.get(f"{PLATES}/{GRANT}")
    assert (answer.status_code, answer.headers["Location"]) == (303, BASE)


async def test_a_member_is_recognised(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(201, {"id": PLATE})
    fake.answers["POST", f"{API}/recognitions"] = taken
    data = {"member": FIRM, "kind": "fusion_enterprise", "level": "municipal", "granted_on": "2025-11-01"}
    answer = await send(browser, f"{PLATES}/new", {**data, "document_number": "文〔2025〕1号"})
    assert answer.headers["HX-Redirect"] == f"{PLATES}/{PLATE}"
    assert taken.bodies == [{**data, "document_number": "文〔2025〕1号", "title": None, "lapses_on": None}]


@pytest.mark.parametrize(
    ("path", "operation"),
    [(BASE, f"{API}{BASE}/reviews"), (f"{PLATES}/{PLATE}", f"{API}/recognitions/{PLATE}/reviews")],
)
async def test_reviews_are_recorded_decided_and_taken_back(
    browser: Browser, fake: FakeGateway, path: str, operation: str
) -> None:
    assert (await page(browser, f"{path}/reviews/new")).having("input", name="year")[0]["value"] == "2025"
    taken = Recorder(201, FAILED)
    fake.answers["POST", operation] = taken
    data = {"year": "2025", "result": "failed", "reviewed_on": "2025-11-01", "opinion": "", "document_number": ""}
    answer = await send(browser, f"{path}/reviews/new", data)
    assert answer.headers["HX-Redirect"] == path
    assert "请报负责人决定" in unquote(unquote(answer.headers["Set-Cookie"]))
    assert taken.bodies == [{**data, "opinion": None, "document_number": None}]
    decided = Recorder(200, FAILED)
    fake.answers["POST", f"{operation}/{REVIEW}/decision"] = decided
    form = await page(browser, f"{path}/reviews/{REVIEW}/decision")
    assert "2024 年度考核不合格：实训时数不足" in form.text
    decision = {"decision": "rectify", "decided_on": "2025-11-02", "reason": "限期整改", "rectify_until": "2026-03-01"}
    await send(browser, f"{path}/reviews/{REVIEW}/decision", {**decision, "document_number": "文1号", "etag": '"1"'})
    assert decided.bodies[0]["decision"] == "rectify"
    assert decided.headers[0]["If-Match"] == '"1"'
    fake.answers["DELETE", f"{operation}/{REVIEW}"] = refuse(409, "review_decided", "不允许", "已有处理决定。")
    again = await send(browser, f"{path}/reviews/{REVIEW}/removal", {"reason": "误", "etag": '"1"'})
    assert (again.status_code, again.headers["HX-Retarget"]) == (409, "#review-form")


async def test_who_may_not_decide_sees_no_way_to(stranger: Browser, fake: FakeGateway) -> None:
    as_role(fake, "secretariat_clerk")
    await stranger.sign_in()
    shown = await page(stranger, BASE)
    assert shown.having("a", href=f"{BASE}/reviews/{REVIEW}/removal")
    assert not shown.having("a", href=f"{BASE}/reviews/{REVIEW}/decision")


async def test_a_review_that_is_gone_is_not_found(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{API}{BASE}/reviews"] = reply({**REVIEWS, "items": []})
    assert (await browser.http.get(f"{BASE}/reviews/{REVIEW}/decision")).status_code == 404


async def test_a_class_is_edited_with_its_own_fields(browser: Browser) -> None:
    form = await page(browser, f"/collaborations/{CLASS}/edit")
    assert form.having("input", name="details.class_code")[0]["value"] == SCHOOL_CLASS["details"]["class_code"]
    assert form.having("option", value="订单", selected="")


@pytest.mark.parametrize("path", ["/collaborations", BASE, PLATES, f"{PLATES}/{PLATE}"])
async def test_a_page_of_an_earlier_day_stays_in_it(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path, params={"as_of": DAY})
    assert leading_out(answer.text, path) == []
    assert "2025年6月1日 的情况，不能修改。" in Page(answer.text).text
    ways = [a["href"].partition("?")[0] for a in Page(answer.text).having("a") if "href" in a]
    assert not [way for way in ways if way.endswith(("/new", "/edit", "/withdrawal"))]


async def test_the_list_offers_to_edit_what_is_ticked_and_what_its_query_finds(
    browser: Browser, fake: FakeGateway
) -> None:
    path = "/collaborations?kind=school_enterprise_class&q=汽车&sort=-name"
    shown = await page(browser, path)
    assert shown.faults == []
    assert shown.having("input", name="ids")
    (ticked,) = shown.having("button", formaction="/change-sets/ticked?of=collaborations")
    assert ticked["hx-post"] == ticked["formaction"]
    links = [unquote(one["href"]) for one in shown.having("a") if one.get("href", "").startswith("/change-sets/edits")]
    assert links == ["/change-sets/edits/new?of=collaborations&q=汽车&kind=school_enterprise_class"]
    then = await page(browser, f"{path}&as_of=2025-01-01")
    assert not then.having("input", name="ids")
    assert not [one for one in then.having("a") if "/change-sets/" in one.get("href", "")]
    as_role(fake, "leader")
    await browser.sign_in()
    read = await page(browser, path)
    assert not read.having("input", name="ids")
    assert "/change-sets/" not in (await browser.http.get(path)).text

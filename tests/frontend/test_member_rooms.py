"""The pages around members: as of a day, contacts, likely double entries, mergers and splits."""

from typing import Any

import pytest
from aiohttp import web

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_members_pages import (
    API,
    CONTACT,
    GRANT,
    HTMX,
    MEMBER,
    ONE,
    TWO,
    Recorder,
    as_role,
    listing,
    page,
    registry,
    send,
)

__all__ = ["registry"]
pytestmark = pytest.mark.anyio
OTHER = {**MEMBER, "id": TWO, "name": "怀宁示例汽配有限公司"}
PAIR = {"one": MEMBER, "other": OTHER, "likeness": 0.81, "same_codes": []}
PREVIEW: dict[str, Any] = {
    "predecessor": {"id": ONE, "name": MEMBER["name"]},
    "successor": {"id": TWO, "name": OTHER["name"]},
    "touches": [{"kind": "产业学院", "id": GRANT, "title": "汽车产业学院", "href": f"/collaborations/{GRANT}"}],
    "gained_names": [MEMBER["name"]],
    "lost_names": [],
}


@pytest.fixture(autouse=True)
def rooms(fake: FakeGateway, registry: None) -> None:
    as_role(fake, "secretariat_head")
    fake.answers |= {
        ("GET", f"{API}/members/{TWO}"): reply(OTHER, headers={"ETag": '"1"'}),
        ("GET", f"{API}/member-duplicates"): listing(PAIR),
        ("GET", f"{API}/member-duplicates/candidates"): reply(
            {"items": [{"member": OTHER, "likeness": 0.81, "same_codes": ["uscc"]}]}
        ),
        ("GET", f"{API}/members/{ONE}/merger-preview"): reply(PREVIEW),
        ("GET", f"{API}/members/{ONE}/exit-impact"): reply(
            {"version": "v", "touches": PREVIEW["touches"], "claims": []}
        ),
    }


PAGES = [
    f"/members/{ONE}/contacts/new",
    f"/members/{ONE}/contacts/{GRANT}/edit",
    "/members/duplicates",
    f"/members/duplicates/{ONE}/{TWO}/dismissal",
    f"/members/{ONE}/merger",
    f"/members/{ONE}/merger?q=汽配",
    f"/members/{ONE}/merger?into={TWO}",
    f"/members/{ONE}/division",
    "/members/candidates?name=汽配厂",
]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_sound_and_has_a_fragment(browser: Browser, path: str) -> None:
    whole = await page(browser, path)
    assert (whole.faults, len(whole.having("h1"))) == ([], 1)
    fragment = await browser.http.get(path, headers=HTMX)
    assert "<html" not in fragment.text
    assert Page(fragment.text).faults == []


async def test_a_list_of_an_earlier_day_says_so_and_offers_no_writing(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, "/members?as_of=2025-06-30")
    assert "显示 2025年6月30日 的情况" in shown.text
    assert not shown.having("a", href="/members/new")
    assert shown.having("a", href=f"/members/{ONE}?as_of=2025-06-30")
    assert any("as_of=2025-06-30" in path for _, path, _ in fake.seen)
    now = await page(browser, "/members")
    assert "的情况" not in now.text
    assert now.having("a", href="/members/duplicates")


async def test_a_member_of_an_earlier_day_asks_for_that_day_and_offers_no_writing(
    browser: Browser, fake: FakeGateway
) -> None:
    shown = await page(browser, f"/members/{ONE}?as_of=2025-06-30")
    assert "显示 2025年6月30日 的情况" in shown.text
    for way in ("edit", "merger", "division", "contacts/new"):
        assert not shown.having("a", href=f"/members/{ONE}/{way}")
    asked = {path.split("?")[0] for _, path, _ in fake.seen if "as_of=2025-06-30" in path}
    assert {f"{API}/members/{ONE}", f"{API}/collaborations", f"{API}/members/{ONE}/contacts"} <= asked


async def test_a_member_shows_states_contacts_and_where_it_came_from(browser: Browser) -> None:
    shown = await page(browser, f"/members/{ONE}")
    for text in (
        "怀宁汽配厂（至2010-05-01）",
        "类别：园区管委会 → 企业",
        "加入日期：空 → 2024年9月1日",
        "联络员",
        "李四",
    ):
        assert text in shown.text
    assert "怀宁配件厂" in shown.text
    for way in ("edit", "merger", "division", "contacts/new"):
        assert shown.having("a", href=f"/members/{ONE}/{way}")


async def test_another_unit_asks_for_no_contacts(stranger: Browser, fake: FakeGateway) -> None:
    as_role(fake, "unit_reporter", member=TWO)
    await stranger.sign_in()
    assert (await stranger.http.get(f"/members/{ONE}")).status_code == 200
    assert not any("/contacts" in path for _, path, _ in fake.seen)


async def test_while_typing_the_form_is_told_who_may_be_on_record(browser: Browser, fake: FakeGateway) -> None:
    form = await page(browser, "/members/new")
    (place,) = [one for one in form.having("div") if one.get("id") == "member-candidates"]
    assert "#field-contact_phone" not in place["hx-include"]
    answer = await browser.http.get("/members/candidates?name=汽配厂&aliases=甲、乙&uscc=1", headers=HTMX)
    assert "统一社会信用代码相同" in answer.text
    asked = next(path for _, path, _ in fake.seen if "candidates" in path)
    assert asked.count("alias=") == 2
    fake.seen.clear()
    assert "可能已经登记过" not in (await browser.http.get("/members/candidates?name=汽", headers=HTMX)).text
    assert not any("candidates" in path for _, path, _ in fake.seen)


async def test_a_contact_is_sent_changed_and_removed(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(201, CONTACT)
    fake.answers["POST", f"{API}/members/{ONE}/contacts"] = taken
    filled = {"post": "联络员", "person": "李四", "phone": "12345", "email": "", "effective_on": ""}
    answer = await send(browser, f"/members/{ONE}/contacts/new", filled)
    assert answer.headers["HX-Redirect"] == f"/members/{ONE}"
    assert taken.bodies == [{**filled, "email": None, "effective_on": None}]
    fake.answers["PUT", f"{API}/members/{ONE}/contacts/{GRANT}"] = taken
    await send(browser, f"/members/{ONE}/contacts/{GRANT}/edit", {**filled, "etag": '"2"'})
    assert taken.headers[1]["If-Match"] == '"2"'
    gone: list[str] = []

    async def remove(request: web.Request) -> web.StreamResponse:
        gone.append(request.headers["If-Match"])
        return web.Response(status=204)

    fake.answers["DELETE", f"{API}/members/{ONE}/contacts/{GRANT}"] = remove
    await send(browser, f"/members/{ONE}/contacts/{GRANT}/removal", {"etag": '"2"'})
    assert gone == ['"2"']


async def test_a_pair_is_dismissed_with_a_reason_and_only_the_head_is_offered_to_merge(
    stranger: Browser, fake: FakeGateway
) -> None:
    await stranger.sign_in()
    shown = Page((await stranger.http.get("/members/duplicates")).text)
    assert "名称相似 81%" in shown.text
    assert shown.having("a", href=f"/members/{ONE}/merger?into={TWO}")
    taken = Recorder(201, {})
    fake.answers["POST", f"{API}/member-duplicates/dismissals"] = taken
    await send(stranger, f"/members/duplicates/{ONE}/{TWO}/dismissal", {"reason": "两个法人"})
    assert taken.bodies == [{"one": ONE, "other": TWO, "reason": "两个法人"}]


async def test_a_clerk_sees_pairs_but_no_way_to_merge(stranger: Browser, fake: FakeGateway) -> None:
    as_role(fake, "secretariat_clerk")
    await stranger.sign_in()
    text = (await stranger.http.get("/members/duplicates")).text
    assert "/merger" not in text
    assert "合并由秘书处负责人办理" in text


async def test_a_merger_shows_what_goes_over_and_asks_first(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, f"/members/{ONE}/merger?into={TWO}")
    assert shown.having("a", href=f"/collaborations/{GRANT}")
    (form,) = [one for one in shown.having("form") if one.get("id") == "merger-form"]
    assert "确定将" in form["hx-confirm"]
    taken = Recorder(201, {})
    fake.answers["POST", f"{API}/members/{ONE}/merger"] = taken
    filled = {"into": TWO, "on_date": "2025-11-01", "document": "", "reason": "重复登记"}
    answer = await send(browser, f"/members/{ONE}/merger", filled)
    assert answer.headers["HX-Redirect"] == f"/members/{TWO}"
    assert taken.bodies == [{**filled, "document": None}]


async def test_a_refused_merger_comes_back_whole(browser: Browser, fake: FakeGateway) -> None:
    errors = [{"field": "on_date", "code": "day_ahead", "message": "不能晚于今天。"}]
    fake.answers["POST", f"{API}/members/{ONE}/merger"] = refuse(422, "invalid_input", "填写内容有误", "有误。", errors)
    answer = await send(browser, f"/members/{ONE}/merger", {"into": TWO, "on_date": "2030-01-01", "reason": "重复登记"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#merger")
    assert Page(answer.text).having("input", name="on_date")[0]["aria-invalid"] == "true"


async def test_a_split_sends_new_units_and_those_on_record(browser: Browser, fake: FakeGateway) -> None:
    assert (await page(browser, f"/members/{ONE}/division")).having("a", href=f"/collaborations/{GRANT}")
    fake.answers["GET", f"{API}/members"] = listing(OTHER)
    taken = Recorder(201, {})
    fake.answers["POST", f"{API}/members/{ONE}/division"] = taken
    filled = {"name_1": "南厂", "category_1": "enterprise", "division_1": "", "name_3": OTHER["name"], "name_2": ""}
    asked = {"continues": "no", "heir": "3", "on_date": "2025-11-01", "document": "", "reason": "分立"}
    answer = await send(browser, f"/members/{ONE}/division", {**filled, **asked})
    assert answer.headers["HX-Redirect"] == f"/members/{ONE}", answer.text
    (body,) = taken.bodies
    assert body["parts"] == [
        {"new": {"name": "南厂", "category": "enterprise", "division": None}},
        {"member": TWO},
    ]
    assert (body["continues"], body["heir"]) == (False, 2)


async def test_faults_of_a_split_stand_in_the_form(browser: Browser, fake: FakeGateway) -> None:
    errors = [{"field": "parts.0.new.name", "code": "name_taken", "message": "已有同名的成员单位。"}]
    answer_of = refuse(422, "invalid_input", "填写内容有误", "有 1 处需要修改。", errors)
    fake.answers["POST", f"{API}/members/{ONE}/division"] = answer_of
    filled = {"name_1": "南厂", "category_1": "enterprise", "on_date": "2025-11-01", "reason": "分立"}
    answer = await send(browser, f"/members/{ONE}/division", filled)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#division-form")
    assert "已有同名的成员单位。" in answer.text

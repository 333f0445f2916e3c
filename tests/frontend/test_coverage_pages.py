"""The pages of coverage, catalogues and teachers through the whole application, on a fake gateway."""

from typing import Any

import pytest
from aiohttp import web

from frontend.filters import on_day
from tests.frontend.conftest import Browser
from tests.frontend.days import DAY, leading_out
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_members_pages import HTMX, MEMBER, ONE, TWO, Recorder, as_role, listing, page, send

pytestmark = pytest.mark.anyio
API = "/api/registry/v1"
CAR = "55555555-5555-4555-8555-555555555555"
SCHOOL = {**MEMBER, "category": "secondary_vocational", "name": "怀宁示例学校"}
UNIT = {"id": ONE, "name": "怀宁示例学校"}
MAJOR = {
    "id": TWO,
    "member": ONE,
    "member_name": "怀宁示例学校",
    "major_code": "660301",
    "name": "机电技术应用",
    "stage": "secondary",
    "since": "2020-09-01",
    "students": 120,
    "in_catalogue": True,
    "catalogue_name": "机电技术应用",
    "industries": [],
    "row_version": 4,
}
ROW = {"key": ONE, "label": "怀宁示例学校", "cells": [1], "programmes": 2, "unmatched": 1}
PROGRAMME = {"school": ONE, "school_name": "怀宁示例学校", "major_code": "720201", "name": "护理"}
COVERAGE: dict[str, Any] = {
    "as_of": "2025-12-01",
    "by": "school",
    "division": None,
    "industries": [{"id": CAR, "name": "汽车"}],
    "rows": [ROW],
    "totals": {**ROW, "key": "", "label": "合计"},
    "uncovered": [],
    "unmatched": [PROGRAMME],
    "industries_covered": {"numerator": 1, "denominator": 1},
    "programmes_serving": {"numerator": 1, "denominator": 2},
    "connections": [
        {
            "industry": CAR,
            "industry_name": "汽车",
            "enterprise": TWO,
            "enterprise_name": "示例汽车",
            "schools": [],
            "programmes": [],
        }
    ],
    "enterprises_connected": {"numerator": 0, "denominator": 1},
    "members": [{"division": "340822", "division_name": "怀宁县", "counts": {"enterprise": 2}, "total": 2}],
    "category_totals": {"enterprise": 2},
    "member_count": 2,
}
INDUSTRY = {
    "id": CAR,
    "name": "汽车",
    "industry_codes": [{"code": "36", "name": "汽车制造业"}],
    "position": 1,
    "enterprises": [],
    "pack": None,
    "article": None,
    "row_version": 2,
    "updated_at": "2025-11-01T00:00:00Z",
}
MATCH = {
    "id": TWO,
    "major_code": "6607",
    "major_name": "汽车制造类",
    "industry": CAR,
    "industry_name": "汽车",
    "reason": "对口",
    "majors": 3,
    "row_version": 1,
}
SUGGESTION = {
    "major_code": "700206",
    "major_name": "汽车运用与维修",
    "industry": CAR,
    "industry_name": "汽车",
    "words": ["汽车"],
}
VERSION = {
    "id": TWO,
    "kind": "majors",
    "number": None,
    "label": "2026 年版",
    "source": "示例文号",
    "state": "draft",
    "entries": 2,
    "adopted_on": None,
    "current": False,
    "row_version": 1,
    "created_at": "2025-11-01T00:00:00Z",
}
ENTRY = {"code": "6607", "name": "汽车制造类", "level": "group", "parent": "66"}
COMPARISON = {
    "against": None,
    "new_count": 2,
    "changed_count": 0,
    "removed_count": 0,
    "new": [ENTRY],
    "changed": [],
    "removed": [],
    "in_use_lacking": [{"code": "660301", "name": "机电技术应用", "uses": 3}],
    "shown": 200,
}
PRACTICE = {
    "months": "5.9",
    "required": 6,
    "window_from": "2020-12-02",
    "standing": "unmet",
    "falls_short_on": None,
}
TEACHER = {
    "id": TWO,
    "member": ONE,
    "member_name": "怀宁示例学校",
    "name": "张三",
    "kind": "dual",
    "title": "middle",
    "specialty": "汽车",
    "shared": True,
    "left_on": None,
    "practice": PRACTICE,
}
PERIOD = {
    "id": CAR,
    "enterprise": None,
    "enterprise_name": "示例企业",
    "from_date": "2025-01-01",
    "until_date": None,
    "row_version": 3,
}
RULE = {"months": 6, "window_years": 5, "pack": "community-2025", "article": "4.2"}
TAKEN = {"total": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1}
FAULT = {"line": 3, "field": "unit", "header": "单位", "code": "unit_unknown", "message": "没有登记这家单位。"}


@pytest.fixture(autouse=True)
def registry(fake: FakeGateway) -> None:
    """What the registry answers when nothing special happens."""
    version = f"{API}/catalogues/majors/versions/{TWO}"
    fake.answers |= {
        ("GET", f"{API}/coverage"): reply(COVERAGE),
        ("GET", f"{API}/leading-industries"): listing(INDUSTRY),
        ("GET", f"{API}/leading-industries/matches"): listing(MATCH),
        ("GET", f"{API}/leading-industries/suggestions"): reply({"items": [SUGGESTION]}),
        ("GET", f"{API}/leading-industries/{CAR}"): reply(INDUSTRY, headers={"ETag": '"2"'}),
        ("GET", f"{API}/majors"): listing(MAJOR),
        ("GET", f"{API}/members"): listing(MEMBER),
        ("GET", f"{API}/members/{ONE}"): reply(SCHOOL, headers={"ETag": '"3"'}),
        ("GET", f"{API}/members/{ONE}/majors"): listing(MAJOR),
        ("GET", f"{API}/catalogues/majors/versions"): listing(VERSION),
        ("GET", version): reply(VERSION, headers={"ETag": '"1"'}),
        ("GET", f"{version}/comparison"): reply(COMPARISON),
        ("GET", f"{version}/entries"): listing(ENTRY),
        ("GET", f"{API}/teachers"): listing(TEACHER),
        ("GET", f"{API}/teachers/overview"): reply(
            {"as_of": "2025-12-01", "rule": RULE, "counts": {"met": 0, "near": 0, "unmet": 1}, "total": 1}
        ),
        ("GET", f"{API}/teachers/shared"): listing(
            {k: TEACHER[k] for k in ("id", "member", "member_name", "kind", "title", "specialty")}
        ),
        ("GET", f"{API}/teachers/{TWO}"): reply(
            {**TEACHER, "rule": RULE, "periods": [PERIOD], "row_version": 2}, headers={"ETag": '"2"'}
        ),
    }


async def test_the_coverage_with_its_picture_and_tables(browser: Browser) -> None:
    shown = await page(browser, "/coverage?by=school&as_of=2025-12-01")
    text = shown.text
    assert "1/2" in text
    assert "怀宁示例学校" in text
    assert "没有合作学校" in text
    assert "怀宁县" in text
    assert shown.having("img", src="/coverage/picture.svg?by=school&as_of=2025-12-01")
    assert shown.having("a", href="/coverage/export?table=members&by=school&as_of=2025-12-01")
    assert shown.faults == []


async def test_only_the_secretariat_is_offered_changes(browser: Browser, fake: FakeGateway) -> None:
    office = await page(browser, "/coverage/industries")
    assert "去确认" in office.text
    assert "未确认，不计入覆盖" in office.text
    as_role(fake, "leader")
    await browser.sign_in()
    reader = await page(browser, "/coverage/industries")
    assert "汽车制造业" in reader.text
    assert "去确认" not in reader.text
    assert "登记产业" not in reader.text


async def test_a_leading_industry_is_recorded_with_codes_and_enterprises(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder(201, INDUSTRY)
    fake.answers["POST", f"{API}/leading-industries"] = recorder
    form = {"name": "汽车", "industry_codes": "36\n 3670 \n", "enterprises": [ONE], "position": "", "pack": ""}
    answer = await send(browser, "/coverage/industries/new", form)
    assert answer.headers["HX-Redirect"] == "/coverage/industries"
    (body,) = recorder.bodies
    assert body["industry_codes"] == ["36", "3670"]
    assert (body["enterprises"], body["position"], body["pack"]) == ([ONE], 0, None)
    assert recorder.headers[0]["Idempotency-Key"] == "key-1"


async def test_a_suggestion_fills_the_form_and_faults_stand_at_their_fields(
    browser: Browser, fake: FakeGateway
) -> None:
    path = f"/coverage/matches/new?major_code=700206&industry={CAR}&reason=名称共有：汽车"
    shown = await page(browser, path)
    assert shown.having("input", name="major_code", value="700206")
    fault = {"field": "major_code", "code": "match_taken", "message": "这个代码已对接这个产业。"}
    fake.answers["POST", f"{API}/leading-industries/matches"] = refuse(422, "invalid_input", "填写有误", [fault])
    answer = await send(browser, "/coverage/matches/new", {"major_code": "700206", "industry": CAR, "reason": "x"})
    assert answer.status_code == 422
    assert "这个代码已对接这个产业。" in answer.text


async def test_the_majors_of_a_school_are_a_section_of_its_page(browser: Browser, fake: FakeGateway) -> None:
    office = await page(browser, f"/majors/of/{ONE}", **HTMX)
    assert "机电技术应用" in office.text
    assert "停办" in office.text
    assert not office.having("html")
    as_role(fake, "unit_reporter", member=TWO)
    await browser.sign_in()
    other = await page(browser, f"/majors/of/{ONE}", **HTMX)
    assert "机电技术应用" in other.text
    assert "停办" not in other.text


async def test_a_major_is_changed_with_the_version_that_was_seen(browser: Browser, fake: FakeGateway) -> None:
    form = await page(browser, f"/majors/of/{ONE}/{TWO}")
    assert form.having("input", name="etag", value='"4"')
    recorder = Recorder(200, MAJOR)
    fake.answers["PUT", f"{API}/members/{ONE}/majors/{TWO}"] = recorder
    sent = {"major_code": "660301", "name": "", "since": "", "students": "90", "etag": '"4"'}
    answer = await send(browser, f"/majors/of/{ONE}/{TWO}", sent)
    assert answer.headers["HX-Redirect"] == f"/members/{ONE}"
    assert (recorder.headers[0]["If-Match"], recorder.bodies[0]["students"]) == ('"4"', "90")
    assert recorder.bodies[0]["name"] is None


async def test_rows_that_came_back_are_told_with_their_reason(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{API}/teachers/import"] = reply({**TAKEN, "issues": [FAULT]})
    files = {"file": ("师资.csv", b"x")}
    form = {"csrf_token": await browser.csrf(), "idempotency_key": "k"}
    answer = await browser.http.post("/teachers/import", data=form, files=files, headers=HTMX)
    assert answer.status_code == 200
    assert answer.headers["HX-Retarget"] == "#upload-form"
    shown = Page(answer.text)
    assert "没有登记这家单位。" in shown.text
    assert "整份再导入一次" in shown.text
    nothing = await browser.http.post("/teachers/import", data=form, headers=HTMX)
    assert nothing.status_code == 422
    assert "请选择要导入的文件。" in nothing.text


async def test_a_version_is_compared_and_adopted(browser: Browser, fake: FakeGateway) -> None:
    listed = await page(browser, "/catalogues/majors")
    assert "待启用" in listed.text
    assert "载入随附节选" in listed.text
    shown = await page(browser, f"/catalogues/majors/{TWO}")
    assert "不在现行目录" in shown.text
    assert "660301" in shown.text
    recorder = Recorder(200, VERSION)

    async def adopted(request: Any) -> Any:
        recorder.headers.append(dict(request.headers))
        return await reply(VERSION)(request)

    fake.answers["POST", f"{API}/catalogues/majors/versions/{TWO}/adoption"] = adopted
    answer = await send(browser, f"/catalogues/majors/{TWO}/adoption", {"etag": '"1"'})
    assert answer.headers["HX-Redirect"] == f"/catalogues/majors/{TWO}"
    assert recorder.headers[0]["If-Match"] == '"1"'
    assert (await browser.http.get("/catalogues/nonsense")).status_code == 404


async def test_teachers_with_and_without_a_rule(browser: Browser, fake: FakeGateway) -> None:
    listed = await page(browser, "/teachers")
    assert "须满 6 个月" in listed.text
    assert "未达标" in listed.text
    one = await page(browser, f"/teachers/{TWO}")
    assert "示例企业" in one.text
    assert "进行中" in one.text
    overview = {"as_of": "2025-12-01", "rule": None, "counts": {}, "total": 1}
    fake.answers["GET", f"{API}/teachers/overview"] = reply(overview)
    fake.answers["GET", f"{API}/teachers"] = listing({**TEACHER, "practice": None})
    bare = await page(browser, "/teachers")
    assert "没有规定教师企业实践的月数" in bare.text


async def test_who_keeps_no_teachers_sees_the_shared_ones_without_names(browser: Browser, fake: FakeGateway) -> None:
    as_role(fake, "leader")
    await browser.sign_in()
    answer = await browser.http.get("/teachers")
    assert answer.headers["location"] == "/teachers/shared"
    shared = await page(browser, "/teachers/shared")
    assert "怀宁示例学校" in shared.text
    assert "张三" not in shared.text


@pytest.mark.parametrize(
    "path",
    [
        "/majors",
        "/teachers",
        "/teachers?standing=unmet",
        f"/teachers/{TWO}",
        "/teachers/shared",
        "/coverage/industries",
    ],
)
async def test_a_page_of_an_earlier_day_asks_for_it_and_stays_in_it(
    browser: Browser, fake: FakeGateway, path: str
) -> None:
    answer = await browser.http.get(on_day(path, DAY))
    assert answer.status_code == 200
    assert leading_out(answer.text, path.partition("?")[0]) == []
    shown = Page(answer.text)
    assert shown.faults == []
    assert shown.having("input", type="date", name="as_of", value=DAY)
    asked = [path for _, path, _ in fake.seen if path.startswith((f"{API}/majors", f"{API}/teachers", f"{API}/lead"))]
    assert asked
    assert all(f"as_of={DAY}" in path for path in asked if "suggestions" not in path)
    assert "2025年6月1日" in shown.text
    ways = {a["href"].partition("?")[0] for a in shown.having("a") if "href" in a}
    assert not [way for way in ways if way.endswith(("/new", "/import", "/edit", "/adoption"))]
    assert not [form for form in shown.having("form", method="post") if form.get("action") != "/logout"]


async def test_the_coverage_of_an_earlier_day_leads_to_schools_and_industries_of_that_day(browser: Browser) -> None:
    answer = await browser.http.get(f"/coverage?as_of={DAY}")
    assert leading_out(answer.text, "/coverage?by=school") == []
    assert Page(answer.text).having("a", href=f"/coverage/industries?as_of={DAY}")


@pytest.mark.parametrize("room", ["majors", "teachers"])
async def test_an_export_takes_the_day_of_the_list(browser: Browser, fake: FakeGateway, room: str) -> None:
    async def workbook(request: web.Request) -> web.StreamResponse:
        assert request.query_string == f"q=x&as_of={DAY}"
        return web.Response(body=b"PK-workbook")

    fake.answers["GET", f"{API}/{room}/export.xlsx"] = workbook
    shown = await page(browser, f"/{room}?q=x&as_of={DAY}")
    (link,) = [a for a in shown.having("a") if a.get("href", "").startswith(f"/{room}/export")]
    assert (await browser.http.get(link["href"])).content == b"PK-workbook"


async def test_who_keeps_no_teachers_comes_to_the_shared_ones_of_the_day(browser: Browser, fake: FakeGateway) -> None:
    as_role(fake, "leader")
    await browser.sign_in()
    answer = await browser.http.get(f"/teachers?as_of={DAY}")
    assert answer.headers["location"] == f"/teachers/shared?as_of={DAY}"

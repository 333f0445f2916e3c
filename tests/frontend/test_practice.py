"""The practice environment: entered by choosing a post, emptied by the unit, filled by the secretariat."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import post

pytestmark = pytest.mark.anyio
SERVICES = {
    "targets": {"report": 2},
    "subsidies": {"claims": 1, "students": 40},
    "exchange": {"webhook_endpoint": 0},
    "registry": {"body": 3, "seat": 0},
}


@pytest.fixture
def fake(fake: FakeGateway) -> FakeGateway:
    """The gateway, whose services empty what the unit sent."""
    for service, removed in SERVICES.items():
        fake.answers["POST", f"/api/{service}/v1/practice/reset"] = reply({"removed": removed})
    return fake


async def inside(stranger: Browser, fake: FakeGateway, **changes: str) -> Browser:
    """A county clerk's browser in the practice alliance."""
    fake.user |= {"role": "county_clerk", "division": "340822", "alliance": "anqing-practice", **changes}
    await stranger.sign_in()
    return stranger


async def test_a_practice_session_says_so_and_offers_to_empty(stranger: Browser, fake: FakeGateway) -> None:
    browser = await inside(stranger, fake)
    page = Page((await browser.http.get("/practice")).text)
    assert page.having("span", title="练习环境的数据与正式数据分开，不参与结算")
    assert page.having("form", action="/practice/reset")


async def test_emptying_tells_what_went(stranger: Browser, fake: FakeGateway) -> None:
    browser = await inside(stranger, fake)
    answer = await post(browser, "/practice/reset")
    assert "已清空：奖补申报 1 条、学生名册行 40 条、指标填报 2 条、机构 3 条。" in answer.text
    asked = [urlsplit(url).path for method, url, _ in fake.seen if method == "POST"]
    assert sorted(asked) == [f"/api/{service}/v1/practice/reset" for service in sorted(SERVICES)]


async def test_whatever_went_is_told(stranger: Browser, fake: FakeGateway) -> None:
    for service in SERVICES:
        fake.answers["POST", f"/api/{service}/v1/practice/reset"] = reply({"removed": {}})
    fake.answers["POST", "/api/targets/v1/practice/reset"] = reply({"removed": {"source_decision": 1}})
    answer = await post(await inside(stranger, fake), "/practice/reset")
    assert "已清空：考核口径决定 1 条。" in answer.text


@pytest.mark.parametrize(
    ("role", "more", "told"),
    [
        ("secretariat_clerk", {}, "各单位登记的联系人、专业和教师"),
        ("county_clerk", {"division": "340822"}, "本单位（管辖单位）登记的联系人、专业和教师"),
    ],
)
async def test_before_anything_goes_people_are_told_whose(
    stranger: Browser, fake: FakeGateway, role: str, more: dict[str, str], told: str
) -> None:
    browser = await inside(stranger, fake, **{"role": role, **more})
    page = Page((await browser.http.get("/practice")).text)
    (form,) = page.having("form", action="/practice/reset")
    assert told in form["hx-confirm"]
    assert ("机构、会议、决议" in form["hx-confirm"]) == (role == "secretariat_clerk")


async def test_while_an_import_runs_no_service_is_asked_to_empty(stranger: Browser, fake: FakeGateway) -> None:
    browser = await inside(stranger, fake)
    sentence = "练习环境里有名册正在导入，暂时不能清空，数据没有改动。"
    fake.answers["POST", "/api/subsidies/v1/practice/reset"] = refuse(409, "import_running", "当前状态不允许", sentence)
    answer = await post(browser, "/practice/reset")
    assert answer.status_code == 409
    assert sentence in answer.text
    asked = [urlsplit(url).path for method, url, _ in fake.seen if method == "POST"]
    assert asked == ["/api/subsidies/v1/practice/reset"]


async def test_outside_nothing_is_emptied(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/practice")).text)
    assert not page.having("form", action="/practice/reset")
    fake.answers["POST", "/api/targets/v1/practice/reset"] = refuse(
        409, "not_a_practice_alliance", "当前状态不允许此操作", "只有练习环境的数据可以清空。"
    )
    assert (await post(browser, "/practice/reset")).status_code == 409


async def test_the_secretariat_fills_it(browser: Browser, fake: FakeGateway) -> None:
    counts = {"members": 44, "collaborations": 6, "bodies": 3, "seats": 12, "majors": 13, "industries": 4}
    copied = {"alliance": "anqing-practice", **counts}
    fake.answers["POST", "/api/registry/v1/practice/members"] = reply(copied)
    answer = await post(browser, "/practice/members")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/practice")


async def test_a_leader_has_no_business_there(stranger: Browser, fake: FakeGateway) -> None:
    fake.user |= {"role": "leader"}
    await stranger.sign_in()
    assert (await stranger.http.get("/practice")).status_code == 403
    assert "/practice" not in (await stranger.http.get("/")).text


async def test_changing_the_post_asks_identity_for_the_choice(browser: Browser) -> None:
    answer = await browser.http.get("/login", params={"post": "true", "next": "/practice"})
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["prompt"] == ["select_account"]
    plain = await browser.http.get("/login")
    assert "prompt" not in parse_qs(urlsplit(plain.headers["Location"]).query)

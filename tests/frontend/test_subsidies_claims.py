"""The pages of claims, through the whole application and a gateway that answers as the API."""

import pytest

from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import (
    CLAIM_PATH,
    ETAG,
    HTMX,
    ROOT,
    Recorder,
    asked,
    bureau,
    fake,
    fen,
    post,
)

pytestmark = pytest.mark.anyio
__all__ = ["bureau", "fake"]  # fixtures


async def test_claims_are_listed_by_the_filters(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/subsidies/claims?year=2025&rule=sending_award&state=submitted")).text)
    wanted = {"limit": "50", "sort": "-changed_at", "year": "2025", "rule": "sending_award", "state": "submitted"}
    assert asked(fake, f"{ROOT}/claims") == wanted
    assert page.having("option", value="sending_award", selected="")
    assert fen(page) == ["170500"]
    assert "待审核" in page.text


async def test_a_claim_for_a_collaboration_names_it_in_the_list(browser: Browser, fake: FakeGateway) -> None:
    about = {"collaboration": api.COLLABORATION, "collaboration_name": "汽车<产业>学院"}
    listed = api.page_of([api.claim(rule="industry_college", rule_name="省级产业学院奖补", **about)])
    fake.answers["GET", f"{ROOT}/claims"] = reply(listed)
    page = Page((await browser.http.get("/subsidies/claims")).text)
    assert page.faults == []
    assert "省级产业学院奖补 汽车<产业>学院" in page.text
    assert page.having("a", href=f"/subsidies/claims/{api.CLAIM}")


async def test_only_reviewers_are_offered_the_batch(bureau: Browser) -> None:
    page = Page((await bureau.http.get("/subsidies/claims")).text)
    assert page.having("input", name="ids") == []
    assert page.having("a", href="/subsidies/claims/new")


async def test_a_batch_accepts_one_by_one_and_reports_each(browser: Browser, fake: FakeGateway) -> None:
    other = f"{ROOT}/claims/{api.OTHER_CLAIM}"
    accepted = Recorder(api.claim("accepted", ()))
    fake.answers["POST", f"{CLAIM_PATH}/acceptance"] = accepted
    fake.answers["GET", other] = reply(api.claim("draft", (), id=api.OTHER_CLAIM, owner_name="桐城市"), headers=ETAG)
    refused = refuse(409, "claim_transition_refused", "不允许", "申报当前是“草稿”，不能受理。")
    fake.answers["POST", f"{other}/acceptance"] = refused
    data = {"ids": [api.OTHER_CLAIM, api.CLAIM, "no-such-id"]}
    answer = await post(browser, "/subsidies/claims/acceptance?state=submitted", data, headers=HTMX)
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.having("section", id="claims")
    assert page.having("div", id="batch-results", hx_swap_oob="true")
    assert "成功 1 项，未办 2 项" in page.text
    assert "未受理 桐城市 2025年 生源输送奖励：申报当前是“草稿”，不能受理。" in page.text
    assert "已受理 怀宁县 2025年 生源输送奖励" in page.text
    assert accepted.sent[0]["If-Match"] == '"3"'
    assert asked(fake, f"{ROOT}/claims")["state"] == "submitted"  # the list keeps its filter


async def test_a_batch_stops_for_what_is_no_plain_refusal(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{CLAIM_PATH}/acceptance"] = refuse(503, "down", "暂时不可用", "服务没有响应。")
    answer = await post(browser, "/subsidies/claims/acceptance", {"ids": api.CLAIM}, headers=HTMX)
    assert answer.status_code == 503
    assert "服务没有响应。" in answer.text


async def test_a_new_claim_chooses_among_rules_and_fitting_collaborations(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/subsidies/claims/new?year=2025")).text)
    assert asked(fake, "/api/registry/v1/collaborations")["kind"] == "industry_college"
    assert page.having("input", name="year", value="2025")
    assert page.having("option", value=api.COLLABORATION)
    assert [a["value"] for a in page.having("option")][1:5] == [rule["code"] for rule in api.rules()["rules"]]
    assert fen(page) == ["12300", "7700", "500", "900"]


async def test_a_claim_is_opened_and_submitted(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder(api.claim(), 201, {"Location": CLAIM_PATH})
    fake.answers["POST", f"{ROOT}/claims"] = recorder
    data = {"year": "2025", "rule": "industry_college", "collaboration": api.COLLABORATION, "submit": "yes"}
    answer = await post(browser, "/subsidies/claims/new", data)
    assert answer.headers["Location"] == f"/subsidies/claims/{api.CLAIM}"
    assert recorder.bodies == [{**data, "submit": True}]
    assert recorder.sent[0]["Idempotency-Key"] == "key-1"


async def test_a_draft_by_roster_names_no_collaboration(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder(api.claim("draft"), 201)
    fake.answers["POST", f"{ROOT}/claims"] = recorder
    await post(browser, "/subsidies/claims/new", {"year": "2025", "rule": "sending_award", "collaboration": ""})
    assert recorder.bodies == [{"year": "2025", "rule": "sending_award", "collaboration": None, "submit": False}]


async def test_a_refused_claim_keeps_what_was_filled_in(browser: Browser, fake: FakeGateway) -> None:
    issue = {"field": "collaboration", "code": "field_missing", "message": "请选择合作载体。"}
    fake.answers["POST", f"{ROOT}/claims"] = refuse(422, "invalid_input", "有误", "有 1 处需要修改。", [issue])
    answer = await post(browser, "/subsidies/claims/new", {"year": "2025", "rule": "industry_college"}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.having("select", name="collaboration", aria_invalid="true")
    assert page.having("option", value="industry_college", selected="")
    assert page.having("a", href="#field-collaboration")


async def test_a_claim_that_stands_already_is_told_in_the_form(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{ROOT}/claims"] = refuse(409, "claim_exists", "已存在", "同一年度的申报已经存在。")
    answer = await post(browser, "/subsidies/claims/new", {"year": "2025", "rule": "sending_award"}, headers=HTMX)
    assert answer.status_code == 422  # swapped into the form; nothing is lost
    assert "同一年度的申报已经存在。" in answer.text
    assert Page(answer.text).having("form", id="claim-form")


async def test_a_claim_shows_facts_source_and_life(browser: Browser) -> None:
    page = Page((await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text)
    assert page.having("a", class_="citation", href="/citations/anqing-2024/%E4%BA%8C15")
    assert "宜政秘〔2024〕91号 二15" in page.text
    assert "341 名学生" in page.text
    rows = f"/subsidies/rosters/students?year=2025&owner={api.COUNTY.replace(':', '%3A')}&claimed_rule=sending_award"
    assert page.having("a", href=rows)
    life = [item for item in page.having("li") if "timeline-item" in item.get("class", "")]
    assert len(life) == 2
    assert "请审核；名册序号 3，数量 341，申报金额 1,705.00 元" in page.text


async def test_a_class_claim_leads_to_its_classes_and_a_recognition_to_no_rows(
    browser: Browser, fake: FakeGateway
) -> None:
    fake.answers["GET", CLAIM_PATH] = reply(api.claim(rule="school_enterprise_class"), headers=ETAG)
    text = (await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text
    assert "/subsidies/rosters/classes?year=2025" in text
    fake.answers["GET", CLAIM_PATH] = reply(api.claim(rule="industry_college"), headers=ETAG)
    text = (await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text
    assert "以登记的级别认定为准" in text
    assert "/subsidies/rosters/students?" not in text


@pytest.mark.parametrize(
    ("actions", "steps"),
    [
        (("accept", "return"), {"acceptance", "return"}),
        (("submit", "withdraw"), {"submission", "withdrawal"}),
        ((), set()),
    ],
)
async def test_a_claim_offers_what_the_service_allows(
    browser: Browser, fake: FakeGateway, actions: tuple[str, ...], steps: set[str]
) -> None:
    fake.answers["GET", CLAIM_PATH] = reply(api.claim("submitted", actions), headers=ETAG)
    page = Page((await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text)
    offered = {a["formaction"].rsplit("/", 1)[1] for a in page.having("button", type="submit") if "formaction" in a}
    assert offered == steps
    asking = [a for a in page.having("button") if "hx-confirm" in a]
    assert [a["formaction"].endswith("withdrawal") for a in asking] == ([True] if "withdrawal" in steps else [])


@pytest.mark.parametrize("step", ["submission", "withdrawal", "acceptance", "return"])
@pytest.mark.parametrize("opinion", ["", "请补充 3 名学生的生源学校"])
async def test_a_step_sends_the_version_it_was_decided_on(
    browser: Browser, fake: FakeGateway, step: str, opinion: str
) -> None:
    recorder = Recorder(api.claim())
    fake.answers["POST", f"{CLAIM_PATH}/{step}"] = recorder
    data = {"etag": '"3"', "opinion": opinion}
    answer = await post(browser, f"/subsidies/claims/{api.CLAIM}/{step}", data, headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"/subsidies/claims/{api.CLAIM}"
    assert recorder.sent[0]["If-Match"] == '"3"'
    assert recorder.bodies == [{"opinion": opinion} if opinion else {}]


async def test_a_return_without_a_reason_is_refused_at_the_field(browser: Browser, fake: FakeGateway) -> None:
    issue = {"field": "opinion", "code": "missing", "message": "必填，请填写。"}
    fake.answers["POST", f"{CLAIM_PATH}/return"] = refuse(422, "invalid_input", "有误", "有 1 处需要修改。", [issue])
    answer = await post(browser, f"/subsidies/claims/{api.CLAIM}/return", {"etag": '"3"', "opinion": ""}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.having("div", id="claim")
    assert page.having("textarea", name="opinion", aria_invalid="true")
    assert page.having("input", name="etag", value='"3"')


@pytest.mark.parametrize(("status", "code"), [(412, "version_stale"), (409, "claim_transition_refused")])
async def test_a_step_on_what_others_changed_is_refused_as_it_is(
    browser: Browser, fake: FakeGateway, status: int, code: str
) -> None:
    fake.answers["POST", f"{CLAIM_PATH}/acceptance"] = refuse(status, code, "已被修改", "内容已被他人修改。")
    answer = await post(browser, f"/subsidies/claims/{api.CLAIM}/acceptance", {"etag": '"2"'}, headers=HTMX)
    assert answer.status_code == status
    assert "内容已被他人修改。" in answer.text

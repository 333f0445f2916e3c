"""The pages of settlements and their lines, through the whole application and a gateway that answers as the API."""

from decimal import Decimal

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from frontend.pages.subsidies_lines import line_totals
from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, problem, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import (
    ETAG,
    HTMX,
    ROOT,
    SETTLEMENT_PAGE,
    SETTLEMENT_PATH,
    Recorder,
    asked,
    bureau,
    fake,
    fen,
    head,
    post,
)

pytestmark = pytest.mark.anyio
__all__ = ["bureau", "fake", "head"]  # fixtures


async def test_settlements_are_listed(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/subsidies/settlements?state=computed")).text)
    assert asked(fake, f"{ROOT}/settlements") == {"limit": "20", "sort": "-created_at", "state": "computed"}
    assert page.having("a", href="/subsidies/settlements/new")
    assert fen(page) == ["130000", "30000"]


async def test_a_pending_settlement_in_the_list_has_no_sums(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{ROOT}/settlements"] = reply(api.page_of([api.settlement_summary("queued")]))
    page = Page((await browser.http.get("/subsidies/settlements")).text)
    assert fen(page) == []
    assert "计算中" in page.text


async def test_a_bureau_is_not_offered_what_only_the_secretariat_does(bureau: Browser) -> None:
    assert "新建结算" not in (await bureau.http.get("/subsidies/settlements")).text
    text = (await bureau.http.get(SETTLEMENT_PAGE)).text
    assert "/confirmation" not in text
    assert "payment-table" not in text


async def test_a_settlement_is_asked_for(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder({"job": api.JOB, "id": api.SETTLEMENT}, 202)
    fake.answers["POST", f"{ROOT}/settlements"] = recorder
    data = {"year": "2025", "snapshot_date": "2025-11-30"}
    answer = await post(browser, "/subsidies/settlements/new", data)
    assert answer.headers["Location"] == SETTLEMENT_PAGE
    assert recorder.bodies == [data]
    assert recorder.sent[0]["Idempotency-Key"] == "key-1"


@pytest.mark.parametrize("status", [409, 422])
async def test_a_refused_settlement_is_told_in_the_form(browser: Browser, fake: FakeGateway, status: int) -> None:
    issue = {"field": "snapshot_date", "code": "missing", "message": "必填，请填写。"}
    errors = [issue] if status == 422 else []
    fake.answers["POST", f"{ROOT}/settlements"] = refuse(status, "refused", "不能结算", "请先改正。", errors)
    answer = await post(browser, "/subsidies/settlements/new", {"year": "2025", "snapshot_date": ""}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "请先改正。" in page.text
    assert bool(page.having("input", name="snapshot_date", aria_invalid="true")) == (status == 422)


async def test_a_settlement_being_computed_shows_its_job(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement("queued"), headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert page.faults == []
    assert page.having("div", id=f"job-{api.JOB}")
    assert page.having("div", id="settlement")[0]["hx-trigger"] == "hub:job-done from:body"
    assert "确认结算" not in page.text


async def test_a_failed_settlement_tells_why(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement("failed", failure="名册与规则不相符。"), headers=ETAG)
    text = (await browser.http.get(SETTLEMENT_PAGE)).text
    assert "名册与规则不相符。" in text
    assert "重新结算" in text


async def test_a_settlement_shows_the_pool_as_the_service_tells_it(browser: Browser) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "2025年度奖补资金 三(二) 总额 1,000.00 元" in page.text
    assert "已用 0.00 元 冻结 1,000.00 元 剩余 0.00 元 超出 300.00 元" in page.text
    assert page.having("a", class_="citation", href="/citations/anqing-2024/%E4%B8%89%28%E4%BA%8C%29")


async def test_a_confirmed_settlement_has_used_the_pool(browser: Browser, fake: FakeGateway) -> None:
    confirmed = api.settlement("confirmed", confirmed_at=api.AT, confirmed_by_name="王琳", opinion="经联席会议同意")
    fake.answers["GET", SETTLEMENT_PATH] = reply(confirmed, headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "已用 1,000.00 元 冻结 0.00 元" in page.text
    assert "意见：经联席会议同意" in page.text
    assert page.having("form", id="confirm-form") == []
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/payment-table.xlsx")


async def test_what_lies_above_the_pool_is_told_with_the_scenarios_beside_each_other(browser: Browser) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "超出的明细合计 300.00 元 。系统没有压减任何一行" in page.text
    assert "本年支付 1,000.00 1,000.00 结转下年 0.00 300.00 不予支付 300.00 0.00" in page.text
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/lines?funding=above_pool")


async def test_a_settlement_within_the_pool_warns_of_nothing(browser: Browser, fake: FakeGateway) -> None:
    enough = api.pool(amount="2000.00", within="1300.00", above="0.00", left="700.00")
    within = api.settlement(pools=[enough], scenarios=[], above="0.00", within="1300.00")
    fake.answers["GET", SETTLEMENT_PATH] = reply(within, headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "没有压减任何一行" not in page.text
    assert "冻结 1,300.00 元 剩余 700.00 元 超出 0.00 元" in page.text


async def test_totals_by_rule_payee_and_reason_add_up(browser: Browser) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "合计 394 9 1,300.00 1,000.00 300.00 1,000.00" in page.text  # rules: lines paid, excluded, money
    assert "合计 394 1,300.00 1,000.00 300.00 1,000.00" in page.text  # payees
    assert "合计 9" in page.text  # reasons
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/lines?payee={api.SCHOOL}")
    reason = f"{SETTLEMENT_PAGE}/lines?rule=sending_award&reason=duplicate_student"
    assert page.having("a", href=reason)


async def test_the_pins_and_the_hash_can_be_traced(browser: Browser) -> None:
    text = Page((await browser.http.get(SETTLEMENT_PAGE)).text).text
    for value in (api.HASH, "cd" * 32, "ef" * 32, "12" * 32, "34" * 32, "anqing-2024 第 1 版", "31 项"):
        assert value in text


async def test_a_settlement_on_changed_inputs_cannot_be_confirmed(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement(changed_inputs=["名册", "申报"]), headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "名册、申报有变动" in page.text
    assert page.having("form", id="confirm-form") == []


async def test_a_settlement_on_old_registry_data_says_so(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement(pins=api.pins(registry_fresh=False)), headers=ETAG)
    assert "计算时登记服务没有应答" in (await browser.http.get(SETTLEMENT_PAGE)).text


async def test_confirming_asks_first_and_sends_the_version(head: Browser, fake: FakeGateway) -> None:
    page = Page((await head.http.get(SETTLEMENT_PAGE)).text)
    form = page.having("form", id="confirm-form")[0]
    assert "一个年度只能确认一次" in form["hx-confirm"]
    assert page.having("input", name="etag", value='"3"')
    recorder = Recorder(api.settlement_summary("confirmed"))
    fake.answers["POST", f"{SETTLEMENT_PATH}/confirmation"] = recorder
    data = {"etag": '"3"', "opinion": "经联席会议同意"}
    answer = await post(head, f"{SETTLEMENT_PAGE}/confirmation", data, headers=HTMX)
    assert answer.headers["HX-Redirect"] == SETTLEMENT_PAGE
    assert recorder.sent[0]["If-Match"] == '"3"'
    assert recorder.bodies == [{"opinion": "经联席会议同意"}]


async def test_a_clerk_checks_and_leaves_the_confirmation_to_the_head(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert not page.having("form", id="confirm-form")
    assert page.having("form", action=f"{SETTLEMENT_PAGE}/verification")
    refused = await post(browser, f"{SETTLEMENT_PAGE}/confirmation", {"etag": '"3"'}, headers=HTMX)
    assert refused.status_code == 403
    assert "确认结算（审批资金）" in refused.text


async def test_a_refused_confirmation_is_told(head: Browser, fake: FakeGateway) -> None:
    outdated = refuse(409, "settlement_outdated", "不能确认", "计算之后名册有变动，请重新结算后再确认。")
    fake.answers["POST", f"{SETTLEMENT_PATH}/confirmation"] = outdated
    answer = await post(head, f"{SETTLEMENT_PAGE}/confirmation", {"etag": '"3"'}, headers=HTMX)
    assert answer.status_code == 409
    assert "请重新结算后再确认" in answer.text


async def test_an_opinion_that_is_too_long_is_told_at_its_field(head: Browser, fake: FakeGateway) -> None:
    issue = {"field": "opinion", "code": "string_too_long", "message": "太长，最多 500 个字。"}
    fake.answers["POST", f"{SETTLEMENT_PATH}/confirmation"] = refuse(422, "invalid", "有误", "请修改。", [issue])
    answer = await post(head, f"{SETTLEMENT_PAGE}/confirmation", {"etag": '"3"', "opinion": "长"}, headers=HTMX)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#settlement"  # what comes back is the whole, not the form alone
    assert Page(answer.text).having("textarea", name="opinion", aria_invalid="true")


@pytest.mark.parametrize(("matches", "words"), [(True, "复核一致"), (False, "复核不一致")])
async def test_a_verification_tells_whether_the_hashes_agree(
    browser: Browser, fake: FakeGateway, matches: bool, words: str
) -> None:
    fake.answers["POST", f"{SETTLEMENT_PATH}/verification"] = reply(api.verification(matches))
    fragment = await post(browser, f"{SETTLEMENT_PAGE}/verification", headers=HTMX)
    assert fragment.status_code == 200
    page = Page(fragment.text)
    assert [a["id"] for tag, a in page.elements if "id" in a] == ["verification"]
    assert words in page.text
    assert ("00" * 32 in page.text) == (not matches)
    whole = await post(browser, f"{SETTLEMENT_PAGE}/verification")
    assert words in whole.text
    assert Page(whole.text).faults == []


async def test_lines_are_listed_by_the_filters_under_their_own_address(browser: Browser, fake: FakeGateway) -> None:
    query = {"rule": "sending_award", "outcome": "payable", "funding": "within_pool", "payee": api.SCHOOL}
    page = Page((await browser.http.get(f"{SETTLEMENT_PAGE}/lines", params=query)).text)
    assert asked(fake, f"{SETTLEMENT_PATH}/lines") == {"limit": "30", "sort": "no", **query}
    assert page.having("form", class_="query no-print", action=f"{SETTLEMENT_PAGE}/lines")
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/lines/214")
    assert "怀宁县职业技术学校，怀宁县" in page.text
    assert page.having("option", value="duplicate_student")
    assert page.having("option", value=api.SCHOOL, selected="")


async def test_a_line_shows_each_condition_by_word_and_shape(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/215"] = reply(api.explained_line(excluded=True))
    page = Page((await browser.http.get(f"{SETTLEMENT_PAGE}/lines/215")).text)
    assert "1 有已受理的申报 符合 有已受理的申报的实际 应当 二15 既定口径" in page.text
    assert "2 没有在另一学校计入 不计奖的原因 不符合 没有在另一学校计入的实际 应当 二15" in page.text
    icons = [a["href"].rsplit("#", 1)[1] for a in page.having("use")]
    assert icons.count("circle-check") == icons.count("circle-x") == 1
    assert "不计奖，金额为 0.00 元" in page.text


async def test_a_payable_line_shows_formula_sentence_and_article(browser: Browser) -> None:
    page = Page((await browser.http.get(f"{SETTLEMENT_PAGE}/lines/214")).text)
    assert "5.00 元 每生 5.00 元" in page.text
    assert "符合全部条件" in page.text
    assert "输送生源的学校给予奖励。" in page.text
    assert "不一致" not in page.text


async def test_a_line_that_its_explanation_contradicts_raises_an_alarm(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/214"] = reply(api.explained_line(matches=False))
    assert "请停止使用这次结算" in (await browser.http.get(f"{SETTLEMENT_PAGE}/lines/214")).text


async def test_a_line_of_others_is_not_found(browser: Browser, fake: FakeGateway) -> None:
    async def gone(_request: web.Request) -> web.Response:
        return problem(404, "line_not_found", "没有找到", "这次结算没有这一行。")

    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/9"] = gone
    assert (await browser.http.get(f"{SETTLEMENT_PAGE}/lines/9")).status_code == 404


@pytest.mark.parametrize(
    ("query", "words", "fen", "to_pay"),
    [
        ({}, "全部 400 行", 130000, 100000),
        ({"rule": "sending_award"}, "全部 400 行", 90000, 90000),
        ({"funding": "above_pool"}, "全部 400 行", 30000, None),
        ({"rule": "school_enterprise_class", "funding": "within_pool"}, "全部 400 行", 10000, None),
        ({"payee": api.CLAIM, "funding": "above_pool"}, "全部 400 行", 30000, None),
        ({"outcome": "excluded"}, "全部 400 行", 0, 0),
        ({"reason": "duplicate_student", "rule": "sending_award"}, "全部 400 行", 0, 0),
        ({"rule": "sending_award", "payee": api.SCHOOL}, "本页 2 行", 500, 500),
    ],
)
def test_the_sum_of_lines_is_of_all_found_where_the_totals_tell_it(
    query: dict[str, str], words: str, fen: int, to_pay: int | None
) -> None:
    answer = api.page_of([api.line(), api.line(**api.EXCLUDED)], total=400)
    totals = line_totals(api.settlement(), query, answer, sees_all=True)
    assert totals == {"subject": words, "amount": fen, "to_pay": to_pay}


def test_who_sees_a_part_only_gets_the_sum_of_that_part() -> None:
    answer = api.page_of([api.line(), api.line(to_pay="3.00")], total=40)
    totals = line_totals(api.settlement(), {}, answer, sees_all=False)
    assert totals == {"subject": "本页 2 行", "amount": 1000, "to_pay": 800}
    of_payee = line_totals(api.settlement(), {"payee": api.SCHOOL}, answer, sees_all=False)
    assert of_payee == {"subject": "全部 40 行", "amount": 90000, "to_pay": 90000}


@given(st.lists(st.tuples(st.decimals(0, 1_000_000, places=2), st.decimals(0, 1_000_000, places=2)), max_size=30))
def test_the_sum_of_a_whole_answer_is_exact(amounts: list[tuple[Decimal, Decimal]]) -> None:
    answer = api.page_of([api.line(amount=f"{amount:.2f}", to_pay=f"{to_pay:.2f}") for amount, to_pay in amounts])
    totals = line_totals(api.settlement(), {"rule": "x", "payee": "y"}, answer, sees_all=False)
    amount, to_pay = (int(sum(pair[place] for pair in amounts) * 100) for place in (0, 1))
    assert totals == {"subject": f"全部 {len(amounts)} 行", "amount": amount, "to_pay": to_pay}

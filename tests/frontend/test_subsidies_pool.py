"""What lies above a pool on the pages of a settlement: who decides, what was decided, on what it rests."""

from typing import Any

import pytest
from aiohttp import web

from tests.frontend import pool_answers as decided
from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, problem, refuse
from tests.frontend.html import Page
from tests.frontend.pool_answers import RESOLUTION_PAGE
from tests.frontend.subsidies_world import (
    HTMX,
    SETTLEMENT_PAGE,
    SETTLEMENT_PATH,
    Recorder,
    fake,
    head,
    leader,
    post,
    settlement_page,
    shows,
    signed_in,
)

pytestmark = pytest.mark.anyio
__all__ = ["fake", "head", "leader"]  # fixtures

DECISIONS_PATH = f"{SETTLEMENT_PATH}/pool-decisions"
DECISIONS_PAGE = f"{SETTLEMENT_PAGE}/pool-decisions"
CHANGE = f"{SETTLEMENT_PAGE}?decide=award_pool"
UNDECIDED = "尚未作出决定，超出部分暂不拨付。"
CHOSEN = {"budget": "award_pool", "scenario": "carry_over", "opinion": "列入下年。", "replaces": ""}
ON_RECORD = {**CHOSEN, "resolution": decided.RESOLUTION, "resolution_number": ""}


# ---------------------------------------------------------------- before a decision
async def test_before_the_confirmation_the_ways_are_compared_and_nobody_decides(
    head: Browser, fake: FakeGateway
) -> None:
    page = await settlement_page(head, fake, api.settlement(), CHANGE)
    assert "确认结算后，由秘书处负责人登记决定。" in page.text
    assert "各方案仅供决策参考，系统不会自动采用其中任何一个" in page.text
    assert page.having("form", id="pool-decision-form") == []


async def test_whoever_confirms_gets_the_form_with_nothing_chosen(head: Browser, fake: FakeGateway) -> None:
    page = await settlement_page(head, fake, decided.decided_settlement())
    form = page.having("form", id="pool-decision-form")[0]
    assert form["action"] == DECISIONS_PAGE
    assert "拨付表按此方案" in form["hx-confirm"]
    choices = page.having("input", type="radio", name="scenario")
    assert [choice["value"] for choice in choices] == ["fixed_first", "carry_over"]
    assert not any("checked" in choice for choice in choices)
    told = "超出部分结转下年的说明。 应付 1,300.00 元 本年支付 1,000.00 元 结转下年 300.00 元 不予支付 0.00 元"
    assert told in page.text
    assert page.having("input", name="budget", value="award_pool")
    assert page.having("input", name="replaces", value="")
    assert page.having("select", name="resolution")
    assert page.having("input", name="resolution_number")
    assert UNDECIDED not in page.text


@pytest.mark.parametrize("who", ["clerk", "county", "leader"])
async def test_others_are_told_that_nothing_is_decided(stranger: Browser, fake: FakeGateway, who: str) -> None:
    settlement = decided.decided_settlement()
    if who == "county":
        settlement["scenarios"] = []
    page = await settlement_page(await signed_in(stranger, fake, who), fake, settlement, CHANGE)
    assert UNDECIDED in page.text
    assert "须另行决定" in page.text
    assert page.having("form", id="pool-decision-form") == []
    assert page.having("a", href=f"{CHANGE}#decision-form") == []
    assert bool(page.having("table", class_="data scenarios")) == (who != "county")


async def test_enough_for_everybody_leaves_nothing_to_decide(head: Browser, fake: FakeGateway) -> None:
    enough = api.pool(amount="2000.00", within="1300.00", above="0.00", left="700.00", to_pay="1300.00")
    page = await settlement_page(head, fake, decided.decided_settlement(pools=[enough], above="0.00"), CHANGE)
    assert page.having("form", id="pool-decision-form") == []
    assert "没有超出" in page.text


# ---------------------------------------------------------------- after a decision
async def test_a_decision_is_told_with_its_sums_reason_basis_and_author(leader: Browser, fake: FakeGateway) -> None:
    page = await settlement_page(leader, fake, decided.decided_settlement(decided.pool_decision()))
    assert "已决定： 超出部分结转下年 。" in page.text
    assert "方案 超出部分结转下年 超出部分结转下年的说明。" in page.text
    assert "本年支付 1,000.00 元 结转下年 300.00 元 不予支付 0.00 元" in page.text
    assert "意见 经联席会议研究，超出部分列入下年。" in page.text
    assert "依据 宜职教集〔2026〕1号 关于超出部分的决议" in page.text
    assert page.having("a", href=RESOLUTION_PAGE)
    assert "登记人 王主任 登记时间 2025年12月20日 10:30" in page.text
    assert "须另行决定" not in page.text
    assert "暂不拨付" not in page.text


async def test_the_column_that_was_decided_is_marked_by_a_word(leader: Browser, fake: FakeGateway) -> None:
    page = await settlement_page(leader, fake, decided.decided_settlement(decided.pool_decision()))
    assert "先保固定奖补，择优项目按名次 超出部分结转下年 已决定" in page.text
    assert len(page.having("th", class_="cell-right cell-chosen")) == 1


@pytest.mark.parametrize("who", ["clerk", "county", "leader", "head"])
async def test_everybody_sees_what_was_decided_and_only_the_head_may_change_it(
    stranger: Browser, fake: FakeGateway, who: str
) -> None:
    settlement = decided.decided_settlement(decided.pool_decision())
    if who == "county":
        settlement["scenarios"] = []
    page = await settlement_page(await signed_in(stranger, fake, who), fake, settlement)
    assert "意见 经联席会议研究" in page.text
    assert "已决定：超出部分结转下年" in page.text  # at the sum above the pool
    assert bool(page.having("a", href=f"{CHANGE}#decision-form")) == (who == "head")
    assert page.having("form", id="pool-decision-form") == []


async def test_a_basis_that_is_not_on_record_is_no_link(leader: Browser, fake: FakeGateway) -> None:
    decision = decided.pool_decision(cited=decided.NOT_ON_RECORD)
    page = await settlement_page(leader, fake, decided.decided_settlement(decision))
    assert "依据 宜教联〔2025〕9号 登记人" in page.text
    assert not [a for a in page.having("a") if a.get("href", "").startswith("/governance/resolutions/")]


async def test_what_people_wrote_is_text_and_no_markup(leader: Browser, fake: FakeGateway) -> None:
    cited = {**decided.ON_RECORD, "title": "<img src=x onerror=alert(1)>"}
    decision = decided.pool_decision(opinion="<script>alert(1)</script>", cited=cited, decided_by_name="<b>王</b>")
    page = await settlement_page(leader, fake, decided.decided_settlement(decision, decision))
    assert "意见 <script>alert(1)</script>" in page.text
    assert "<img src=x onerror=alert(1)>" in page.text
    assert page.having("img", src="x") == page.having("b") == []


async def test_earlier_decisions_are_kept_folded_with_their_basis(leader: Browser, fake: FakeGateway) -> None:
    newest = decided.pool_decision(no=3, replaces=decided.EARLIER_DECISION)
    on_record = decided.earlier_decision(opinion="再议。", cited=decided.ON_RECORD)
    page = await settlement_page(
        leader, fake, decided.decided_settlement(newest, on_record, decided.earlier_decision())
    )
    assert "以前的决定（2）" in page.text
    assert page.having("details", class_="chart-data gap-above")
    assert page.having("details", open="") == []
    label = "先保固定奖补，择优项目按名次 王主任 2025年12月10日 10:30"
    assert f"{label} 意见：再议 依据：宜职教集〔2026〕1号 关于超出部分的决议" in page.text
    assert f"{label} 意见：先按名次办理；依据：宜教联〔2025〕9号" in page.text
    assert len(page.having("a", href=RESOLUTION_PAGE)) == 2


async def test_a_first_decision_has_no_earlier_ones(leader: Browser, fake: FakeGateway) -> None:
    page = await settlement_page(leader, fake, decided.decided_settlement(decided.pool_decision()))
    assert "以前的决定" not in page.text


async def test_a_change_names_the_decision_that_it_replaces(head: Browser, fake: FakeGateway) -> None:
    page = await settlement_page(head, fake, decided.decided_settlement(decided.pool_decision()), CHANGE)
    assert page.having("input", name="replaces", value=decided.DECISION)
    assert "更改决定须说明理由，并有新的依据" in page.text
    assert "原决定留存备查" in page.having("form", id="pool-decision-form")[0]["hx-confirm"]
    assert "超出部分结转下年 现行决定" in page.text
    assert not any("checked" in choice for choice in page.having("input", type="radio", name="scenario"))
    assert page.having("a", class_="btn", href=SETTLEMENT_PAGE)


async def test_of_a_pool_that_does_not_exist_nothing_is_decided(head: Browser, fake: FakeGateway) -> None:
    settlement = decided.decided_settlement(decided.pool_decision())
    page = await settlement_page(head, fake, settlement, f"{SETTLEMENT_PAGE}?decide=operations")
    assert page.having("form", id="pool-decision-form") == []


async def test_of_two_short_pools_one_form_is_shown_at_a_time(head: Browser, fake: FakeGateway) -> None:
    """A page has each field once, and the other pool's form is a link away."""
    second = api.pool(budget="operations", name="年度运转经费")
    settlement = decided.decided_settlement(pools=[api.pool(), second])
    page = await settlement_page(head, fake, settlement)
    assert [a["value"] for a in page.having("input", name="budget")] == ["award_pool"]
    assert page.having("a", href=f"{SETTLEMENT_PAGE}?decide=operations#decision-form")
    other = await settlement_page(head, fake, settlement, f"{SETTLEMENT_PAGE}?decide=operations")
    assert [a["value"] for a in other.having("input", name="budget")] == ["operations"]
    settlement["decisions"] = [api.told(decided.pool_decision())]
    half = await settlement_page(head, fake, settlement)
    assert [a["value"] for a in half.having("input", name="budget")] == ["operations"]
    assert "须另行决定" in half.text


# ---------------------------------------------------------------- registering one
async def test_a_decision_is_registered_with_what_it_rests_on(head: Browser, fake: FakeGateway) -> None:
    recorder = Recorder(api.told(decided.pool_decision()), 201)
    fake.answers["POST", DECISIONS_PATH] = recorder
    answer = await post(head, DECISIONS_PAGE, {**ON_RECORD, "q": "结转"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == SETTLEMENT_PAGE
    assert recorder.bodies == [{**ON_RECORD, "resolution_number": None, "replaces": None}]
    assert recorder.sent[0]["Idempotency-Key"] == "key-1"


async def test_a_change_sends_the_decision_that_it_replaces(head: Browser, fake: FakeGateway) -> None:
    recorder = Recorder(api.told(decided.pool_decision()), 201)
    fake.answers["POST", DECISIONS_PATH] = recorder
    values = {**CHOSEN, "resolution": "", "resolution_number": " 宜教联〔2025〕9号 ", "replaces": decided.DECISION}
    answer = await post(head, DECISIONS_PAGE, values)
    assert answer.status_code == 303
    assert recorder.bodies == [{**values, "resolution": None, "resolution_number": "宜教联〔2025〕9号"}]


async def test_what_is_needed_and_empty_is_missed_by_the_service(head: Browser, fake: FakeGateway) -> None:
    recorder = Recorder({}, 201)
    fake.answers["POST", DECISIONS_PATH] = recorder
    await post(head, DECISIONS_PAGE, {"budget": "award_pool", "opinion": " ", "resolution": "", "replaces": ""})
    assert recorder.bodies == [
        {"budget": "award_pool", "resolution": None, "resolution_number": None, "replaces": None}
    ]


@pytest.mark.parametrize("who", ["clerk", "county", "leader"])
async def test_nobody_else_registers_a_decision(stranger: Browser, fake: FakeGateway, who: str) -> None:
    recorder = Recorder(api.told(decided.pool_decision()), 201)
    fake.answers["POST", DECISIONS_PATH] = recorder
    answer = await post(await signed_in(stranger, fake, who), DECISIONS_PAGE, ON_RECORD, headers=HTMX)
    assert answer.status_code == 403
    assert recorder.bodies == []


# ---------------------------------------------------------------- refusals
async def test_faults_stand_at_their_fields_and_what_was_filled_in_stays(head: Browser, fake: FakeGateway) -> None:
    shows(fake, decided.decided_settlement())
    words = {
        "scenario": "请选择方案。",
        "opinion": "太短。",
        "resolution": "不能作为依据。",
        "resolution_number": "重复。",
    }
    issues = [{"field": field, "code": "wrong", "message": told} for field, told in words.items()]
    fake.answers["POST", DECISIONS_PATH] = refuse(422, "invalid", "填写有误", "请修改。", issues)
    answer = await post(head, DECISIONS_PAGE, {**ON_RECORD, "opinion": "略", "resolution_number": "9号"}, headers=HTMX)
    assert answer.status_code == 422
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#settlement", "outerHTML")
    page = Page(answer.text)
    assert page.faults == []
    assert page.elements[0] == ("div", {"id": "settlement"})
    assert page.having("textarea", name="opinion", aria_invalid="true")
    assert page.having("select", name="resolution", aria_invalid="true")
    assert page.having("input", name="resolution_number", aria_invalid="true", value="9号")
    assert page.having("input", name="scenario", value="carry_over", checked="")
    assert page.having("option", value=decided.RESOLUTION, selected="")
    assert page.having("input", name="idempotency_key", value="key-1")
    assert "略 太短。" in page.text.replace("说明为什么选择这个方案。 ", "")
    for told in words.values():
        assert page.text.count(told) == 2, told  # in the summary and at the field


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "no_pool_next_year"),
        (409, "deferral_exceeds_pool"),
        (409, "next_year_confirmed"),
        (409, "decision_relied_upon"),
        (503, "unavailable"),
    ],
)
async def test_a_refusal_is_told_above_the_form(head: Browser, fake: FakeGateway, status: int, code: str) -> None:
    shows(fake, decided.decided_settlement())
    fake.answers["POST", DECISIONS_PATH] = refuse(status, code, "不能决定", "请选择其他处理方式。")
    for headers in (HTMX, {}):
        answer = await post(head, DECISIONS_PAGE, ON_RECORD, headers=headers)
        assert answer.status_code == status
        page = Page(answer.text)
        assert page.faults == []
        assert "不能决定 请选择其他处理方式。" in page.text
        assert page.having("input", name="scenario", value="carry_over", checked="")
        assert len(page.having("form", id="pool-decision-form")) == 1


async def test_who_was_overtaken_sees_the_decision_that_stands_now(head: Browser, fake: FakeGateway) -> None:
    shows(fake, decided.decided_settlement(decided.earlier_decision(opinion="别人的决定。")))
    fake.answers["POST", DECISIONS_PATH] = refuse(409, "pool_decision_overtaken", "冲突", "已有新的决定，请核对。")
    page = Page((await post(head, DECISIONS_PAGE, ON_RECORD, headers=HTMX)).text)
    assert "已有新的决定，请核对。" in page.text
    assert "意见 别人的决定。" in page.text
    assert page.having("input", name="replaces", value=decided.EARLIER_DECISION)
    assert page.having("input", name="scenario", value="carry_over", checked="")
    assert "更改决定须说明理由" in page.text


@pytest.mark.parametrize(
    ("code", "now"),
    [
        ("settlement_not_confirmed", api.settlement()),
        ("nothing_above_pool", decided.decided_settlement(pools=[api.pool(above="0.00")])),
    ],
)
async def test_where_there_is_nothing_to_decide_the_refusal_stands_alone(
    head: Browser, fake: FakeGateway, code: str, now: dict[str, Any]
) -> None:
    shows(fake, now)
    fake.answers["POST", DECISIONS_PATH] = refuse(409, code, "不能决定", "不需要作出决定。")
    answer = await post(head, DECISIONS_PAGE, ON_RECORD, headers=HTMX)
    assert answer.status_code == 409
    assert "HX-Retarget" not in answer.headers
    assert "不需要作出决定。" in answer.text
    assert "pool-decision-form" not in answer.text


async def test_a_settlement_that_is_gone_is_not_found(head: Browser, fake: FakeGateway) -> None:
    async def gone(_request: web.Request) -> web.Response:
        return problem(404, "settlement_not_found", "没有找到", "没有这次结算。")

    fake.answers["POST", DECISIONS_PATH] = gone
    assert (await post(head, DECISIONS_PAGE, ON_RECORD, headers=HTMX)).status_code == 404

"""What is paid this year and what is put off: at the pools, in the totals, at the lines of a settlement."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.pages import subsidies_shortfall as shortfall
from tests.frontend import pool_answers as decided
from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, reply
from tests.frontend.html import Page
from tests.frontend.pool_answers import RESOLUTION_PAGE
from tests.frontend.subsidies_world import SETTLEMENT_PAGE, SETTLEMENT_PATH, fake, fen, leader, settlement_page, shows

pytestmark = pytest.mark.anyio
__all__ = ["fake", "leader"]  # fixtures


async def test_what_was_carried_over_is_used_first(leader: Browser, fake: FakeGateway) -> None:
    carried = api.pool(carried="200.00", within="790.00", above="510.00", left="10.00", to_pay="790.00")
    draft = await settlement_page(leader, fake, api.settlement(pools=[carried]))
    assert "已用 200.00 元 冻结 790.00 元 剩余 10.00 元 超出 510.00 元" in draft.text
    assert "其中 200.00 元 为上年结转" in draft.text
    assert "其中 200.00 元 先付上年结转" in draft.text
    confirmed = await settlement_page(leader, fake, decided.decided_settlement(pools=[carried]))
    assert "已用 990.00 元 冻结 0.00 元 剩余 10.00 元 超出 510.00 元" in confirmed.text


async def test_a_pool_without_anything_carried_over_says_nothing_of_it(leader: Browser, fake: FakeGateway) -> None:
    assert "上年结转" not in (await settlement_page(leader, fake, api.settlement())).text


async def test_a_pool_that_was_shared_out_is_used_up(leader: Browser, fake: FakeGateway) -> None:
    """By proportion more is paid than by rank: what is left of the pool goes out too."""
    pool = api.pool(within="960.00", above="340.00", left="40.00", to_pay="1000.00")
    decision = decided.pool_decision(deferred="0.00", unfunded="300.00")
    page = await settlement_page(leader, fake, decided.decided_settlement(decision, pools=[pool]))
    assert "已用 1,000.00 元 冻结 0.00 元 剩余 0.00 元 超出 300.00 元" in page.text


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.booleans())
def test_the_meter_of_a_decided_pool_accounts_for_everything_payable(
    carried: int, to_pay: int, left: int, rest: int, confirmed: bool
) -> None:
    """Whatever was carried over, used and over make up all that was payable, and no more than the pool is used."""
    yuan = {"carried": carried, "to_pay": to_pay, "within": to_pay, "left": left, "above": rest}
    yuan |= {"amount": carried + to_pay + left, "payable": to_pay + rest}
    pool: Mapping[str, Any] = {"budget": "award_pool", **{key: f"{fen / 100:.2f}" for key, fen in yuan.items()}}
    decisions = [api.told(decided.pool_decision())] if confirmed else []
    settlement = {"state": "confirmed" if confirmed else "computed", "decisions": decisions}
    found = shortfall.meter(pool, settlement)
    assert found["used"] + found["frozen"] + found["over"] == carried + to_pay + rest
    assert found["used"] + found["frozen"] + left == found["total"]


async def test_totals_tell_what_is_paid_and_put_off_only_where_something_is(leader: Browser, fake: FakeGateway) -> None:
    page = await settlement_page(leader, fake, decided.decided_settlement(decided.pool_decision()))
    assert "合计 394 9 1,300.00 1,000.00 300.00 1,000.00 300.00" in page.text  # rules
    assert "合计 394 1,300.00 1,000.00 300.00 1,000.00 300.00" in page.text  # payees
    assert "结转下年（ 元 ）" in page.text
    unpaid = await settlement_page(leader, fake, decided.decided_settlement(decided.earlier_decision()))
    assert "本年支付（ 元 ）" in unpaid.text
    assert "结转下年（ 元 ）" not in unpaid.text


async def test_a_line_that_is_paid_otherwise_says_so_beside_its_amount(leader: Browser, fake: FakeGateway) -> None:
    lines = [api.line(), api.line(no=215, amount="77.00", to_pay="60.50"), api.line(no=216, **api.EXCLUDED)]
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines"] = reply(api.page_of(lines))
    shows(fake, decided.decided_settlement(decided.pool_decision()))
    page = Page((await leader.http.get(f"{SETTLEMENT_PAGE}/lines")).text)
    assert fen(page) == ["500", "7700", "6050", "0", "8200", "6550"]  # the last two: 合计
    assert page.text.count("本年支付") == 2


async def test_a_line_tells_what_was_decided_for_it_and_why(leader: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/215"] = reply(api.explained_line(amount="77.00", to_pay="0.00"))
    at = f"{SETTLEMENT_PAGE}/lines/215"
    page = await settlement_page(leader, fake, decided.decided_settlement(decided.pool_decision()), at)
    assert "本年支付 0.00 元 超出部分结转下年" in page.text
    assert "这一行应付 77.00 元 ，按决定本年支付 0.00 元 ，其余 77.00 元 结转下年。" in page.text
    assert "意见 经联席会议研究，超出部分列入下年。" in page.text
    assert page.having("a", href=RESOLUTION_PAGE)
    assert page.having("a", href=f"{SETTLEMENT_PAGE}#above-award_pool")
    unpaid = await settlement_page(leader, fake, decided.decided_settlement(decided.earlier_decision()), at)
    assert "其余 77.00 元 不予支付。" in unpaid.text


async def test_a_line_tells_the_decision_on_its_own_budget_only(leader: Browser, fake: FakeGateway) -> None:
    other = decided.earlier_decision(budget="operations", opinion="另一项资金。")
    pools = [api.pool(), api.pool(budget="operations", name="年度运转经费")]
    settlement = decided.decided_settlement(decided.pool_decision(), other, pools=pools)
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/215"] = reply(api.explained_line(amount="77.00", to_pay="0.00"))
    page = await settlement_page(leader, fake, settlement, f"{SETTLEMENT_PAGE}/lines/215")
    assert "意见 经联席会议研究，超出部分列入下年。" in page.text
    assert "另一项资金。" not in page.text


async def test_the_link_of_a_line_leads_to_the_decision(leader: Browser, fake: FakeGateway) -> None:
    page = await settlement_page(leader, fake, decided.decided_settlement(decided.pool_decision()))
    assert page.having("div", id="above-award_pool")


async def test_a_line_above_the_pool_waits_for_the_decision(leader: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/215"] = reply(api.explained_line(amount="77.00", to_pay="0.00"))
    page = await settlement_page(leader, fake, decided.decided_settlement(), f"{SETTLEMENT_PAGE}/lines/215")
    assert "本年支付 0.00 元 超出部分尚未作出决定，暂不拨付" in page.text
    assert "对超出部分的决定" not in page.text


@pytest.mark.parametrize("excluded", [False, True])
async def test_a_line_that_is_paid_as_claimed_says_nothing_of_decisions(
    leader: Browser, fake: FakeGateway, excluded: bool
) -> None:
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/214"] = reply(api.explained_line(excluded=excluded))
    settlement = decided.decided_settlement(decided.pool_decision())
    page = await settlement_page(leader, fake, settlement, f"{SETTLEMENT_PAGE}/lines/214")
    assert "对超出部分的决定" not in page.text
    assert "本年支付" not in page.text

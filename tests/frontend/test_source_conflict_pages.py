"""口径冲突 on the pages of targets: the places that disagree, what was decided, and the form to decide."""

from typing import Any

import pytest

from frontend.pages.indicator_words import series_chart
from services.targets.schemas.indicators import MilestoneRead
from services.targets.schemas.source_decisions import ConflictRead
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.source_conflicts import (
    BY_NUMBER,
    BY_RESOLUTION,
    FIRST,
    RESOLUTION,
    SECOND,
    conflict,
    decision,
    detail,
    listed,
)
from tests.frontend.test_targets_pages import HTMX, ROOT, post, taking

pytestmark = pytest.mark.anyio
API = f"{ROOT}/indicators/local_origin"
PAGE = "/targets/local_origin"
DECIDE = f"{PAGE}/source-decisions"
FILLED = {
    "year": "2023",
    "article": "三",
    "opinion": "按正文考核。",
    "resolution": RESOLUTION,
    "resolution_number": "",
    "replaces": "",
}


def telling(fake: FakeGateway, *conflicts: ConflictRead, **changes: Any) -> None:
    fake.answers["GET", API] = reply(detail(*conflicts, **changes))
    fake.answers["GET", f"{ROOT}/reports"] = reply({"items": [], "next_cursor": None, "total": 0})


async def page_of(browser: Browser, path: str = PAGE) -> Page:
    answer = await browser.http.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.faults == []
    return page


@pytest.fixture
async def reader(stranger: Browser, fake: FakeGateway) -> Browser:
    """A browser signed in as a county bureau, which may read and not decide."""
    fake.user |= {"role": "county_clerk", "division": "421221", "name": "嘉鱼县教育局"}
    await stranger.sign_in()
    return stranger


# ---- what is shown


async def test_the_places_stand_side_by_side_with_their_articles_and_wait(browser: Browser, fake: FakeGateway) -> None:
    telling(fake, conflict())
    page = await page_of(browser)
    assert page.having("div", id="conflict-2023")
    assert "口径冲突：2023年末 待确定" in page.text
    assert "三 不低于 50% 待确定 表10 不低于 45% 待确定" in page.text
    for article in ("%E4%B8%89", "%E8%A1%A810"):
        assert page.having("a", class_="citation", href=f"/citations/enan-2021/{article}")
    assert "要求 口径待定（2023年末）" in page.text


async def test_the_standing_decision_is_shown_with_its_basis_and_the_earlier_ones_below(
    browser: Browser, fake: FakeGateway
) -> None:
    second = decision("表10", no=2, cited=BY_RESOLUTION, opinion="分解表写明了逐年进度。")
    telling(fake, conflict(second, decision(cited=BY_NUMBER, holds=False)))
    page = await page_of(browser)
    assert "三 不低于 50% 不考核 表10 不低于 45% 按此处考核" in page.text
    assert "现行决定 考核口径 表10 不低于 45% 意见 分解表写明了逐年进度。" in page.text
    assert "决定人 王琳 决定时间 2026年3月2日 09:30" in page.text
    assert page.having("a", href=f"/governance/resolutions/{RESOLUTION}")
    assert "鄂职集〔2026〕1号 关于三本机制考核口径的决议" in page.text
    assert "以前的决定 按 三 考核：不低于 50%" in page.text
    assert "意见：正文是目标，分解表是年度安排；依据：集团〔2025〕7号" in page.text
    assert page.having("form", id="source-form") == []
    assert page.having("a", href=f"{PAGE}?decide=2023#conflict-2023")


async def test_a_document_by_number_alone_is_plain_text(browser: Browser, fake: FakeGateway) -> None:
    telling(fake, conflict(decision(cited=BY_NUMBER)))
    page = await page_of(browser)
    assert "依据 集团〔2025〕7号 决定人" in page.text
    assert [a for a in page.having("a") if "/governance/resolutions/" in a.get("href", "")] == []


async def test_a_decision_that_no_longer_holds_is_told_and_is_the_one_to_replace(
    browser: Browser, fake: FakeGateway
) -> None:
    telling(fake, conflict(decision(value="48", holds=False)))
    page = await page_of(browser)
    assert "原来的决定不再适用，请重新确定" in page.text
    assert "最近一次决定 考核口径 三 不低于 48%" in page.text
    assert page.having("input", type="hidden", name="replaces", value=FIRST)


async def test_a_conflict_that_the_pack_settled_is_history(browser: Browser, fake: FakeGateway) -> None:
    telling(fake, ConflictRead(year=2023, sources=[], decided=True, decisions=[decision(holds=False)]))
    page = await page_of(browser)
    assert "现行政策文件在这里已没有口径冲突" in page.text
    assert "最近一次决定" in page.text
    assert page.having("form", id="source-form") == []
    assert [a for a in page.having("a") if "decide=" in a.get("href", "")] == []


async def test_what_the_pack_set_aside_is_shown_as_not_counting(browser: Browser, fake: FakeGateway) -> None:
    milestones = [
        MilestoneRead(year=2023, value="50", text=None, article="三", counts=True),
        MilestoneRead(year=2023, value="45", text=None, article="表10", counts=False),
    ]
    telling(fake, milestones=milestones, in_conflict=False)
    page = await page_of(browser)
    assert "不考核的要求 表10 2023年末不低于 45%" in page.text
    assert page.having("div", id="conflict-2023") == []


async def test_the_list_marks_an_undecided_conflict(browser: Browser, fake: FakeGateway) -> None:
    for told, marked in ((conflict(), True), (conflict(decision()), False)):
        items = {"items": [listed(told)], "next_cursor": None, "total": 1, "year": 2023}
        fake.answers["GET", f"{ROOT}/indicators"] = reply(items)
        page = await page_of(browser, "/targets")
        assert page.having("a", href=PAGE)
        assert ("本地生源占比 口径冲突" in page.text) is marked
        assert ("口径待定（2023年末）" in page.text) is marked
        assert ("≥ 50 %（2023年末）" in page.text) is not marked


@pytest.mark.parametrize(("decided", "points"), [(False, ["35", "None"]), (True, ["35", "50"])])
def test_the_chart_has_no_requirement_for_an_undecided_year(decided: bool, points: list[str]) -> None:
    chart = series_chart(detail(conflict(*([decision()] if decided else []))))
    assert [str(value) for value in chart.series[0].values] == points


def test_the_chart_does_not_fill_an_undecided_year_with_what_holds_in_every_year() -> None:
    found = detail(conflict())
    standing = MilestoneRead(year=None, value="30", text=None, article="四", counts=True).model_dump(mode="json")
    chart = series_chart({**found, "milestones": [standing, *found["milestones"]]})
    assert [str(value) for value in chart.series[0].values] == ["35", "None"]


# ---- deciding


async def test_the_form_offers_each_place_and_what_a_decision_may_rest_on(browser: Browser, fake: FakeGateway) -> None:
    telling(fake, conflict())
    page = await page_of(browser)
    assert page.having("form", id="source-form", action=DECIDE)
    assert [one["value"] for one in page.having("input", type="radio", name="article")] == ["三", "表10"]
    assert page.having("textarea", name="opinion", required="")
    assert page.having("select", name="resolution")
    assert page.having("input", name="resolution_number")
    assert page.having("input", type="hidden", name="year", value="2023")
    assert page.having("input", type="hidden", name="replaces", value="")
    assert "三：不低于 50%" in page.text


async def test_of_several_conflicts_one_form_is_open_and_the_others_are_a_link_away(
    browser: Browser, fake: FakeGateway
) -> None:
    telling(fake, conflict(decision(), year=2021), conflict(year=2022), conflict(year=None))
    for decide, year in (("", "2022"), ("?decide=2021", "2021"), ("?decide=standing", ""), ("?decide=1999", "2022")):
        page = await page_of(browser, PAGE + decide)
        assert len(page.having("form", id="source-form")) == 1
        [hidden] = page.having("input", type="hidden", name="year")
        assert hidden["value"] == year
        assert len([a for a in page.having("a") if "decide=" in a.get("href", "")]) == 2
    assert "口径冲突：未规定时限" in page.text


async def test_who_may_not_decide_reads_only(reader: Browser, fake: FakeGateway) -> None:
    telling(fake, conflict())
    page = await page_of(reader, f"{PAGE}?decide=2023")
    assert "三 不低于 50% 待确定" in page.text
    assert page.having("form", id="source-form") == []
    assert [a for a in page.having("a") if "decide=" in a.get("href", "")] == []
    assert (await post(reader, DECIDE, FILLED)).status_code == 403


async def test_a_decision_is_sent_and_the_page_comes_back(browser: Browser, fake: FakeGateway) -> None:
    taken = taking(fake, "POST", f"{API}/source-decisions", decision().model_dump(mode="json"), 201)
    answer = await post(browser, DECIDE, FILLED, headers=HTMX)
    assert answer.headers["HX-Redirect"] == PAGE
    sent = {**FILLED, "resolution_number": None, "replaces": None}
    assert taken == [(None, sent)]


async def test_what_is_missing_is_left_out_and_a_requirement_without_a_year_has_none(
    browser: Browser, fake: FakeGateway
) -> None:
    taken = taking(fake, "POST", f"{API}/source-decisions", decision().model_dump(mode="json"), 201)
    await post(browser, DECIDE, {"year": "", "opinion": "", "resolution": "", "replaces": FIRST})
    nothing = {"resolution": None, "resolution_number": None}
    assert taken == [(None, {"year": None, "replaces": FIRST, **nothing})]


@pytest.mark.parametrize("code", [409, 422, 503])
@pytest.mark.parametrize("whole", [False, True])
async def test_a_refused_decision_keeps_what_was_filled_in(
    browser: Browser, fake: FakeGateway, code: int, whole: bool
) -> None:
    telling(fake, conflict())
    issue = {"field": "opinion", "code": "string_too_short", "message": "至少写 2 个字。"}
    errors = [issue] if code == 422 else []
    fake.answers["POST", f"{API}/source-decisions"] = refuse(code, "refused", "没有保存", "请改正。", errors)
    given = {**FILLED, "article": "表10", "opinion": "好", "resolution_number": "集团〔2025〕7号"}
    answer = await post(browser, DECIDE, given, headers={} if whole else HTMX)
    assert answer.status_code == code
    page = Page(answer.text)
    assert page.faults == []
    assert "请改正。" in page.text
    assert bool(page.having("h1")) is whole
    if not whole:
        assert answer.headers["HX-Retarget"] == "#conflict-2023"
    assert page.having("input", type="radio", value="表10", checked="")
    assert page.having("input", name="resolution_number", value="集团〔2025〕7号")
    assert page.having("option", value=RESOLUTION, selected="")
    assert bool(page.having("textarea", name="opinion", aria_invalid="true")) is (code == 422)


async def test_whoever_was_overtaken_sees_the_new_decision_before_replacing_it(
    browser: Browser, fake: FakeGateway
) -> None:
    telling(fake, conflict(decision("表10", no=2), decision(holds=False)))
    said = refuse(409, "source_decision_overtaken", "当前状态不允许此操作", "刚刚另有决定。")
    fake.answers["POST", f"{API}/source-decisions"] = said
    page = Page((await post(browser, DECIDE, {**FILLED, "replaces": FIRST}, headers=HTMX)).text)
    assert "刚刚另有决定。" in page.text
    assert "现行决定 考核口径 表10 不低于 45%" in page.text
    assert page.having("input", type="hidden", name="replaces", value=SECOND)


async def test_a_refusal_without_a_place_for_its_form_is_told_as_it_is(browser: Browser, fake: FakeGateway) -> None:
    telling(fake)
    issue = {"field": "year", "code": "no_conflict", "message": "2023年没有口径冲突。"}
    fake.answers["POST", f"{API}/source-decisions"] = refuse(422, "invalid_input", "有误", "请刷新。", [issue])
    answer = await post(browser, DECIDE, FILLED, headers=HTMX)
    assert answer.status_code == 422
    assert "2023年没有口径冲突。" in answer.text


async def test_a_decision_about_an_indicator_that_is_gone_is_not_found(browser: Browser, fake: FakeGateway) -> None:
    said = refuse(404, "indicator_not_found", "没有找到", "没有这个指标。")
    fake.answers["POST", f"{API}/source-decisions"] = fake.answers["GET", API] = said
    answer = await post(browser, DECIDE, FILLED, headers=HTMX)
    assert answer.status_code == 404

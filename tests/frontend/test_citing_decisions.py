"""The card of a resolution's page that tells what every service decided on the strength of it, on a fake gateway."""

from typing import Any

import pytest

from services.kernel.permissions import GRANTS, Permission, Role
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.test_governance_pages import API, CITING, RESOLUTION, RESOLUTION_READ, page, registry

__all__ = ["registry"]
pytestmark = pytest.mark.anyio


def citing(title: str, on: str, href: str = "/members/1", detail: str = "办理后为“暂停”") -> dict[str, Any]:
    return {"title": title, "detail": detail, "href": href, "on": on}


def rows_of(shown: Page) -> list[str]:
    """The titles in their order, each the text of a link of the card."""
    return [a["href"] for tag, a in shown.elements if tag == "a" and a.get("href", "").startswith("/cited/")]


def asked(fake: FakeGateway) -> list[str]:
    return [path for _, path, _ in fake.seen if "citing-decisions" in path]


PAGE = f"/governance/resolutions/{RESOLUTION}"
EMPTY = "还没有依据本决议的决定。"


async def test_what_rests_on_a_resolution_is_shown_together(browser: Browser, fake: FakeGateway) -> None:
    found = {
        "registry": [citing("甲公司：暂停", "2025-12-01", "/cited/1"), citing("乙校：退出", "2025-11-25", "/cited/3")],
        "targets": [citing("留地就业率：取第三条", "2025-11-30", "/cited/2", "2025 年以此为准")],
        "subsidies": [citing("超出资金池的处理", "2025-11-21", "/cited/4", "")],
    }
    for name, items in found.items():
        fake.answers["GET", CITING[name]] = reply({"items": items, "total": len(items)})
    shown = await page(browser, PAGE)
    assert rows_of(shown) == ["/cited/1", "/cited/2", "/cited/3", "/cited/4"]
    for text in ("依据本决议的决定", "甲公司：暂停", "2025 年以此为准", "2025年11月30日", "目标指标", "奖补资金"):
        assert text in shown.text
    assert shown.faults == []
    assert EMPTY not in shown.text
    assert "没有列出" not in shown.text
    assert sorted(asked(fake)) == sorted(f"{path}?resolution={RESOLUTION}" for path in CITING.values())
    assert shown.having("div", id="citing-decisions")[0].get("class") is None, "it goes onto paper"


async def test_when_nothing_rests_on_it_one_sentence_says_so(browser: Browser) -> None:
    shown = await page(browser, PAGE)
    assert EMPTY in shown.text
    assert shown.having("div", id="citing-decisions", class_="no-print")


async def test_what_was_left_out_is_counted(browser: Browser, fake: FakeGateway) -> None:
    items = [citing(f"{n}号公司：暂停", "2025-12-01", f"/cited/{n}") for n in range(2)]
    fake.answers["GET", CITING["registry"]] = reply({"items": items, "total": 1202})
    assert "另有 1,200 项较早的决定没有列出。" in (await page(browser, PAGE)).text


@pytest.mark.parametrize("status", [404, 500, 503])
@pytest.mark.parametrize(
    ("name", "label"), [("registry", "成员登记"), ("targets", "目标指标"), ("subsidies", "奖补资金")]
)
async def test_a_service_that_is_down_is_named_and_the_others_are_shown(
    browser: Browser, fake: FakeGateway, name: str, label: str, status: int
) -> None:
    for other, path in CITING.items():
        fake.answers["GET", path] = reply({"items": [citing("决定", "2025-12-01", f"/cited/{other}")]})
    fake.answers["GET", CITING[name]] = refuse(status, "unavailable", "出错", "出错了")
    shown = await page(browser, PAGE)
    assert f"{label}：暂时取不到依据本决议的决定，请稍后刷新。" in shown.text
    assert set(rows_of(shown)) == {f"/cited/{other}" for other in CITING if other != name}
    assert EMPTY not in shown.text


async def test_nothing_is_called_empty_while_a_service_is_down(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", CITING["targets"]] = refuse(503, "unavailable", "出错", "出错了")
    shown = await page(browser, PAGE)
    assert "目标指标：暂时取不到依据本决议的决定" in shown.text
    assert EMPTY not in shown.text


@pytest.mark.parametrize("outcome", ["pending", "rejected", "inquorate"])
async def test_nothing_rests_on_what_was_not_passed(browser: Browser, fake: FakeGateway, outcome: str) -> None:
    record = {**RESOLUTION_READ, "outcome": outcome, "number": None}
    fake.answers["GET", f"{API}/resolutions/{RESOLUTION}"] = reply(record, headers={"ETag": '"2"'})
    assert "依据本决议的决定" not in (await page(browser, PAGE)).text
    assert asked(fake) == []


async def test_only_what_a_person_may_read_is_asked_for(
    browser: Browser, fake: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = frozenset({Permission.REGISTRY_READ, Permission.SUBSIDIES_READ})
    monkeypatch.setitem(GRANTS, Role(fake.user["role"]), few)
    shown = await page(browser, PAGE)
    assert EMPTY in shown.text
    assert sorted(path.split("?")[0] for path in asked(fake)) == sorted([CITING["registry"], CITING["subsidies"]])

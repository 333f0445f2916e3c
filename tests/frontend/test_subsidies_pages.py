"""Every page of rosters, claims and settlements: sound HTML, fragments, sign-in."""

import pytest

from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway
from tests.frontend.html import Page
from tests.frontend.subsidies_world import (
    HTMX,
    SETTLEMENT_PAGE,
    bureau,
    fake,
)

pytestmark = pytest.mark.anyio
__all__ = ["bureau", "fake"]  # fixtures


PAGES = (
    "/subsidies/rosters",
    f"/subsidies/rosters/imports/{api.IMPORT}",
    "/subsidies/rosters/students",
    "/subsidies/rosters/classes",
    "/subsidies/claims",
    "/subsidies/claims/new",
    f"/subsidies/claims/{api.CLAIM}",
    "/subsidies/settlements",
    "/subsidies/settlements/new",
    SETTLEMENT_PAGE,
    f"{SETTLEMENT_PAGE}/lines",
    f"{SETTLEMENT_PAGE}/lines/214",
)


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_sound_html_within_the_menu(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.faults == []
    assert len(page.having("h1")) == 1
    current = page.having("a", class_="menu-link", aria_current="page")
    assert [a["href"] for a in current] == ["/".join(path.split("/")[:3])]


@pytest.mark.parametrize("path", PAGES)
async def test_htmx_gets_the_fragment_only(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.headers["Vary"] == "HX-Request"


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_are_sent_to_sign_in(stranger: Browser, fake: FakeGateway, path: str) -> None:
    answer = await stranger.http.get(path)
    assert answer.headers["Location"].startswith("/login?next=%2Fsubsidies%2F")
    assert fake.seen == []


async def test_an_id_that_is_none_is_refused_without_asking_the_service(browser: Browser, fake: FakeGateway) -> None:
    answer = await browser.http.get("/subsidies/claims/not-an-id")
    assert answer.status_code == 422
    assert [url for _, url, _ in fake.seen if "not-an-id" in url] == []

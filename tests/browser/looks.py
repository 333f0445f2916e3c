"""How a page stands: accessible by WCAG 2.1 AA, within the screen at a desk and on a phone, silent in the console."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, picture

# Of what passes axe tells nothing: to describe every element that is sound takes far longer than to look at it.
OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}
LOOK = "([within, options]) => axe.run(within ?? document, options).then(found => found.violations)"
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults_of(page: Page, within: str | None = None) -> list[str]:
    """What axe finds in the page as it stands, or only within what a selector names."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = page.evaluate(LOOK, [within, OPTIONS])
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


def faults_at_both_sizes(page: Page, name: str) -> list[str]:
    """Look at the open page at a desk, then on a phone, and keep a picture of each."""
    faults = []
    for kind, viewport in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        wide = page.evaluate(WIDTH)
        faults += [f"{kind}: {fault}" for fault in faults_of(page)]
        faults += [f"{kind}: {wide} px too wide"] if wide > 0 else []
        picture(page, f"{name}-{kind}")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    return faults

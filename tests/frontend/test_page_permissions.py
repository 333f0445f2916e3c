"""Every page × every role, made from the pages' own guards and the one table of permissions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.routing import APIRoute

from frontend.access import SAFE_METHODS, Needs
from frontend.app import PAGES
from services.kernel.permissions import GRANTS, Permission, Role
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway

pytestmark = pytest.mark.anyio

FOR_ANYBODY = {"/", "/components", "/jobs", "/logout", "/me"}
"""Where whoever is signed in may go; every other page names what its post must grant."""
NOBODY = "00000000-0000-4000-8000-000000000000"
WORDS = {"kind": "students", "service": "subsidies", "status": "404", "line_no": "1", "pack": "p", "code": "c"}
PEOPLE = [role for role in Role if role is not Role.SERVICE]
BELONGINGS = {
    "county": {"division": "340822"},
    "member": {"member": NOBODY},
    "department": {"department": "finance"},
}


@dataclass(frozen=True)
class Page:
    """One method of one page, and the groups of permissions of which each must be met by one."""

    method: str
    path: str
    needs: tuple[tuple[Permission, ...], ...]

    def open_to(self, role: Role) -> bool:
        return all(not GRANTS[role].isdisjoint(permissions) for permissions in self.needs)

    @property
    def address(self) -> str:
        """The path with something in each place: words where a word is asked for, else an id of nothing."""
        return re.sub(r"\{(\w+)(?::path)?\}", lambda part: WORDS.get(part[1], NOBODY), self.path)


def pages() -> Iterator[Page]:
    for module in PAGES:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            guards = [d.dependency for d in route.dependencies if isinstance(d.dependency, Needs)]
            for method in sorted(route.methods or ()):
                yield Page(method, route.path, tuple(guard.permissions for guard in guards))


ALL = list(pages())


def test_every_page_names_what_it_needs() -> None:
    open_ones = {"/" + page.path.split("/")[1] for page in ALL if not page.needs}
    assert open_ones <= FOR_ANYBODY
    assert len(ALL) > 50


def test_whoever_may_write_may_see_the_page_that_leads_there() -> None:
    """A form that a role may send stands on a page that it may open."""
    shown = {page.path: page for page in ALL if page.method == "GET"}
    for page in ALL:
        if page.method != "GET" and page.path in shown:
            for role in PEOPLE:
                assert not page.open_to(role) or shown[page.path].open_to(role), (page, role)


@pytest.mark.parametrize("role", PEOPLE)
async def test_a_page_opens_only_to_the_posts_that_the_table_grants(
    stranger: Browser, fake: FakeGateway, role: Role
) -> None:
    fake.user |= {"role": role.value, **BELONGINGS.get(role.party.value, {})}
    await stranger.sign_in()
    token = {"csrf_token": await stranger.csrf()}
    wrong = []
    for page in ALL:
        if page.path == "/logout" or page.path.startswith("/components/error"):
            continue
        body = None if page.method in SAFE_METHODS else token
        answer = await stranger.http.request(page.method, page.address, data=body)
        refused = answer.status_code == 403
        if refused == page.open_to(role) or answer.status_code >= 500:
            wrong.append(f"{page.method} {page.path}: {answer.status_code}")
    assert wrong == []

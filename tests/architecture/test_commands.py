"""Whatever a clerk can do on a page works by the API: the pages' commands compared with the services' operations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from frontend.access import SAFE_METHODS, Needs, commands_of
from frontend.app import PAGES
from hub.database import SERVICES
from services.gateway.routes import route_of
from services.kernel.permissions import GRANTS, MACHINE_PERMISSIONS, Permission, Role
from tests.support.apps import app_of

PEOPLE = [role for role in Role if role is not Role.SERVICE]
WITHOUT_COMMAND = {"/logout", "/change-sets/ticked", "/members/export", "/components/batch", "/components/form"}
"""Posts that change nothing in a service: signing out of the pages, choosing rows, the gallery of components."""
OWN_KEYS = Permission.CLIENTS_OWN
"""What a machine may not do in its own name: change or revoke its own keys."""


@dataclass(frozen=True)
class Command:
    """One operation that a page carries out, and who may open the page."""

    page: str
    operation: str
    needs: tuple[tuple[Permission, ...], ...]

    def open_to(self, role: Role) -> bool:
        return all(not GRANTS[role].isdisjoint(permissions) for permissions in self.needs)


def commanding_routes() -> Iterator[APIRoute]:
    for module in PAGES:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            if not (route.methods or set()) <= SAFE_METHODS:
                yield route


def commands() -> Iterator[Command]:
    for route in commanding_routes():
        needs = tuple(d.dependency.permissions for d in route.dependencies if isinstance(d.dependency, Needs))
        for command in commands_of(route.dependencies):
            for service in SERVICES if "{service}" in command else [""]:
                yield Command(route.path, plain(command.replace("{service}", service)), needs)


def plain(operation: str) -> str:
    """`POST /api/…/{claim_id}/…` with every part that varies written the same."""
    return re.sub(r"\{\w*\}", "{}", operation)


@cache
def operations() -> dict[str, list[list[str]]]:
    """Every operation of every service, with the alternatives of permissions that it asks for."""
    found: dict[str, list[list[str]]] = {}
    for service in SERVICES:
        document: dict[str, Any] = app_of(service, Path("/nonexistent")).openapi()
        for path, item in document["paths"].items():
            for method, operation in item.items():
                found[plain(f"{method.upper()} {path}")] = operation.get("x-permissions", [])
    return found


def admits(alternatives: list[list[str]], held: frozenset[Permission]) -> bool:
    return not alternatives or any(set(way) <= {p.value for p in held} for way in alternatives)


def test_every_page_that_changes_something_says_by_which_operation() -> None:
    silent = {route.path for route in commanding_routes() if not commands_of(route.dependencies)}
    assert silent <= WITHOUT_COMMAND
    assert len({command.operation for command in commands()}) > 15


def test_every_command_of_a_page_is_an_operation_of_the_api() -> None:
    assert sorted({c.operation for c in commands()} - set(operations())) == []


@pytest.mark.parametrize("role", PEOPLE)
def test_who_may_open_the_page_may_use_the_operation(role: Role) -> None:
    wrong = [c for c in commands() if c.open_to(role) and not admits(operations()[c.operation], GRANTS[role])]
    assert wrong == []


def test_a_county_s_system_may_do_whatever_its_clerk_does_on_pages() -> None:
    """The one exception is changing the system's own keys, which a person does."""
    by_clerk = [c for c in commands() if c.open_to(Role.COUNTY_CLERK)]
    assert len(by_clerk) > 8
    beyond = [c for c in by_clerk if not admits(operations()[c.operation], MACHINE_PERMISSIONS)]
    assert all(admits(operations()[c.operation], MACHINE_PERMISSIONS | {OWN_KEYS}) for c in beyond)
    assert all(c.page.startswith("/integration/clients") for c in beyond), beyond


def test_every_operation_says_who_may_use_it() -> None:
    """An operation without permissions is open to whoever is signed in: one's own affairs, jobs, the matrix."""
    open_ones = {name.split("/v1/", 1)[1].split("/")[0] for name, ways in operations().items() if not ways}
    assert open_ones <= {"me", "jobs", "roles", "public"}


def test_only_applying_to_join_asks_for_no_token() -> None:
    """Every other operation has a caller; these are exactly what the gateway lets strangers reach."""
    without = set()
    for service in SERVICES:
        document: dict[str, Any] = app_of(service, Path("/nonexistent")).openapi()
        for path, item in document["paths"].items():
            without |= {f"{method.upper()} {path}" for method, told in item.items() if "security" not in told}
    public = "/api/registry/v1/public"
    assert without == {
        f"GET {public}/alliances",
        f"GET {public}/applications/form",
        f"POST {public}/applications",
        f"POST {public}/applications/inquiry",
        f"POST {public}/applications/completion",
        f"POST {public}/applications/papers",
        f"POST {public}/applications/papers/removal",
        f"POST {public}/applications/withdrawal",
    }
    assert all(not route_of(name.partition(" ")[2]).needs_token for name in without)  # type: ignore[union-attr]

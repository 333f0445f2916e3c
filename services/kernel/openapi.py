"""What a service's OpenAPI document says beyond FastAPI's: which permissions an operation asks for.

`x-permissions` lists alternatives of which one suffices, each a list of permissions of which all are needed; without it
any signed-in caller may use the operation. The gateway cuts the documents of each audience by it.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from services.kernel.auth import requirements_of


def alternatives_of(route: APIRoute) -> list[list[str]]:
    """The alternatives of a route's permissions, flattened from all that it requires; empty if it requires none."""
    alternatives: list[list[str]] = [[]]
    for requirement in requirements_of(route):
        wanted = [p.value for p in requirement.permissions]
        ways = [[one] for one in wanted] if requirement.any_of else [wanted]
        alternatives = [sorted({*so_far, *way}) for so_far in alternatives for way in ways]
    return [way for way in alternatives if way]


def describe_permissions(app: FastAPI, routers: Iterable[APIRouter], prefix: str) -> None:
    """Make the application's OpenAPI document carry `x-permissions` on the operations of these routers."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for route in routes:
                ways = alternatives_of(route)
                item = document["paths"].get(prefix + route.path_format, {})
                for method in (route.methods or ()) if ways else ():
                    if method.lower() in item:
                        item[method.lower()]["x-permissions"] = ways
        assert app.openapi_schema is not None  # noqa: S101  # FastAPI keeps what it made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document

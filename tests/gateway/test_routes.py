"""Which part answers which path."""

import pytest

from services.gateway.headers import forwarded_request_headers, returned_response_headers
from services.gateway.routes import USUAL, Demand, Patience, Route, Size, demand_of, route_of


@pytest.mark.parametrize(
    ("path", "part", "needs_token"),
    [
        ("/", "frontend", False),
        ("/members", "frontend", False),
        ("/static/app.css", "frontend", False),
        ("/api/registry/v1/members", "registry", True),
        ("/api/identity/v1/me", "identity", True),
        ("/api/exchange/v1/changes", "exchange", True),
        ("/oauth/token", "identity", False),
        ("/api/registry/v1/public/applications", "registry", False),
        ("/api/registry/v1/publication", "registry", True),
        ("/api/registry/v1/public", "registry", True),
        ("/api/subsidies/v1/public/applications", "subsidies", True),
        ("/.well-known/jwks.json", "identity", False),
    ],
)
def test_a_path_has_one_part(path: str, part: str, needs_token: bool) -> None:
    assert route_of(path) == Route(part, needs_token)


@pytest.mark.parametrize("path", ["/api/unknown/v1/x", "/api/", "/api/registry", "/metrics", "/readyz", "/internal/x"])
def test_paths_that_are_not_public(path: str) -> None:
    assert route_of(path) is None


def test_headers_that_a_client_could_forge_are_dropped() -> None:
    given = [
        (b"hub-alliance", b"xiaogan"),
        (b"hub-client-address", b"8.8.8.8"),
        (b"x-forwarded-for", b"8.8.8.8"),
        (b"x-request-id", b"mine-1234"),
        (b"connection", b"close"),
        (b"accept", b"*/*"),
    ]
    added = [(b"hub-client-address", b"127.0.0.1"), (b"x-request-id", b"r-1")]
    assert forwarded_request_headers(given, added) == [(b"accept", b"*/*"), *added]


@pytest.mark.parametrize(
    ("asked", "demand"),
    [
        ("GET /members", USUAL),
        ("POST /oauth/token", Demand(sign_in=True)),
        ("POST /oauth/authorize", Demand(sign_in=True)),
        ("GET /oauth/authorize", USUAL),
        ("GET /.well-known/jwks.json", Demand(patience=Patience.SHORT)),
        ("POST /api/registry/v1/public/applications", Demand(Size.FORM, public=True)),
        ("POST /api/registry/v1/public/applications/inquiry", Demand(Size.FORM, public=True)),
        ("POST /api/registry/v1/public/applications/papers", Demand(Size.PAPERS, public=True)),
        ("POST /api/registry/v1/public/applications/papers/removal", Demand(Size.FORM, public=True)),
        ("POST /apply", Demand(Size.FORM)),
        ("POST /apply/status/completion", Demand(Size.FORM)),
        ("POST /apply/status/papers", Demand(Size.PAPERS, public=True)),
        ("GET /apply/status", USUAL),
        ("GET /api/registry/v1/public/applications/form", USUAL),
        ("POST /api/registry/v1/applications/1/admission", USUAL),
        ("POST /api/subsidies/v1/roster-imports", Demand(Size.BULK, Patience.LONG)),
        ("POST /api/subsidies/v1/roster-imports/1", USUAL),
        ("GET /api/subsidies/v1/roster-imports", USUAL),
        ("POST /api/subsidies/v1/settlements/1/verification", Demand(patience=Patience.LONG)),
        ("GET /api/registry/v1/members/export.xlsx", Demand(patience=Patience.LONG)),
        ("GET /api/registry/v1/members/export.xlsx/x", USUAL),
    ],
)
def test_what_a_request_may_take(asked: str, demand: Demand) -> None:
    assert demand_of(*asked.split(" ")) == demand


def test_a_security_header_set_by_the_part_stands() -> None:
    extra = [(b"x-frame-options", b"DENY"), (b"referrer-policy", b"same-origin")]
    given = [(b"x-frame-options", b"SAMEORIGIN"), (b"connection", b"close"), (b"date", b"now"), (b"server", b"x")]
    answer = returned_response_headers(given, extra)
    assert answer == [(b"x-frame-options", b"SAMEORIGIN"), (b"referrer-policy", b"same-origin")]

"""Which part answers which path."""

import pytest

from services.gateway.headers import forwarded_request_headers, returned_response_headers
from services.gateway.routes import Route, route_of


@pytest.mark.parametrize(
    ("path", "part", "needs_token"),
    [
        ("/", "frontend", False),
        ("/members", "frontend", False),
        ("/static/app.css", "frontend", False),
        ("/api/registry/v1/members", "registry", True),
        ("/api/identity/v1/me", "identity", True),
        ("/oauth/token", "identity", False),
        ("/.well-known/jwks.json", "identity", False),
    ],
)
def test_a_path_has_one_part(path: str, part: str, needs_token: bool) -> None:
    assert route_of(path) == Route(part, needs_token)


@pytest.mark.parametrize("path", ["/api/unknown/v1/x", "/api/", "/api/registry", "/metrics", "/readyz"])
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
    assert forwarded_request_headers(given, "127.0.0.1", "r-1") == [
        (b"accept", b"*/*"),
        (b"hub-client-address", b"127.0.0.1"),
        (b"x-request-id", b"r-1"),
    ]


def test_a_security_header_set_by_the_part_stands() -> None:
    extra = [(b"x-frame-options", b"DENY"), (b"referrer-policy", b"same-origin")]
    given = [(b"x-frame-options", b"SAMEORIGIN"), (b"connection", b"close"), (b"date", b"now"), (b"server", b"x")]
    answer = returned_response_headers(given, extra)
    assert answer == [(b"x-frame-options", b"SAMEORIGIN"), (b"referrer-policy", b"same-origin")]

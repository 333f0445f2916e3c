"""What each process takes over from the gateway's headers: trace, address, and who asks, for its access line."""

import asyncio
import base64
import json
import logging
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from services.kernel import context
from services.kernel.observability import TRACEPARENT, Metrics, RequestContext, subject_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def principal(**content: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (principal(sub="p-1", role="leader"), "p-1"),
        (principal(role="leader"), ""),
        (base64.urlsafe_b64encode(b"[1]"), ""),
        (b"not base64 at all", ""),
        (b"", ""),
        ("安庆".encode(), ""),
    ],
)
def test_the_subject_of_a_principal_header(header: bytes, subject: str) -> None:
    assert subject_of(header) == subject


@pytest.mark.parametrize(
    ("header", "valid"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", True),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01later", False),
        (f"00-{TRACE}-{SPAN}-01-more", False),
        (f"ff-{TRACE}-{SPAN}-01", False),
        (f"00-{'0' * 32}-{SPAN}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE.upper()}-{SPAN}-01", False),
        (f"00-{TRACE[1:]}-{SPAN}-01", False),
    ],
)
def test_what_is_a_traceparent(header: str, valid: bool) -> None:
    """W3C Trace Context, 3.2.2 and 4.3."""
    assert (TRACEPARENT.fullmatch(header.encode()) is not None) == valid


def served(headers: list[tuple[bytes, bytes]], **options: Any) -> dict[str, str]:
    """The context that an application sees in a request with these headers."""
    seen: dict[str, str] = {}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        names = ("client_address", "subject", "trace_id", "traceparent", "tracestate")
        seen.update({name: getattr(context, name).get() for name in names})
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def send(_message: Any) -> None:
        return None

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": headers, "client": ("10.0.0.9", 1)}
    asyncio.run(RequestContext(application, Metrics("test"), **options)(scope, send, send))  # type: ignore[arg-type]
    return seen


def test_a_service_writes_who_asked_into_its_access_line(caplog: pytest.LogCaptureFixture) -> None:
    given = [(b"hub-principal", principal(sub="p-1")), (b"hub-client-address", b"203.0.113.9")]
    with caplog.at_level(logging.INFO, logger="access"):
        seen = served(given)
        stranger = served([])
    assert (seen["subject"], seen["client_address"]) == ("p-1", "203.0.113.9")
    assert (stranger["subject"], stranger["client_address"]) == ("", "10.0.0.9")
    first, second = (vars(record) for record in caplog.records)
    assert first["subject"] == "p-1"
    assert "subject" not in second


def test_the_gateway_believes_no_such_header() -> None:
    given = [(b"hub-principal", principal(sub="forged")), (b"hub-client-address", b"6.6.6.6")]
    seen = served(given, address_of=lambda _scope: "203.0.113.9")
    assert (seen["subject"], seen["client_address"]) == ("", "203.0.113.9")


def test_a_trace_goes_on_with_a_span_of_its_own() -> None:
    seen = served([(b"traceparent", f"00-{TRACE}-{SPAN}-00".encode()), (b"tracestate", b"a=1")])
    assert seen["trace_id"] == TRACE
    assert seen["tracestate"] == "a=1"
    assert seen["traceparent"].startswith(f"00-{TRACE}-")
    assert seen["traceparent"].endswith("-00")
    assert SPAN not in seen["traceparent"]
    begun = served([(b"traceparent", b"nonsense"), (b"tracestate", b"a=1")])
    assert (begun["tracestate"], begun["traceparent"][3:35]) == ("", begun["trace_id"])

"""What the gateway takes from, and adds to, the headers that pass through it."""

from collections.abc import Iterable

RawHeaders = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
OF_THE_SERVER = frozenset({b"date", b"server"})
"""Headers that the gateway's own server writes, once."""

IDENTITY_PREFIX = b"hub-"
"""Headers that only the hub's own processes may set; a client's are dropped."""
FORWARDING = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-real-ip"})
NOT_FORWARDED = HOP_BY_HOP | FORWARDING | {b"x-request-id", b"traceparent", b"tracestate", b"expect"}
NOT_RETURNED = HOP_BY_HOP | OF_THE_SERVER

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # charts place their tooltips by style attributes
        "img-src 'self' data:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
).encode()

SECURITY: RawHeaders = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def forwarded_request_headers(headers: Iterable[tuple[bytes, bytes]], added: RawHeaders) -> RawHeaders:
    """A request's headers as a service sees them: nothing a client could pretend, plus what the gateway says."""
    kept = [field for field in headers if field[0] not in NOT_FORWARDED and not field[0].startswith(IDENTITY_PREFIX)]
    return [*kept, *added]


def returned_response_headers(headers: Iterable[tuple[bytes, bytes]], extra: RawHeaders) -> RawHeaders:
    """A response's headers as the client sees them; a security header that the service set itself stands.

    Names come and go in lower case.
    """
    kept = [field for field in headers if field[0] not in NOT_RETURNED]
    present = {name for name, _ in kept}
    return [*kept, *(field for field in extra if field[0] not in present)]

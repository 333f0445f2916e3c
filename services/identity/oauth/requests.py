"""Starlette's request in the shape that Authlib reads, and Authlib's answer as Starlette's response."""

import base64
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.kernel.errors import InvalidInput, TooLarge

FORM_BYTES = 64 * 1024
FORM_FIELDS = 50
# Authlib refuses plain HTTP by looking at this address. TLS ends before this process, at the gateway or the proxy in
# front of it, and the settings refuse a plain public address in production; so the outside scheme is not seen here.
NOMINAL_ORIGIN = "https://identity.internal"

Pairs = Sequence[tuple[str, str]]


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The request's parameters; a repeated one keeps every value, so that Authlib can refuse it."""

    def __init__(self, pairs: Pairs) -> None:
        self._data = dict(pairs)
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class HubOAuth2Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """One OAuth request: parameters from the query at the authorisation endpoint, from the form at all others."""

    def __init__(self, method: str, path: str, headers: Mapping[str, str], pairs: Pairs) -> None:
        super().__init__(method, f"{NOMINAL_ORIGIN}{path}", headers=headers)
        self.payload = Payload(pairs)

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data if self.method == "GET" else {}

    @property
    def form(self) -> dict[str, str]:
        return {} if self.method == "GET" else self.payload.data


async def form_pairs(request: Request) -> Pairs:
    """The fields of a urlencoded form of bounded size. Raises TooLarge or InvalidInput."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise TooLarge("提交的内容过大，请返回后重新填写。")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS)
    except ValueError as fault:
        raise InvalidInput([], "提交的内容无法读取，请返回后重新填写。") from fault


def response_of(status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Response:
    """Authlib's status, body and headers as a response. A redirect becomes 303: a form is never sent on (RFC 9700)."""
    named = {name: value for name, value in headers if name.lower() != "content-type"}
    named.setdefault("Cache-Control", "no-store")
    if "Location" in named:
        return RedirectResponse(named.pop("Location"), 303, named)
    if isinstance(body, dict):
        return JSONResponse(body, status, named)
    return Response(body, status, named)


def mechanisms(request: HubOAuth2Request) -> list[str]:
    """In which ways a request authenticates its client; more than one is an error (RFC 6749, 2.3)."""
    form = request.form
    shown = {
        "basic": request.headers.get("Authorization", "").lower().startswith("basic "),
        "post": bool(form.get("client_secret")),
        "assertion": bool(form.get("client_assertion") or form.get("client_assertion_type")),
    }
    return [name for name, present in shown.items() if present]


def named_client(request: HubOAuth2Request) -> str:
    """Which client a request says it is from, before anything is proved; empty when it names none that can be read."""
    assertion = request.form.get("client_assertion", "")
    try:
        named = extract_basic_authorization(request.headers)[0] or request.payload.client_id or _issuer_of(assertion)
    except ValueError:  # a Basic header without a value, or one that is no UTF-8
        return ""
    return "" if "\x00" in named else named


def _issuer_of(assertion: str) -> str:
    """The issuer in a JWT's payload, unverified."""
    try:
        padded = assertion.split(".")[1] + "=="
        return str(json.loads(base64.urlsafe_b64decode(padded))["iss"])
    except (IndexError, ValueError, KeyError, TypeError):
        return ""

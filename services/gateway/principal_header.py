"""`Hub-Principal`: what the gateway tells a service about the verified caller, for logs; never the token."""

import base64
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

NAME = b"hub-principal"
CLAIMS = ("sub", "role", "alliance", "division", "member", "post", "client_id", "sid")
CACHE_SIZE = 10_000


@dataclass(frozen=True)
class Caller:
    """A verified caller: its subject, its header for services, and the key under which its requests are counted."""

    subject: str
    header: bytes
    rate_key: str


def caller_of(claims: dict[str, Any]) -> Caller:
    """The caller of these claims. People are counted by their login session, programs by their client."""
    told = {name: claims[name] for name in CLAIMS if claims.get(name) is not None}
    header = base64.urlsafe_b64encode(orjson.dumps(told)).rstrip(b"=")
    subject = str(claims.get("sub", ""))
    return Caller(subject, header, f"{claims.get('client_id', '')}/{subject}/{claims.get('sid', '')}")


class Callers:
    """Remembers callers by token, because each token comes many times; bounded."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[dict[str, Any], Caller]] = OrderedDict()

    def of(self, token: str, claims: dict[str, Any]) -> Caller:
        """The caller of a token whose verified claims are these."""
        seen = self._seen.get(token)
        if seen is not None and seen[0] is claims:  # the verifier hands out one object as long as it remembers a token
            return seen[1]
        caller = caller_of(claims)
        self._seen[token] = (claims, caller)
        if len(self._seen) > CACHE_SIZE:
            self._seen.popitem(last=False)
        return caller

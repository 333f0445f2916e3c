"""Sends one webhook to a receiver: to a checked address, without redirects, within a time and a size."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import certifi
import httpx

from services.exchange.clients.addresses import Refused, Resolve, reachable, resolve
from services.exchange.domain import Fault

KEPT_BYTES: Final = 1024
CONNECT_SECONDS: Final = 5.0
BODY_SECONDS: Final = 2.0
PORTS: Final = {"https": 443, "http": 80}
OWN_HEADERS: Final = {
    "content-type": "application/json",
    "user-agent": "alliance-hub-webhooks/1",
    "accept": "*/*",
    "accept-encoding": "identity",
}


@dataclass(frozen=True)
class Answer:
    """What came of one attempt: the receiver's status and the beginning of its body, or why there is none."""

    status: int | None = None
    fault: Fault | None = None
    text: str = ""
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        return self.fault is None


def default_trust() -> ssl.SSLContext:
    """The system's certificate authorities (`SSL_CERT_FILE` may name more) and those that certifi brings."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class Sender:
    """Posts signed messages; a test replaces `lookup` and `trust` by a name and a certificate of its own."""

    def __init__(
        self,
        *,
        allow_private: bool,
        seconds: float,
        lookup: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._seconds = seconds
        self._lookup = lookup
        self._trust = trust or default_trust()

    async def post(self, url: str, headers: dict[str, str], body: str) -> Answer:
        """Send once. Never raises for what the receiver or the network does: that is the answer."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._post(httpx.URL(url), headers, body.encode())
        except Refused as refused:
            return Answer(fault=refused.fault)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(fault=Fault.TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return Answer(fault=Fault.CONNECTION)

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> Answer:
        host = url.raw_host.decode("ascii")
        port = url.port or PORTS[url.scheme]
        addresses = await reachable(
            host, port, scheme=url.scheme, allow_private=self._allow_private, lookup=self._lookup
        )
        timeout = httpx.Timeout(self._seconds, connect=CONNECT_SECONDS)
        # No proxy of the environment, which would resolve the name again; no redirects, which would lead elsewhere.
        async with httpx.AsyncClient(
            verify=self._trust, trust_env=False, follow_redirects=False, timeout=timeout
        ) as http:
            for address in addresses[:-1]:
                try:
                    return await self._post_to(http, address, url, headers, body)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    continue  # nothing was sent yet: the next address
            return await self._post_to(http, addresses[-1], url, headers, body)

    async def _post_to(
        self, http: httpx.AsyncClient, address: str, url: httpx.URL, headers: dict[str, str], body: bytes
    ) -> Answer:
        """To this address and no other; the name stays in Host and in the certificate's check (SNI)."""
        pinned = url.copy_with(host=address)
        named = {**OWN_HEADERS, **headers, "host": url.netloc.decode("ascii")}
        extensions = {"sni_hostname": url.raw_host.decode("ascii")}
        async with http.stream("POST", pinned, headers=named, content=body, extensions=extensions) as response:
            text = await _beginning(response)
            fault = None if response.is_success else Fault.STATUS
            return Answer(response.status_code, fault, text, response.headers.get("retry-after"))


async def _beginning(response: httpx.Response) -> str:
    """The first bytes of the body as text that PostgreSQL takes; the rest is not read. The status counts, so that a
    body which breaks off or never ends changes nothing.
    """
    kept = b""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in response.aiter_raw():
                kept += chunk
                if len(kept) >= KEPT_BYTES:
                    break
    return kept[:KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "�")

"""Pooled HTTP to the hub's other processes, over unix sockets or TCP; httpx stays out of hot paths (ADR 0005)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

UNIX_SCHEME = "unix"
CONNECTIONS = 100
CONNECT_SECONDS = 2.0
KEEP_ALIVE_SECONDS = 15.0  # far below the 75 after which `hub serve` closes an idle connection


@dataclass(frozen=True)
class Upstream:
    """Where a process of the hub listens: `unix:///path/to.sock` or `http://host:port`."""

    address: str

    @property
    def socket_path(self) -> str | None:
        parts = urlsplit(self.address)
        return parts.path if parts.scheme == UNIX_SCHEME else None

    @property
    def base_url(self) -> str:
        """What a request URL begins with; a unix socket has a nominal host."""
        return "http://hub.internal" if self.socket_path else self.address.rstrip("/")

    def connector(self, *, limit: int = CONNECTIONS) -> aiohttp.BaseConnector:
        """A fresh connection pool; make it inside a running event loop."""
        if self.socket_path:
            return aiohttp.UnixConnector(self.socket_path, limit=limit, keepalive_timeout=KEEP_ALIVE_SECONDS)
        return aiohttp.TCPConnector(limit=limit, keepalive_timeout=KEEP_ALIVE_SECONDS)

    def session(self, *, total_seconds: float | None = 60.0, limit: int = CONNECTIONS) -> aiohttp.ClientSession:
        """A client session on this upstream that never follows redirects by cookie or stores cookies."""
        timeout = aiohttp.ClientTimeout(total=total_seconds, sock_connect=CONNECT_SECONDS)
        return aiohttp.ClientSession(
            connector=self.connector(limit=limit), timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

"""How the demonstration reaches the running hub, and as whom."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from hub.demo.caller import Caller
from hub.demo.errors import DemoError
from hub.demo.sign_in import TIMEOUT_SECONDS, Account, OAuthClient, signed_in

Say = Callable[[str], None]


@dataclass(frozen=True)
class Hub:
    """How to reach the running hub, and as whom."""

    public_url: str
    accounts: Mapping[str, Account]
    client: OAuthClient
    transport: httpx.AsyncBaseTransport | None = None

    @asynccontextmanager
    async def acting(self, username: str) -> AsyncIterator[Caller]:
        """Calls as one account, signed in through the login form."""
        if username not in self.accounts:
            raise DemoError(f"没有演示账号 {username} 的密码。")
        http = await signed_in(self.public_url, self.client, self.accounts[username], self.transport)
        async with http:
            yield Caller(username, http)

    @asynccontextmanager
    async def stranger(self) -> AsyncIterator[Caller]:
        """Calls as somebody without an account."""
        transport, timeout = self.transport, TIMEOUT_SECONDS
        async with httpx.AsyncClient(base_url=self.public_url, transport=transport, timeout=timeout) as http:
            yield Caller("stranger", http)

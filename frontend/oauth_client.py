"""Authlib's OAuth 2 client over the frontend's aiohttp pool.

Authlib builds the requests and reads the answers; only the sending is ours, as in its own httpx integration. That
keeps the calls on the gateway's unix socket and on the one pool, and httpx out of the process.
"""

from typing import Any

import aiohttp
import orjson
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from frontend.gateway_client import GatewayClient, problem_of, unreachable

CLIENT_ID = "frontend"


class TokenResponse:
    """What Authlib reads of an answer: a status and a JSON body."""

    def __init__(self, status_code: int, body: bytes) -> None:
        self.status_code = status_code
        self._body = body

    def json(self) -> Any:
        """The decoded body. Raises OAuth2Error when the answer is not a JSON object."""
        try:
            told = orjson.loads(self._body)
        except orjson.JSONDecodeError as fault:
            raise OAuth2Error("invalid_response", status_code=self.status_code) from fault
        if not isinstance(told, dict):
            raise OAuth2Error("invalid_response", status_code=self.status_code)
        return told


class GatewayOAuthClient(OAuth2Client):  # type: ignore[misc]  # Authlib has no types
    """A confidential client (client_secret_basic, PKCE S256) whose endpoints stand behind the gateway.

    `fetch_token`, `refresh_token` and `revoke_token` are awaitable. They raise `OAuth2Error` when the identity
    service refuses, and `ApiProblem` when it cannot be reached or fails.
    """

    def __init__(self, gateway: GatewayClient, secret: str, *, redirect_uri: str, scope: str) -> None:
        super().__init__(
            None,
            client_id=CLIENT_ID,
            client_secret=secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
            code_challenge_method="S256",
            redirect_uri=redirect_uri,
            scope=scope,
        )
        self._gateway = gateway

    async def _fetch_token(
        self, url: str, body: str = "", headers: Any = None, auth: ClientAuth | None = None, method: str = "POST"
    ) -> Any:
        return self.parse_response_token(await self._send(method, url, body, headers, auth))

    async def _refresh_token(
        self,
        url: str,
        refresh_token: str | None = None,
        body: str = "",
        headers: Any = None,
        auth: ClientAuth | None = None,
    ) -> Any:
        token = self.parse_response_token(await self._send("POST", url, body, headers, auth))
        token.setdefault("refresh_token", refresh_token)
        return token

    async def _http_post(
        self, url: str, body: str | None = None, auth: ClientAuth | None = None, headers: Any = None
    ) -> TokenResponse:
        return await self._send("POST", url, body or "", headers, auth)

    async def _send(self, method: str, path: str, body: str, headers: Any, auth: ClientAuth | None) -> TokenResponse:
        if auth is not None:
            path, headers, body = auth.prepare(method, path, dict(headers or {}), body)
        try:
            response = await self._gateway.session.request(
                method, self._gateway.url(path), data=body, headers=headers, allow_redirects=False
            )
            if response.status >= 500:
                raise await problem_of(response)
            async with response:
                return TokenResponse(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable() from error

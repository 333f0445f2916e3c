"""Generic OAuth 2 (RFC 6749): authorise, exchange the code, ask the userinfo address, read the subject by a path.

OAuth 2 alone proves less than OpenID Connect: what identifies the person is whatever the userinfo address says, so the
path to the subject is part of the record.
"""

from collections.abc import Mapping
from typing import Any

from services.identity.federation.code_flow import CodeClient, address, refuse_declined, required
from services.identity.federation.config import OAuth2Config
from services.identity.federation.flow import Attempt, External, external, new_secret
from services.identity.federation.http import ProviderHttp


class OAuth2Adapter:
    """A provider that speaks OAuth 2 and has an address that tells who the access token belongs to."""

    def __init__(self, config: OAuth2Config, secret: str, http: ProviderHttp) -> None:
        self._config = config
        self._client = CodeClient(http, config.client_id, secret)

    async def begin(self, attempt: Attempt) -> str:
        parameters = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": attempt.callback,
            "state": attempt.state,
        }
        if self._config.scope:
            parameters["scope"] = self._config.scope
        if self._config.pkce:
            parameters |= {"code_challenge": attempt.code_challenge, "code_challenge_method": "S256"}
        return address(self._config.authorize_url, parameters)

    async def complete(self, attempt: Attempt, parameters: Mapping[str, str]) -> External:
        refuse_declined(parameters)
        config = self._config
        tokens = await self._client.exchange(
            config.token_url, required(parameters, "code"), attempt, method=config.token_auth, pkce=config.pkce
        )
        person = await self._client.person(config.userinfo_url, tokens.get("access_token"))
        name = value_at(person, config.name_field) if config.name_field else ""
        return external(value_at(person, config.subject_field), name)

    async def check(self, callback: str) -> None:
        attempt = Attempt("", "", new_secret(), callback)
        await self._client.check(
            self._config.token_url, attempt, method=self._config.token_auth, pkce=self._config.pkce
        )


def value_at(content: Mapping[str, Any], path: str) -> object:
    """The value at a path of names with dots between (`data.user.id`); None when there is none."""
    found: Any = content
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found

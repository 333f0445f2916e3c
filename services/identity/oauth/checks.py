"""What is refused before Authlib looks closer: parameters twice, other resources, and wishes that are not granted."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestURINotSupportedError,
)

from services.identity.oauth.requests import HubOAuth2Request
from services.identity.settings import IdentitySettings

REPEATABLE: Final = frozenset({"resource"})  # RFC 8707, 2
PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
UNSUPPORTED: Final = {
    "request": RequestNotSupportedError,
    "request_uri": RequestURINotSupportedError,
    "registration": RegistrationNotSupportedError,
}


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """A token was asked for a resource that is not this hub (RFC 8707, 2)."""

    error = "invalid_target"
    description = "Tokens are given for this hub only."


def refuse_repeated(request: HubOAuth2Request) -> None:
    """Raise InvalidRequestError for a parameter that stands there twice (RFC 6749, 3.1 and 3.2)."""
    twice = [name for name, values in request.payload.datalist.items() if len(values) > 1 and name not in REPEATABLE]
    if twice:
        raise InvalidRequestError("A parameter is included more than once.")


def refuse_other_resources(request: HubOAuth2Request, settings: IdentitySettings) -> None:
    """Raise InvalidTargetError unless every `resource` is the tokens' audience, or the hub's public address."""
    address = settings.hub.public_url.rstrip("/")
    ours = {settings.hub.audience, address, f"{address}/"}
    if not ours.issuperset(request.payload.datalist.get("resource", [])):
        raise InvalidTargetError()


@dataclass(frozen=True)
class Wishes:
    """How the client wants the person to be asked (OpenID Connect Core 1.0, 3.1.2.1)."""

    prompts: frozenset[str]
    max_age: timedelta | None

    @classmethod
    def of(cls, request: HubOAuth2Request) -> "Wishes":
        """Read them. Raises InvalidRequestError for what has no meaning."""
        data = request.payload.data
        prompts = frozenset(data.get("prompt", "").split())
        if prompts - PROMPTS or ("none" in prompts and len(prompts) > 1):
            raise InvalidRequestError("The prompt is not supported.")
        age = data.get("max_age")
        if age is not None and not (age.isascii() and age.isdigit() and len(age) < 10):
            raise InvalidRequestError("max_age is not a number of seconds.")
        return cls(prompts, timedelta(seconds=int(age)) if age is not None else None)

    @property
    def silent(self) -> bool:
        """No page may be shown."""
        return "none" in self.prompts

    @property
    def consent(self) -> bool:
        """The person is to be asked even for what was allowed before."""
        return "consent" in self.prompts


class RequestChecks:
    """An extension of the code grant: checks the rest of an authorisation request once its redirect URI is trusted."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._settings = settings

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self.check)

    def check(self, grant: Any, _redirect_uri: str) -> None:
        """Raises an OAuth2Error, which Authlib sends to the redirect URI."""
        request: HubOAuth2Request = grant.request
        refuse_repeated(request)
        for name, error in UNSUPPORTED.items():
            if name in request.payload.data:
                raise error()
        if request.payload.data.get("response_mode", "query") != "query":
            raise InvalidRequestError("The response_mode is not supported.")
        if "\x00" in request.payload.data.get("nonce", ""):  # PostgreSQL text holds none
            raise InvalidRequestError("The nonce has a character that is not supported.")
        Wishes.of(request)
        refuse_other_resources(request, self._settings)

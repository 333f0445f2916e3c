"""What one identity process is made of; stands on `app.state.identity` and is a FastAPI dependency."""

from typing import Annotated

from fastapi import Depends, Request

from services.identity.federation.http import ProviderHttp
from services.identity.federation.kinds import Adapters
from services.identity.keyring import Keyring
from services.identity.oauth.issuing import Issuing
from services.identity.pages import Cookies, FormTokens, Pages
from services.identity.passwords import Passwords
from services.identity.settings import IdentitySettings
from services.identity.tools import SignInTools
from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.tokens import SigningKey


class IdentityParts:
    """Made once by the composition root."""

    def __init__(self, settings: IdentitySettings, clock: Clock, database: Database) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.keyring = Keyring(settings.key_secret)
        self.tools = SignInTools(settings, clock, Passwords(settings), self.keyring)
        self.adapters = Adapters(ProviderHttp(private_allowed=settings.federation_private_addresses), clock)
        self.pages = Pages(settings)
        self.cookies = Cookies(settings)
        self.form_tokens = FormTokens(self.keyring, clock, settings)

    @property
    def default_alliance(self) -> str:
        return self.settings.hub.alliance_default

    def issuing(self, alliance: str, key: SigningKey | None = None) -> Issuing:
        return Issuing(self.settings, self.clock, alliance, key)


def _parts_of(request: Request) -> IdentityParts:
    parts: IdentityParts = request.app.state.identity
    return parts


Parts = Annotated[IdentityParts, Depends(_parts_of)]

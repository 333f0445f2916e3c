"""The units' own sign-ins, offered beside user name and password, and beside a new password to whoever is invited."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from services.identity.api.visits import Visit
from services.identity.queries.federation import offered_providers
from services.identity.tables import IdentityProvider

START = "/oauth/federation/{id}/start"


@dataclass(frozen=True)
class SignInLink:
    """A unit's provider by name, and the address that leads to it."""

    name: str
    href: str


async def sign_in_links(visit: Visit) -> Sequence[SignInLink]:
    """One link a provider in use; it leads back to this authorisation request."""
    return links_to(await offered_providers(visit.session, visit.alliance), return_to=visit.next_address)


def links_to(providers: Sequence[IdentityProvider], **wanted: str) -> Sequence[SignInLink]:
    """A link for each provider; `wanted` says what for (`return_to`, `invitation`)."""
    query = urlencode(wanted)
    return [SignInLink(provider.name, f"{START.format(id=provider.id)}?{query}") for provider in providers]

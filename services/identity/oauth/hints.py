"""ID tokens that come back as a hint, and where a client may send the browser after a sign-out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authlib.common.urls import add_params_to_uri
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.identity.tables import OAuthClient
from services.kernel.alliances import home_of
from services.kernel.tokens import ALGORITHM, Jwks


@dataclass(frozen=True)
class Hint:
    """What an ID token of ours says, of any age: who signed in, at which client, in which session.

    Accepted after its end (RP-Initiated Logout 1.0, 2; OpenID Connect Core 1.0, 3.1.2.1).
    """

    subject: UUID
    client_id: str
    session_id: UUID
    alliance: str


def hint_of(id_token: str, keys: Jwks, issuer: str) -> Hint | None:
    """What a presented ID token says; None unless this server signed it, as an ID token."""
    published: Any = keys
    try:
        token = jwt.decode(id_token, KeySet.import_key_set(published), algorithms=[ALGORITHM])
        claims = token.claims
        if token.header.get("typ") != "JWT" or claims["iss"] != issuer:
            return None
        subject, session_id = UUID(claims["sub"]), UUID(claims["sid"])
        return Hint(subject, str(claims["aud"]), session_id, home_of(str(claims["alliance"])))
    except (JoseError, KeyError, ValueError, TypeError, AttributeError):
        return None


def way_back(client: OAuthClient | None, hint: Hint | None, uri: str, state: str) -> str | None:
    """Where the browser may go afterwards: a URI that this client registered, character by character.

    A client that names itself differently from its ID token gets nothing (RP-Initiated Logout 1.0, 2).
    """
    if client is None or uri not in client.post_logout_redirect_uris:
        return None
    if hint is not None and hint.client_id != client.client_id:
        return None
    return str(add_params_to_uri(uri, [("state", state)])) if state else uri

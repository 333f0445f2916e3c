"""Client authentication by a signed assertion: `private_key_jwt` (RFC 7523, OpenID Connect Core 1.0, 9)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.credentials import digest
from services.identity.oauth.client import ASSERTION_ALGORITHMS, HubClient
from services.identity.oauth.issuing import Issuing
from services.identity.tables import ClientAssertion

LONGEST_LIFE: Final = timedelta(minutes=5)
CLOCKS_DIFFER: Final = timedelta(seconds=30)
JTI_LENGTH: Final = 256


class PrivateKeyJwt(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib has no types
    """RS256 or ES256 by a key of the client's JWKS; for this server, short-lived, and each `jti` serves once."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, session: Session, issuing: Issuing) -> None:
        super().__init__()
        self._session = session
        self._issuing = issuing

    def get_audiences(self) -> list[str]:
        """The issuer, or the token endpoint, which older clients name at the other endpoints, too (RFC 7523, 3)."""
        return [self._issuing.issuer, self._issuing.endpoint("token")]

    def resolve_client_public_key(self, client: HubClient) -> KeySet:
        """The client's keys. Raises InvalidClientError for a client that registered none."""
        if not client.row.jwks:
            raise InvalidClientError(description="The client has no keys.")
        registered: Any = client.row.jwks
        return KeySet.import_key_set(registered)

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        """The claims, verified. Raises InvalidClientError."""
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=list(ASSERTION_ALGORITHMS))
        except (JoseError, ValueError) as fault:
            raise InvalidClientError(description="The assertion's signature is not the client's.") from fault
        self.verify_claims(token.claims)
        return dict(token.claims)

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """Check the claims on the injected clock, and use up the `jti`. Raises InvalidClientError."""
        now = self._issuing.clock.now()
        required: dict[str, Any] = {name: {"essential": True} for name in ("iss", "sub", "exp", "jti")}
        required["aud"] = {"essential": True, "values": self.get_audiences()}
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()), leeway=int(CLOCKS_DIFFER.total_seconds()), **required
        )
        try:
            registry.validate(claims)
        except JoseError as fault:
            raise InvalidClientError(description=f"The assertion is not accepted: {_plain(fault)}") from fault
        if claims["iss"] != claims["sub"]:
            raise InvalidClientError(description="The assertion's iss and sub are not both the client.")
        if claims["exp"] - now.timestamp() > (LONGEST_LIFE + CLOCKS_DIFFER).total_seconds():
            raise InvalidClientError(description="The assertion lives longer than five minutes.")
        if not self.validate_jti(claims, claims["jti"]):
            raise InvalidClientError(description="The assertion's jti was used before.")

    def validate_jti(self, claims: dict[str, Any], jti: Any) -> bool:
        """Whether this is the first use; the key of the row decides between two at the same time."""
        if not isinstance(jti, str) or not 0 < len(jti) <= JTI_LENGTH:
            raise InvalidClientError(description="The assertion's jti is not a short text.")
        ends = datetime.fromtimestamp(claims["exp"], UTC) + CLOCKS_DIFFER
        row = insert(ClientAssertion).values(client_id=claims["sub"], jti_hash=digest(jti), expires_at=ends)
        first = row.on_conflict_do_nothing().returning(ClientAssertion.client_id)
        return self._session.execute(first).first() is not None


def _plain(fault: JoseError) -> str:
    """The fault's own words, without the characters that OAuth forbids in a description (RFC 6749, 5.2)."""
    return str(fault.description or fault.error).replace('"', "'").replace("\\", "/")

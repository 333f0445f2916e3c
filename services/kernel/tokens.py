"""Access tokens: RS256 JWTs (RFC 9068) made by identity, verified everywhere. The only user of python-jose."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JWTError

from services.kernel.clock import Clock
from services.kernel.errors import NotSignedIn
from services.kernel.revocations import RevocationFeed

ALGORITHM = "RS256"
KEY_BITS = 2048
CACHE_SIZE = 10_000
MINIMUM_REFETCH = timedelta(seconds=10)

Jwks = dict[str, Any]
JwksSource = Callable[[], Awaitable[Jwks]]


@lru_cache(maxsize=4)
def _loaded(private_pem: str) -> Key:
    """The key of a PEM, read once: OpenSSL proves the primes each time, which takes far longer than to sign."""
    return jwk.construct(private_pem, ALGORITHM)


@dataclass(frozen=True)
class SigningKey:
    """A private key in PEM and the id under which its public half stands in the JWKS."""

    kid: str
    private_pem: str

    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JWK (RFC 7517), marked for signatures."""
        public = _loaded(self.private_pem).public_key().to_dict()
        text = {name: value.decode() if isinstance(value, bytes) else value for name, value in public.items()}
        return {**text, "kid": self.kid, "use": "sig", "alg": ALGORITHM}


def generate_private_pem() -> str:
    """A fresh RSA private key, PKCS #8, unencrypted: the caller encrypts it before it is stored."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def sign(claims: dict[str, Any], key: SigningKey, *, token_type: str = "at+jwt") -> str:  # noqa: S107  # a media type
    """Sign claims; `exp`, `iat`, `iss` and `aud` are the caller's duty."""
    return str(
        jwt.encode(claims, _loaded(key.private_pem), algorithm=ALGORITHM, headers={"kid": key.kid, "typ": token_type})
    )


class TokenVerifier:
    """Verifies access tokens against a JWKS that is fetched when an unknown key id appears.

    Verified tokens are remembered until they end, so that one token costs one signature check per process. What was
    revoked before its time is asked of `revocations` at each use, a remembered token included.
    """

    def __init__(
        self,
        jwks_source: JwksSource,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        revocations: RevocationFeed | None = None,
    ) -> None:
        self._source = jwks_source
        self.revocations = revocations
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched_at: float = float("-inf")
        self._seen: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()

    async def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid access token. Raises NotSignedIn with what is wrong and what to do."""
        now = self._clock.now().timestamp()
        remembered = self._seen.get(token)
        claims = remembered[1] if remembered and remembered[0] > now else await self._verify_anew(token, now)
        if self.revocations is not None and self.revocations.current.covers(claims):
            raise NotSignedIn("登录已被注销或账号权限已变更，请重新登录。", code="token_revoked")
        return claims

    async def _verify_anew(self, token: str, now: float) -> dict[str, Any]:
        claims = self._decode(token, await self._key_for(token, now))
        if float(claims["exp"]) <= now:
            raise NotSignedIn("登录已过期，请重新登录。", code="token_expired")
        self._remember(token, float(claims["exp"]), claims)
        return claims

    def _remember(self, token: str, ends: float, claims: dict[str, Any]) -> None:
        self._seen[token] = (ends, claims)
        if len(self._seen) > CACHE_SIZE:
            self._seen.popitem(last=False)

    async def _key_for(self, token: str, now: float) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except JWTError as fault:
            raise NotSignedIn("访问令牌格式不对，请重新登录。", code="token_malformed") from fault
        if header.get("alg") != ALGORITHM or header.get("typ") != "at+jwt":
            raise NotSignedIn("访问令牌类型不被接受，请重新登录。", code="token_refused")
        kid = str(header.get("kid"))
        if kid not in self._keys and now - self._fetched_at >= MINIMUM_REFETCH.total_seconds():
            self._keys = {key["kid"]: key for key in (await self._source())["keys"]}
            self._fetched_at = now
        if kid not in self._keys:
            raise NotSignedIn("访问令牌的签名密钥未知，请重新登录。", code="token_key_unknown")
        key: dict[str, Any] = self._keys[kid]
        return key

    def _decode(self, token: str, key: dict[str, Any]) -> dict[str, Any]:
        # the end is checked against the injected clock, by the caller
        options = {"verify_exp": False, "require_iss": True, "require_aud": True}
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=[ALGORITHM], audience=self._audience, issuer=self._issuer, options=options
            )
        except JWTError as fault:
            raise NotSignedIn("访问令牌无效，请重新登录。", code="token_invalid") from fault
        if not isinstance(claims.get("exp"), int):
            raise NotSignedIn("访问令牌没有期限，请重新登录。", code="token_invalid")
        return claims

"""Access tokens for tests, signed with a key made on the spot."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.kernel.permissions import Role, scope_of
from services.kernel.tokens import Jwks, SigningKey, generate_private_pem, sign

ISSUER = "http://127.0.0.1:8000"
AUDIENCE = "alliance-hub"
FAR = datetime(2100, 1, 1, tzinfo=UTC)


class Signer:
    """Plays identity: signs tokens and offers the JWKS that verifies them."""

    def __init__(self) -> None:
        self.key = SigningKey(uuid4().hex, generate_private_pem())

    async def jwks(self) -> Jwks:
        return {"keys": [self.key.public_jwk()]}

    def token(self, role: Role | str, *, alliance: str = "anqing", **claims: Any) -> str:
        """A token of this role; `division`, `member`, `sub`, `scope`, `exp` and the rest may be given."""
        role = Role(role)
        content = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": f"test-{role.value}",
            "name": "测试人员",
            "client_id": "frontend",
            "jti": uuid4().hex,
            "iat": int((FAR - timedelta(days=36500)).timestamp()),
            "exp": int(FAR.timestamp()),
            "role": role.value,
            "alliance": alliance,
            "scope": scope_of(role),
            **claims,
        }
        return sign({k: v for k, v in content.items() if v is not None}, self.key)

    def headers(self, role: Role | str, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, **claims)}"}

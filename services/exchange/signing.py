"""Signing secrets of endpoints (Standard Webhooks 1.0.0): made here, shown once, kept encrypted under
HUB_EXCHANGE_WEBHOOK_KEY.
"""

import base64
import secrets
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.kernel.errors import Unavailable

SECRET_BYTES = 32
PREFIX = "whsec_"


def new_secret() -> str:
    """256 random bits in the standard's form."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class Seal:
    """Encrypts secrets for their rows."""

    def __init__(self, key: SecretStr) -> None:
        derivation = HKDF(hashes.SHA256(), length=32, salt=None, info=b"alliance-hub exchange webhook secrets")
        derived = derivation.derive(key.get_secret_value().encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def close(self, secret: str) -> bytes:
        """The secret as its row keeps it."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret of a row. Raises Unavailable when it was sealed under another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as fault:
            raise Unavailable("推送密钥无法解密：HUB_EXCHANGE_WEBHOOK_KEY 与存入时不同，请管理员恢复原值。") from fault


def signed_headers(signing: list[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of one attempt, with a signature by each secret; `at` is in UTC."""
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in signing]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }

"""What HUB_IDENTITY_KEY_SECRET encrypts, seals and blinds: one key per purpose, derived by HKDF (RFC 5869)."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from services.identity.domain import SigningKeyUnreadable


class Keyring:
    """The keys of one deployment, derived from its secret."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret
        self._signing = Fernet(base64.urlsafe_b64encode(self._derive("signing keys")))
        self.page = Fernet(base64.urlsafe_b64encode(self._derive("sign-in page")))
        self._names = self._derive("user names")

    def _derive(self, purpose: str) -> bytes:
        derivation = HKDF(hashes.SHA256(), length=32, salt=None, info=f"alliance-hub identity {purpose}".encode())
        return derivation.derive(self._secret.get_secret_value().encode())

    def seal_private_key(self, pem: str) -> bytes:
        """Encrypt a private key for its row."""
        return self._signing.encrypt(pem.encode())

    def open_private_key(self, sealed: bytes) -> str:
        """Decrypt a private key. Raises SigningKeyUnreadable when it was sealed under another secret."""
        try:
            return self._signing.decrypt(sealed).decode()
        except InvalidToken as fault:
            raise SigningKeyUnreadable(
                "签名密钥无法解密：HUB_IDENTITY_KEY_SECRET 与存入时不同，请恢复原值。"
            ) from fault

    def blind_name(self, username: str) -> bytes:
        """A typed user name that may be no account's (or a password typed in the wrong field), not to be read back."""
        return hmac.digest(self._names, username.encode(), "sha256")

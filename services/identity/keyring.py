"""What HUB_IDENTITY_KEY_SECRET encrypts, seals and blinds: one key per purpose, derived by HKDF (RFC 5869)."""

import base64
import hmac
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from services.identity.domain import SigningKeyUnreadable
from services.identity.federation.errors import ProviderMisconfigured
from services.identity.second_factor import FactorUnreadable


class Keyring:
    """The keys of one deployment, derived from its secret."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret
        self._signing = Fernet(base64.urlsafe_b64encode(self._derive("signing keys")))
        self.page = Fernet(base64.urlsafe_b64encode(self._derive("sign-in page")))
        self._names = self._derive("user names")
        self._factors = Fernet(base64.urlsafe_b64encode(self._derive("second factors")))
        self._providers = Fernet(base64.urlsafe_b64encode(self._derive("units' own sign-in")))
        self.bindings = Fernet(base64.urlsafe_b64encode(self._derive("bindings to units' own sign-in")))
        self._enrolments = self._derive("second factor enrolments")
        self._recovery = self._derive("recovery codes")

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

    def seal_factor(self, secret: str) -> bytes:
        """Encrypt the secret of a second factor for its row."""
        return self._factors.encrypt(secret.encode())

    def open_factor(self, sealed: bytes) -> str:
        """Decrypt the secret of a second factor. Raises FactorUnreadable when it was sealed under another secret."""
        try:
            return self._factors.decrypt(sealed).decode()
        except InvalidToken as fault:
            raise FactorUnreadable(
                "动态口令密钥无法解密：HUB_IDENTITY_KEY_SECRET 与存入时不同，请恢复原值。"
            ) from fault

    def seal_provider(self, secret: str) -> bytes:
        """Encrypt what the hub keeps for a unit's own sign-in: the client's secret, the verifier of one attempt."""
        return self._providers.encrypt(secret.encode())

    def open_provider(self, sealed: bytes) -> str:
        """Decrypt it. Raises ProviderMisconfigured when it was sealed under another secret."""
        try:
            return self._providers.decrypt(sealed).decode()
        except InvalidToken as fault:
            raise ProviderMisconfigured(
                "单位登录的密钥无法解密：HUB_IDENTITY_KEY_SECRET 与存入时不同，请恢复原值或重新填写密钥。"
            ) from fault

    def enrolment_secret(self, session_id: UUID, account_version: int) -> str:
        """The secret that one session is offered, in base32: the same when its page is loaded again, and no other's.

        Nothing is stored before it is confirmed, so whoever merely opened the page does not know what another confirms;
        and with the account's version it changes once a factor was confirmed or removed.
        """
        named = session_id.bytes + account_version.to_bytes(8, "big")
        return base64.b32encode(hmac.digest(self._enrolments, named, "sha256")[:20]).decode()

    def recovery_hash(self, account_id: UUID, code: str) -> bytes:
        """What is stored of a recovery code, which is random and so needs no slow hash."""
        return hmac.digest(self._recovery, account_id.bytes + code.encode(), "sha256")

    def blind_name(self, username: str) -> bytes:
        """A typed user name that may be no account's (or a password typed in the wrong field), not to be read back."""
        return hmac.digest(self._names, username.encode(), "sha256")

"""What protects the public application form: a sealed form token with an age, and the receipt's secret code.

One form makes one application: the code comes out of the form's own number, so that whoever sends the same form again,
because the answer was lost, gets the same receipt. Only a keyed hash of the code is stored.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import date
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken

from services.kernel.clock import Clock
from services.kernel.errors import FieldIssue, InvalidInput, NotFound

NONCE_BYTES: Final = 16
CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 16
GROUP: Final = 4
HOUR: Final = 3600
FIELD: Final = "form_token"


class Receiver(NamedTuple):
    """The application to which somebody may add papers."""

    alliance: str
    application: UUID


class FormTokens:
    """Issues and accepts forms, and makes what is kept of a receipt. Its keys come out of the service's own secret."""

    def __init__(self, secret: str, clock: Clock, *, seconds: int, hours: int) -> None:
        self._secret = secret.encode()
        self._cipher = Fernet(urlsafe_b64encode(self._keyed("application form")))
        self._papers = Fernet(urlsafe_b64encode(self._keyed("application papers")))
        self._clock = clock
        self.seconds = seconds
        self.hours = hours

    def issue(self, alliance: str) -> str:
        """A fresh form for one alliance, sealed with the time."""
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        return self._cipher.encrypt_at_time(f"{alliance}\n{nonce}".encode(), self._now()).decode()

    def accept(self, token: str, alliance: str) -> str:
        """The number of the form. Raises InvalidInput for one that is not ours, too old, or sent at once."""
        try:
            opened = self._cipher.decrypt_at_time(token.encode(), self.hours * HOUR, self._now()).decode()
            age = self._now() - self._cipher.extract_timestamp(token.encode())
        except (InvalidToken, UnicodeEncodeError) as fault:
            raise _refused("form_expired", "申请表打开太久或已失效，请重新打开申请页面后填写。") from fault
        issued_for, _, nonce = opened.partition("\n")
        if issued_for != alliance:
            raise _refused("form_expired", "申请表不是为这个联盟打开的，请重新打开申请页面后填写。")
        if age < self.seconds:
            raise _refused("form_too_fast", f"提交过快，请核对填写内容，至少 {self.seconds} 秒后再提交。")
        return nonce

    def issue_for_papers(self, alliance: str, application: UUID) -> str:
        """What its holder adds papers to this one application with; given to whoever showed the receipt."""
        return self._papers.encrypt_at_time(f"{alliance}\n{application}".encode(), self._now()).decode()

    def accept_for_papers(self, token: str) -> Receiver:
        """The application that it was given for. Raises NotFound for a token not ours, InvalidInput for an old one."""
        try:
            age = self._now() - self._papers.extract_timestamp(token.encode())
            opened = self._papers.decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeEncodeError) as fault:
            raise receipt_unknown() from fault
        if age > self.hours * HOUR:
            raise _refused("form_expired", "页面打开太久，请凭回执重新查询后再上传。")
        alliance, _, application = opened.partition("\n")
        return Receiver(alliance, UUID(application))

    def code(self, nonce: str) -> str:
        """The secret inquiry code of a form, as people read it off: four groups of four."""
        number = int.from_bytes(self._keyed("inquiry code", nonce))
        letters = ""
        for _ in range(CODE_LENGTH):
            number, place = divmod(number, len(CODE_LETTERS))
            letters += CODE_LETTERS[place]
        return "-".join(letters[start : start + GROUP] for start in range(0, CODE_LENGTH, GROUP))

    def code_hash(self, alliance: str, number: str, code: str) -> bytes:
        """What is stored of a code; how it was typed (small letters, spaces, dashes) makes no difference."""
        plain = "".join(letter for letter in code.upper() if letter.isalnum())
        return self._keyed("code hash", alliance, number, plain)

    def form_hash(self, nonce: str) -> bytes:
        return self._keyed("form hash", nonce)

    def origin_hash(self, address: str, day: date) -> bytes:
        """Whom to count together on one day, without keeping the address: an IPv4 address, or an IPv6 /64."""
        return self._keyed("origin", day.isoformat(), _network(address))

    def _keyed(self, purpose: str, *parts: str) -> bytes:
        said = "\0".join((purpose, *parts)).encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, said, hashlib.sha256).digest()

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def receipt_unknown() -> NotFound:
    """The one answer to every receipt that is not right, whatever is wrong with it."""
    return NotFound("编号或查询码不正确，请核对回执后重试。", code="receipt_unknown")


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address


def _refused(code: str, sentence: str) -> InvalidInput:
    return InvalidInput([FieldIssue(FIELD, code, sentence)], sentence)

"""The second factor: time-based one-time passwords (RFC 6238, by pyotp) and recovery codes, pure.

A code is right within one step of thirty seconds before or after the server's time, and only for a step later than the
last one that was accepted: a code that was read over the shoulder is worth nothing (RFC 6238, 5.2; NIST SP 800-63B,
5.1.4.2). Recovery codes are look-up secrets (SP 800-63B, 5.1.2): random, used once, stored under a keyed hash only.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyotp
import segno
from pyotp.exceptions import OTPVerificationError

from services.kernel.errors import Conflict, TooManyRequests, Unavailable

WINDOW_STEPS: Final = 1
CODE_DIGITS: Final = 6
RECOVERY_CODES: Final = 10
RECOVERY_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is mistaken for another when handwritten
RECOVERY_LENGTH: Final = 12
RECOVERY_GROUP: Final = 4
PASSWORD, CODE, SEVERAL = "pwd", "otp", "mfa"  # RFC 8176


class FactorUnreadable(Unavailable):
    """The stored secret was encrypted under another HUB_IDENTITY_KEY_SECRET."""

    code = "factor_unreadable"


class FactorRequired(Conflict):
    """One of the person's posts may only be worked in with a second factor."""

    code = "second_factor_required"


class FactorAbsent(Conflict):
    """There is no second factor to do this with."""

    code = "second_factor_absent"


class FactorLocked(TooManyRequests):
    """Too many wrong passwords or codes on this user name."""

    code = "sign_in_locked"


@dataclass(frozen=True, repr=False)
class Enrolment:
    """What an authenticator application needs; shown to its owner alone, and never logged."""

    username: str
    secret: str
    uri: str
    image: str

    @property
    def grouped_secret(self) -> str:
        """The secret in groups of four, as people type it."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


def new_secret() -> str:
    """A fresh secret in base32, 160 bits as RFC 4226 recommends."""
    return pyotp.random_base32(32)


def enrolment_of(secret: str, username: str, issuer: str) -> Enrolment:
    """The secret with its otpauth URI and the URI's QR code, an SVG within a data URI."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)
    image = segno.make(uri, error="l", micro=False).svg_data_uri(
        scale=5, border=4, light="white", svgclass=None, lineclass=None
    )
    return Enrolment(username, secret, uri, image)


def accepted_step(secret: str, typed: str, now: datetime, last_step: int | None) -> int | None:
    """The time step whose code was typed, if it is a new one; None for a wrong code and for one used before."""
    code = normalise_code(typed)
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        return None
    try:
        step = pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW_STEPS)
    except OTPVerificationError:
        return None
    return step if last_step is None or step > last_step else None


def normalise_code(typed: str) -> str:
    """What was typed without spaces and hyphens, full-width digits and letters made plain, in upper case."""
    plain = unicodedata.normalize("NFKC", typed)
    return "".join(char for char in plain if char not in "- " and not char.isspace()).upper()


def looks_like_recovery_code(typed: str) -> bool:
    """Whether a recovery code was typed rather than a one-time password; one field takes both."""
    code = normalise_code(typed)
    return len(code) == RECOVERY_LENGTH and set(code) <= set(RECOVERY_ALPHABET)


def new_recovery_codes() -> list[str]:
    """Ten fresh codes of 59 bits each, written in groups: `7K2M-Q9XD-4RTV`."""
    return [_recovery_code() for _ in range(RECOVERY_CODES)]


def _recovery_code() -> str:
    code = "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH))
    return "-".join(code[at : at + RECOVERY_GROUP] for at in range(0, RECOVERY_LENGTH, RECOVERY_GROUP))

"""Check digits of organisations and people, and what may be kept of an identity number.

A raw 身份证号 is never stored or logged: `person_key` matches a person, `mask_id_number` shows one.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Final

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_LENGTH: Final = 18
_USCC_VALUE: Final = {character: value for value, character in enumerate(USCC_ALPHABET)}
_USCC_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(USCC_LENGTH - 1))

ID_LENGTH: Final = 18
ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS: Final = "10X98765432"
_FIRST_BIRTH: Final = date(1900, 1, 1)


def tidy_code(text: str) -> str:
    """A code as it was meant: full-width characters made ASCII, all white space removed, letters in upper case."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return "".join(text.split()).upper()


def uscc_check_character(first17: str) -> str:
    """The 18th character of a 统一社会信用代码 (GB 32100-2015). Raises ValueError on another alphabet or length."""
    if len(first17) != USCC_LENGTH - 1 or any(c not in _USCC_VALUE for c in first17):
        raise ValueError("a unified social credit code has 17 characters of its alphabet before the check character")
    total = sum(_USCC_VALUE[c] * weight for c, weight in zip(first17, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def is_uscc(text: str) -> bool:
    """Whether a tidy text is a 统一社会信用代码 with the right check character (GB 32100-2015)."""
    if len(text) != USCC_LENGTH or any(c not in _USCC_VALUE for c in text):
        return False
    return uscc_check_character(text[:-1]) == text[-1]


def id_check_character(first17: str) -> str:
    """The 18th character of a 居民身份证号 (GB 11643). Raises ValueError unless 17 digits are given."""
    if len(first17) != ID_LENGTH - 1 or not (first17.isascii() and first17.isdigit()):
        raise ValueError("an identity number has 17 digits before the check character")
    return ID_CHECKS[sum(int(c) * weight for c, weight in zip(first17, ID_WEIGHTS, strict=True)) % 11]


def is_id_number(text: str) -> bool:
    """Whether a tidy text is a 居民身份证号: 18 places, a real date of birth, the right check character (GB 11643).

    The area prefix is not checked: areas are renamed and closed, and an unknown one is no fault of the person.
    """
    if len(text) != ID_LENGTH or not (text[:-1].isascii() and text[:-1].isdigit()):
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return born >= _FIRST_BIRTH and id_check_character(text[:-1]) == text[-1]


def mask_id_number(id_number: str) -> str:
    """An identity number for people to see: the first three and last four places, as in `340***********001X`."""
    return f"{id_number[:3]}{'*' * (ID_LENGTH - 7)}{id_number[-4:]}"


def person_key(id_number: str, key: bytes) -> bytes:
    """What stands for a person in tables: HMAC-SHA256 of the tidy identity number under the deployment's key."""
    return hmac.new(key, tidy_code(id_number).encode(), hashlib.sha256).digest()


def person_hasher(key: bytes) -> Callable[[str], bytes]:
    """`person_key` under one key for very many tidy numbers: the key is worked in once (RFC 2104, 4), not each time."""
    inner, outer = hashlib.sha256(), hashlib.sha256()
    block = (hashlib.sha256(key).digest() if len(key) > inner.block_size else key).ljust(inner.block_size, b"\0")
    inner.update(bytes(byte ^ 0x36 for byte in block))
    outer.update(bytes(byte ^ 0x5C for byte in block))

    def hashed(id_number: str) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(id_number.encode())
        around.update(within.digest())
        return around.digest()

    return hashed

"""What a new password must be: long, of several kinds of characters or longer still, and not among the first guesses.

GB/T 22239-2019 (等保 2.0), 8.1.4.1 a) asks for complexity; NIST SP 800-63B, 3.1.1.2 for a list of common passwords.
"""

import re
import string
import unicodedata
from typing import Final

from services.kernel.errors import FieldIssue

MINIMUM: Final = 12
MAXIMUM: Final = 256
LONG: Final = 16
"""From this length on the kinds of characters no longer matter."""
KINDS: Final = 3
DISTINCT: Final = 6
"""Fewer different characters than this are a pattern, however long."""

_KINDS_OF: Final = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
_LOOKALIKES: Final = str.maketrans("@4831!05$7", "aabeiiosst")
_WORDS: Final = """
    password passwd passw mima admin administrator root system guest user test demo login welcome letmein iloveyou
    woaini woaiwojia qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc qwer asdf zxcv abc abcd
    abcde abcdef abcdefg abcdefgh monkey dragon sunshine princess football baseball master superman michael china
    zhongguo beijing anhui anqing hefei jiaoyu xuexiao jiaoyuju mishuchu zhijiao laoshi teacher school office
"""
_SPELLED: Final = frozenset(_WORDS.split())
_RUNS: Final = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)


def password_issues(username: str, password: str) -> list[FieldIssue]:
    """Everything that is wrong with a new password."""
    issues = []
    if len(password) < MINIMUM:
        issues.append(_issue("password_short", f"密码至少 {MINIMUM} 个字符。"))
    if len(password) > MAXIMUM:
        issues.append(_issue("password_long", f"密码最多 {MAXIMUM} 个字符。"))
    if len(password) < LONG and _kinds(password) < KINDS:
        sentence = f"密码须含大写字母、小写字母、数字、符号中的三种，或者至少 {LONG} 个字符。"
        issues.append(_issue("password_simple", sentence))
    if username and _bare(password) == _bare(username):
        issues.append(_issue("password_is_username", "密码不能与用户名相同。"))
    elif _guessed_first(password):
        issues.append(_issue("password_common", "这个密码过于常见，容易被猜中，请换一个。"))
    return issues


def _issue(code: str, sentence: str) -> FieldIssue:
    return FieldIssue("password", code, sentence)


def _kinds(password: str) -> int:
    """How many of lower case, upper case, digits and everything else occur."""
    known = sum(any(char in kind for char in password) for kind in _KINDS_OF)
    other = any(not any(char in kind for kind in _KINDS_OF) for char in password)
    return known + other


def _bare(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


def _guessed_first(password: str) -> bool:
    """Whether it is a common word with digits around it, a walk over the keys, or hardly more than one character."""
    bare = _bare(password)
    core = re.sub(r"^[^a-z]+|[^a-z]+$", "", bare)
    forms = (bare, bare.translate(_LOOKALIKES), core.translate(_LOOKALIKES))
    words = {re.sub(r"[^a-z]", "", form) for form in forms}
    return bool(words & _SPELLED) or len(set(bare)) < DISTINCT or _walks(re.sub(r"[^a-z0-9]", "", bare))


def _walks(plain: str) -> bool:
    """Whether the letters and digits are at most two pieces of a row of keys or of counting, read either way."""
    rows = [row for run in _RUNS for row in (run, run[::-1])]
    whole = [any(plain[:cut] in row for row in rows) for cut in range(len(plain) + 1)]
    rest = [any(plain[cut:] in row for row in rows) for cut in range(len(plain) + 1)]
    return bool(plain) and any(first and second for first, second in zip(whole, rest, strict=True))

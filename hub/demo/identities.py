"""Made-up identities that pass the published check digits and can belong to nobody.

Identity numbers follow GB 11643 and use the sequence codes 996 to 999, which the numbering rules keep for people older
than a hundred years; with a birth date after 2004 such a number is never issued, so it is recognisably synthetic.
Social credit codes follow GB 32100 (and GB 11714 inside), with the organisation part starting `MAXX`.
Everything is a function of its arguments: the same call gives the same identity on every machine.
"""

import random
from datetime import date, timedelta
from typing import Final

ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS: Final = "10X98765432"
FIRST_SEQUENCE: Final = 996
SEQUENCES: Final = 4

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)

SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN_FIRST: Final = "子雨思佳志文俊梓欣浩宇嘉晓一明海若心天诗景安乐书亦清知宜"
GIVEN_SECOND: Final = "涵轩怡豪琪杰宁航妍博然彤睿瑶晨阳凯悦鹏雯峰洁宸萱磊颖辰月帆"
GIVEN_SINGLE: Final = "涛静敏强丽军洋勇艳娟磊超霞平刚婷鑫宇慧飞"

# The step is coprime to every span of days used here, so consecutive people get scattered and never equal birth dates.
_BIRTH_STEP: Final = 367


def seeded(*parts: object) -> random.Random:
    """A generator of repeatable choices named by its parts; layout and names only, never a secret."""
    return random.Random("|".join(str(part) for part in parts))  # noqa: S311 - demonstration data must repeat


def id_check_digit(first_seventeen: str) -> str:
    """The eighteenth character of a 居民身份证号 (GB 11643): weighted sum modulo 11."""
    return ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(first_seventeen, ID_WEIGHTS, strict=True)) % 11]


def identity_number(area: str, index: int, *, born_from: date = date(2008, 1, 1), days: int = 1096) -> str:
    """The `index`-th synthetic identity number of a six-digit area; distinct for `index` below four times `days`.

    Raises ValueError when the index is out of that range.
    """
    if not 0 <= index < SEQUENCES * days:
        raise ValueError(f"area {area} holds {SEQUENCES * days} synthetic identities, not {index + 1}")
    birth = born_from + timedelta(days=index * _BIRTH_STEP % days)
    stem = f"{area}{birth:%Y%m%d}{FIRST_SEQUENCE + index // days}"
    return stem + id_check_digit(stem)


def with_wrong_check_digit(id_number: str) -> str:
    """The same number with another last character, as a slip of the pen makes it."""
    right = ID_CHECKS.index(id_number[-1])
    return id_number[:-1] + ID_CHECKS[(right + 4) % 11]


def organisation_check(first_eight: str) -> str:
    """The ninth character of an organisation code (GB 11714): weighted sum modulo 11, X for ten."""
    total = sum(int(char, 36) * weight for char, weight in zip(first_eight, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def uscc_check(first_seventeen: str) -> str:
    """The eighteenth character of a 统一社会信用代码 (GB 32100): weights are powers of 3 modulo 31."""
    total = sum(USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first_seventeen))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def social_credit_code(kind: str, division: str, number: int) -> str:
    """A synthetic 统一社会信用代码: `kind` is its two leading characters (11 authority, 12 institution, 91 company)."""
    body = f"MAXX{number:04d}"
    stem = f"{kind}{division}{body}{organisation_check(body)}"
    return stem + uscc_check(stem)


def person_name(key: str) -> str:
    """A Chinese name of two or three characters drawn from common ones, the same for the same key."""
    pick = seeded("name", key)
    surname = pick.choice(SURNAMES)
    if pick.random() < 0.2:
        return surname + pick.choice(GIVEN_SINGLE)
    return surname + pick.choice(GIVEN_FIRST) + pick.choice(GIVEN_SECOND)

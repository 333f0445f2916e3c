"""Money at its edges: 分 (fen) inside, 元 (yuan) for people, capital amounts (大写金额) on payment papers."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import cn2an

FEN_PER_YUAN: Final = 100
CENT: Final = Decimal("0.01")
CAPITAL_PREFIX: Final = "人民币"


def fen_to_yuan(fen: int) -> Decimal:
    """An amount in 分 as yuan with exactly two decimals."""
    return (Decimal(fen) / FEN_PER_YUAN).quantize(CENT)


def yuan_text(fen: int) -> str:
    """An amount in 分 as the JSON string of yuan with two decimals, such as `"1000.00"`."""
    return str(fen_to_yuan(fen))


def capital_amount(yuan: Decimal) -> str:
    """An amount in yuan in capital numerals, such as 人民币伍佰万元整; rounded half up to 分 first.

    Raises ValueError for a negative amount, for which payment papers have no form.
    """
    exact = yuan.quantize(CENT, ROUND_HALF_UP)
    if exact < 0:
        raise ValueError("a capital amount cannot be negative")
    # cn2an takes a text without trailing zeros best: 0.50 and 0.5 must both read 伍角.
    plain = f"{exact.normalize():f}"
    return CAPITAL_PREFIX + str(cn2an.an2cn(plain, "rmb"))

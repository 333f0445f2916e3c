"""分 to yuan, and capital amounts as payment papers want them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.money import capital_amount, fen_to_yuan, yuan_text

# Written out by hand from the rules for filling in bills (大写金额).
BY_HAND = {
    "5000000": "人民币伍佰万元整",
    "5000000.00": "人民币伍佰万元整",
    "500": "人民币伍佰元整",
    "913500": "人民币玖拾壹万叁仟伍佰元整",
    "10500.50": "人民币壹万零伍佰元伍角",
    "1000.05": "人民币壹仟元零伍分",
    "0.50": "人民币伍角",
    "0.05": "人民币伍分",
    "0": "人民币零元整",
    "100000000": "人民币壹亿元整",
}


@pytest.mark.parametrize(("yuan", "capital"), BY_HAND.items())
def test_capital_amounts(yuan: str, capital: str) -> None:
    assert capital_amount(Decimal(yuan)) == capital


@pytest.mark.parametrize(("yuan", "same_as"), [("0.005", "0.01"), ("0.0049", "0"), ("1.994999", "1.99")])
def test_a_part_of_a_fen_is_rounded_before_it_is_written(yuan: str, same_as: str) -> None:
    assert capital_amount(Decimal(yuan)) == capital_amount(Decimal(same_as))


def test_a_negative_amount_has_no_capital_form() -> None:
    with pytest.raises(ValueError, match="negative"):
        capital_amount(Decimal("-0.01"))


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_fen_become_yuan_without_loss(fen: int) -> None:
    yuan = fen_to_yuan(fen)
    assert yuan * 100 == fen
    assert yuan.as_tuple().exponent == -2
    assert Decimal(yuan_text(fen)) == yuan
    assert len(yuan_text(fen).rpartition(".")[2]) == 2


@given(st.integers(min_value=0, max_value=10**13))
def test_every_amount_has_a_capital_form_of_its_own(fen: int) -> None:
    text = capital_amount(fen_to_yuan(fen))
    assert text.startswith("人民币")
    assert not any(character.isdigit() or character == "." for character in text)
    assert text != capital_amount(fen_to_yuan(fen + 1))

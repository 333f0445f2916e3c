"""Locators, money and exact numbers."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.kernel.policy.scalars import Due, ExactDecimal, Locator, fen, plain

LOCATOR: TypeAdapter[str] = TypeAdapter(Locator)
DUE: TypeAdapter[date | int | None] = TypeAdapter(Due)
EXACT: TypeAdapter[Decimal] = TypeAdapter(ExactDecimal)


@pytest.mark.parametrize(
    "text",
    [
        "二9",
        "三(二)",
        "一(三)",
        "四(一)1",
        "四10",
        "三(十二)",
        "总则3",
        "实施步骤",
        "保障措施4",
        "三·二",
        "首",
        "尾",
        "抄送",
        "表10",
        "附件",
        "附件1",
        "附件2/三(一)",
        "附件/表4",
    ],
)
def test_locators_of_all_five_documents(text: str) -> None:
    assert LOCATOR.validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["", "9", "二 9", "三（二）", "二.9", "第二9", "二九(", "(二)", "附件/", "表", "二9.", "二9\n", "附录1"]
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        LOCATOR.validate_python(text)


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("500", 50_000), ("0.5", 50), ("0.05", 5), ("12.30", 1230)])
def test_fen(text: str, expected: int) -> None:
    assert fen(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1,000", "0.001", "01", "１００", "100元", " 1", "1.", ".5", "NaN"])
def test_fen_refuses_what_is_not_exact(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount in yuan"):
        fen(text)


@given(st.integers(min_value=0, max_value=10**14))
def test_fen_inverts_writing_an_amount(amount: int) -> None:
    assert fen(f"{amount // 100}.{amount % 100:02}") == amount


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4), st.integers(min_value=0, max_value=3))
def test_trailing_zeros_do_not_matter(value: Decimal, zeros: int) -> None:
    longer = value.quantize(Decimal(1).scaleb(-4 - zeros))
    assert plain(longer) == plain(value)
    assert Decimal(plain(value)) == value
    assert not plain(value).endswith(".")


@given(st.floats())
def test_a_float_is_never_exact(value: float) -> None:
    with pytest.raises(ValidationError):
        EXACT.validate_python(value)


@pytest.mark.parametrize("value", [True, "1e3", "half", None, "0.1234567"])
def test_other_inexact_numbers(value: object) -> None:
    with pytest.raises(ValidationError):
        EXACT.validate_python(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (2027, 2027), (date(2027, 6, 30), date(2027, 6, 30)), ("2027-06-30", date(2027, 6, 30))],
)
def test_due_is_a_day_a_year_or_unknown(value: object, expected: object) -> None:
    assert DUE.validate_python(value) == expected


@pytest.mark.parametrize("value", [True, 27, "2027", "2027-6-30", 20.27])
def test_due_refuses_other_shapes(value: object) -> None:
    with pytest.raises(ValidationError):
        DUE.validate_python(value)

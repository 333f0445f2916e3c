"""Synthetic identities pass the published checks and can belong to nobody."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.demo.identities import (
    id_check_digit,
    identity_number,
    organisation_check,
    person_name,
    seeded,
    social_credit_code,
    uscc_check,
    with_wrong_check_digit,
)
from tests.demo.reading import id_number_valid, uscc_valid

AREAS = ["340822", "340881", "341702", "421127"]


@pytest.mark.parametrize("number", ["11010519491231002X", "34052419800101001X"])
def test_published_identity_numbers(number: str) -> None:
    assert id_check_digit(number[:17]) == number[17]
    assert id_number_valid(number)


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110108551385082Q", "91110000600037341L"])
def test_published_social_credit_codes(code: str) -> None:
    assert uscc_check(code[:17]) == code[17]
    assert uscc_valid(code)
    assert not uscc_valid(code[:17] + ("Z" if code[17] != "Z" else "1"))


def test_published_organisation_code() -> None:
    # GB 11714 gives D2143569-X as its example.
    assert organisation_check("D2143569") == "X"


@given(area=st.sampled_from(AREAS), index=st.integers(0, 4 * 1096 - 1))
def test_identity_numbers_are_valid_and_never_issued(area: str, index: int) -> None:
    number = identity_number(area, index)
    assert id_number_valid(number)
    assert number.startswith(area)
    assert (
        date(2008, 1, 1) <= date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}") <= date(2010, 12, 31)
    )
    assert number[14:17] in {"996", "997", "998", "999"}


@given(area=st.sampled_from(AREAS), index=st.integers(0, 4 * 1096 - 1))
def test_a_slip_of_the_pen_is_invalid(area: str, index: int) -> None:
    number = identity_number(area, index)
    assert not id_number_valid(with_wrong_check_digit(number))
    assert with_wrong_check_digit(number)[:17] == number[:17]


def test_identity_numbers_of_an_area_are_distinct() -> None:
    assert len({identity_number("340822", index) for index in range(4 * 1096)}) == 4 * 1096
    with pytest.raises(ValueError, match="340822"):
        identity_number("340822", 4 * 1096)


@given(kind=st.sampled_from(["11", "12", "91"]), number=st.integers(0, 9999))
def test_social_credit_codes_are_valid(kind: str, number: int) -> None:
    code = social_credit_code(kind, "340822", number)
    assert uscc_valid(code)
    assert code[8:12] == "MAXX"


def test_names_repeat_and_look_like_names() -> None:
    names = [person_name(str(number)) for number in range(500)]
    assert names == [person_name(str(number)) for number in range(500)]
    assert {len(name) for name in names} == {2, 3}
    assert len(set(names)) > 400
    assert seeded("a", 1).random() != seeded("a", 2).random()

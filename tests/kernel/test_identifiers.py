"""Check digits: published samples, and properties over every code that can be made."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel import identifiers as ids

uscc_bodies = st.text(alphabet=ids.USCC_ALPHABET, min_size=17, max_size=17)
births = st.dates(min_value=date(1900, 1, 1), max_value=date(2030, 1, 1))


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110108551385082Q", "91110000600037341L"])
def test_published_codes_are_valid(code: str) -> None:
    assert ids.is_uscc(code)


@pytest.mark.parametrize(
    "code",
    ["91350100M000100Y4Z", "", "91350100M000100Y4", "91350100M000100Y433", "91350100I000100Y43", "91350100m000100y43"],
)
def test_faulty_codes_are_not(code: str) -> None:
    assert not ids.is_uscc(code)


@given(uscc_bodies)
def test_every_body_has_exactly_one_check_character(body: str) -> None:
    valid = [c for c in ids.USCC_ALPHABET if ids.is_uscc(body + c)]
    assert valid == [ids.uscc_check_character(body)]


@given(uscc_bodies, st.integers(0, 16), st.sampled_from(ids.USCC_ALPHABET))
def test_one_wrong_character_is_always_found(body: str, place: int, other: str) -> None:
    code = body + ids.uscc_check_character(body)
    changed = code[:place] + other + code[place + 1 :]
    assert ids.is_uscc(changed) == (changed == code)


def test_codes_of_collectives_with_letters_in_front_are_valid() -> None:
    body = "N2340822MF0000001"
    assert ids.is_uscc(body + ids.uscc_check_character(body))


def test_check_characters_need_a_whole_body() -> None:
    with pytest.raises(ValueError, match="17 characters"):
        ids.uscc_check_character("9135")
    with pytest.raises(ValueError, match="17 digits"):
        ids.id_check_character("1101051949123100X")


@pytest.mark.parametrize("number", ["11010519491231002X", "34052419800101001X"])
def test_published_identity_numbers_are_valid(number: str) -> None:
    assert ids.is_id_number(number)


@pytest.mark.parametrize(
    "number",
    [
        "110105194912310021",
        "11010519491231002x",
        "110105491231002",
        "11010519491331002X",
        "1101051949123100２X",
        "",
    ],
)
def test_faulty_identity_numbers_are_not(number: str) -> None:
    assert not ids.is_id_number(number)


@given(births, st.integers(0, 999), st.integers(110000, 820000))
def test_a_made_number_is_valid_and_its_neighbours_are_not(born: date, order: int, area: int) -> None:
    body = f"{area}{born:%Y%m%d}{order:03d}"
    number = body + ids.id_check_character(body)
    assert ids.is_id_number(number)
    assert not ids.is_id_number(body + ("0" if number[-1] != "0" else "1"))


def test_a_day_before_1900_or_of_no_calendar_is_refused() -> None:
    for born in ("18991231", "20230229"):
        body = f"340822{born}001"
        assert not ids.is_id_number(body + ids.id_check_character(body))


def test_a_mask_shows_three_and_four() -> None:
    assert ids.mask_id_number("34052419800101001X") == "340***********001X"


def test_codes_are_tidied() -> None:
    assert ids.tidy_code("　９１35 0100m000100y43\t\u200b") == "91350100M000100Y43"


def test_one_person_has_one_key_whatever_the_writing() -> None:
    key = b"k" * 32
    assert ids.person_key("34052419800101001x", key) == ids.person_key("３４052419800101001X ", key)
    assert ids.person_key("34052419800101001X", key) != ids.person_key("34052419800101001X", b"o" * 32)
    assert len(ids.person_key("34052419800101001X", key)) == 32

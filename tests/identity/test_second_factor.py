"""One-time passwords and recovery codes: the RFC's vectors, the window, and that nothing serves twice."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.second_factor import (
    RECOVERY_CODES,
    accepted_step,
    enrolment_of,
    looks_like_recovery_code,
    new_recovery_codes,
    new_secret,
    normalise_code,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
STEP = int(NOON.timestamp()) // 30


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_rfc_6238_appendix_b(second: int, code: str) -> None:
    assert accepted_step(RFC_SECRET, code, datetime.fromtimestamp(second, UTC), None) == second // 30


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_of_difference_is_forgiven_and_no_more(steps: int, right: bool) -> None:
    code = pyotp.TOTP(RFC_SECRET).at(NOON + timedelta(seconds=30 * steps))
    assert accepted_step(RFC_SECRET, code, NOON, None) == (STEP + steps if right else None)


def test_only_a_later_step_than_the_last_is_accepted() -> None:
    totp = pyotp.TOTP(RFC_SECRET)
    assert accepted_step(RFC_SECRET, totp.at(NOON), NOON, STEP - 1) == STEP
    assert accepted_step(RFC_SECRET, totp.at(NOON), NOON, STEP) is None
    assert accepted_step(RFC_SECRET, totp.at(NOON - timedelta(seconds=30)), NOON, STEP) is None
    assert accepted_step(RFC_SECRET, totp.at(NOON + timedelta(seconds=30)), NOON, STEP) == STEP + 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "²²²²²²", "٣٣٣٣٣٣", "-", "000000 000000"])
def test_what_is_no_code_is_no_code(typed: str) -> None:
    assert accepted_step(RFC_SECRET, typed, NOON, None) is None


def test_a_code_may_be_typed_with_spaces_and_full_width_digits() -> None:
    code = pyotp.TOTP(RFC_SECRET).at(NOON)
    wide = code.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    for typed in (f" {code[:3]} {code[3:]} ", f"{code[:3]}-{code[3:]}", wide, f"{code}\u3000"):
        assert accepted_step(RFC_SECRET, typed, NOON, None) == STEP


@given(st.text(max_size=30))
def test_nothing_typed_breaks_the_check(typed: str) -> None:
    assert accepted_step(RFC_SECRET, typed, NOON, STEP + 1) is None
    assert looks_like_recovery_code(typed) in (True, False)


def test_an_authenticator_reads_the_secret_from_the_uri_and_the_picture_is_a_drawing_without_script() -> None:
    secret = new_secret()
    enrolment = enrolment_of(secret, "mishuchu", "安庆职业教育集团")
    address = urlsplit(enrolment.uri)
    assert (address.scheme, address.netloc, unquote(address.path)) == ("otpauth", "totp", "/安庆职业教育集团:mishuchu")
    assert parse_qs(address.query) == {"secret": [secret], "issuer": ["安庆职业教育集团"]}
    assert enrolment.grouped_secret.replace(" ", "") == secret
    head, drawing = enrolment.image.split(",", 1)
    assert head == "data:image/svg+xml;charset=utf-8"
    assert '"' not in enrolment.image
    assert {node.tag.rpartition("}")[2] for node in ElementTree.fromstring(unquote(drawing)).iter()} <= {
        "svg",
        "g",
        "path",
    }


def test_secrets_have_160_bits_and_differ() -> None:
    secrets = {new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}


def test_recovery_codes_differ_and_are_recognised_however_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len({*codes}) == RECOVERY_CODES == 10
    for code in codes:
        assert looks_like_recovery_code(code)
        assert normalise_code(code.lower().replace("-", " ")) == normalise_code(code)
        assert not looks_like_recovery_code(code[:-1])
        assert accepted_step(RFC_SECRET, code, NOON, None) is None
    assert not looks_like_recovery_code("123456")
    assert not looks_like_recovery_code("0000-OOOO-IIII")

"""How values are written: exact amounts, dates in Anqing's time, lights that are never colour alone."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend import filters


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (123456700, "1,234,567.00"),
        (0, "0.00"),
        (5, "0.05"),
        (-5, "-0.05"),
        (-123456, "-1,234.56"),
        ("5000000", "5,000,000.00"),
        ("500.5", "500.50"),
        (Decimal("0.005"), "0.01"),
        (Decimal("1000"), "1,000.00"),
    ],
)
def test_amounts_in_yuan(value: object, text: str) -> None:
    html = filters.amount(value)
    assert f'<span data-figure="">{text}</span>' in html
    assert "元" in html
    assert "元" not in filters.amount(value, unit=False)


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_no_fen_is_lost_in_writing(fen: int) -> None:
    text = filters.yuan_text(fen)
    assert Decimal(text.replace(",", "")) * 100 == fen
    assert filters.fen_of(text.replace(",", "")) == fen
    assert f'data-fen="{fen}"' in filters.amount(fen)


@pytest.mark.parametrize("value", [1.5, True, object()])
def test_money_is_never_a_float(value: object) -> None:
    with pytest.raises(TypeError, match="amount"):
        filters.amount(value)


@pytest.mark.parametrize("value", ["十元", "NaN元", "<b>1</b>"])
def test_a_text_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        filters.amount(value)


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_a_dash(nothing: object) -> None:
    assert filters.amount(nothing) == "—"
    assert filters.date_cn(nothing) == "—"
    assert filters.datetime_cn(nothing) == "—"
    assert filters.number(nothing) == "—"
    assert filters.percent(nothing) == "—"
    assert filters.status_badge(None) == "—"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 11, 21), "2026年11月21日"),
        ("2026-01-02", "2026年1月2日"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2027年1月1日"),
        ("2026-12-31T15:59:59+00:00", "2026年12月31日"),
        ("2026-12-31T16:00:00Z", "2027年1月1日"),
    ],
)
def test_dates_are_those_of_the_business_zone(value: object, text: str) -> None:
    assert filters.date_cn(value) == text


def test_instants_show_local_time() -> None:
    assert filters.datetime_cn("2026-11-21T06:05:00+00:00") == "2026年11月21日 14:05"
    assert filters.datetime_cn(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == "2027年1月1日 00:00"
    assert filters.datetime_cn(date(2026, 11, 21)) == "2026年11月21日"


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (8000, None, "8,000"),
        ("40.60", None, "40.6"),
        ("40.6", 2, "40.60"),
        (100, None, "100"),
        (Decimal("1234.5"), 2, "1,234.50"),
        (0, None, "0"),
    ],
)
def test_numbers(value: object, places: int | None, text: str) -> None:
    assert filters.number(value, places) == text


def test_percentages() -> None:
    assert filters.percent("0.42") == "42.0%"
    assert filters.percent(Decimal("0.40625"), 2) == "40.62%"


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_share_of_a_bar_never_leaves_it(part: int, whole: int) -> None:
    share = Decimal(filters.percent_of(part, whole))
    assert 0 <= share <= 100
    if whole and part >= whole:
        assert share == 100


def test_each_light_has_its_own_word_and_shape() -> None:
    drawn = [str(filters.light(colour)) for colour in filters.LIGHTS]
    words = {html.split("</svg>")[1] for html in drawn}
    shapes = {html.split('aria-hidden="true">')[1].split("</svg>")[0] for html in drawn}
    assert len(words) == len(shapes) == 5
    assert "逾期 3 天" in filters.light("red", "逾期 3 天")


@pytest.mark.parametrize("unknown", ["purple", None, ""])
def test_an_unknown_light_is_grey(unknown: str | None) -> None:
    assert "light-grey" in filters.light(unknown)


def test_states_have_words_and_a_page_may_give_its_own() -> None:
    assert "已受理" in filters.status_badge("accepted")
    assert "status-success" in filters.status_badge("accepted", {"accepted": "同意"})
    assert "同意" in filters.status_badge("accepted", {"accepted": "同意"})
    assert "status-danger" in filters.status_badge("x", {"x": ("停用", "danger")})


def test_what_people_typed_is_escaped() -> None:
    assert "<b>" not in filters.status_badge("<b>")
    assert "<b>" not in filters.light("red", "<b>")


def test_roles_have_names() -> None:
    assert filters.role_label("county_clerk") == "县区教育局经办"
    assert filters.role_label("unheard_of") == "unheard_of"


@pytest.mark.parametrize(
    ("as_of", "told"),
    [
        ("2025-06-01", "2025年6月1日"),
        ("2025-06-01T00:00:00", "2025年6月1日"),
        ("2025-06-01 00:00:00", "2025-06-01 00:00:00"),
        ("1748736000", "1748736000"),
    ],
)
def test_a_day_that_services_understand_and_pages_do_not_is_told_as_it_was_asked(as_of: str, told: str) -> None:
    assert filters.note_of_day(as_of) == f"显示 {told} 的情况，不能修改。"

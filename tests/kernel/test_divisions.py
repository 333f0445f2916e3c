"""Counties agree with GB/T 2260 as four published data sets have it, and zones stand beside them."""

import pytest

from services.kernel.divisions import (
    FUNCTIONAL_ZONES,
    city_of,
    counties_of,
    division_name,
    is_county,
    is_division,
    zones_of,
)

EXPECTED = {
    "3408": "02迎江 03大观 11宜秀 22怀宁 25太湖 26宿松 27望江 28岳西 81桐城 82潜山",
    "4212": "02咸安 21嘉鱼 22通城 23崇阳 24通山 81赤壁",
    "4209": "02孝南 21孝昌 22大悟 23云梦 81应城 82安陆 84汉川",
    "4310": "02北湖 03苏仙 21桂阳 22宜章 23永兴 24嘉禾 25临武 26汝城 27桂东 28安仁 81资兴",
}


@pytest.mark.parametrize("city", EXPECTED)
def test_counties_of_the_cities_of_the_five_documents(city: str) -> None:
    assert " ".join(f"{c.code[4:]}{c.name[:-1]}" for c in counties_of(city)) == EXPECTED[city]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("340822", "怀宁县"),
        ("340800", "安庆市"),
        ("3408", "安庆市"),
        ("34", "安徽省"),
        ("3408Z1", "安庆经济技术开发区"),
        ("110101", "东城区"),
    ],
)
def test_names(code: str, name: str) -> None:
    assert division_name(code) == name


@pytest.mark.parametrize("code", ["", "999999", "340899", "990000", "34082", "3408Z9"])
def test_unknown_codes_have_no_name(code: str) -> None:
    assert division_name(code) is None
    assert not is_division(code)


def test_a_city_is_a_division_but_no_county() -> None:
    assert is_division("340800")
    assert not is_county("340800")
    assert is_county("340822")
    assert is_division("340822")


def test_zones_lie_in_their_city_and_outside_the_standard() -> None:
    assert [zone.name for zone in zones_of("3408")] == ["安庆经济技术开发区", "安庆高新技术产业开发区"]
    assert [zone.code for zone in zones_of("4310")] == ["4310Z1", "4310Z2"]
    assert zones_of("4212") == ()  # its document names none
    assert not any(is_county(zone.code) for zone in FUNCTIONAL_ZONES)
    assert city_of("3408Z2") == city_of("340822") == "3408"


def test_a_name_of_the_city_with_six_digits_is_not_that_of_a_province() -> None:
    assert division_name("340000") is None

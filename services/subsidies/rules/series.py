"""Dated values: what a parameter was on a given day, with the article that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

#: Money units as packs write them (the part before a slash counts), in 分 (fen).
_FEN_PER_UNIT = {"元": Decimal(100), "万元": Decimal(1_000_000)}


class RuleBookError(ValueError):
    """A rule book that cannot be applied: the pack lacks a value, or holds one that cannot be read."""


@dataclass(frozen=True)
class DatedValue:
    """A value in force from a day on, until the next one of its series."""

    since: date
    value: Any
    unit: str | None
    article: str | None


@dataclass(frozen=True)
class Series:
    """The history of one parameter, oldest value first."""

    name: str
    values: tuple[DatedValue, ...]

    @classmethod
    def read(cls, name: str, entries: Iterable[Mapping[str, Any]]) -> Series:
        """Read `[{from, value, unit, article}]`; a `from` of null means from the beginning."""
        values = [
            DatedValue(as_day(entry.get("from"), date.min), entry["value"], entry.get("unit"), entry.get("article"))
            for entry in entries
        ]
        values.sort(key=lambda value: value.since)
        if not values:
            raise RuleBookError(f"{name} has no value")
        if len({value.since for value in values}) != len(values):
            raise RuleBookError(f"{name} has two values from the same day")
        return cls(name, tuple(values))

    def at(self, day: date) -> DatedValue:
        """The value in force on `day`; raises RuleBookError before the first one."""
        current = [value for value in self.values if value.since <= day]
        if not current:
            raise RuleBookError(f"{self.name} has no value on {day.isoformat()}")
        return current[-1]

    def on_or_first(self, day: date) -> DatedValue:
        """The value in force on `day`, or the first one if none was yet."""
        return self.at(max(day, self.values[0].since))


def as_day(value: Any, missing: date) -> date:
    """A date from YAML (a date) or JSON (ISO text); `missing` stands for null."""
    if value is None:
        return missing
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise RuleBookError(f"not a date: {value!r}") from error


def fen_of(amount: Any, unit: str | None) -> int:
    """An amount of money in whole 分; raises RuleBookError for an unknown unit or a part of a 分."""
    factor = _FEN_PER_UNIT.get((unit or "").split("/")[0].strip())
    if factor is None:
        raise RuleBookError(f"not a unit of money: {unit!r}")
    try:
        fen = Decimal(str(amount)) * factor
    except InvalidOperation as error:
        raise RuleBookError(f"not an amount: {amount!r}") from error
    if fen != fen.to_integral_value() or fen < 0:
        raise RuleBookError(f"not a whole number of 分: {amount!r} {unit}")
    return int(fen)

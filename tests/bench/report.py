"""Interleaved rounds, their medians and ratios, and how they are printed. Seconds and milliseconds as named."""

import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")
RIGHT, LEFT = ">", "<"


@dataclass(frozen=True)
class Row:
    """One contender's figure beside that of the base; `notes` are shown as they are."""

    name: str
    ratio: float
    value: float
    low: float
    high: float
    notes: tuple[str, ...] = ()


async def interleaved(contenders: Mapping[str, Callable[[], Awaitable[T]]], rounds: int) -> dict[str, list[T]]:
    """Run every contender once a round and let each round begin with another one, so that drift meets all alike."""
    if rounds < 1:
        raise ValueError("a comparison needs at least one round")
    names = list(contenders)
    found: dict[str, list[T]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(await contenders[name]())
    return found


def compared(
    samples: Mapping[str, Sequence[float]], base: str, notes: Mapping[str, tuple[str, ...]] | None = None
) -> list[Row]:
    """The median of each contender and its ratio to the median of `base`, in the order given.

    The ratio is of medians, not the median of ratios: one slow round of the base must not turn into a fast contender.
    """
    ground = median(samples[base])
    if ground <= 0:
        raise ValueError(f"the base {base} measured nothing")
    return [
        Row(name, median(values) / ground, median(values), min(values), max(values), (notes or {}).get(name, ()))
        for name, values in samples.items()
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` from 0 (the smallest) to 1 (the largest)."""
    if not values or not 0 <= share <= 1:
        raise ValueError("a percentile needs values, and a share from 0 to 1")
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * len(ordered) * 1e6) // 1_000_000) - 1)]


def width(text: str) -> int:
    """Columns of a terminal that a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table: the first column to the left, the others to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(header))]
    sides = [LEFT, *[RIGHT] * (len(header) - 1)]
    return "\n".join(
        "  " + "  ".join(map(_padded, line, widths, sides)).rstrip() for line in (lines[0], ["-" * w for w in widths])
    ) + "".join("\n  " + "  ".join(map(_padded, line, widths, sides)).rstrip() for line in lines[1:])


def _padded(text: str, columns: int, side: str) -> str:
    blank = " " * (columns - width(text))
    return text + blank if side == LEFT else blank + text


def ratio_table(rows: Sequence[Row], unit: str, *, digits: int, note_headers: Sequence[str] = ()) -> str:
    """Ratios first; `unit` heads the medians and `digits` are their decimals."""
    header = ("", "比值", f"中位数（{unit}）", "最小", "最大", *note_headers)
    return table(
        header,
        [
            (
                row.name,
                f"{row.ratio:.2f}",
                f"{row.value:,.{digits}f}",
                f"{row.low:,.{digits}f}",
                f"{row.high:,.{digits}f}",
                *row.notes,
            )
            for row in rows
        ],
    )

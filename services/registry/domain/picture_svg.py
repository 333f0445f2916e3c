"""A small writer of SVG: rectangles, lines and text with presentation attributes only, so that it needs no style."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

FONTS: Final = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, SimHei, sans-serif"
INK: Final = "#1d2733"
SOFT: Final = "#475364"
NAVY: Final = "#12406f"
LINE: Final = "#9fb4ca"
TINT: Final = "#eaf1f8"
PAPER: Final = "#ffffff"
GOLD: Final = "#a8660a"
GOLD_TINT: Final = "#fdf6e6"


@dataclass(frozen=True)
class Pen:
    """How a text is written."""

    size: float = 15
    colour: str = INK
    bold: bool = False
    anchor: str = "start"


@dataclass
class Canvas:
    """Shapes in the order in which they are painted."""

    shapes: list[str] = field(default_factory=list)

    def box(
        self,
        place: tuple[float, float, float, float],
        *,
        fill: str = PAPER,
        stroke: str = LINE,
        radius: float = 6,
        weight: float = 1.2,
    ) -> None:
        """A rectangle at x, y of a width and a height."""
        x, y, width, height = place
        self.shapes.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="{_n(radius)}"'
            f' fill="{fill}" stroke="{stroke}" stroke-width="{_n(weight)}"/>'
        )

    def path(self, points: Sequence[tuple[float, float]], *, stroke: str = LINE, weight: float = 1.6) -> None:
        """Straight lines from point to point."""
        steps = " ".join(f"{'L' if number else 'M'}{_n(x)} {_n(y)}" for number, (x, y) in enumerate(points))
        self.shapes.append(f'<path d="{steps}" fill="none" stroke="{stroke}" stroke-width="{_n(weight)}"/>')

    def text(self, x: float, y: float, words: str, pen: Pen) -> None:
        """One line of text on its baseline."""
        weight = ' font-weight="600"' if pen.bold else ""
        anchor = f' text-anchor="{pen.anchor}"' if pen.anchor != "start" else ""
        place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(pen.size)}" fill="{pen.colour}"'
        self.shapes.append(f"<text {place}{weight}{anchor}>{escape(_printable(words))}</text>")

    def lines(self, x: float, y: float, lines: Sequence[str], pen: Pen, leading: float) -> None:
        """Several lines, the first on the baseline y."""
        for number, line in enumerate(lines):
            self.text(x, y + number * leading, line, pen)

    def document(self, width: float, height: float, title: str, description: str) -> str:
        """The whole file, with a title and a description for who cannot see it."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}"'
            f' height="{_n(height)}" role="img" aria-labelledby="title desc" font-family={quoteattr(FONTS)}>'
        )
        named = f'<title id="title">{escape(_printable(title))}</title>'
        told = f'{named}<desc id="desc">{escape(_printable(description))}</desc>'
        ground = f'<rect width="{_n(width)}" height="{_n(height)}" fill="{PAPER}"/>'
        return "\n".join([head, told, ground, *self.shapes, "</svg>\n"])


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _printable(words: str) -> str:
    """Without what XML cannot hold."""
    return "".join(letter for letter in words if letter.isprintable())

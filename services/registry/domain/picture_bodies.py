"""Bodies as cards in a tree: how large each card is, where it stands, and how it is painted. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from services.registry.domain.picture_svg import GOLD, INK, NAVY, PAPER, SOFT, TINT, Canvas, Pen
from services.registry.domain.picture_text import ems, shorten, wrap

GAP: Final = 26
LEVEL_GAP: Final = 40
PADDING: Final = 14
CELL: Final = 186
CELL_GAP: Final = 12
LEAST_WIDTH: Final = 250
WIDE: Final = 370
MANY_EMS: Final = 60
MOST_COLUMNS: Final = 6
PLAIN_WIDTH: Final = 420
HEAD: Final = 20
NAME: Final = Pen(16, NAVY, bold=True)
SMALL: Final = Pen(12.5, SOFT)
TITLE: Final = Pen(13.5, GOLD, bold=True)
HOLDER: Final = Pen(15.5, INK, bold=True)
UNIT: Final = Pen(13, INK)


@dataclass(frozen=True)
class SeatWords:
    """A seat as the picture shows it. `open_ended`: the document leaves the number open."""

    title: str
    unit: str
    post: str
    holder: str
    count: int = 1
    open_ended: bool = False


@dataclass(frozen=True)
class BodyWords:
    """A body as the picture shows it; `above` is the key of the body it hangs on."""

    key: str
    name: str
    aliases: Sequence[str] = ()
    host: str = ""
    duties: Sequence[str] = ()
    seats: Sequence[SeatWords] = ()
    above: str | None = None


@dataclass(frozen=True)
class Cell:
    """One or several lines of text at a place within a card."""

    x: float
    y: float
    lines: tuple[str, ...]
    pen: Pen
    leading: float


@dataclass
class Card:
    """A body with its size, its words laid out within, its children and, once placed, where it stands."""

    body: BodyWords
    width: float
    height: float
    head: float
    cells: list[Cell]
    children: list["Card"] = field(default_factory=list)
    x: float = 0
    y: float = 0

    @property
    def span(self) -> float:
        """The width that the card and all below it need."""
        below = sum(child.span for child in self.children) + GAP * max(len(self.children) - 1, 0)
        return max(self.width, below)

    @property
    def depth(self) -> float:
        """The height that the card and all below it need."""
        return self.height + max((LEVEL_GAP + child.depth for child in self.children), default=0)

    def place(self, x: float, y: float) -> None:
        """Put the card in the middle over its children, the whole beginning at x and y."""
        self.x, self.y = x + (self.span - self.width) / 2, y
        below = sum(child.span for child in self.children) + GAP * max(len(self.children) - 1, 0)
        left = x + (self.span - below) / 2
        for child in self.children:
            child.place(left, y + self.height + LEVEL_GAP)
            left += child.span + GAP

    def all(self) -> list["Card"]:
        """The card and all below it."""
        return [self, *(card for child in self.children for card in child.all())]


def forest(bodies: Sequence[BodyWords]) -> list[Card]:
    """The cards of bodies that hang on nothing, each with those below it. A body above that is not there is ignored."""
    cards = {body.key: card_of(body) for body in bodies}
    roots = []
    for body in bodies:
        above = cards.get(body.above) if body.above else None
        if above is None or _hangs_on(cards, body.above, body.key):
            roots.append(cards[body.key])
        else:
            above.children.append(cards[body.key])
    return roots


def _hangs_on(cards: dict[str, Card], key: str | None, wanted: str) -> bool:
    seen: set[str] = set()
    while key is not None and key in cards and key not in seen:
        if key == wanted:
            return True
        seen.add(key)
        key = cards[key].body.above
    return False


def rows_of(roots: Sequence[Card], width: float) -> list[list[Card]]:
    """Roots side by side as long as they fit the width."""
    rows: list[list[Card]] = []
    used = 0.0
    for root in roots:
        if rows and used + GAP + root.span <= width:
            rows[-1].append(root)
            used += GAP + root.span
        else:
            rows.append([root])
            used = root.span
    return rows


def card_of(body: BodyWords) -> Card:
    """Lay out the words of one body: name and aliases, then seats by title, or duties where it has no seats."""
    groups = [(title, list(seats)) for title, seats in groupby(body.seats, key=lambda seat: seat.title)]
    label = max((ems(title) * TITLE.size for title, _ in groups), default=0) + CELL_GAP
    columns = min(max((len(seats) for _, seats in groups if not _is_plain(seats)), default=0), MOST_COLUMNS)
    inner: float = max(columns * (CELL + CELL_GAP) - CELL_GAP, 0)
    if any(_is_plain(seats) for _, seats in groups):
        inner = max(inner, PLAIN_WIDTH - label)
    width = max(_least_width(body), label + inner + 2 * PADDING if groups else 0)
    head_lines = wrap(body.name, width - 2 * PADDING, NAME.size)
    cells = [Cell(PADDING, PADDING + 14, tuple(head_lines), NAME, HEAD)]
    y = PADDING + HEAD * len(head_lines) + 2.0
    for words in _under_name(body):
        lines = wrap(words, width - 2 * PADDING, SMALL.size, 2)
        cells.append(Cell(PADDING, y + 12, tuple(lines), SMALL, 17))
        y += 17 * len(lines)
    head = y + 6
    y = head + 8
    for title, seats in groups:
        added, y = _group_cells(title, seats, label, y, width)
        cells += added
    if not groups:
        added, y = _duty_cells(body.duties, y, width)
        cells += added
    return Card(body, width, y + PADDING - 6, head, cells)


def _least_width(body: BodyWords) -> float:
    """Wide enough for the name in one line, if it is not very long, and wider for many duties."""
    named = min(ems(body.name) * NAME.size + 2 * PADDING + 4, WIDE)
    many = not body.seats and sum(map(ems, body.duties)) > MANY_EMS
    return max(LEAST_WIDTH, named, WIDE if many else 0)


def _under_name(body: BodyWords) -> list[str]:
    aliases = f"又称：{'、'.join(body.aliases)}" if body.aliases else ""
    return [words for words in (aliases, f"设在：{body.host}" if body.host else "") if words]


def _is_plain(seats: Sequence[SeatWords]) -> bool:
    """Whether seats of one title are told in one sentence: units alone, without persons and posts."""
    return all(not seat.holder and not seat.post for seat in seats)


def _group_cells(
    title: str, seats: Sequence[SeatWords], label: float, y: float, width: float
) -> tuple[list[Cell], float]:
    cells = [Cell(PADDING, y + 13, (title,), TITLE, 18)]
    left = PADDING + label
    if _is_plain(seats):
        lines = wrap(_sentence(seats), width - left - PADDING, UNIT.size)
        return [*cells, Cell(left, y + 13, tuple(lines), UNIT, 19)], y + 19 * len(lines) + 8
    columns = max(int((width - left - PADDING + CELL_GAP) // (CELL + CELL_GAP)), 1)
    for start in range(0, len(seats), columns):
        below = y
        for place, seat in enumerate(seats[start : start + columns]):
            added, end = _seat_cells(seat, left + place * (CELL + CELL_GAP), y)
            cells += added
            below = max(below, end)
        y = below + 8
    return cells, y


def _seat_cells(seat: SeatWords, x: float, y: float) -> tuple[list[Cell], float]:
    cells = []
    if seat.holder:
        cells.append(Cell(x, y + 14, (shorten(seat.holder, CELL, HOLDER.size),), HOLDER, 18))
        y += 19
    pen = SMALL if seat.holder else UNIT
    lines = _office_lines(seat, pen.size)
    return [*cells, Cell(x, y + 13, tuple(lines), pen, 17)], y + 17 * len(lines)


def _office_lines(seat: SeatWords, size: float) -> list[str]:
    """Unit and post in one line when they fit, else the post begins a line of its own."""
    post = seat.post + _number(seat)
    together = " ".join(words for words in (seat.unit, post) if words)
    if ems(together) * size <= CELL or not seat.unit or not post:
        return wrap(together, CELL, size, 3)
    return [*wrap(seat.unit, CELL, size, 2), *wrap(post, CELL, size, 2)]


def _sentence(seats: Sequence[SeatWords]) -> str:
    """The units of one title; that their numbers are open is said once when it holds for all of them."""
    if all(seat.open_ended for seat in seats):
        return "、".join(seat.unit or "其他" for seat in seats) + "（席数未定）"
    return "、".join((seat.unit or "其他") + _number(seat) for seat in seats)


def _number(seat: SeatWords) -> str:
    if seat.open_ended:
        return "（席数未定）"
    return f"（{seat.count} 席）" if seat.count > 1 else ""


def _duty_cells(duties: Sequence[str], y: float, width: float) -> tuple[list[Cell], float]:
    cells = []
    for duty in duties[:4]:
        lines = wrap(f"· {duty}", width - 2 * PADDING, SMALL.size, 3)
        cells.append(Cell(PADDING, y + 12, tuple(lines), SMALL, 17))
        y += 17 * len(lines) + 3
    return cells, y


def paint(canvas: Canvas, card: Card) -> None:
    """Paint a card, what joins it to those below, and those."""
    if card.children:
        middle, bottom = card.x + card.width / 2, card.y + card.height
        bend = bottom + LEVEL_GAP / 2
        for child in card.children:
            to = child.x + child.width / 2
            canvas.path([(middle, bottom), (middle, bend), (to, bend), (to, child.y)])
    canvas.box((card.x, card.y, card.width, card.height), fill=PAPER, stroke=NAVY)
    canvas.box((card.x + 1, card.y + 1, card.width - 2, card.head - 1), fill=TINT, stroke=TINT, radius=5)
    canvas.path([(card.x, card.y + card.head), (card.x + card.width, card.y + card.head)], stroke=NAVY, weight=1)
    for cell in card.cells:
        canvas.lines(card.x + cell.x, card.y + cell.y, cell.lines, cell.pen, cell.leading)
    for child in card.children:
        paint(canvas, child)

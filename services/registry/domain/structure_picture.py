"""The structure as a picture: the formula with its members, leads, and the tree of bodies with seats. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.registry.domain.picture_bodies import GAP, BodyWords, Card, forest, paint, rows_of
from services.registry.domain.picture_svg import GOLD, GOLD_TINT, INK, LINE, NAVY, PAPER, SOFT, TINT, Canvas, Pen
from services.registry.domain.picture_text import ems, wrap

WIDTH: Final = 1500
MARGIN: Final = 40
SECTION_GAP: Final = 30
LEADING: Final = 20
MOST_NAMES: Final = 4
LEAST_COLUMNS: Final = 3
MOST_COLUMNS: Final = 4
HEADING: Final = Pen(17, NAVY, bold=True)
NUMERAL: Final = Pen(30, PAPER, bold=True, anchor="middle")
NAME: Final = Pen(16.5, NAVY, bold=True)
WORDS: Final = Pen(14, INK)
FAINT: Final = Pen(13, SOFT)
UNIT: Final = Pen(15.5, INK, bold=True)


@dataclass(frozen=True)
class RoleWords:
    """A place of the formula; `others` is said of an open one."""

    label: str
    name: str
    members: Sequence[str]
    others: str = ""


@dataclass(frozen=True)
class LeadWords:
    """A unit and what it leads."""

    unit: str
    scopes: Sequence[str]


@dataclass(frozen=True)
class Picture:
    """Everything that the picture says."""

    title: str
    subtitle: str
    formula: str
    roles: Sequence[RoleWords]
    leads: Sequence[LeadWords]
    bodies: Sequence[BodyWords]


def draw(picture: Picture) -> str:
    """The picture as SVG."""
    canvas = Canvas()
    roots = forest(picture.bodies)
    inner = max([WIDTH - 2 * MARGIN, *(root.span for root in roots)])
    y = _title(canvas, picture, inner)
    if picture.roles:
        y = _roles(canvas, picture, inner, y)
    if picture.leads:
        y = _leads(canvas, picture.leads, inner, y)
    y = _bodies(canvas, roots, inner, y)
    return canvas.document(inner + 2 * MARGIN, y + MARGIN - SECTION_GAP, picture.title, describe(picture))


def describe(picture: Picture) -> str:
    """The picture in a few words, for who cannot see it; the table beside it has everything."""
    seats = sum(len(body.seats) for body in picture.bodies)
    parts = [picture.subtitle, f"{len(picture.bodies)} 个机构、{seats} 类席位"]
    if picture.roles:
        parts.append(f"架构模式 {picture.formula}")
    if picture.leads:
        parts.append(f"牵头单位 {'、'.join(dict.fromkeys(lead.unit for lead in picture.leads))}")
    return "；".join(part for part in parts if part)


def _title(canvas: Canvas, picture: Picture, inner: float) -> float:
    middle = MARGIN + inner / 2
    canvas.text(middle, MARGIN + 30, picture.title, Pen(32, NAVY, bold=True, anchor="middle"))
    canvas.text(middle, MARGIN + 60, picture.subtitle, Pen(14.5, SOFT, anchor="middle"))
    canvas.path([(MARGIN, MARGIN + 80), (MARGIN + inner, MARGIN + 80)], stroke=NAVY, weight=2)
    return MARGIN + 80 + SECTION_GAP


def _heading(canvas: Canvas, words: str, y: float) -> float:
    canvas.box((MARGIN, y + 2, 5, 18), fill=NAVY, stroke=NAVY, radius=0)
    canvas.text(MARGIN + 14, y + 17, words, HEADING)
    return y + 34


def _roles(canvas: Canvas, picture: Picture, inner: float, y: float) -> float:
    """One card for each place of the formula, side by side and equally high."""
    y = _heading(canvas, f"架构模式：{picture.formula}", y)
    width = (inner - GAP * (len(picture.roles) - 1)) / len(picture.roles)
    texts = [_role_lines(role, width - 100) for role in picture.roles]
    height = max(62 + LEADING * max((len(lines) for lines in texts), default=0), 86)
    for number, (role, lines) in enumerate(zip(picture.roles, texts, strict=True)):
        left = MARGIN + number * (width + GAP)
        canvas.box((left, y, width, height), fill=TINT, stroke=LINE)
        canvas.box((left, y, 72, height), fill=NAVY, stroke=NAVY)
        small = ems(role.label) > 1
        pen = Pen(20, PAPER, bold=True, anchor="middle") if small else NUMERAL
        canvas.text(left + 36, y + height / 2 + (7 if small else 11), role.label, pen)
        canvas.text(left + 86, y + 30, role.name, NAME)
        canvas.lines(left + 86, y + 54, lines, WORDS, LEADING)
        if number + 1 < len(picture.roles) and not small:
            canvas.text(left + width + GAP / 2, y + height / 2 + 8, "+", Pen(22, GOLD, bold=True, anchor="middle"))
    return y + height + SECTION_GAP


def _role_lines(role: RoleWords, width: float) -> list[str]:
    named = list(role.members[:MOST_NAMES])
    if len(role.members) > MOST_NAMES:
        named.append(f"等 {len(role.members)} 家")
    words = [*named, *([role.others] if role.others else [])]
    return [line for one in words for line in wrap(one, width, WORDS.size, 2)]


def _leads(canvas: Canvas, leads: Sequence[LeadWords], inner: float, y: float) -> float:
    """One card for each leading unit, three or four in a row."""
    y = _heading(canvas, "牵头单位", y)
    columns = min(max(len(leads), LEAST_COLUMNS), MOST_COLUMNS)
    width = (inner - GAP * (columns - 1)) / columns
    for start in range(0, len(leads), columns):
        row = leads[start : start + columns]
        texts = [_lead_lines(lead, width - 32) for lead in row]
        height = 26 + max(LEADING * (len(names) + len(scopes)) for names, scopes in texts)
        for number, (names, scopes) in enumerate(texts):
            left = MARGIN + number * (width + GAP)
            canvas.box((left, y, width, height), fill=GOLD_TINT, stroke="#e3c88f")
            canvas.lines(left + 16, y + 27, names, UNIT, LEADING)
            canvas.lines(left + 16, y + 27 + LEADING * len(names), scopes, FAINT, LEADING)
        y += height + 14
    return y - 14 + SECTION_GAP


def _lead_lines(lead: LeadWords, width: float) -> tuple[list[str], list[str]]:
    scopes = [line for scope in lead.scopes for line in wrap(scope, width, FAINT.size, 2)]
    return wrap(lead.unit, width, UNIT.size, 2), scopes


def _bodies(canvas: Canvas, roots: Sequence[Card], inner: float, y: float) -> float:
    """The trees of bodies, as many side by side as fit, each row in the middle."""
    if not roots:
        return y
    y = _heading(canvas, "组织机构", y)
    for row in rows_of(roots, inner):
        used = sum(root.span for root in row) + GAP * (len(row) - 1)
        left = MARGIN + (inner - used) / 2
        for root in row:
            root.place(left, y)
            paint(canvas, root)
            left += root.span + GAP
        y += max(root.depth for root in row) + SECTION_GAP
    return y

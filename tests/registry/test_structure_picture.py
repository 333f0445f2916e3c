"""The picture of the structure: sound SVG whatever the words, every seat in it, nothing over anything else."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain.picture_bodies import BodyWords, Card, SeatWords, forest, rows_of
from services.registry.domain.picture_text import CLOSING, OPENING, ems, shorten, wrap
from services.registry.domain.structure_picture import LeadWords, Picture, RoleWords, draw

WORDS = st.text("安庆职业教育集团理事会（）、，。：“”ABCabc123 -", max_size=40)
ANY = st.text(max_size=20)
SVG = "{http://www.w3.org/2000/svg}"

seats = st.builds(
    SeatWords,
    title=st.sampled_from(["组长", "副组长", "成员"]),
    unit=WORDS,
    post=WORDS,
    holder=st.one_of(st.just(""), WORDS),
    count=st.integers(1, 9),
    open_ended=st.booleans(),
)


@st.composite
def bodies(draw: st.DrawFn) -> list[BodyWords]:
    """Any forest, in any order, also with parents that are missing or go round in a circle."""
    names = [f"机构{number}" for number in range(draw(st.integers(0, 7)))]
    above = st.one_of(st.none(), st.sampled_from([*names, "不在册"]))
    return [
        BodyWords(
            key=name,
            name=name + draw(WORDS),
            aliases=draw(st.lists(WORDS, max_size=2)),
            host=draw(WORDS),
            duties=draw(st.lists(WORDS, max_size=3)),
            seats=draw(st.lists(seats, max_size=8)),
            above=draw(above),
        )
        for name in names
    ]


@given(WORDS, st.integers(40, 400), st.integers(10, 30))
def test_lines_hold_every_letter_and_fit(text: str, width: int, size: int) -> None:
    lines = wrap(text, width, size)
    assert "".join(lines) == text
    # A single letter may be wider than the line, and a closing mark may take one letter more down with it.
    assert all(ems(line) * size <= max(width, 2 * size) for line in lines)


@given(WORDS, st.integers(80, 400), st.integers(1, 4))
def test_no_more_lines_than_asked_for(text: str, width: int, most: int) -> None:
    lines = wrap(text, width, 15, most)
    assert len(lines) <= most
    assert lines == wrap(text, width, 15) or lines[-1].endswith("…") or ems(lines[-1]) * 15 <= width


def test_lines_break_as_chinese_does() -> None:
    assert wrap("一二三四五，六", 75, 15) == ["一二三四", "五，六"]
    assert wrap("一二三四（五六）", 75, 15) == ["一二三四", "（五六）"]
    for line in wrap("政府（席数未定）、企业（席数未定）、学校（席数未定）。", 120, 15):
        assert line[0] not in CLOSING
        assert line[-1] not in OPENING


def test_widths_follow_the_kind_of_letter() -> None:
    assert ems("安庆") == 2
    assert ems("（") == 1
    assert 0.5 < ems("a") < ems("A") < 1
    assert shorten("安庆职业技术学院", 75, 15) == "安庆职业…"
    assert shorten("安庆", 75, 15) == "安庆"


def overlap(one: Card, other: Card) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    over = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not (beside or over)


@settings(deadline=None)
@given(bodies())
def test_every_body_has_a_place_of_its_own(found: list[BodyWords]) -> None:
    roots = forest(found)
    y = 0.0
    for row in rows_of(roots, 1400):
        x = 0.0
        for root in row:
            root.place(x, y)
            x += root.span + 26
        y += max(root.depth for root in row) + 30
    cards = [card for root in roots for card in root.all()]
    assert sorted(card.body.key for card in cards) == sorted(body.key for body in found)
    assert not [pair for pair in combinations(cards, 2) if overlap(*pair)]
    for card in cards:
        for cell in card.cells:
            assert all(cell.x + ems(line) * cell.pen.size <= card.width for line in cell.lines), cell
            assert cell.y + (len(cell.lines) - 1) * cell.leading <= card.height, cell


@settings(deadline=None)
@given(bodies(), ANY, st.lists(st.builds(LeadWords, ANY, st.lists(ANY, max_size=3)), max_size=6))
def test_the_file_is_sound_whatever_the_words(found: list[BodyWords], words: str, leads: list[LeadWords]) -> None:
    roles = [RoleWords("N", words, [words] * 6, words)] if words else []
    svg = draw(Picture(words, words, words, roles, leads, found))
    root = ElementTree.fromstring(svg)  # our own file
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "path", "text"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or name == "style"]


def test_every_holder_stands_in_the_picture() -> None:
    names = [f"姓名{number}" for number in range(24)]
    group = [SeatWords("成员", "示例区人民政府", "副区长", name) for name in names]
    picture = Picture("示例架构图", "截至今天", "", [], [], [BodyWords("组", "领导小组", seats=group)])
    svg = draw(picture)
    assert [name for name in names if f">{name}</text>" not in svg] == []
    assert "24 类席位" in svg
    assert not re.search(r"<script|javascript:", svg)

"""Suggests which majors may serve a leading industry, by words that both names share. Pure.

A suggestion counts for nothing until somebody confirms it. Words are pairs of neighbouring characters, since the names
are short and written without spaces; words that stand in very many names say nothing and are left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

SAYING_NOTHING: Final = re.compile(
    "技术|应用|制造|管理|服务|工程|设备|生产|产业|行业|工业|装备|专业|现代|智能|运用|运行|控制|制品|其他|设计|配件|维修|加工|材料"
    "|业$|[与和及其未列]"
)


@dataclass(frozen=True)
class Suggestion:
    """A major that shares words with an industry."""

    major_code: str
    industry: str
    words: tuple[str, ...]


def pairs_of(text: str) -> set[str]:
    """Neighbouring characters of a name, none of them across punctuation or what says nothing."""
    telling = SAYING_NOTHING.sub(" ", text)
    return {first + second for first, second in pairwise(telling) if first.isalnum() and second.isalnum()}


def suggestions(
    majors: Mapping[str, str], industries: Mapping[str, Iterable[str]], matched: Iterable[tuple[str, str]]
) -> list[Suggestion]:
    """Majors (code → name) and industries (key → names) that share a word, without pairs (beginning, industry) that are
    matched already. Most words first, then by code.
    """
    known: Sequence[tuple[str, str]] = list(matched)
    words = {key: set().union(*map(pairs_of, names)) for key, names in industries.items()}
    found = []
    for code, name in majors.items():
        own = pairs_of(name)
        for key, of_industry in words.items():
            shared = own & of_industry
            if shared and not any(code.startswith(begin) and key == industry for begin, industry in known):
                found.append(Suggestion(code, key, tuple(sorted(shared))))
    return sorted(found, key=lambda one: (-len(one.words), one.major_code, one.industry))

"""Alliances and their practice alliances: in `X-practice` the units of `X` may try everything (docs/design.md, 11)."""

from typing import Final

PRACTICE_SUFFIX: Final = "-practice"


def practice_of(alliance: str) -> str:
    """The practice alliance of an alliance; a practice alliance is its own."""
    return alliance if is_practice(alliance) else alliance + PRACTICE_SUFFIX


def home_of(alliance: str) -> str:
    """The alliance whose people work in a practice alliance; any other alliance is its own."""
    return alliance.removesuffix(PRACTICE_SUFFIX)


def is_practice(alliance: str) -> bool:
    return alliance.endswith(PRACTICE_SUFFIX)

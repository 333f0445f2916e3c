"""Pinyin of Chinese names, to sort and search by: the database has no ICU, so the key is a column."""

from pypinyin import Style, lazy_pinyin

KEY_LENGTH = 400


def sort_key(name: str) -> str:
    """The syllables of a name in lower case, as `an qing zhi ye`; sorts by byte as people expect."""
    return " ".join(lazy_pinyin(name)).lower()[:KEY_LENGTH]


def initials(name: str) -> str:
    """The first letters of a name's syllables, as `aqzy`."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()[:KEY_LENGTH]


def search_text(*names: str) -> str:
    """What a fragment is looked for in: each name as written, as run-together pinyin and as initials, in lower case."""
    lines = [form for name in names for form in (name.lower(), sort_key(name).replace(" ", ""), initials(name))]
    return "\n".join(lines)

"""Whether a page of an earlier day stays in that day: which of its links lead out of it."""

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.frontend.html import Page

DAY: Final = "2025-06-01"
ID: Final = "[0-9a-f-]{36}"
TAKE_A_DAY: Final = re.compile(
    rf"/(members|majors|teachers|agreements|collaborations|applications)(/{ID}|/export)?"
    rf"|/teachers/shared|/collaborations/plates(/{ID})?|/majors/of/{ID}|/members/{ID}/life"
    r"|/coverage(/industries|/export|/picture\.svg)?"
    rf"|/governance/(bodies(/{ID})?|seats/({ID}|export)|picture(\.svg)?|meetings|resolutions(/export)?)"
    rf"|/attachments/[a-z_]+/{ID}(/{ID}/content)?"
)
"""The pages and files of the registry that can show an earlier day."""


def leading_out(text: str, today: str) -> list[str]:
    """Where the links of a page forget its day; `today` is the one that shall."""
    main = text[text.index("<main") : text.index("</main>") + len("</main>")]
    found = [
        attributes[name]
        for _, attributes in Page(main).elements
        for name in ("href", "hx-get", "src")
        if name in attributes
    ]
    assert any(DAY in link for link in found), "no link keeps the day: is this a page of a day?"
    return [link for link in found if link != today and _forgets(link)]


def _forgets(link: str) -> bool:
    parts = urlsplit(link)
    return TAKE_A_DAY.fullmatch(parts.path) is not None and "as_of" not in parse_qs(parts.query)

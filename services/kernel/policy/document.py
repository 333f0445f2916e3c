"""`document.yaml`: which document a pack carries out, where its articles are, and what it leaves open."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.kernel.policy.base import PackModel, Validity
from services.kernel.policy.scalars import CityDivision, Code, Locator, PackName, Text
from services.kernel.policy.vocabulary import AllianceKind, OpenKind

# part, then dotted steps; a list item is named by its code (articles: id) or its index from 0; `*` stands for any one.
FIELD_PATTERN = r"^(?:document|structure|targets|subsidies)(?:\.[^.\s]+)*$"
OpenField = Annotated[str, StringConstraints(pattern=FIELD_PATTERN)]


class Alliance(PackModel):
    """The tenant: its code in the hub, name and kind. A template for any city has no division."""

    code: Code
    name: Text
    kind: AllianceKind
    division: CityDivision | None


class Article(PackModel):
    """One place of the document that the pack cites; `summary` is a paraphrase, never the document's sentence."""

    id: Locator
    heading: Text
    summary: Text


class OpenPoint(PackModel):
    """A question the text leaves open. `decision` is how the hub proceeds meanwhile, or null while nobody decided.

    `field` is a dotted path such as `targets.indicators.local_employment.baseline` or `targets.tasks.*.due`.
    """

    field: OpenField
    article: Locator | None
    kind: OpenKind
    question: Text
    decision: Text | None


class Document(PackModel):
    """The policy document. Number, issuer, issue date and validity may be null, each with an open point."""

    pack: PackName
    number: Text | None
    title: Text
    issuer: Text | None
    alliance: Alliance
    issued_on: date | None
    valid: Validity
    articles: list[Article] = Field(min_length=1)
    open: list[OpenPoint]

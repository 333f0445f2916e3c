"""Which money rules stand: the newest applied pack, or a version that a settlement pinned."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import desc, select

from services.kernel.database import AnySession
from services.kernel.errors import Conflict, NotFound
from services.subsidies.domain import CITY_SUFFIX
from services.subsidies.rules.model import Rule, RuleBook
from services.subsidies.rules.vocabulary import RuleKind
from services.subsidies.tables import PolicyVersion

UNCLAIMED_LABEL = "不申报"


@dataclass(frozen=True)
class Policy:
    """One applied version of a pack: its money rules and the document that they carry out."""

    pack: str
    version: int
    sha256: str
    content: dict[str, Any]
    document: dict[str, Any]

    @cached_property
    def book(self) -> RuleBook:
        """The rules; raises RuleBookError when the pack cannot be settled."""
        return RuleBook.from_part(self.content, self.document["alliance"]["division"] + CITY_SUFFIX)

    @property
    def number(self) -> str:
        return str(self.document.get("number") or self.document["title"])

    def rule(self, code: str) -> Rule | None:
        return next((rule for rule in self.book.rules if rule.code == code), None)

    @property
    def student_choices(self) -> dict[str, str]:
        """What the column 申报项目 may say, and the rule code it is kept as; empty for 不申报."""
        rules = [rule for rule in self.book.rules if rule.kind is RuleKind.STUDENT_AWARD]
        return {**{rule.name: rule.code for rule in rules}, UNCLAIMED_LABEL: ""}

    def article(self, locator: str) -> dict[str, Any]:
        """Heading and paraphrase of an article, as the pack lists it; empty when it does not."""
        return next((a for a in self.document.get("articles", []) if a["id"] == locator), {})


async def find_policy(session: AnySession, alliance: str) -> Policy | None:
    """The pack applied last, or none."""
    newest = (
        select(PolicyVersion)
        .where(PolicyVersion.alliance == alliance)
        .order_by(desc(PolicyVersion.applied_at), desc(PolicyVersion.version))
        .limit(1)
    )
    return _policy((await session.scalars(newest)).one_or_none())


async def current_policy(session: AnySession, alliance: str) -> Policy:
    """The pack applied last. Raises Conflict when none was applied yet."""
    policy = await find_policy(session, alliance)
    if policy is None:
        raise Conflict("还没有应用奖补文件，请先由秘书处执行 hub policy apply。", code="policy_missing")
    return policy


async def policy_at(session: AnySession, alliance: str, pack: str, version: int) -> Policy:
    """A pinned version. Raises NotFound."""
    found = _policy(await session.get(PolicyVersion, (alliance, pack, version)))
    if found is None:
        raise NotFound("找不到当时所用的奖补文件版本。", code="policy_version_missing")
    return found


def _policy(row: PolicyVersion | None) -> Policy | None:
    return Policy(row.pack, row.version, row.sha256, row.content, row.document) if row else None


def collaboration_kind_of(rule: Rule) -> str | None:
    """The kind of collaboration that a recognition award is for; none for other rules."""
    if rule.kind is not RuleKind.RECOGNITION_AWARD:
        return None
    return str(rule.parameter("collaboration_kind").values[-1].value)

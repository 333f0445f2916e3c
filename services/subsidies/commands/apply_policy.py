"""Apply a pack's money rules: a new version when their content is new, nothing otherwise."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import desc, select, text

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.principal import Principal
from services.subsidies.domain import CITY_SUFFIX
from services.subsidies.rules.model import RuleBook
from services.subsidies.rules.series import RuleBookError
from services.subsidies.tables import PolicyVersion

LOCK = text("SELECT pg_advisory_xact_lock(hashtext('apply policy ' || :alliance || ' ' || :pack))")


@dataclass(frozen=True)
class AppliedPolicy:
    """The version that now stands; `changed` says whether this application made it."""

    pack: str
    version: int
    sha256: str
    changed: bool


async def apply_policy(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    pack: str,
    parts: dict[str, dict[str, Any]],
    hashes: dict[str, str],
) -> AppliedPolicy:
    """Store the parts `subsidies` and `document` as a new version when either hash is new; idempotent.

    Raises InvalidInput when the rules cannot be settled, with what is wrong.
    """
    _check(parts)
    await session.execute(LOCK, {"alliance": principal.alliance, "pack": pack})
    newest = await _newest(session, principal.alliance, pack)
    if newest is not None and (newest.sha256, newest.document) == (hashes["subsidies"], parts["document"]):
        return AppliedPolicy(pack, newest.version, newest.sha256, changed=False)
    row = PolicyVersion(
        alliance=principal.alliance,
        pack=pack,
        version=newest.version + 1 if newest else 1,
        sha256=hashes["subsidies"],
        content=parts["subsidies"],
        document=parts["document"],
        applied_at=clock.now(),
        applied_by=principal.subject,
    )
    session.add(row)
    after = {"version": row.version, "sha256": row.sha256}
    await audit(session, clock, principal, "policy.apply", "policy", pack, after=after)
    return AppliedPolicy(pack, row.version, row.sha256, changed=True)


def _check(parts: dict[str, dict[str, Any]]) -> None:
    division = parts["document"]["alliance"]["division"]
    if division is None:
        raise InvalidInput([FieldIssue("document.alliance.division", "division_missing", "没有城市区划，不能结算。")])
    try:
        RuleBook.from_part(parts["subsidies"], division + CITY_SUFFIX)
    except RuleBookError as fault:
        issue = FieldIssue("subsidies", "rules_unusable", f"奖补规则无法用于结算：{fault}")
        raise InvalidInput([issue]) from fault


async def _newest(session: WriteSession, alliance: str, pack: str) -> PolicyVersion | None:
    same = (PolicyVersion.alliance == alliance, PolicyVersion.pack == pack)
    return (
        await session.scalars(select(PolicyVersion).where(*same).order_by(desc(PolicyVersion.version)).limit(1))
    ).one_or_none()

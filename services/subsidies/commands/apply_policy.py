"""Apply a pack's money rules: a new version when their content is new, nothing otherwise."""

from typing import Any

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.policy_versions import AppliedVersion, store_version
from services.kernel.principal import Principal
from services.subsidies.domain import CITY_SUFFIX
from services.subsidies.rules.model import RuleBook
from services.subsidies.rules.series import RuleBookError
from services.subsidies.tables import PolicyVersion


async def apply_policy(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    pack: str,
    parts: dict[str, dict[str, Any]],
    hashes: dict[str, str],
) -> AppliedVersion:
    """Store the parts `subsidies` and `document` as a new version when either hash is new; idempotent.

    Raises InvalidInput when the rules cannot be settled, with what is wrong.
    """
    _check(parts)
    return await store_version(
        session,
        clock,
        principal,
        table=PolicyVersion,
        pack=pack,
        sha256=hashes["subsidies"],
        content={"content": parts["subsidies"], "document": parts["document"]},
        same=lambda newest: (newest.sha256, newest.document) == (hashes["subsidies"], parts["document"]),
    )


def _check(parts: dict[str, dict[str, Any]]) -> None:
    division = parts["document"]["alliance"]["division"]
    if division is None:
        raise InvalidInput([FieldIssue("document.alliance.division", "division_missing", "没有城市区划，不能结算。")])
    try:
        RuleBook.from_part(parts["subsidies"], division + CITY_SUFFIX)
    except RuleBookError as fault:
        issue = FieldIssue("subsidies", "rules_unusable", f"奖补规则无法用于结算：{fault}")
        raise InvalidInput([issue]) from fault

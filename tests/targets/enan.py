"""鄂职发〔2021〕5号 with its conflict: for 2023 article 三 asks for 50 % of local students, 表10 for 45 %."""

import asyncio
from pathlib import Path
from typing import Any

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.permissions import Role
from services.kernel.policy.canonical import pack_parts
from services.kernel.principal import Principal
from services.targets.commands.apply_policy import apply_policy
from tests.policy.mini import clean
from tests.policy.test_format_enan import CONFLICT, enan

CODE = "local_origin"
TABLE_45 = "{year: 2023, value: 45, article: 表10}"
TEXT_50 = "{year: 2023, value: 50, article: 三}"
Parts = dict[str, dict[str, Any]]


def enan_parts(folder: Path, *changes: tuple[str, str]) -> tuple[Parts, dict[str, str]]:
    """The pack as it is stored, after texts of its targets were replaced; it must check clean."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = enan(folder, CONFLICT)
    for old, new in changes:
        copy.replace("targets.yaml", old, new)
    parts = pack_parts(clean(copy))
    return {str(p.part): p.payload for p in parts}, {str(p.part): p.sha256 for p in parts}


def entry(parts: Parts) -> dict[str, Any]:
    """The indicator in conflict as its pack states it."""
    found: dict[str, Any] = next(one for one in parts["targets"]["indicators"] if one["code"] == CODE)
    return found


def apply_enan(url: str, clock: FixedClock, folder: Path, *changes: tuple[str, str], alliance: str = "enan") -> None:
    """Apply the pack to an alliance, perhaps with other words in its targets."""
    parts, hashes = enan_parts(folder, *changes)
    operator = Principal("operator", "运维", Role.SECRETARIAT_CLERK, alliance, frozenset())

    async def body() -> None:
        database = Database(url, clock=clock)
        try:
            async with database.write(alliance) as session:
                await apply_policy(session, clock, operator, "enan-2021", parts, hashes)
        finally:
            await database.close()

    asyncio.run(body())

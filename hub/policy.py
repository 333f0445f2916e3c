"""`hub policy`: check a pack, show what applying it would change, apply it to every service that keeps a part."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from hub.errors import OperatorError
from services.kernel.alliances import practice_of
from services.kernel.clock import SystemClock
from services.kernel.database import Database
from services.kernel.errors import HubError
from services.kernel.permissions import Role
from services.kernel.policy.canonical import pack_parts
from services.kernel.policy.check import check_pack
from services.kernel.policy.diff import diff_against, render_changes
from services.kernel.policy.models import PolicyPack
from services.kernel.policy.problems import CheckReport
from services.kernel.policy.render import render_report
from services.kernel.principal import Principal

POLICIES: Final = Path(__file__).resolve().parents[1] / "policies"
Parts = dict[str, dict[str, Any]]

# Which part of a pack stands in which service's table `policy_version`, and under which attribute.
KEPT: Final = {
    "registry": {"document": "document", "structure": "structure"},
    "targets": {"targets": "content"},
    "subsidies": {"subsidies": "content"},
}


@dataclass(frozen=True)
class Applied:
    """What one service now holds of a pack; `changed` says whether this application made it."""

    service: str
    pack: str
    version: int
    changed: bool

    @property
    def sentence(self) -> str:
        outcome = f"已应用为第 {self.version} 版" if self.changed else f"没有变化，仍是第 {self.version} 版"
        return f"{self.pack} → {self.service}：{outcome}。"


def report_on(folder: Path) -> CheckReport:
    """Check the pack in `folder`; raises OperatorError when there is no such folder."""
    if not folder.is_dir():
        raise OperatorError(f"没有目录 {folder}；请给出政策包所在的目录，例如 policies/anqing-2024。")
    return check_pack(folder)


def sound_pack(folder: Path) -> PolicyPack:
    """The pack in `folder`. Raises OperatorError with the whole report when it has errors."""
    report = report_on(folder)
    if report.pack is None or not report.ok:
        raise OperatorError(render_report(report))
    return report.pack


def packs_below(folder: Path) -> list[Path]:
    """The pack folders of a repository, by name."""
    return sorted(path.parent for path in folder.glob("*/document.yaml"))


def keepers_of(pack: PolicyPack) -> list[str]:
    """The services that keep a part which this pack has."""
    return [service for service, kept in KEPT.items() if kept.keys() <= set(pack.written)]


async def apply(folder: Path, environment: Mapping[str, str]) -> list[Applied]:
    """Apply the pack to each service that keeps a part, each in its own transaction; idempotent.

    A service whose part is not written yet is left alone. Raises OperatorError when the pack has errors or a service
    refuses it.
    """
    pack = sound_pack(folder)
    parts = pack_parts(pack)
    payloads = {part.part: part.payload for part in parts}
    hashes = {part.part: part.sha256 for part in parts}
    alliance = pack.document.alliance.code
    keepers = keepers_of(pack)
    applied = [await _apply_to(service, alliance, pack, payloads, hashes, environment) for service in keepers]
    for service in keepers:  # what people try out follows the same rules
        await _apply_to(service, practice_of(alliance), pack, payloads, hashes, environment)
    return applied


async def _apply_to(
    service: str,
    alliance: str,
    pack: PolicyPack,
    payloads: Mapping[Any, Any],
    hashes: Mapping[Any, str],
    environment: Mapping[str, str],
) -> Applied:
    """Apply the service's part to one alliance, in one transaction. Raises OperatorError."""
    command = importlib.import_module(f"services.{service}.commands.apply_policy").apply_policy
    principal = Principal("hub-cli", "命令行", Role.SERVICE, alliance, frozenset())
    database = Database(environment[f"HUB_{service.upper()}_DATABASE_URL"])
    try:
        async with database.write(alliance) as session:
            result = await command(session, SystemClock(), principal, pack.document.pack, payloads, hashes)
    except HubError as error:
        raise OperatorError(f"{service} 不接受政策包 {pack.document.pack}：{error.detail}") from error
    finally:
        await database.close()
    return Applied(service, pack.document.pack, result.version, result.changed)


async def applied_parts(service: str, url: str, alliance: str, pack: str) -> Parts:
    """The parts of a pack that a service holds, in their newest version; empty when none was applied."""
    table = importlib.import_module(f"services.{service}.tables").PolicyVersion
    newest = select(table).where(table.alliance == alliance, table.pack == pack).order_by(table.version.desc()).limit(1)
    database = Database(url)
    try:
        async with database.read(alliance) as session:
            row = (await session.scalars(newest)).one_or_none()
            return {part: getattr(row, name) for part, name in KEPT[service].items()} if row is not None else {}
    finally:
        await database.close()


async def difference(folder: Path, environment: Mapping[str, str]) -> str:
    """What applying the pack would change in the services, as Chinese text."""
    pack = sound_pack(folder)
    applied: Parts = {}
    for service in keepers_of(pack):
        url = environment[f"HUB_{service.upper()}_DATABASE_URL"]
        applied |= await applied_parts(service, url, pack.document.alliance.code, pack.document.pack)
    return render_changes(diff_against(applied, pack))

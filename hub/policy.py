"""`hub policy`: check a pack, show what applying it would change, apply it to every service that keeps a part."""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hub.database import SERVICES
from hub.errors import OperatorError
from services.kernel.clock import SystemClock
from services.kernel.database import Database, ReadSession
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
Reader = Callable[[ReadSession, str, str], Awaitable[Parts]]


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


async def apply(folder: Path, environment: Mapping[str, str]) -> list[Applied]:
    """Apply the pack to each service that keeps a part, each in its own transaction; idempotent.

    Raises OperatorError when the pack has errors or a service refuses it.
    """
    pack = sound_pack(folder)
    parts = pack_parts(pack)
    payloads = {part.part: part.payload for part in parts}
    hashes = {part.part: part.sha256 for part in parts}
    alliance = pack.document.alliance.code
    principal = Principal("hub-cli", "命令行", Role.SERVICE, alliance, frozenset())
    applied = []
    for service in applying_services():
        command = importlib.import_module(f"services.{service}.commands.apply_policy").apply_policy
        database = Database(environment[f"HUB_{service.upper()}_DATABASE_URL"])
        try:
            async with database.write(alliance) as session:
                result = await command(session, SystemClock(), principal, pack.document.pack, payloads, hashes)
        except HubError as error:
            raise OperatorError(f"{service} 不接受政策包 {pack.document.pack}：{error.detail}") from error
        finally:
            await database.close()
        applied.append(Applied(service, pack.document.pack, result.version, result.changed))
    return applied


def applying_services() -> list[str]:
    """Services that keep a part of a pack: those with a command `apply_policy`."""
    return [name for name in SERVICES if _exists(f"services.{name}.commands.apply_policy")]


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the service has no commands at all
        return False


async def _subsidies_parts(session: ReadSession, alliance: str, pack: str) -> Parts:
    from services.subsidies.queries.policy import find_policy

    found = await find_policy(session, alliance)
    return {"document": found.document, "subsidies": found.content} if found and found.pack == pack else {}


READERS: dict[str, tuple[tuple[str, ...], Reader]] = {"subsidies": (("document", "subsidies"), _subsidies_parts)}


async def difference(folder: Path, environment: Mapping[str, str]) -> str:
    """What applying the pack would change in the parts that services keep, as Chinese text."""
    pack = sound_pack(folder)
    alliance = pack.document.alliance.code
    applied: Parts = {}
    kept: set[str] = set()
    for service, (names, read) in READERS.items():
        database = Database(environment[f"HUB_{service.upper()}_DATABASE_URL"])
        try:
            async with database.read(alliance) as session:
                applied |= await read(session, alliance, pack.document.pack)
        finally:
            await database.close()
        kept |= set(names)
    changes = diff_against(applied, pack)
    return render_changes([change for change in changes if change.path.split("/")[1] in kept])

"""The alliances that a demonstration can be loaded for: one for each policy document of the repository.

All but that of `hub up` hold what their document names and nothing else; only the accounts are made up, and the holders
of plates (plates.py), whom a document with a rule of plates does not name.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.demo.alliance import ALLIANCE, DEMO_ACCOUNTS, DemoAccount
from hub.demo.errors import DemoError
from hub.policy import packs_below, sound_pack
from services.kernel.divisions import division_name
from services.kernel.permissions import Role
from services.kernel.policy.models import PolicyPack

FIRST: Final = ALLIANCE
"""The alliance of `hub up`, with a whole year of made-up data besides."""


@dataclass(frozen=True)
class DemoAlliance:
    """One alliance with the document that it rests on and who may sign in to its demonstration."""

    code: str
    name: str
    pack: str
    folder: Path
    accounts: tuple[DemoAccount, ...]
    names_industries: bool

    @property
    def secretary(self) -> str:
        """The user name of whoever keeps the records."""
        return next(one.username for one in self.accounts if one.role is Role.SECRETARIAT_CLERK)


def demo_alliances(policies: Path) -> dict[str, DemoAlliance]:
    """Every alliance by its code, that of `hub up` first. Raises OperatorError when a pack has errors."""
    found = [_of_pack(folder) for folder in packs_below(policies)]
    return {one.code: one for one in sorted(found, key=lambda one: (one.code != FIRST, one.code))}


def demo_alliance(policies: Path, code: str) -> DemoAlliance:
    """The alliance of a code. Raises DemoError naming those that there are."""
    known = demo_alliances(policies)
    if code not in known:
        raise DemoError(f"没有联盟 {code} 的示范数据；可选：{'、'.join(known)}。", exit_code=2)
    return known[code]


def _of_pack(folder: Path) -> DemoAlliance:
    pack = sound_pack(folder)
    alliance = pack.document.alliance
    accounts = DEMO_ACCOUNTS if alliance.code == FIRST else accounts_of(pack)
    named = bool(pack.structure.industries)
    return DemoAlliance(alliance.code, alliance.name, pack.document.pack, folder, accounts, named)


def accounts_of(pack: PolicyPack) -> tuple[DemoAccount, ...]:
    """The secretariat's clerk and head, a leader, and the bureau of the first county that the document names.

    Names begin with the alliance's code: all alliances of a deployment sign in at one page.
    """
    alliance = pack.document.alliance
    city = (division_name(alliance.division) if alliance.division else None) or ""
    office = f"{alliance.name}秘书处"
    accounts = [
        DemoAccount(f"{alliance.code}-mishuchu", office, Role.SECRETARIAT_CLERK),
        DemoAccount(f"{alliance.code}-fuzeren", office, Role.SECRETARIAT_HEAD),
        DemoAccount(f"{alliance.code}-lingdao", f"{city}示例教育局", Role.LEADER),
    ]
    county = next((unit.division for unit in pack.structure.units if unit.division), None)
    if county is not None:
        bureau = f"{division_name(county)}示例教育局"
        accounts.append(DemoAccount(f"{alliance.code}-bureau-{county}", bureau, Role.COUNTY_CLERK, division=county))
    return tuple(accounts)

"""The registry's facts as this service needs them: members and recognised collaborations at one version.

The snapshot's shape is docs/design.md §7. A version never changes, so what was read once is kept in memory.
"""

import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import desc, select

from services.kernel.clock import Clock
from services.kernel.database import AnySession, Database
from services.kernel.registry_words import BELONGS
from services.kernel.service_calls import ServiceToken, Snapshot, SnapshotClient
from services.kernel.settings import ServiceSettings
from services.kernel.shared_tables import snapshot as snapshots

SOURCE: Final = "registry"
PATH: Final = "/api/registry/v1/snapshot"
KEPT_VERSIONS: Final = 8


class _Narrow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Member(_Narrow):
    """One member unit; `division` is six digits, `category` the registry's code."""

    id: UUID
    name: str
    aliases: tuple[str, ...] = ()
    uscc: str | None = None
    category: str
    division: str | None = None
    enterprise_size: str | None = None
    size_evidence: str | None = None
    status: str = "active"


class Recognition(_Narrow):
    """A level granted to a collaboration on a day, perhaps withdrawn on another."""

    id: UUID
    level: str
    granted_on: date
    withdrawn_on: date | None = None
    document_number: str | None = None


class Collaboration(_Narrow):
    """What members build together."""

    id: UUID
    kind: str
    name: str
    host_member: UUID | None = None
    lead_member: UUID | None = None
    recognitions: tuple[Recognition, ...] = ()


class _Content(_Narrow):
    as_of: datetime
    members: tuple[Member, ...]
    collaborations: tuple[Collaboration, ...]


@dataclass(frozen=True)
class RegistryFacts:
    """Members and collaborations at one version."""

    version: str
    as_of: datetime
    members: dict[UUID, Member]
    collaborations: dict[UUID, Collaboration] = field(repr=False)

    @classmethod
    def read(cls, version: str, content: dict[str, Any]) -> "RegistryFacts":
        read = _Content.model_validate(content)
        return cls(version, read.as_of, {m.id: m for m in read.members}, {c.id: c for c in read.collaborations})

    @cached_property
    def _by_name(self) -> dict[str, set[UUID]]:
        index: dict[str, set[UUID]] = {}
        for member in self.members.values():
            for name in (member.name, *member.aliases, member.uscc or ""):
                if name:
                    index.setdefault(plain_name(name), set()).add(member.id)
        return index

    def find(self, name: str, *, among: Iterable[str] | None = None) -> Member | None:
        """The one member with this name, alias or 统一社会信用代码; none when nobody or more than one has it.

        `among` limits the search to categories. A member that belongs to the alliance stands before those that left.
        """
        wanted = set(among) if among is not None else None
        found = [self.members[key] for key in self._by_name.get(plain_name(name), ())]
        found = [member for member in found if wanted is None or member.category in wanted]
        belonging = [member for member in found if member.status in BELONGS]
        candidates = belonging or found
        return candidates[0] if len(candidates) == 1 else None

    def name_of(self, member: UUID | None) -> str:
        known = self.members.get(member) if member else None
        return known.name if known else "未登记单位"


def plain_name(name: str) -> str:
    """A name for comparison: width, case and white space do not matter."""
    return "".join(unicodedata.normalize("NFKC", name).split()).upper()


@dataclass(frozen=True)
class Latest:
    """The newest facts; `fresh` is false when the registry did not answer just now and older facts stand in."""

    facts: RegistryFacts
    fresh: bool


class RegistryClient:
    """Facts of the registry: the newest, or those that a settlement pinned."""

    def __init__(self, snapshots: SnapshotClient) -> None:
        self._snapshots = snapshots
        self._kept: OrderedDict[tuple[str, str], RegistryFacts] = OrderedDict()

    async def latest(self, database: Database, alliance: str) -> Latest:
        """The newest facts, older ones when the registry is down. Raises Unavailable when there never were any."""
        snapshot = await self._snapshots.latest(database, alliance)
        return Latest(self._facts(alliance, snapshot), snapshot.fresh)

    async def at(self, session: AnySession, alliance: str, version: str) -> RegistryFacts:
        """The facts of a pinned version. Raises NotFound when this service never held it."""
        kept = self._kept.get((alliance, version))
        if kept is not None:
            return kept
        return self._facts(alliance, await self._snapshots.at(session, alliance, version))

    async def kept(self, session: AnySession, alliance: str) -> RegistryFacts | None:
        """The newest facts that this service holds, without asking the registry: enough for names."""
        version = await self.kept_version(session, alliance)
        return await self.at(session, alliance, version) if version else None

    async def kept_version(self, session: AnySession, alliance: str) -> str | None:
        """The version of `kept`."""
        newest = (
            select(snapshots.c.version)
            .where(snapshots.c.alliance == alliance, snapshots.c.source == SOURCE)
            .order_by(desc(snapshots.c.fetched_at))
            .limit(1)
        )
        return await session.scalar(newest)

    def _facts(self, alliance: str, snapshot: Snapshot) -> RegistryFacts:
        key = (alliance, snapshot.version)
        if key not in self._kept:
            self._kept[key] = RegistryFacts.read(snapshot.version, snapshot.content)
            if len(self._kept) > KEPT_VERSIONS:
                self._kept.popitem(last=False)
        return self._kept[key]


def registry_client(settings: ServiceSettings, clock: Clock) -> RegistryClient:
    """The client that asks the registry over HTTP with this service's own token."""
    token = ServiceToken("subsidies", settings, clock)
    return RegistryClient(SnapshotClient(SOURCE, settings.hub.upstream_registry, PATH, token, clock))

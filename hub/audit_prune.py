"""`hub audit prune`: deletes the oldest entries of each log beyond their time, as the owner of the tables.

It never prunes in the middle, keeps an anchor (number and hash of the last deleted entry), and says in the log itself
what it did, so that the rest still verifies and tells where it begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from hub.database import OWNER, SERVICES, connection, parse_url
from hub.environment import running_deployment
from hub.errors import OperatorError
from services.kernel.clock import BUSINESS_ZONE, Clock
from services.kernel.ids import new_id

MONEY: Final = frozenset({"subsidies"})
"""Services whose log tells of money: kept three years at least."""


@dataclass(frozen=True)
class Retention:
    """How long what is kept: months of audit entries, of those of money, and days of the outbox."""

    months: int
    money_months: int
    outbox_days: int

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Retention":
        """From the environment. Raises OperatorError for a time shorter than what the law asks for."""
        return cls(
            months=_at_least(environment, "HUB_AUDIT_MONTHS", 12, 6, "个月；审计记录至少保存六个月"),
            money_months=_at_least(environment, "HUB_AUDIT_MONEY_MONTHS", 60, 36, "个月；资金审计记录至少保存三年"),
            outbox_days=_at_least(environment, "HUB_OUTBOX_DAYS", 90, 30, "天；变更流至少保留三十天，供各系统补收"),
        )

    def audit_before(self, service: str, now: datetime) -> datetime:
        """Entries older than this may go."""
        return months_before(now, self.money_months if service in MONEY else self.months)


@dataclass(frozen=True)
class Pruned:
    """What was deleted from one log."""

    service: str
    alliance: str
    entries: int
    last: int
    events: int

    @property
    def sentence(self) -> str:
        upto = f"（至第 {self.last} 条）" if self.entries else ""
        return f"{self.service} / {self.alliance}：删除审计记录 {self.entries} 条{upto}，变更 {self.events} 条。"


def _at_least(environment: Mapping[str, str], name: str, default: int, least: int, why: str) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise OperatorError(f"{name} 应是不小于 {least} 的整数，单位是{why}。")
    return int(text)


def months_before(instant: datetime, months: int) -> datetime:
    """The same time of day some calendar months earlier, on Asia/Shanghai's calendar; a short month's last day."""
    local = instant.astimezone(BUSINESS_ZONE)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    first = local.replace(year=year, month=month + 1, day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return first.replace(day=min(local.day, (following - timedelta(days=1)).day)).astimezone(UTC)


def owner_url(environment: Mapping[str, str]) -> str:
    """The owner's login: `HUB_OWNER_DATABASE_URL` of a deployment, else that of the local hub that runs."""
    return environment.get("HUB_OWNER_DATABASE_URL") or running_deployment(environment).plan.url(OWNER)


async def prune(url: str, retention: Retention, clock: Clock) -> list[Pruned]:
    """Prune every service's logs, each alliance's in a transaction of its own; only what deleted something is told."""
    now = clock.now()
    done = []
    async with connection(url, parse_url(url).database or "") as database:
        for service in SERVICES:
            for alliance in await _alliances(database, service):
                async with database.transaction():
                    pruned = await _prune(database, service, alliance, retention, now)
                if pruned.entries or pruned.events:
                    done.append(pruned)
    return done


async def _alliances(database: asyncpg.Connection, service: str) -> list[str]:
    logs = f"SELECT alliance FROM {service}.audit_entry UNION SELECT alliance FROM {service}.outbox_event"  # noqa: S608
    return [row["alliance"] for row in await database.fetch(f"{logs} ORDER BY 1")]


async def _prune(
    database: asyncpg.Connection, service: str, alliance: str, retention: Retention, now: datetime
) -> Pruned:
    await database.execute(f"SET LOCAL search_path = {service}, pg_temp")
    await database.execute("SELECT log_lock($1, $2)", service, alliance)
    entries, last = await _prune_entries(database, alliance, retention.audit_before(service, now), now)
    events = await _prune_events(database, alliance, now - timedelta(days=retention.outbox_days))
    return Pruned(service, alliance, entries, last, events)


async def _prune_entries(
    database: asyncpg.Connection, alliance: str, before: datetime, now: datetime
) -> tuple[int, int]:
    """Delete all entries before the first that must be kept; returns how many, and the last one's number."""
    bounds = await database.fetchrow(
        """SELECT min(entry_no) AS first, coalesce(min(entry_no) FILTER (WHERE at >= $2) - 1, max(entry_no)) AS last
           FROM audit_entry WHERE alliance = $1""",
        alliance,
        before,
    )
    first, last = bounds["first"], bounds["last"]
    if first is None or last < first:
        return 0, 0
    digest = await database.fetchval(
        "SELECT hash FROM audit_entry WHERE alliance = $1 AND entry_no = $2", alliance, last
    )
    await database.execute(
        "INSERT INTO audit_anchor (alliance, entry_no, hash, pruned_before, pruned_at) VALUES ($1, $2, $3, $4, $5)",
        alliance,
        last,
        digest,
        before,
        now,
    )
    await _tell(database, alliance, first, last, digest, before, now)
    await database.execute("DELETE FROM audit_entry WHERE alliance = $1 AND entry_no <= $2", alliance, last)
    return last - first + 1, last


async def _tell(
    database: asyncpg.Connection,
    alliance: str,
    first: int,
    last: int,
    digest: bytes,
    before: datetime,
    now: datetime,
) -> None:
    """The pruning is the newest entry of the log that it shortens, so that one entry always remains to go on from."""
    await database.execute(
        """INSERT INTO audit_entry (alliance, at, actor, actor_name, actor_role, client_address, action, object_kind,
               object_id, after, request_id)
           VALUES ($1, $2, 'hub-cli', '命令行', 'service', '-', 'audit_entry.pruned', 'audit_entry', '*',
               jsonb_build_object('first_entry', $3::bigint, 'last_entry', $4::bigint, 'last_hash', $5::text,
                   'before', $6::text), $7)""",
        alliance,
        now,
        first,
        last,
        digest.hex(),
        before.isoformat(),
        new_id().hex,
    )


async def _prune_events(database: asyncpg.Connection, alliance: str, before: datetime) -> int:
    """Delete the oldest events; the newest one stays in any case, for its number."""
    last = await database.fetchval(
        """SELECT least(coalesce(min(seq) FILTER (WHERE at >= $2), max(seq)), max(seq)) - 1
           FROM outbox_event WHERE alliance = $1""",
        alliance,
        before,
    )
    deleted: str = await database.execute(
        "DELETE FROM outbox_event WHERE alliance = $1 AND seq <= $2", alliance, last or 0
    )
    return int(deleted.rpartition(" ")[2])

"""What one settlement is a function of, gathered once and kept with it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select

from services.kernel.database import AnySession
from services.kernel.policy.canonical import sha256_of
from services.subsidies.domain import ClaimState, SettlementState
from services.subsidies.queries.policy import Policy
from services.subsidies.rules.pins import Pins
from services.subsidies.tables import Claim, SchoolClass, Settlement, Student


@dataclass(frozen=True)
class AcceptedClaim:
    """An accepted claim as it stood: a settlement pays only what one of these covers."""

    id: UUID
    version: int
    rule: str
    owner: str
    collaboration: UUID | None


@dataclass(frozen=True)
class PriorSettlement:
    """A confirmed settlement of another year: what it paid is not paid again, whichever year was settled first."""

    no: int
    year: int
    hash: str


@dataclass(frozen=True)
class Pinned:
    """The pins that are hashed, and the lists behind two of them."""

    pins: Pins
    claims: tuple[AcceptedClaim, ...]
    prior: tuple[PriorSettlement, ...]

    def to_json(self) -> dict[str, Any]:
        """The form in which a settlement keeps its pins."""
        return {
            "pins": {**asdict(self.pins), "snapshot_date": self.pins.snapshot_date.isoformat()},
            "claims": [_claim_json(claim) for claim in self.claims],
            "prior": [asdict(settlement) for settlement in self.prior],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Pinned":
        """Read `to_json` again."""
        pins = stored["pins"]
        return cls(
            Pins(**{**pins, "snapshot_date": date.fromisoformat(pins["snapshot_date"])}),
            tuple(_claim_of(claim) for claim in stored["claims"]),
            tuple(PriorSettlement(**settlement) for settlement in stored["prior"]),
        )

    def covers(self, rule: str) -> list[str]:
        """The owners with an accepted claim under a rule that goes by rosters."""
        return [claim.owner for claim in self.claims if claim.rule == rule and claim.collaboration is None]


def _claim_json(claim: AcceptedClaim) -> dict[str, Any]:
    collaboration = str(claim.collaboration) if claim.collaboration else None
    return {**asdict(claim), "id": str(claim.id), "collaboration": collaboration}


def _claim_of(stored: dict[str, Any]) -> AcceptedClaim:
    collaboration = UUID(stored["collaboration"]) if stored["collaboration"] else None
    return AcceptedClaim(**{**stored, "id": UUID(stored["id"]), "collaboration": collaboration})


async def gather_pins(
    session: AnySession,
    *,
    alliance: str,
    year: int,
    snapshot_date: date,
    policy: Policy,
    registry_version: str,
    roster_sequence: int,
) -> Pinned:
    """Pin the accepted claims and what other years paid beside what is given.

    The caller holds the lock on the roster number, so that no roster changes between its reading and the claims'.
    """
    claims = await _accepted(session, alliance, year)
    prior = await _prior(session, alliance, year)
    pins = Pins(
        alliance=alliance,
        year=year,
        snapshot_date=snapshot_date,
        policy_pack=policy.pack,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        registry_version=registry_version,
        roster_sequence=roster_sequence,
        claims_sha256=sha256_of([_claim_json(claim) for claim in claims]),
        prior_payments_sha256=sha256_of([asdict(settlement) for settlement in prior]),
    )
    return Pinned(pins, claims, prior)


async def _accepted(session: AnySession, alliance: str, year: int) -> tuple[AcceptedClaim, ...]:
    columns = (Claim.id, Claim.row_version, Claim.rule, Claim.owner, Claim.collaboration)
    accepted = (Claim.alliance == alliance, Claim.year == year, Claim.state == ClaimState.ACCEPTED.value)
    rows = await session.execute(select(*columns).where(*accepted).order_by(Claim.id))
    return tuple(AcceptedClaim(*row) for row in rows)


async def _prior(session: AnySession, alliance: str, year: int) -> tuple[PriorSettlement, ...]:
    others = (Settlement.year != year, Settlement.state == SettlementState.CONFIRMED.value)
    statement = select(Settlement.no, Settlement.year, Settlement.hash).where(Settlement.alliance == alliance, *others)
    rows = await session.execute(statement.order_by(Settlement.no))
    return tuple(PriorSettlement(no, year, digest or "") for no, year, digest in rows)


async def changed_inputs(
    session: AnySession, pinned: Pinned, policy: Policy, registry_version: str | None
) -> list[str]:
    """What changed since the pins were taken, for people; `registry_version` is the newest. Empty when nothing did."""
    pins = pinned.pins
    changed = []
    if (policy.pack, policy.version) != (pins.policy_pack, pins.policy_version):
        changed.append("奖补文件")
    if registry_version != pins.registry_version:
        changed.append("登记信息")
    claims = await _accepted(session, pins.alliance, pins.year)
    if sha256_of([_claim_json(claim) for claim in claims]) != pins.claims_sha256:
        changed.append("申报")
    if await _rosters_changed(session, pins):
        changed.append("名册")
    prior = await _prior(session, pins.alliance, pins.year)
    if sha256_of([asdict(settlement) for settlement in prior]) != pins.prior_payments_sha256:
        changed.append("其他年度的确认结算")
    return changed


async def _rosters_changed(session: AnySession, pins: Pins) -> bool:
    after = [
        exists().where(
            table.alliance == pins.alliance,
            table.year == pins.year,
            or_(table.recorded_seq > pins.roster_sequence, table.superseded_seq > pins.roster_sequence),
        )
        for table in (Student, SchoolClass)
    ]
    return bool(await session.scalar(select(or_(*after))))

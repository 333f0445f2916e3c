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
from services.subsidies.queries.pool_decisions import standing_decisions
from services.subsidies.rules.pins import Pins
from services.subsidies.rules.terms import YearTerms
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
class PriorDecision:
    """The decision that stood on what lies above one budget of another year, and what it defers to the next one."""

    id: UUID
    budget: str
    deferred_fen: int


@dataclass(frozen=True)
class PriorSettlement:
    """A confirmed settlement of another year: what it paid is not paid again, whichever year was settled first."""

    no: int
    year: int
    hash: str
    decisions: tuple[PriorDecision, ...] = ()


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
            "prior": [_prior_json(settlement) for settlement in self.prior],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Pinned":
        """Read `to_json` again."""
        pins = stored["pins"]
        return cls(
            Pins(**{**pins, "snapshot_date": date.fromisoformat(pins["snapshot_date"])}),
            tuple(_claim_of(claim) for claim in stored["claims"]),
            tuple(_prior_of(settlement) for settlement in stored["prior"]),
        )

    @property
    def carried_fen(self) -> dict[str, int]:
        """What the year before deferred to this one, by budget."""
        before = [settlement for settlement in self.prior if settlement.year == self.pins.year - 1]
        decisions = [decision for settlement in before for decision in settlement.decisions]
        return {decision.budget: decision.deferred_fen for decision in decisions if decision.deferred_fen}

    @property
    def decisions(self) -> list[UUID]:
        """Every decision of another year that this settlement counts with."""
        return [decision.id for settlement in self.prior for decision in settlement.decisions]

    def covers(self, rule: str) -> list[str]:
        """The owners with an accepted claim under a rule that goes by rosters."""
        return [claim.owner for claim in self.claims if claim.rule == rule and claim.collaboration is None]


def terms_of(pinned: Pinned, policy: Policy) -> YearTerms:
    """What a settlement applies: the pinned rules, its budgets charged with what the year before deferred."""
    return policy.book.terms(pinned.pins.year, pinned.pins.snapshot_date).charged(pinned.carried_fen)


def _claim_json(claim: AcceptedClaim) -> dict[str, Any]:
    collaboration = str(claim.collaboration) if claim.collaboration else None
    return {**asdict(claim), "id": str(claim.id), "collaboration": collaboration}


def _claim_of(stored: dict[str, Any]) -> AcceptedClaim:
    collaboration = UUID(stored["collaboration"]) if stored["collaboration"] else None
    return AcceptedClaim(**{**stored, "id": UUID(stored["id"]), "collaboration": collaboration})


def _prior_json(settlement: PriorSettlement) -> dict[str, Any]:
    """Nothing is said of decisions where there is none, as before there were any: what was pinned reads the same."""
    decisions = [{**asdict(decision), "id": str(decision.id)} for decision in settlement.decisions]
    stored = {"no": settlement.no, "year": settlement.year, "hash": settlement.hash}
    return {**stored, "decisions": decisions} if decisions else stored


def _prior_of(stored: dict[str, Any]) -> PriorSettlement:
    decisions = (PriorDecision(**{**decision, "id": UUID(decision["id"])}) for decision in stored.get("decisions", []))
    return PriorSettlement(**{**stored, "decisions": tuple(decisions)})


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
        prior_payments_sha256=sha256_of([_prior_json(settlement) for settlement in prior]),
    )
    return Pinned(pins, claims, prior)


async def _accepted(session: AnySession, alliance: str, year: int) -> tuple[AcceptedClaim, ...]:
    columns = (Claim.id, Claim.row_version, Claim.rule, Claim.owner, Claim.collaboration)
    accepted = (Claim.alliance == alliance, Claim.year == year, Claim.state == ClaimState.ACCEPTED.value)
    rows = await session.execute(select(*columns).where(*accepted).order_by(Claim.id))
    return tuple(AcceptedClaim(*row) for row in rows)


async def _prior(session: AnySession, alliance: str, year: int) -> tuple[PriorSettlement, ...]:
    others = (Settlement.year != year, Settlement.state == SettlementState.CONFIRMED.value)
    columns = (Settlement.no, Settlement.year, Settlement.hash, Settlement.id)
    statement = select(*columns).where(Settlement.alliance == alliance, *others).order_by(Settlement.no)
    rows = (await session.execute(statement)).all()
    standing = await standing_decisions(session, alliance, [row.id for row in rows])
    decided: dict[UUID, list[PriorDecision]] = {row.id: [] for row in rows}
    for decision in standing:
        decided[decision.settlement].append(PriorDecision(decision.id, decision.budget, decision.deferred_fen))
    return tuple(PriorSettlement(row.no, row.year, row.hash or "", tuple(decided[row.id])) for row in rows)


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
    if sha256_of([_prior_json(settlement) for settlement in prior]) != pins.prior_payments_sha256:
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

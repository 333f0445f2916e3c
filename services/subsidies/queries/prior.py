"""What earlier, confirmed settlements paid, and the numbers under which lines name recognitions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from services.kernel.database import AnySession, WriteSession
from services.subsidies.clients.registry import RegistryFacts
from services.subsidies.queries.pinned import Pinned
from services.subsidies.rules.vocabulary import Funding, Outcome, SubjectKind
from services.subsidies.tables import RecognitionNumber


@dataclass(frozen=True)
class PriorPayments:
    """Paid in earlier years: people (hex keys), classes (school, code, opening year), recognitions, collaborations."""

    people: list[str]
    classes: list[tuple[str, str, int]]
    recognitions: frozenset[int]
    collaborations: dict[UUID, int]
    numbers: dict[UUID, int]


# What the pool reached counts as paid; a line above the pool is frozen until a decision pays it, or defers it to the
# next year, which must then pay it. Under the pinned decision of its budget a line counts with what that gives it.
_DECIDED: Final = (
    "(SELECT s.no, d.line_no, d.paid_fen + d.deferred_fen AS fen FROM decided_line d "
    "JOIN pool_decision p ON p.alliance = d.alliance AND p.id = d.decision "
    "JOIN settlement s ON s.alliance = p.alliance AND s.id = p.settlement "
    "WHERE d.alliance = :alliance AND d.decision = ANY (:decisions))"
)
_PAID: Final = (
    f"settlement_line l LEFT JOIN {_DECIDED} decided ON decided.no = l.settlement_no AND decided.line_no = l.line_no "
    "WHERE l.alliance = :alliance AND l.settlement_no = ANY (:settlements) "
    f"AND l.outcome = {int(Outcome.PAYABLE)} AND l.subject_kind = :kind "
    f"AND coalesce(decided.fen > 0, l.funding = {int(Funding.WITHIN_POOL)})"
)


async def prior_payments(session: AnySession, pinned: Pinned) -> PriorPayments:
    """Read what the pinned settlements of other years paid, under the decisions that were pinned with them."""
    alliance = pinned.pins.alliance
    numbers = await recognition_numbers(session, alliance)
    settlements = [settlement.no for settlement in pinned.prior]
    if not settlements:
        return PriorPayments([], [], frozenset(), {}, numbers)
    bound = {"alliance": alliance, "settlements": settlements, "decisions": pinned.decisions}
    people = text(
        "SELECT DISTINCT encode(s.person_key, 'hex') FROM student s "  # noqa: S608  # this module's own text
        f"WHERE s.alliance = :alliance AND s.no IN (SELECT l.subject_no FROM {_PAID}) ORDER BY 1"
    )
    classes = text(
        "SELECT DISTINCT c.school::text, c.class_code, c.opening_year FROM school_class c "  # noqa: S608
        f"WHERE c.alliance = :alliance AND c.no IN (SELECT l.subject_no FROM {_PAID})"
    )
    recognitions = text(
        f"SELECT l.subject_no, sum(coalesce(decided.fen, l.amount_fen))::bigint FROM {_PAID} GROUP BY 1"  # noqa: S608
    )
    rows = await session.execute(recognitions, {**bound, "kind": int(SubjectKind.RECOGNITION)})
    paid: dict[int, int] = {row[0]: row[1] for row in rows}
    return PriorPayments(
        list((await session.execute(people, {**bound, "kind": int(SubjectKind.STUDENT)})).scalars().all()),
        [(row[0], row[1], row[2]) for row in await session.execute(classes, {**bound, "kind": int(SubjectKind.CLASS)})],
        frozenset(paid),
        await _by_collaboration(session, alliance, paid),
        numbers,
    )


async def _by_collaboration(session: AnySession, alliance: str, paid: dict[int, int]) -> dict[UUID, int]:
    columns = (RecognitionNumber.no, RecognitionNumber.collaboration)
    rows = await session.execute(select(*columns).where(RecognitionNumber.alliance == alliance))
    sums: dict[UUID, int] = {}
    for no, collaboration in rows:
        if no in paid:
            sums[collaboration] = sums.get(collaboration, 0) + paid[no]
    return sums


async def recognition_numbers(session: AnySession, alliance: str) -> dict[UUID, int]:
    """The number of every recognition that was ever settled, by its id in the registry."""
    columns = (RecognitionNumber.recognition, RecognitionNumber.no)
    rows = await session.execute(select(*columns).where(RecognitionNumber.alliance == alliance))
    return {row.recognition: row.no for row in rows}


async def number_recognitions(session: WriteSession, alliance: str, registry: RegistryFacts) -> None:
    """Give every recognition of a snapshot its number, those without one in the order of their ids."""
    known = await recognition_numbers(session, alliance)
    missing = [
        {"alliance": alliance, "recognition": recognition, "collaboration": collaboration}
        for recognition, collaboration in sorted(_all(registry))
        if recognition not in known
    ]
    if missing:
        same = [RecognitionNumber.alliance, RecognitionNumber.recognition]
        await session.execute(insert(RecognitionNumber).values(missing).on_conflict_do_nothing(index_elements=same))


def _all(registry: RegistryFacts) -> Iterable[tuple[UUID, UUID]]:
    for collaboration in registry.collaborations.values():
        for recognition in collaboration.recognitions:
            yield recognition.id, collaboration.id

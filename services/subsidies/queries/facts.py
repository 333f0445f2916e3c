"""The facts of one settlement from its pins: rosters by COPY, the registry's snapshot, and what was paid before.

Rosters are read as they stood at the pinned number, so the same pins give the same facts years later.
"""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from services.kernel.database import AnySession
from services.kernel.registry_words import TAKES_PART
from services.subsidies.clients.registry import RegistryFacts
from services.subsidies.queries.bulk import Refine, frame_of
from services.subsidies.queries.pinned import Pinned, terms_of
from services.subsidies.queries.policy import Policy
from services.subsidies.queries.prior import PriorPayments, prior_payments
from services.subsidies.rules.facts import Facts
from services.subsidies.rules.terms import YearTerms

UNKNOWN_UNIT: Final = "未登记单位"
_STANDING: Final = "recorded_seq <= $3 AND (superseded_seq IS NULL OR superseded_seq > $3)"

STUDENTS_SQL: Final = f"""
SELECT no, encode(person_key, 'base64'), school, class_code, enrolment_year, enrolled_on, left_on, origin_division,
       sending_school, claimed_rule, owner
FROM student WHERE alliance = $1 AND year = $2 AND {_STANDING}
"""  # noqa: S608  # composed of this module's own text
_STUDENTS: Final = {
    "student_no": pl.Int64(),
    "person_key": pl.String(),
    "school": pl.String(),
    "class_code": pl.String(),
    "enrolment_year": pl.Int32(),
    "enrolled_on": pl.Date(),
    "left_on": pl.Date(),
    "origin_division": pl.String(),
    "sending_school": pl.String(),
    "claimed_rule": pl.String(),
    "owner": pl.String(),
}

CLASSES_SQL: Final = f"""
SELECT no, school, class_code, opening_year, format, enterprise_division, enterprise_size,
       CASE WHEN size_evidence IS NULL THEN 0 ELSE 1 END, score, CASE WHEN owner = ANY ($4::text[]) THEN 1 ELSE 0 END
FROM school_class WHERE alliance = $1 AND year = $2 AND {_STANDING}
"""  # noqa: S608
_CLASSES: Final = {
    "class_no": pl.Int64(),
    "school": pl.String(),
    "class_code": pl.String(),
    "opening_year": pl.Int32(),
    "format": pl.String(),
    "enterprise_division": pl.String(),
    "enterprise_size": pl.String(),
    "has_size_evidence": pl.Int8(),
    "score": pl.Decimal(5, 2),
    "claim_accepted": pl.Int8(),
}


@dataclass(frozen=True)
class Inputs:
    """Everything behind the pins, resolved: the policy version and the registry's snapshot that they name."""

    pinned: Pinned
    policy: Policy
    registry: RegistryFacts

    @property
    def terms(self) -> YearTerms:
        return terms_of(self.pinned, self.policy)


@dataclass(frozen=True)
class Loaded:
    """The facts, and how many class rows stood on another owner's roster too and were left out."""

    facts: Facts
    doubled_classes: int


async def load_facts(session: AnySession, inputs: Inputs) -> Loaded:
    """All facts of the settlement; its recognitions have their numbers already."""
    prior = await prior_payments(session, inputs.pinned)
    students = await student_frame(session, inputs, prior)
    classes, doubled = await class_frame(session, inputs, prior)
    recognitions = recognition_frame(inputs, prior)
    return Loaded(Facts.of(students, classes, recognitions), doubled)


async def student_frame(
    session: AnySession, inputs: Inputs, prior: PriorPayments, narrowing: str = "", *narrowed_by: Any
) -> pl.DataFrame:
    """Student rows; `narrowing` is a further SQL condition on them whose arguments begin at $4."""
    pins = inputs.pinned.pins
    arguments = (pins.alliance, pins.year, pins.roster_sequence, *narrowed_by)
    query = STUDENTS_SQL + narrowing
    return await frame_of(session, query, *arguments, schema=_STUDENTS, refine=_student_facts(inputs, prior))


def _student_facts(inputs: Inputs, prior: PriorPayments) -> Refine:
    """What the roster does not say itself of each student: from the registry, the claims and what was paid before."""
    claims = {(claim.owner, claim.rule) for claim in inputs.pinned.claims if claim.collaboration is None}
    accepted = pl.DataFrame(list(claims), schema={"owner": pl.String, "claimed_rule": pl.String}, orient="row")
    covered = accepted.to_struct().implode()
    schools, senders = schools_of(inputs.registry), _senders(inputs)
    paid = pl.Series(prior.people, dtype=pl.String).str.decode("hex").implode()

    def refine(rows: pl.DataFrame) -> pl.DataFrame:
        return (
            rows.lazy()
            .join(schools.lazy(), on="school", how="left")
            .join(senders.lazy(), on="sending_school", how="left")
            .with_columns(
                pl.col("person_key").str.decode("base64"),
                pl.col("school_name").fill_null(UNKNOWN_UNIT),
                claim_accepted=pl.struct(accepted.columns).is_in(covered),
            )
            .with_columns(prior_paid=pl.col("person_key").is_in(paid))
            .drop("owner")
            .collect()
        )

    return refine


async def class_frame(session: AnySession, inputs: Inputs, prior: PriorPayments) -> tuple[pl.DataFrame, int]:
    """Class rows, each (school, class code) once: one with an accepted claim first, then the one recorded first."""
    pins = inputs.pinned.pins
    owners = [owner for rule in inputs.terms.class_rules for owner in inputs.pinned.covers(rule.code)]
    arguments = (pins.alliance, pins.year, pins.roster_sequence, owners)
    rows = await frame_of(session, CLASSES_SQL, *arguments, schema=_CLASSES)
    once = (
        rows.sort("claim_accepted", "class_no", descending=[True, False])
        .unique(["school", "class_code"], keep="first", maintain_order=True)
        .sort("class_no")
    )
    paid = pl.DataFrame(
        prior.classes, schema={"school": pl.String, "class_code": pl.String, "opening_year": pl.Int32}, orient="row"
    )
    known = once.join(paid.with_columns(prior_paid=pl.lit(value=True)), on=paid.columns, how="left")
    frame = known.with_columns(
        pl.col("prior_paid").fill_null(value=False),
        pl.col("claim_accepted", "has_size_evidence").cast(pl.Boolean),
    )
    return frame, rows.height - once.height


def recognition_frame(inputs: Inputs, prior: PriorPayments) -> pl.DataFrame:
    """Recognitions of the registry that stand on the snapshot date, under their numbers."""
    on = inputs.pinned.pins.snapshot_date
    rules = {(rule.collaboration_kind, rule.level): rule.code for rule in inputs.terms.recognition_rules}
    claimed = {(claim.rule, claim.collaboration) for claim in inputs.pinned.claims}
    rows = [
        {
            "recognition_no": prior.numbers[recognition.id],
            "collaboration": str(collaboration.id),
            "kind": collaboration.kind,
            "level": recognition.level,
            "granted_on": recognition.granted_on,
            "lead_member": _text(collaboration.lead_member),
            "host_member": _text(collaboration.host_member),
            "claim_accepted": (rules.get((collaboration.kind, recognition.level)), collaboration.id) in claimed,
            "prior_paid": prior.numbers[recognition.id] in prior.recognitions,
            "prior_paid_fen": prior.collaborations.get(collaboration.id, 0),
        }
        for collaboration in inputs.registry.collaborations.values()
        for recognition in collaboration.recognitions
        if recognition.withdrawn_on is None or recognition.withdrawn_on > on
    ]
    return pl.DataFrame(rows, infer_schema_length=None) if rows else Facts.of().recognitions


def _text(member: Any) -> str | None:
    return str(member) if member else None


def schools_of(registry: RegistryFacts) -> pl.DataFrame:
    """Name and category of every member; who left, or is suspended, earns nothing here and has no category."""
    rows = [(str(m.id), m.name, m.category if m.status in TAKES_PART else None) for m in registry.members.values()]
    columns = {"school": pl.String, "school_name": pl.String, "school_category": pl.String}
    return pl.DataFrame(rows, schema=columns, orient="row")


def _senders(inputs: Inputs) -> pl.DataFrame:
    """Whether a member is in the city, for every member whose division is known."""
    prefix, members = inputs.terms.city_prefix, inputs.registry.members.values()
    rows = [(str(m.id), m.division.startswith(prefix)) for m in members if m.division]
    return pl.DataFrame(rows, schema={"sending_school": pl.String, "sending_school_in_city": pl.Boolean}, orient="row")

"""The facts of one settlement from its pins: rosters by COPY, the registry's snapshot, and what was paid before.

Rosters are read as they stood at the pinned number, so the same pins give the same facts years later.
"""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from services.kernel.database import AnySession
from services.subsidies.clients.registry import ACTIVE, RegistryFacts
from services.subsidies.queries.bulk import frame_of
from services.subsidies.queries.pinned import Pinned
from services.subsidies.queries.policy import Policy
from services.subsidies.queries.prior import PriorPayments, prior_payments
from services.subsidies.rules.facts import Facts
from services.subsidies.rules.terms import YearTerms

UNKNOWN_UNIT: Final = "未登记单位"
_STANDING: Final = "recorded_seq <= $3 AND (superseded_seq IS NULL OR superseded_seq > $3)"

STUDENTS_SQL: Final = f"""
SELECT no, encode(person_key, 'hex'), school, class_code, enrolment_year, enrolled_on, left_on, origin_division,
       sending_school, claimed_rule,
       CASE WHEN (owner, claimed_rule) IN (SELECT * FROM unnest($4::text[], $5::text[])) THEN 1 ELSE 0 END
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
    "claim_accepted": pl.Int8(),
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
        return self.policy.book.terms(self.pinned.pins.year, self.pinned.pins.snapshot_date)


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
    """Student rows; `narrowing` is a further SQL condition on them whose arguments begin at $6."""
    pins = inputs.pinned.pins
    student_claims = [claim for claim in inputs.pinned.claims if claim.collaboration is None]
    owners, rules = [claim.owner for claim in student_claims], [claim.rule for claim in student_claims]
    arguments = (pins.alliance, pins.year, pins.roster_sequence, owners, rules, *narrowed_by)
    rows = await frame_of(session, STUDENTS_SQL + narrowing, *arguments, schema=_STUDENTS)
    return (
        rows.lazy()
        .with_columns(
            pl.col("person_key").str.decode("hex"),
            pl.col("claim_accepted").cast(pl.Boolean),
            school_name=_looked_up("school", _names(inputs.registry)).fill_null(UNKNOWN_UNIT),
            school_category=_looked_up("school", _categories(inputs.registry)),
            sending_school_in_city=_looked_up("sending_school", _divisions(inputs.registry)).str.starts_with(
                inputs.terms.city_prefix
            ),
            prior_paid=pl.col("person_key").is_in(pl.Series(prior.people, dtype=pl.String).implode()),
        )
        .collect()
    )


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


def _looked_up(column: str, values: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(
        pl.Series(list(values), dtype=pl.String),
        pl.Series(list(values.values()), dtype=pl.String),
        default=None,
        return_dtype=pl.String,
    )


def _names(registry: RegistryFacts) -> dict[str, str]:
    return {str(member.id): member.name for member in registry.members.values()}


def _categories(registry: RegistryFacts) -> dict[str, str]:
    """Of active members only: who left is no school of the alliance."""
    return {str(member.id): member.category for member in registry.members.values() if member.status == ACTIVE}


def _divisions(registry: RegistryFacts) -> dict[str, str]:
    return {str(member.id): member.division for member in registry.members.values() if member.division}

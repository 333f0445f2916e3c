"""One subject's facts as plain values, for its explanation; the fields are the columns of `facts.py`.

A case can be made from a row of a frame or of a query: `StudentCase(**row)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class StudentCase:
    """One student row."""

    student_no: int
    person_key: bytes
    school: str
    school_name: str
    school_category: str | None
    class_code: str | None
    enrolment_year: int
    enrolled_on: date
    left_on: date | None
    origin_division: str | None
    sending_school: str | None
    sending_school_in_city: bool | None
    claimed_rule: str | None
    claim_accepted: bool
    prior_paid: bool


@dataclass(frozen=True)
class ClassCase:
    """One class row with its `headcount` on the snapshot date (persons)."""

    class_no: int
    school: str
    class_code: str | None
    format: str
    enterprise_division: str | None
    enterprise_size: str | None
    has_size_evidence: bool
    score: Decimal | None
    claim_accepted: bool
    prior_paid: bool
    headcount: int


@dataclass(frozen=True)
class RecognitionCase:
    """One recognition; `prior_paid_fen` is what its collaboration was paid in earlier years, in 分."""

    recognition_no: int
    collaboration: str
    kind: str
    level: str
    granted_on: date
    lead_member: str | None
    host_member: str | None
    claim_accepted: bool
    prior_paid: bool
    prior_paid_fen: int

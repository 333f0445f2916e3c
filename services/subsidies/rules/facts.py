"""The facts of one settlement as three frames, with their schemas. One row is one subject.

All frames hold one alliance. Member units are named by their id (text). Division codes are six digits (GB/T 2260),
amounts are 分 (fen), scores are 0 to 100 with two decimals. `claim_accepted` says that an accepted claim of the settled
year covers the row; `prior_paid` that the same subject was paid in a settlement of an earlier year. Whoever gathers the
facts decides those two, and leaves out recognitions withdrawn by the snapshot date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

#: One row of a student roster.
#: `person_key` is the keyed hash of the identity number: equal keys are one person.
#: `school_category` is the registry's code, null when the school is not an active member.
#: `sending_school` is a member id or null; `sending_school_in_city` may be null with it.
#: `claimed_rule` is a rule code of the pack, null when nothing is claimed (the row still counts for its class).
#: `prior_paid`: this person was paid for this enrolment under any student rule in an earlier year.
STUDENTS: Mapping[str, pl.DataType] = {
    "student_no": pl.Int64(),
    "person_key": pl.Binary(),
    "school": pl.String(),
    "school_name": pl.String(),
    "school_category": pl.String(),
    "class_code": pl.String(),
    "enrolment_year": pl.Int32(),
    "enrolled_on": pl.Date(),
    "left_on": pl.Date(),
    "origin_division": pl.String(),
    "sending_school": pl.String(),
    "sending_school_in_city": pl.Boolean(),
    "claimed_rule": pl.String(),
    "claim_accepted": pl.Boolean(),
    "prior_paid": pl.Boolean(),
}

#: One row of a class roster; (school, class_code) is unique. `format` is the roster's word (冠名, 订单, 学徒制, 其他),
#: `enterprise_size` the registry's code (large, medium, small, micro) or null.
CLASSES: Mapping[str, pl.DataType] = {
    "class_no": pl.Int64(),
    "school": pl.String(),
    "class_code": pl.String(),
    "format": pl.String(),
    "enterprise_division": pl.String(),
    "enterprise_size": pl.String(),
    "has_size_evidence": pl.Boolean(),
    "score": pl.Decimal(5, 2),
    "claim_accepted": pl.Boolean(),
    "prior_paid": pl.Boolean(),
}

#: One recognition of a collaboration at one level (municipal, provincial, national).
#: `collaboration` identifies the collaboration (several recognitions may share it).
#: `prior_paid`: this recognition was paid; `prior_paid_fen`: what the collaboration was paid in earlier years under the
#: awards for its kind, whatever the level.
RECOGNITIONS: Mapping[str, pl.DataType] = {
    "recognition_no": pl.Int64(),
    "collaboration": pl.String(),
    "kind": pl.String(),
    "level": pl.String(),
    "granted_on": pl.Date(),
    "lead_member": pl.String(),
    "host_member": pl.String(),
    "claim_accepted": pl.Boolean(),
    "prior_paid": pl.Boolean(),
    "prior_paid_fen": pl.Int64(),
}

_NULLABLE = {
    "school_category",
    "class_code",
    "left_on",
    "origin_division",
    "sending_school",
    "sending_school_in_city",
    "claimed_rule",
    "enterprise_division",
    "enterprise_size",
    "score",
    "lead_member",
    "host_member",
}


class FactsError(ValueError):
    """Facts that cannot be settled; `problems` lists every one of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Facts:
    """The three frames. Make one with `Facts.of`, which checks them and brings them to their schemas."""

    students: pl.DataFrame
    classes: pl.DataFrame
    recognitions: pl.DataFrame

    @classmethod
    def of(
        cls,
        students: pl.DataFrame | None = None,
        classes: pl.DataFrame | None = None,
        recognitions: pl.DataFrame | None = None,
    ) -> Facts:
        """Check columns, types, required values and keys; further columns are dropped. Raises FactsError."""
        problems: list[str] = []
        facts = cls(
            students=_conformed("students", students, STUDENTS, problems),
            classes=_conformed("classes", classes, CLASSES, problems),
            recognitions=_conformed("recognitions", recognitions, RECOGNITIONS, problems),
        )
        if not problems:
            problems += _repeated("students", facts.students, ["student_no"])
            problems += _repeated("classes", facts.classes, ["class_no"])
            problems += _repeated("classes", facts.classes.drop_nulls("class_code"), ["school", "class_code"])
            problems += _repeated("recognitions", facts.recognitions, ["recognition_no"])
        if problems:
            raise FactsError(problems)
        return facts


def _conformed(
    name: str, frame: pl.DataFrame | None, schema: Mapping[str, pl.DataType], problems: list[str]
) -> pl.DataFrame:
    empty = pl.DataFrame(schema=dict(schema))
    if frame is None:
        return empty
    missing = [column for column in schema if column not in frame.columns]
    if missing:
        problems.append(f"{name} lacks {', '.join(missing)}")
        return empty
    try:
        cast = frame.select(
            pl.col(column).cast(kind) if frame.schema[column] != kind else pl.col(column)
            for column, kind in schema.items()
        )
    except pl.exceptions.PolarsError as error:
        problems.append(f"{name} cannot be read: {type(error).__name__}")
        return empty
    nulls = [column for column in schema if column not in _NULLABLE and cast[column].null_count()]
    if nulls:
        problems.append(f"{name} has rows without {', '.join(nulls)}")
    return cast


def _repeated(name: str, frame: pl.DataFrame, key: list[str]) -> list[str]:
    count = frame.height - frame.select(key).n_unique() if frame.height else 0
    return [f"{name} repeats {' and '.join(key)} in {count} rows"] if count else []

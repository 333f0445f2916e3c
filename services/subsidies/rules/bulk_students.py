"""The student awards in bulk, and the rule that one person is paid once."""

from __future__ import annotations

import polars as pl

from services.subsidies.rules.bulk_common import common_checks, drafted, first_reason
from services.subsidies.rules.facts import FactsError
from services.subsidies.rules.terms import StudentTerms, YearTerms
from services.subsidies.rules.vocabulary import Origin, PayeeRole, Reason, SubjectKind


def student_lines(students: pl.DataFrame, terms: YearTerms) -> pl.DataFrame:
    """One draft per student row that claims something, by rule and student_no.

    Raises FactsError when a row claims what is no student rule of the pack.
    """
    codes = [rule.code for rule in terms.student_rules]
    unknown = set(students["claimed_rule"].drop_nulls().unique().to_list()) - set(codes)
    if unknown:
        raise FactsError([f"students claim unknown rules: {', '.join(sorted(unknown))}"])
    claimed = [_of_rule(students, rule, terms) for rule in terms.student_rules]
    lines = _once_per_person(pl.concat(claimed)) if claimed else _of_no_rule(students)
    return drafted(lines, SubjectKind.STUDENT)


def _of_no_rule(students: pl.DataFrame) -> pl.DataFrame:
    empty = pl.lit(None)
    return students.clear().select(
        subject_no="student_no", rule_no=empty, payee=empty, reason=empty, amount_fen=empty, rank=empty
    )


def _of_rule(students: pl.DataFrame, rule: StudentTerms, terms: YearTerms) -> pl.DataFrame:
    payee = "sending_school" if rule.payee is PayeeRole.SENDING_SCHOOL else "school"
    return (
        students.lazy()
        .filter(pl.col("claimed_rule") == rule.code)
        .select(
            "person_key",
            "enrolled_on",
            "school_name",
            subject_no="student_no",
            payee=payee,
            reason=_reason(rule, terms),
            rule_no=pl.lit(rule.no, dtype=pl.Int16),
            amount_fen=pl.lit(rule.amount_fen, dtype=pl.Int64),
            rank=pl.lit(None, dtype=pl.Int32),
        )
        .sort("subject_no")
        .collect()
    )


def _reason(rule: StudentTerms, terms: YearTerms) -> pl.Expr:
    """All reasons of a student's own row, in order; competition with other rows comes after."""
    from_city = pl.col("origin_division").str.starts_with(terms.city_prefix).fill_null(value=False)
    if rule.origin is Origin.IN_CITY:
        origin_check = (Reason.ORIGIN_OTHER_CITY, from_city.not_())
    else:
        # An origin that nobody wrote down is not shown to be another city.
        origin_check = (Reason.ORIGIN_IN_CITY, from_city | pl.col("origin_division").is_null())
    eligible_school = pl.col("school_category").is_in(list(rule.enrolling_categories)).fill_null(value=False)
    checks = [
        *common_checks(rule),
        (Reason.ENROLMENT_YEAR_DIFFERS, pl.col("enrolment_year") != terms.year),
        (Reason.LEFT_BEFORE_SNAPSHOT, pl.col("left_on") < terms.snapshot_date),
        (Reason.SCHOOL_NOT_ELIGIBLE, eligible_school.not_()),
        origin_check,
    ]
    if rule.payee is PayeeRole.SENDING_SCHOOL:
        in_city = pl.col("sending_school").is_not_null() & pl.col("sending_school_in_city").fill_null(value=False)
        checks.append((Reason.SENDING_SCHOOL_MISSING, in_city.not_()))
    checks.append((Reason.ALREADY_PAID, pl.col("prior_paid")))
    return first_reason(checks)


def _once_per_person(lines: pl.DataFrame) -> pl.DataFrame:
    """Among the lines that pass all else, keep one per person: earliest enrolled, school name, row number.

    Few people are in two schools, so only their lines are sorted.
    """
    repeated = _sharing_a_key(lines.filter(pl.col("reason").is_null()))
    if repeated.is_empty():
        return lines
    ordered = repeated.sort("enrolled_on", "school_name", "subject_no")
    losers = ordered.filter(pl.col("person_key").is_first_distinct().not_())["subject_no"]
    duplicate = pl.lit(int(Reason.DUPLICATE_STUDENT), dtype=pl.Int16)
    displaced = pl.col("subject_no").is_in(losers.implode())
    return lines.with_columns(reason=pl.when(displaced).then(duplicate).otherwise(pl.col("reason")))


def _sharing_a_key(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines whose person_key occurs more than once.

    Sorting 64-bit hashes first is several times faster than comparing all keys; a chance collision of hashes only lets
    a few more lines through to the exact comparison.
    """
    hashes = lines["person_key"].hash()
    in_order = hashes.sort()
    repeated = in_order.filter(in_order == in_order.shift(1)).unique()
    suspects = lines.filter(hashes.is_in(repeated.implode()))
    return suspects.filter(pl.col("person_key").is_duplicated())

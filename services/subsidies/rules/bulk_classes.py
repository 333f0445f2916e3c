"""The class awards in bulk: headcount on the snapshot date, eligibility, and the ranking (择优)."""

from __future__ import annotations

from datetime import date

import polars as pl

from services.subsidies.rules.bulk_common import DRAFT, common_checks, drafted, first_reason
from services.subsidies.rules.facts import Facts
from services.subsidies.rules.terms import ClassTerms, YearTerms
from services.subsidies.rules.vocabulary import Reason, SubjectKind


def headcounts(facts: Facts, snapshot_date: date) -> pl.DataFrame:
    """class_no and headcount of every class: the distinct people of its school and code on the snapshot date.

    Counted is who enrolled on or before that day and had not left before it, whatever they claim.
    """
    key = ["school", "class_code"]
    present = (
        facts.students.lazy()
        .filter(
            pl.col("class_code").is_not_null(),
            pl.col("enrolled_on") <= snapshot_date,
            pl.col("left_on").is_null() | (pl.col("left_on") >= snapshot_date),
        )
        .join(facts.classes.lazy().select("class_no", *key), on=key)
    )
    people = present.group_by("class_no").agg(headcount=pl.col("person_key").n_unique())
    every = facts.classes.lazy().select("class_no").sort("class_no")
    counted = every.join(people, on="class_no", how="left", maintain_order="left")
    return counted.with_columns(pl.col("headcount").fill_null(0).cast(pl.Int32)).collect()


def class_lines(classes: pl.DataFrame, counted: pl.DataFrame, terms: YearTerms) -> pl.DataFrame:
    """One draft per class and class rule; ranked ones first by rank, then the rest by class_no."""
    with_heads = classes.join(counted, on="class_no")
    parts = [_of_rule(with_heads, rule, terms) for rule in terms.class_rules]
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(DRAFT))


def _of_rule(classes: pl.DataFrame, rule: ClassTerms, terms: YearTerms) -> pl.DataFrame:
    judged = classes.with_columns(
        subject_no="class_no",
        payee="school",
        rule_no=pl.lit(rule.no),
        amount_fen=pl.lit(rule.amount_fen, dtype=pl.Int64),
        reason=_reason(rule, terms),
    )
    best_first = judged.sort(
        pl.col("reason").is_not_null(),
        "score",
        "headcount",
        "class_code",
        "class_no",
        descending=[False, True, True, False, False],
        nulls_last=True,
    )
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int32) if rule.selective else pl.lit(None, dtype=pl.Int32)
    ranked = drafted(best_first.with_columns(rank=place), SubjectKind.CLASS)
    return ranked.sort("rank", "subject_no", nulls_last=True)


def _reason(rule: ClassTerms, terms: YearTerms) -> pl.Expr:
    checks = common_checks(rule)
    if rule.once_per_class:
        checks.append((Reason.ALREADY_PAID, pl.col("prior_paid")))
    checks += [
        (Reason.FORMAT_NOT_ELIGIBLE, pl.col("format").is_in(list(rule.formats)).not_()),
    ]
    if rule.enterprise_in_city:
        in_city = pl.col("enterprise_division").str.starts_with(terms.city_prefix).fill_null(value=False)
        checks.append((Reason.ENTERPRISE_NOT_IN_CITY, in_city.not_()))
    shown = pl.col("enterprise_size").is_not_null() & pl.col("has_size_evidence")
    checks += [
        (Reason.ENTERPRISE_SIZE_MISSING, shown.not_()),
        (Reason.ENTERPRISE_TOO_SMALL, pl.col("enterprise_size").is_in(list(rule.enterprise_sizes)).not_()),
        (Reason.HEADCOUNT_BELOW_MINIMUM, pl.col("headcount") < rule.min_headcount),
    ]
    return first_reason(checks)

"""What the three sections of a bulk settlement share: their common columns and the choice of the first reason."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from services.subsidies.rules.terms import RuleTerms
from services.subsidies.rules.vocabulary import Reason, SubjectKind

#: A line before it is numbered and funded; `reason` null means payable.
DRAFT = {
    "rule_no": pl.Int16(),
    "subject_kind": pl.Int16(),
    "subject_no": pl.Int64(),
    "payee": pl.String(),
    "reason": pl.Int16(),
    "rank": pl.Int32(),
    "amount_fen": pl.Int64(),
}


def first_reason(checks: Sequence[tuple[Reason, pl.Expr]]) -> pl.Expr:
    """The first reason whose expression is true, else null. An expression that is null counts as not true."""
    return pl.coalesce(
        pl.when(fails).then(pl.lit(int(reason), dtype=pl.Int16)).otherwise(None) for reason, fails in checks
    )


def common_checks(rule: RuleTerms) -> list[tuple[Reason, pl.Expr]]:
    """The reasons that come first for every kind of subject."""
    return [
        (Reason.RULE_NOT_IN_FORCE, pl.lit(value=not rule.in_force)),
        (Reason.NO_ACCEPTED_CLAIM, pl.col("claim_accepted").not_()),
    ]


def drafted(frame: pl.DataFrame, kind: SubjectKind) -> pl.DataFrame:
    """Bring a section to the draft columns; an excluded line carries no money and no rank."""
    payable = pl.col("reason").is_null()
    return frame.with_columns(
        subject_kind=pl.lit(int(kind), dtype=pl.Int16),
        amount_fen=pl.when(payable).then(pl.col("amount_fen")).otherwise(0),
        rank=pl.when(payable).then(pl.col("rank")),
    ).select(pl.col(name).cast(dtype) for name, dtype in DRAFT.items())

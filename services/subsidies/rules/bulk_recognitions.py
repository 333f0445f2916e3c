"""The recognition awards in bulk: one level counts per collaboration and year, and what was paid before is considered.

The decision `earlier_level` (補差 and its alternatives) is ours, because the document is silent:

- `top_up`: the amount less what the collaboration was paid in earlier years; in one year only the highest level counts;
- `stack`: every level is paid in full, also within one year (each level once);
- `none`: nothing more once the collaboration was paid; in one year only the highest level counts.
"""

from __future__ import annotations

import polars as pl

from services.subsidies.rules.bulk_common import DRAFT, common_checks, drafted, first_reason
from services.subsidies.rules.terms import RecognitionTerms, YearTerms
from services.subsidies.rules.vocabulary import LEVEL_RANKS, EarlierLevel, PayeeRole, Reason, SubjectKind


def recognition_lines(recognitions: pl.DataFrame, terms: YearTerms) -> pl.DataFrame:
    """One draft per recognition that a rule is for (its kind and level), by rule and recognition_no."""
    parts = [_of_rule(recognitions, rule, terms) for rule in terms.recognition_rules]
    if not parts:
        return pl.DataFrame(schema=dict(DRAFT))
    lines = _highest_level_only(pl.concat(parts)).sort("rule_no", "subject_no")
    return drafted(lines, SubjectKind.RECOGNITION)


def _of_rule(recognitions: pl.DataFrame, rule: RecognitionTerms, terms: YearTerms) -> pl.DataFrame:
    payee = "lead_member" if rule.payee is PayeeRole.LEAD_MEMBER else "host_member"
    return recognitions.filter(
        pl.col("kind") == rule.collaboration_kind,
        pl.col("level") == rule.level,
    ).select(
        "collaboration",
        "kind",
        "granted_on",
        subject_no="recognition_no",
        payee=payee,
        reason=_reason(rule, terms, payee),
        rule_no=pl.lit(rule.no, dtype=pl.Int16),
        amount_fen=_amount(rule),
        rank=pl.lit(None, dtype=pl.Int32),
        level_rank=pl.lit(LEVEL_RANKS[rule.level]),
        # Where levels stack, only recognitions of the same level stand in each other's way.
        contest=pl.lit(rule.level if rule.earlier_level is EarlierLevel.STACK else ""),
    )


def _amount(rule: RecognitionTerms) -> pl.Expr:
    """What is still owed at this level, in 分; never below zero."""
    full = pl.lit(rule.amount_fen, dtype=pl.Int64)
    before = pl.col("prior_paid_fen")
    if rule.earlier_level is EarlierLevel.STACK:
        return full
    if rule.earlier_level is EarlierLevel.NONE:
        return pl.when(before > 0).then(0).otherwise(full)
    return pl.max_horizontal(full - before, pl.lit(0, dtype=pl.Int64))


def _reason(rule: RecognitionTerms, terms: YearTerms, payee: str) -> pl.Expr:
    return first_reason(
        [
            *common_checks(rule),
            (Reason.ALREADY_PAID, pl.col("prior_paid") | (_amount(rule) == 0)),
            (Reason.PAYEE_MISSING, pl.col(payee).is_null()),
            (Reason.RECOGNISED_OUTSIDE_YEAR, pl.col("granted_on").dt.year() != terms.year),
        ]
    )


def _highest_level_only(lines: pl.DataFrame) -> pl.DataFrame:
    """Among lines that pass all else, one per collaboration counts, or one per level where levels stack.

    The highest level counts, then the earlier recognition, then the smaller number. All of them fall in the settled
    year already.
    """
    rivals = lines.filter(pl.col("reason").is_null())
    best_first = rivals.sort("level_rank", "granted_on", "subject_no", descending=[True, False, False])
    first = pl.struct("kind", "collaboration", "contest").is_first_distinct()
    losers = best_first.filter(first.not_())["subject_no"]
    displaced = pl.col("reason").is_null() & pl.col("subject_no").is_in(losers.implode())
    higher = pl.lit(int(Reason.HIGHER_LEVEL_COUNTS), dtype=pl.Int16)
    return lines.with_columns(reason=pl.when(displaced).then(higher).otherwise(pl.col("reason")))

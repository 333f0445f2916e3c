"""The settlement of one year in bulk: facts in, narrow lines out. Columnar, in integer 分 (fen), with no row loop.

Sections of lines in order: recognitions (by rule, then recognition_no), students (by rule, then student_no), classes
(by rule, then rank, then class_no for those without a rank). Within a section the rules stand as the pack lists them.

Funding follows the same order, with the awards of selective rules (择优) after all others: a payable line is within the
pool as long as the running total of its budget, itself included, does not exceed what the budget has in the year. All
lines after the first that does not fit are above the pool, so a later small award never overtakes an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from services.subsidies.rules.bulk_classes import class_lines, headcounts
from services.subsidies.rules.bulk_recognitions import recognition_lines
from services.subsidies.rules.bulk_students import student_lines
from services.subsidies.rules.facts import Facts
from services.subsidies.rules.model import RuleBook
from services.subsidies.rules.terms import YearTerms
from services.subsidies.rules.vocabulary import Funding, Outcome

#: A settled line. `rank` is null but for payable subjects of a selective class rule; `reason` is null when payable;
#: `funding` is null when excluded; `payee` is a member id, null only when excluded.
LINES: Mapping[str, pl.DataType] = {
    "line_no": pl.Int32(),
    "rule_no": pl.Int16(),
    "subject_kind": pl.Int16(),
    "subject_no": pl.Int64(),
    "payee": pl.String(),
    "outcome": pl.Int16(),
    "reason": pl.Int16(),
    "rank": pl.Int32(),
    "funding": pl.Int16(),
    "amount_fen": pl.Int64(),
}

#: One row per rule of the pack, in its order, zero where nothing was settled.
TOTALS: Mapping[str, pl.DataType] = {
    "rule_no": pl.Int16(),
    "rule": pl.String(),
    "payable_count": pl.Int64(),
    "payable_fen": pl.Int64(),
    "within_fen": pl.Int64(),
    "above_fen": pl.Int64(),
    "excluded_count": pl.Int64(),
}


@dataclass(frozen=True)
class Pool:
    """One budget in the settled year, in 分: what it has, what is payable under it, and how much of that it reaches."""

    budget: str
    pool_fen: int
    payable_fen: int
    within_fen: int

    @property
    def above_fen(self) -> int:
        return self.payable_fen - self.within_fen

    @property
    def left_fen(self) -> int:
        return self.pool_fen - self.within_fen


@dataclass(frozen=True)
class Settled:
    """The result of one settlement. `headcounts` has class_no and headcount, for the explanation of a class."""

    lines: pl.DataFrame
    totals: pl.DataFrame
    pools: Mapping[str, Pool]
    headcounts: pl.DataFrame

    @property
    def payable_fen(self) -> int:
        return int(self.totals["payable_fen"].sum())

    @property
    def above_pool_fen(self) -> int:
        return sum(pool.above_fen for pool in self.pools.values())

    @property
    def above_pool(self) -> pl.DataFrame:
        """The payable lines that the pool does not reach."""
        return self.lines.filter(pl.col("funding") == int(Funding.ABOVE_POOL))


def settle(year: int, snapshot_date: date, rulebook: RuleBook, facts: Facts) -> Settled:
    """Settle `year` with the rosters as of `snapshot_date`, nothing being carried over from an earlier year."""
    return settle_under(rulebook.terms(year, snapshot_date), facts)


def settle_under(terms: YearTerms, facts: Facts) -> Settled:
    """Settle a year under its terms. Pure; the order of the facts' rows does not matter."""
    counted = headcounts(facts, terms.snapshot_date)
    sections = [
        recognition_lines(facts.recognitions, terms),
        student_lines(facts.students, terms),
        class_lines(facts.classes, counted, terms),
    ]
    drafts = pl.concat(sections)
    lines = _funded(drafts, terms).select(pl.col(name).cast(kind) for name, kind in LINES.items())
    return Settled(lines=lines, totals=_totals(lines, terms), pools=_pools(lines, terms), headcounts=counted)


def _funded(drafts: pl.DataFrame, terms: YearTerms) -> pl.DataFrame:
    """Number the drafts and say which payable ones the pool reaches."""
    payable = pl.col("reason").is_null()
    lines = drafts.with_columns(
        line_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
        outcome=pl.when(payable).then(int(Outcome.PAYABLE)).otherwise(int(Outcome.EXCLUDED)),
    )
    within = pl.lit(value=False)
    for budget, pool_fen in terms.budgets_fen.items():
        fixed = [rule.no for rule in terms.rules if rule.budget == budget and not rule.selective]
        ranked = [rule.no for rule in terms.rules if rule.budget == budget and rule.selective]
        fixed_fen = _amounts_of(fixed)
        ranked_fen = _amounts_of(ranked)
        within = (
            pl.when(pl.col("rule_no").is_in(fixed))
            .then(fixed_fen.cum_sum() <= pool_fen)
            .when(pl.col("rule_no").is_in(ranked))
            .then(fixed_fen.sum() + ranked_fen.cum_sum() <= pool_fen)
            .otherwise(within)
        )
    funding = pl.when(within).then(int(Funding.WITHIN_POOL)).otherwise(int(Funding.ABOVE_POOL))
    return lines.with_columns(funding=pl.when(payable).then(funding))


def _amounts_of(rule_nos: list[int]) -> pl.Expr:
    return pl.when(pl.col("rule_no").is_in(rule_nos)).then(pl.col("amount_fen")).otherwise(0)


def _totals(lines: pl.DataFrame, terms: YearTerms) -> pl.DataFrame:
    rules = pl.DataFrame(
        {"rule_no": [rule.no for rule in terms.rules], "rule": [rule.code for rule in terms.rules]},
        schema={"rule_no": pl.Int16, "rule": pl.String},
    )
    payable = pl.col("outcome") == int(Outcome.PAYABLE)
    amount = pl.col("amount_fen")
    sums = lines.group_by("rule_no").agg(
        payable_count=payable.sum(),
        payable_fen=amount.sum(),
        within_fen=amount.filter(pl.col("funding") == int(Funding.WITHIN_POOL)).sum(),
        above_fen=amount.filter(pl.col("funding") == int(Funding.ABOVE_POOL)).sum(),
        excluded_count=payable.not_().sum(),
    )
    filled = rules.join(sums, on="rule_no", how="left", maintain_order="left").fill_null(0)
    return filled.select(pl.col(name).cast(kind) for name, kind in TOTALS.items())


def _pools(lines: pl.DataFrame, terms: YearTerms) -> dict[str, Pool]:
    pools = {}
    for budget, pool_fen in terms.budgets_fen.items():
        rules = [rule.no for rule in terms.rules if rule.budget == budget]
        mine = lines.filter(pl.col("rule_no").is_in(rules))
        within = mine.filter(pl.col("funding") == int(Funding.WITHIN_POOL))
        pools[budget] = Pool(budget, pool_fen, int(mine["amount_fen"].sum()), int(within["amount_fen"].sum()))
    return pools

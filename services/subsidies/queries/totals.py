"""The totals of a settlement as they are kept with it: whole 分 and the words of `rules/vocabulary.py` as numbers."""

from typing import Any

import polars as pl

from services.subsidies.rules.bulk import Settled
from services.subsidies.rules.scenarios import Scenario, scenarios
from services.subsidies.rules.terms import YearTerms
from services.subsidies.rules.vocabulary import Funding, Outcome


def totals_of(settled: Settled, terms: YearTerms, doubled_classes: int) -> dict[str, Any]:
    """Sums by rule, by payee and rule, by reason and by budget, and what could be done about a shortfall."""
    return {
        "rules": settled.totals.to_dicts(),
        "payees": _by_payee(settled.lines),
        "reasons": _by_reason(settled.lines),
        "pools": [
            {
                "budget": pool.budget,
                "pool_fen": pool.pool_fen,
                "carried_fen": terms.carried_fen.get(pool.budget, 0),
                "payable_fen": pool.payable_fen,
                "within_fen": pool.within_fen,
                "above_fen": pool.above_fen,
                "left_fen": pool.left_fen,
            }
            for pool in settled.pools.values()
            if any(rule.budget == pool.budget for rule in terms.rules)
        ],
        "scenarios": [
            _scenario(pool.budget, scenario)
            for pool in settled.pools.values()
            if pool.above_fen > 0
            for scenario in scenarios(settled.lines, terms, pool.budget)
        ],
        "doubled_classes": doubled_classes,
    }


def _by_payee(lines: pl.DataFrame) -> list[dict[str, Any]]:
    amount, within = pl.col("amount_fen"), pl.col("funding") == int(Funding.WITHIN_POOL)
    sums = (
        lines.filter(pl.col("outcome") == int(Outcome.PAYABLE))
        .group_by("payee", "rule_no")
        .agg(
            count=pl.len(),
            payable_fen=amount.sum(),
            within_count=within.sum(),
            within_fen=amount.filter(within).sum(),
            above_fen=amount.filter(within.not_()).sum(),
        )
    )
    return sums.sort("rule_no", "payee").to_dicts()


def shares_by_payee(lines: pl.DataFrame, funding: pl.DataFrame) -> list[dict[str, Any]]:
    """What a scenario's funding gives each payee under each rule; counted are the lines that get something."""
    shares = funding.join(lines.select("line_no", "rule_no", "payee"), on="line_no")
    sums = shares.group_by("payee", "rule_no").agg(
        pl.col("paid_fen", "deferred_fen", "unfunded_fen").sum(),
        count=(pl.col("paid_fen") > 0).sum(),
        deferred_count=(pl.col("deferred_fen") > 0).sum(),
    )
    return sums.sort("rule_no", "payee").to_dicts()


def _by_reason(lines: pl.DataFrame) -> list[dict[str, Any]]:
    excluded = lines.filter(pl.col("outcome") == int(Outcome.EXCLUDED))
    return excluded.group_by("rule_no", "reason").agg(count=pl.len()).sort("rule_no", "reason").to_dicts()


def _scenario(budget: str, scenario: Scenario) -> dict[str, Any]:
    kept = ("label", "explanation", "pool_fen", "claimed_fen", "paid_fen", "deferred_fen", "unfunded_fen")
    return {"budget": budget, "code": scenario.code.value, **{name: getattr(scenario, name) for name in kept}}

"""What can be done when the payable lines exceed a budget. Nothing here is ever applied by itself.

A scenario is shown to the people who decide; their decision and its document are recorded elsewhere, and only then is
a scenario's funding used, computed again from the same lines. In every scenario each line's claimed amount is split
without remainder into what is paid now, what is carried over to the next year's budget, and what goes unfunded. All
amounts are whole 分 (fen).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from services.subsidies.rules.terms import YearTerms
from services.subsidies.rules.vocabulary import Funding


class ScenarioCode(StrEnum):
    """The ways to meet a shortfall."""

    FIXED_FIRST = "fixed_first"
    PRO_RATA_CLASSES = "pro_rata_classes"
    PRO_RATA_ALL = "pro_rata_all"
    CARRY_OVER = "carry_over"


LABELS: Mapping[ScenarioCode, str] = {
    ScenarioCode.FIXED_FIRST: "先保固定奖补，择优项目按名次",
    ScenarioCode.PRO_RATA_CLASSES: "固定奖补全额，择优项目按比例",
    ScenarioCode.PRO_RATA_ALL: "全部按比例",
    ScenarioCode.CARRY_OVER: "超出部分结转下年",
}

EXPLANATIONS: Mapping[ScenarioCode, str] = {
    ScenarioCode.FIXED_FIRST: "固定奖补先付，其余按择优名次付至资金用完，超出的不再支付。",
    ScenarioCode.PRO_RATA_CLASSES: "固定奖补先付，剩余资金在择优项目之间按应付金额等比例分配，精确到分。",
    ScenarioCode.PRO_RATA_ALL: "全部应付金额按同一比例压减至资金总额，精确到分。",
    ScenarioCode.CARRY_OVER: "固定奖补先付，其余按择优名次付至资金用完，超出的列入下年资金支付。",
}

#: One row per payable line of the budget, in line order; claimed = paid + deferred + unfunded.
FUNDING: Mapping[str, pl.DataType] = {
    "line_no": pl.Int32(),
    "claimed_fen": pl.Int64(),
    "paid_fen": pl.Int64(),
    "deferred_fen": pl.Int64(),
    "unfunded_fen": pl.Int64(),
}


@dataclass(frozen=True)
class Scenario:
    """One way to meet the shortfall: its totals in 分 and its funding by line."""

    code: ScenarioCode
    label: str
    explanation: str
    pool_fen: int
    claimed_fen: int
    paid_fen: int
    deferred_fen: int
    unfunded_fen: int
    lines: pl.DataFrame

    @property
    def left_fen(self) -> int:
        return self.pool_fen - self.paid_fen


def scenarios(lines: pl.DataFrame, terms: YearTerms, budget: str) -> tuple[Scenario, ...]:
    """Every scenario for one budget over settled lines, in the order of ScenarioCode; all pay in full when it suffices.

    The lines are those of `LINES`, in line order, as they were settled or as they are stored.
    """
    rules = [rule for rule in terms.rules if rule.budget == budget]
    selective = [rule.no for rule in rules if rule.selective]
    claims = lines.filter(pl.col("rule_no").is_in([rule.no for rule in rules]), pl.col("funding").is_not_null()).select(
        "line_no",
        "funding",
        claimed_fen="amount_fen",
        ranked=pl.col("rule_no").is_in(selective),
    )
    pool_fen = terms.budgets_fen[budget]
    return tuple(_scenario(code, claims, pool_fen) for code in ScenarioCode)


def _scenario(code: ScenarioCode, claims: pl.DataFrame, pool_fen: int) -> Scenario:
    if code is ScenarioCode.PRO_RATA_ALL:
        paid = _shared(claims["claimed_fen"], pool_fen)
    elif code is ScenarioCode.PRO_RATA_CLASSES:
        paid = _ranked_shared(claims, pool_fen)
    else:
        within = pl.col("funding") == int(Funding.WITHIN_POOL)
        paid = claims.select(pl.when(within).then(pl.col("claimed_fen")).otherwise(0)).to_series()
    rest = claims["claimed_fen"] - paid
    nothing = pl.zeros(claims.height, dtype=pl.Int64, eager=True)
    deferred, unfunded = (rest, nothing) if code is ScenarioCode.CARRY_OVER else (nothing, rest)
    lines = claims.select("line_no", "claimed_fen").with_columns(
        paid_fen=paid, deferred_fen=deferred, unfunded_fen=unfunded
    )
    return Scenario(
        code=code,
        label=LABELS[code],
        explanation=EXPLANATIONS[code],
        pool_fen=pool_fen,
        claimed_fen=int(claims["claimed_fen"].sum()),
        paid_fen=int(paid.sum()),
        deferred_fen=int(deferred.sum()),
        unfunded_fen=int(unfunded.sum()),
        lines=lines.select(pl.col(name).cast(kind) for name, kind in FUNDING.items()),
    )


def _ranked_shared(claims: pl.DataFrame, pool_fen: int) -> pl.Series:
    """Fixed awards in full (by order, if even they do not fit), what is left shared among the ranked ones."""
    ranked = claims["ranked"]
    fixed_claims = claims.filter(~ranked)
    within = (fixed_claims["funding"] == int(Funding.WITHIN_POOL)).cast(pl.Int64)
    fixed_paid = fixed_claims["claimed_fen"] * within
    fixed_whole = int(fixed_paid.sum()) == int(fixed_claims["claimed_fen"].sum())
    left = pool_fen - int(fixed_paid.sum()) if fixed_whole else 0
    shares = _shared(claims.filter(ranked)["claimed_fen"], left)
    parts = [fixed_claims.select("line_no", paid=fixed_paid), claims.filter(ranked).select("line_no", paid=shares)]
    return pl.concat(parts).sort("line_no")["paid"]


def _shared(claimed: pl.Series, pool_fen: int) -> pl.Series:
    """The pool split in proportion to the claims to the last 分, by largest remainder and then by line order.

    Products of two amounts are taken in 128 bits: claims of a large city times its pool pass 64.
    """
    total = int(claimed.sum())
    if total <= pool_fen:
        return claimed
    scaled = pl.col("claimed").cast(pl.Int128) * pl.lit(pool_fen, dtype=pl.Int128)
    divisor = pl.lit(total, dtype=pl.Int128)
    shares = pl.DataFrame({"claimed": claimed}).select(floor=scaled // divisor, rest=scaled % divisor)
    shares = shares.with_row_index("position")
    missing = pool_fen - int(shares["floor"].sum())
    first = shares.sort("rest", "position", descending=[True, False]).head(missing)["position"]
    extra = pl.col("position").is_in(first.implode()).cast(pl.Int128)
    return shares.select((pl.col("floor") + extra).cast(pl.Int64)).to_series()


def by_code(all_scenarios: Sequence[Scenario], code: ScenarioCode) -> Scenario:
    """The scenario with this code; raises KeyError if it was not computed."""
    return {scenario.code: scenario for scenario in all_scenarios}[code]


def same_effect(standing: ScenarioCode | None, new: ScenarioCode) -> bool:
    """Whether a new decision changes nothing of what other years count as paid or are charged with.

    Undecided, what the pool does not reach counts as unpaid, which is what `fixed_first` says.
    """
    return (standing or ScenarioCode.FIXED_FIRST) is new

"""What lies above a pool, as pages show it: the pool's meter, the ways to meet the shortfall, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontend import filters
from frontend.forms import Form
from frontend.pages.step_forms import CITATION, Field, decided_entry, with_basis

BUDGET, SCENARIO, REPLACES = (
    Field("budget", "资金"),
    Field("scenario", "方案", required=True),
    Field("replaces", "原决定"),
)
WRITTEN = (Field("opinion", "意见", "textarea", required=True, wide=True, longest=1000), *CITATION)
FIELDS = (BUDGET, SCENARIO, *WRITTEN, REPLACES)
LABELS = {field.name: field.label for field in FIELDS}

Settlement = Mapping[str, Any]
Decision = Mapping[str, Any]


@dataclass(frozen=True)
class Shortfall:
    """One pool that does not suffice. `decisions` newest first: the first one stands; `form` where one decides."""

    pool: Mapping[str, Any]
    scenarios: Sequence[Mapping[str, Any]]
    decisions: Sequence[Decision]
    form: Form | None = None

    @property
    def carried(self) -> int:
        """What the year before put off, in 分."""
        return filters.fen_of(self.pool["carried"]) or 0

    @property
    def decision(self) -> Decision | None:
        return self.decisions[0] if self.decisions else None

    @property
    def earlier(self) -> list[dict[str, Any]]:
        """The decisions that were replaced, as entries of a timeline."""
        return [decided_entry(decision, decision["label"]) for decision in self.decisions[1:]]


def decisions_on(settlement: Settlement, budget: str) -> list[Decision]:
    """What was decided on one budget, newest first."""
    return [with_basis(decision) for decision in settlement["decisions"] if decision["budget"] == budget]


def standing(settlement: Settlement) -> list[Decision]:
    """The decision that counts now, of each budget that has one."""
    found = [decisions_on(settlement, pool["budget"]) for pool in settlement["pools"]]
    return [decisions[0] for decisions in found if decisions]


def short_pools(settlement: Settlement) -> list[Mapping[str, Any]]:
    """The pools that do not suffice."""
    return [pool for pool in settlement["pools"] if filters.fen_of(pool["above"])]


def shortfalls(settlement: Settlement, form: Form | None) -> list[Shortfall]:
    """What each pool lacks; the form, if one is shown, stands at the pool that it is about."""
    return [_shortfall(pool, settlement, form) for pool in short_pools(settlement)]


def _shortfall(pool: Mapping[str, Any], settlement: Settlement, form: Form | None) -> Shortfall:
    budget = pool["budget"]
    return Shortfall(
        pool=pool,
        scenarios=[scenario for scenario in settlement["scenarios"] if scenario["budget"] == budget],
        decisions=decisions_on(settlement, budget),
        form=form if form is not None and form.value("budget") == budget else None,
    )


def to_decide(settlement: Settlement, asked: str | None) -> dict[str, str] | None:
    """What the form of a decision begins with: the pool that is asked for, else the first one nobody has decided on."""
    if settlement["state"] != "confirmed":
        return None
    short = [pool["budget"] for pool in short_pools(settlement)]
    undecided = [budget for budget in short if not decisions_on(settlement, budget)]
    if asked not in short and not undecided:
        return None
    return about(settlement, str(asked) if asked in short else undecided[0])


def about(settlement: Settlement, budget: str) -> dict[str, str]:
    """The hidden fields of a decision on one budget: which, and which decision it takes the place of."""
    earlier = decisions_on(settlement, budget)
    return {"budget": budget, "replaces": earlier[0]["id"] if earlier else ""}


def above_words(settlement: Settlement) -> str:
    """What is to become of what lies above the pools, in a few words."""
    short, decided = short_pools(settlement), standing(settlement)
    if not short:
        return "没有超出"
    if len(decided) < len(short):
        return "须另行决定"
    return "已决定：" + "、".join(dict.fromkeys(decision["label"] for decision in decided))


def meter(pool: Mapping[str, Any], settlement: Settlement) -> dict[str, Any]:
    """A pool as its meter shows it, in 分: what a draft needs is frozen, what was confirmed or decided is used.

    What the year before put off is used first.
    """
    carried, within, to_pay = (filters.fen_of(pool[key]) or 0 for key in ("carried", "within", "to_pay"))
    confirmed = settlement["state"] == "confirmed"
    payable = filters.fen_of(pool["payable"]) or 0
    decided = bool(decisions_on(settlement, pool["budget"]))
    return {
        **pool,
        "total": filters.fen_of(pool["amount"]),
        "used": carried + (to_pay if confirmed else 0),
        "frozen": 0 if confirmed else within,
        "over": payable - to_pay if decided else filters.fen_of(pool["above"]),
        "carried_fen": carried,
    }


def told_of_line(settlement: Settlement, line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The decision on its budget by which a line is not paid as claimed, with what becomes of the rest of it, in 分."""
    claimed, to_pay = filters.fen_of(line["amount"]) or 0, filters.fen_of(line["to_pay"])
    if to_pay is None or to_pay == claimed:
        return []
    own = [decision for decision in standing(settlement) if decision["budget"] == line["budget"]]
    return [{**decision, "rest": claimed - to_pay, "rest_label": _rest(decision)} for decision in own]


def _rest(decision: Decision) -> str:
    """What a decision does with what it does not pay; a scenario puts off or leaves unpaid, never both."""
    return "结转下年" if filters.fen_of(decision["deferred"]) else "不予支付"

"""What the subsidies service answers of decisions on what lies above a pool, made by its own wire models."""

from typing import Any

from services.subsidies.schemas.pool_decisions import PoolDecisionRead
from tests.frontend import subsidies_answers as api

DECISION = "3c1a7f52-9d0e-4b8a-8f63-5e2d4c1b0a99"
EARLIER_DECISION = "81f0b6c4-2e7d-4a59-b1c8-0d9e8f7a6b55"
RESOLUTION = "6b2e9a10-4c3d-4f5e-8a7b-1c2d3e4f5a6b"
RESOLUTION_PAGE = f"/governance/resolutions/{RESOLUTION}"
ON_RECORD = {"id": RESOLUTION, "number": "宜职教集〔2026〕1号", "title": "关于超出部分的决议"}
NOT_ON_RECORD = {"id": None, "number": "宜教联〔2025〕9号", "title": None}


def pool_decision(code: str = "carry_over", **changes: Any) -> PoolDecisionRead:
    """A decision on what lies above the pool."""
    facts: dict[str, Any] = {"id": DECISION, "budget_name": "年度奖补资金", "no": 1, "scenario": code}
    why = {"opinion": "经联席会议研究，超出部分列入下年。", "cited": ON_RECORD, "replaces": None}
    who = {"decided_at": "2025-12-20T02:30:00Z", "decided_by_name": "王主任"}
    return PoolDecisionRead(**{**api.scenario_facts(code), **facts, **why, **who, **changes})


def earlier_decision(**changes: Any) -> PoolDecisionRead:
    """The one that `pool_decision` may have taken the place of."""
    facts = {"id": EARLIER_DECISION, "opinion": "先按名次办理。", "cited": NOT_ON_RECORD}
    return pool_decision("fixed_first", **{**facts, "decided_at": "2025-12-10T02:30:00Z", **changes})


def decided_settlement(*decisions: PoolDecisionRead, **changes: Any) -> dict[str, Any]:
    """A confirmed settlement with what was decided on its 300 yuan, newest first."""
    deferred = decisions[0].deferred if decisions else "0.00"
    classes = ("400.00", "100.00", "300.00")
    parts: dict[str, Any] = {
        "confirmed_at": api.AT,
        "confirmed_by_name": "王主任",
        "decisions": list(decisions),
        "rules": [
            api.rule_total("sending_award", "生源输送奖励", "二15", (390, 8), ("900.00", "900.00", "0.00")),
            api.rule_total("school_enterprise_class", "校企合作班奖补", "二11", (4, 1), classes, "100.00", deferred),
        ],
        "payees": [
            api.payee_total(api.SCHOOL, "怀宁中学", 390, ("900.00", "900.00", "0.00")),
            api.payee_total(api.CLAIM, "桐城中专", 4, classes, "100.00", deferred),
        ],
    }
    return api.settlement("confirmed", **{**parts, **changes})

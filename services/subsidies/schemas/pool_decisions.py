"""Decisions on what lies above a pool, on the wire. Every amount is a string of yuan with two decimals."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.citations import CitedRead, Citing
from services.kernel.fields import EmptyIsNone
from services.subsidies.rules.scenarios import ScenarioCode

Opinion = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=1000)]


class PoolDecisionCreate(Citing):
    """What is done with what lies above one budget, why, on what basis, and which decision it replaces."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "budget": "award_pool",
                    "scenario": "carry_over",
                    "opinion": "经联席会议研究，超出部分列入下年资金支付",
                    "resolution_number": "宜职教集〔2026〕3号",
                }
            ]
        },
    )

    budget: Annotated[str, Field(max_length=63, description="资金，如 award_pool")]
    scenario: ScenarioCode = Field(description="处理方式，即结算中所列可选方案的代码")
    opinion: Opinion = Field(description="决定的理由")
    replaces: Annotated[UUID | None, EmptyIsNone, Field(description="替换哪一次决定；首次决定时不填")] = None


class PoolDecisionRead(BaseModel):
    """One decision; the newest one of a budget stands. What is deferred is paid from the next year's budget."""

    id: UUID
    budget: str
    budget_name: str
    no: int = Field(description="这项资金的第几次决定；序号最大的有效")
    scenario: ScenarioCode
    label: str
    explanation: str
    claimed: str
    paid: str
    deferred: str
    unfunded: str
    opinion: str
    cited: CitedRead
    replaces: UUID | None
    decided_at: datetime
    decided_by_name: str

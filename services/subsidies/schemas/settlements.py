"""Settlements on the wire. Every amount is a string of yuan with two decimals."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.subsidies.domain import SettlementState
from services.subsidies.schemas.pool_decisions import PoolDecisionRead

TO_PAY: Final = "本年支付：超出资金池的，作出决定前为零，决定后按决定"
DEFERRED: Final = "按决定结转到下年支付"


class SettlementCreate(BaseModel):
    """Which year to settle, with the rosters as of which day."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"year": 2025, "snapshot_date": "2025-11-30"}]}
    )

    year: int = Field(ge=2000, le=2100)
    snapshot_date: date = Field(description="快照日：以这一天的名册计算人数和在籍情况")


class SettlementSummary(BaseModel):
    """One settlement in a list. `above` is what lies above the pools."""

    id: UUID
    no: int
    year: int
    snapshot_date: date
    state: SettlementState
    state_label: str
    job: UUID | None
    hash: str | None
    line_count: int
    payable: str | None
    within: str | None
    above: str | None
    failure: str | None
    created_at: datetime
    created_by_name: str
    computed_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by_name: str | None
    version: int = Field(description="行版本，即 ETag；确认时放在 If-Match 中")


class RuleTotal(BaseModel):
    """One rule: how many lines are payable and excluded, what of the money the pool reaches, and what is to be paid."""

    rule: str
    rule_name: str
    article: str
    payable_count: int
    excluded_count: int
    payable: str
    within: str
    above: str
    to_pay: str = Field(description=TO_PAY)
    deferred: str = Field(description=DEFERRED)


class PayeeTotal(BaseModel):
    """One payee over all rules."""

    payee: UUID
    payee_name: str
    count: int
    payable: str
    within: str
    above: str
    to_pay: str = Field(description=TO_PAY)
    deferred: str = Field(description=DEFERRED)


class ReasonTotal(BaseModel):
    """How many lines of a rule are excluded for one reason."""

    rule: str
    rule_name: str
    reason: str
    sentence: str
    count: int


class PoolRead(BaseModel):
    """One budget of the year: what it has, what is payable under it, within and above.

    What the year before deferred is charged to it first: `within` and `left` share out `amount` less `carried`.
    """

    budget: str
    name: str
    article: str
    amount: str
    carried: str = Field(description="上年度结转到本年支付的金额，先从本年资金中列支")
    payable: str
    within: str
    above: str
    left: str
    to_pay: str = Field(description=TO_PAY + "；不含上年度结转的金额")


class ScenarioRead(BaseModel):
    """One way to meet a shortfall; shown, never applied by itself."""

    budget: str
    code: str
    label: str
    explanation: str
    claimed: str
    paid: str
    deferred: str
    unfunded: str


class PinsRead(BaseModel):
    """What the settlement is a function of."""

    policy_pack: str
    policy_version: int
    policy_sha256: str
    document_number: str
    document_title: str
    registry_version: str
    registry_as_of: datetime | None
    registry_fresh: bool | None
    roster_sequence: int
    claims: int
    claims_sha256: str
    prior_settlements: int
    prior_payments_sha256: str


class SettlementRead(SettlementSummary):
    """One settlement with its totals. A county or member sees the payees of its own only, and no scenarios."""

    pins: PinsRead | None
    changed_inputs: list[str] = Field(description="计算之后有变动的内容；不为空时须重新结算后才能确认")
    rules: list[RuleTotal]
    payees: list[PayeeTotal]
    reasons: list[ReasonTotal]
    pools: list[PoolRead]
    scenarios: list[ScenarioRead]
    decisions: list[PoolDecisionRead] = Field(description="超出资金池的处理决定，最近的在前；每项资金以最近一次为准")
    doubled_classes: int = Field(description="同时出现在两份名册上的班级行数，已只计一次")
    opinion: str | None


class FactRead(BaseModel):
    """One fact of a subject."""

    label: str
    value: str


class LineRead(BaseModel):
    """One line. Its prose is made when it is read."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "no": 214,
                "rule": "sending_award",
                "rule_name": "生源输送奖励",
                "budget": "award_pool",
                "article": "二15",
                "kind": "student",
                "kind_label": "学生",
                "subject_no": 1093,
                "subject": "王**",
                "facts": [{"label": "就读学校", "value": "怀宁县示例职业学校"}],
                "payee": "5b0e2f83-7a0c-4a43-a3ad-2d1f2fd0a7e5",
                "payee_name": "怀宁县示例中学",
                "outcome": "payable",
                "outcome_label": "应付",
                "reason": None,
                "sentence": "符合全部条件，资金池内",
                "rank": None,
                "funding": "within_pool",
                "funding_label": "资金池内",
                "amount": "500.00",
                "to_pay": "500.00",
            }
        }
    )

    no: int
    rule: str
    rule_name: str
    budget: str
    article: str
    kind: str
    kind_label: str
    subject_no: int
    subject: str
    facts: list[FactRead]
    payee: UUID | None
    payee_name: str
    outcome: str
    outcome_label: str
    reason: str | None
    sentence: str
    rank: int | None
    funding: str | None
    funding_label: str | None
    amount: str
    to_pay: str | None = Field(description=TO_PAY + "；不计奖的没有")


class ConditionRead(BaseModel):
    """One condition, in the order in which it is looked at; `decided` marks our decision, not the document's."""

    code: str
    label: str
    article: str
    observed: str
    required: str
    holds: bool
    decided: bool


class LineExplanation(LineRead):
    """A line with every condition, computed anew from the pins; `matches` says that it agrees with the line."""

    conditions: list[ConditionRead]
    formula: str
    explanation: str
    article_heading: str | None
    article_summary: str | None
    matches: bool


class VerificationRead(BaseModel):
    """A settlement computed again from its pins, and its stored lines hashed again."""

    matches: bool
    kept: str
    recomputed: str
    stored_lines: str
    lines: int


class OpinionBody(BaseModel):
    """What the confirming person says; may be left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"opinion": "经联席会议研究同意"}]})

    opinion: str | None = Field(default=None, max_length=500)

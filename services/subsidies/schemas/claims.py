"""Claims on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidies.domain import ClaimAction, ClaimState

Opinion = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class ClaimCreate(BaseModel):
    """A claim of the caller for one year and rule; recognition awards name the collaboration."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"year": 2025, "rule": "sending_award"},
                {"year": 2025, "rule": "industry_college", "collaboration": "5b0e2f83-7a0c-4a43-a3ad-2d1f2fd0a7e5"},
            ]
        },
    )

    year: int = Field(ge=2000, le=2100)
    rule: str = Field(max_length=63, description="奖补项目代码，见 GET /rules")
    collaboration: UUID | None = Field(default=None, description="合作载体；仅级别认定类项目填写")
    submit: bool = Field(default=False, description="建立后立即提交")


class StepOpinion(BaseModel):
    """What the actor says; may be left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"opinion": "材料齐全"}]})

    opinion: Opinion | None = None


class ReturnOpinion(BaseModel):
    """Why a claim is returned: the submitter must learn what to mend."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"opinion": "请补充 3 名学生的生源学校"}]}
    )

    opinion: Opinion


class DecisionRead(BaseModel):
    """One step of a claim; sums as they stood then."""

    action: ClaimAction
    action_label: str
    from_state: ClaimState | None
    to_state: ClaimState
    to_state_label: str
    actor_name: str
    actor_role: str
    at: datetime
    opinion: str | None
    sequence: int
    subjects: int
    requested: str


class ClaimRead(BaseModel):
    """One claim. `requested` is yuan before any condition is looked at; `actions` is what the caller may do now."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "c1f7fd7c-6ad6-4e3c-8bb6-4f41a3a9b1d2",
                "year": 2025,
                "rule": "sending_award",
                "rule_name": "生源输送奖励",
                "article": "二15",
                "owner": "division:340822",
                "owner_name": "怀宁县",
                "collaboration": None,
                "collaboration_name": None,
                "state": "submitted",
                "state_label": "待审核",
                "sequence": 3,
                "subjects": 341,
                "requested": "170500.00",
                "created_at": "2025-12-01T04:01:00Z",
                "changed_at": "2025-12-01T04:01:05Z",
                "created_by_name": "怀宁县教育局",
                "actions": ["withdraw"],
                "version": 2,
                "decisions": [],
            }
        }
    )

    id: UUID
    year: int
    rule: str
    rule_name: str
    article: str | None
    owner: str
    owner_name: str
    collaboration: UUID | None
    collaboration_name: str | None
    state: ClaimState
    state_label: str
    sequence: int = Field(description="申报所依据的名册序号")
    subjects: int = Field(description="申报的学生、班级或认定数")
    requested: str = Field(description="按标准乘数量的申报金额（元），未作资格审查")
    created_at: datetime
    changed_at: datetime
    created_by_name: str
    actions: list[ClaimAction]
    version: int = Field(description="行版本，即 ETag；在 If-Match 中使用")
    decisions: list[DecisionRead] = Field(default_factory=list, description="办理过程，仅详情返回")


class RuleRead(BaseModel):
    """One money rule of the applied policy, with its amount on the reference day."""

    no: int
    code: str
    name: str
    kind: str
    article: str
    article_heading: str | None
    article_summary: str | None
    amount: str
    in_force: bool
    discretionary: bool
    selective: bool
    collaboration_kind: str | None
    valid_from: str
    valid_to: str


class RulesRead(BaseModel):
    """The money rules in force in a year, and the document they stand in."""

    pack: str
    version: int
    sha256: str
    document_number: str
    document_title: str
    year: int
    rules: list[RuleRead]


class OpenClaimRead(BaseModel):
    """A claim that still goes on, by name and state."""

    id: UUID
    title: str
    state: str

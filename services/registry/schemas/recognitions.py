"""Recognitions, plates and reviews on the wire."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.domain.collaborations import CollaborationKind
from services.registry.domain.recognitions import RecognitionLevel, ReviewDecision, ReviewResult

DocumentNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Opinion = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
LAPSE_HELP = "到期日，自该日起失效；不填的按政策规定的年限推算，没有规定的长期有效"


class RecognitionCreate(BaseModel):
    """A level granted on a day by a document."""

    model_config = ConfigDict(extra="forbid")

    level: RecognitionLevel
    granted_on: Annotated[date, Field(description="认定日期")]
    document_number: Annotated[DocumentNumber, Field(description="认定文号", examples=["皖教职成〔2025〕1号"])]
    title: Annotated[Title | None, EmptyIsNone, Field(description="荣誉名称")] = None
    lapses_on: Annotated[date | None, EmptyIsNone, Field(description=LAPSE_HELP)] = None


class MemberRecognitionCreate(RecognitionCreate):
    """A level granted to a member unit: as one of the kinds of collaboration, or under a name of its own."""

    member: Annotated[UUID, Field(description="被认定的成员单位")]
    kind: Annotated[CollaborationKind | None, EmptyIsNone, Field(description="认定为哪一类，如产教融合型企业")] = None


class RecognitionWithdrawal(BaseModel):
    """The withdrawal of a recognition."""

    model_config = ConfigDict(extra="forbid")

    withdrawn_on: Annotated[date, Field(description="撤销日期，自该日起无效")]
    reason: Annotated[Reason, Field(description="撤销原因和依据")]


class RecognitionRead(BaseModel):
    """One recognition as it stands on the day that was asked for; `state` is standing, lapsed or withdrawn."""

    id: UUID
    level: str
    title: str | None
    granted_on: date
    document_number: str
    lapses_on: date | None
    withdrawn_on: date | None
    withdrawal_reason: str | None
    state: str


class SubjectRef(BaseModel):
    """What is recognised: a collaboration or a member, by id and name."""

    type: str
    id: UUID
    name: str


class RecognitionEntry(RecognitionRead):
    """A recognition in the list of all: of whom, as what, and which yearly reviews it lacks."""

    subject: SubjectRef
    kind: str | None
    due_years: list[int]
    review_due_on: date | None


class PlateRuleRead(BaseModel):
    """How often a kind is reviewed and when its plate lapses, in years, with the article that says so."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    review_every_years: int
    lapses_after_years: int
    pack: str
    article: str


class PlateRules(BaseModel):
    """The rules of plates that stood on the day."""

    items: list[PlateRuleRead]


class ReviewCreate(BaseModel):
    """The assessment of one year."""

    model_config = ConfigDict(extra="forbid")

    year: Annotated[int, Field(ge=1949, le=2999, description="考核年度", examples=[2025])]
    result: Annotated[ReviewResult, Field(description="考核结果")]
    reviewed_on: Annotated[date, Field(description="考核日期")]
    opinion: Annotated[Opinion | None, EmptyIsNone, Field(description="考核意见")] = None
    document_number: Annotated[DocumentNumber | None, EmptyIsNone, Field(description="考核文件")] = None


class DecisionCreate(BaseModel):
    """What follows from a failed assessment, by a document or a resolution."""

    model_config = ConfigDict(extra="forbid")

    decision: Annotated[ReviewDecision, Field(description="处理决定")]
    decided_on: Annotated[date, Field(description="决定日期；撤销认定的自该日起无效")]
    document_number: Annotated[DocumentNumber | None, EmptyIsNone, Field(description="决定文号")] = None
    resolution: Annotated[UUID | None, EmptyIsNone, Field(description="所依据的决议")] = None
    reason: Annotated[Reason, Field(description="理由")]
    rectify_until: Annotated[date | None, EmptyIsNone, Field(description="整改期限，仅保留并整改")] = None


class ReviewRead(BaseModel):
    """One assessment as it stood on the day; `decision` is null until decided, and for one that was passed."""

    id: UUID
    year: int
    result: str
    reviewed_on: date
    opinion: str | None
    document_number: str | None
    decision: str | None
    decided_on: date | None
    decision_document: str | None
    resolution: UUID | None
    decision_reason: str | None
    rectify_until: date | None
    row_version: int


class Reviews(BaseModel):
    """The assessments of one collaboration or plate, newest first, and the years that lack one."""

    items: list[ReviewRead]
    due_years: list[int]

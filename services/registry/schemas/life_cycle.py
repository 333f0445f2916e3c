"""Applications, the steps of members and yearly reviews on the wire, for those who are signed in."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.citations import Citing
from services.kernel.fields import EmptyIsNone
from services.registry.domain.life_cycle import ReviewGrade
from services.registry.domain.members import StructureRole
from services.registry.schemas.meetings import ResolutionRef
from services.registry.schemas.successions import TouchRead

MOST_REVIEWS = 500
Year = Annotated[int, Field(ge=2000, le=2100, examples=[2025])]


def _text(longest: int, shortest: int = 0) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


Opinion = Annotated[Annotated[str, _text(1000)] | None, EmptyIsNone, Field(description="意见")]
NeededOpinion = Annotated[Annotated[str, _text(1000, 2)], Field(description="意见", examples=["材料齐全，同意。"])]
Document = Annotated[Annotated[str, _text(200)] | None, EmptyIsNone, Field(description="文件名称和文号")]
OnDate = Annotated[date | None, EmptyIsNone, Field(description="办理日期，不填为今天，不能晚于今天")]
EffectiveOn = Annotated[date | None, EmptyIsNone, Field(description="生效日期，不填为今天，不能晚于今天")]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on_date: OnDate = None
    document: Document = None


class FirstReview(_Step):
    """初审. A return or a refusal says why."""

    outcome: Annotated[Literal["endorsed", "returned", "declined"], Field(examples=["endorsed"])]
    opinion: Opinion = None


class Deciding(_Step, Citing):
    """A step of an application that decides it, and may rest on a resolution."""


class Deliberation(Deciding):
    """理事会审议."""

    outcome: Annotated[Literal["approved", "disapproved"], Field(examples=["approved"])]
    opinion: NeededOpinion


class Publicity(BaseModel):
    """公示: counted in working days from the day after the publication."""

    model_config = ConfigDict(extra="forbid")

    published_on: Annotated[date | None, EmptyIsNone, Field(description="发布日期，不填为今天")] = None
    working_days: Annotated[int, Field(ge=1, le=90, description="公示几个工作日", examples=[5])]
    document: Document = None
    opinion: Opinion = None


class Objection(_Step):
    """异议: what it says; who raised it stays in the paper file."""

    opinion: NeededOpinion


class ObjectionAnswer(_Step):
    """答复异议."""

    outcome: Annotated[Literal["dismissed", "upheld"], Field(examples=["dismissed"])]
    opinion: NeededOpinion


class Admission(Deciding):
    """入会: makes the member, or binds the application to a unit that is on record already."""

    joined_on: Annotated[date | None, EmptyIsNone, Field(description="入会日期，不填为今天")] = None
    into: Annotated[UUID | None, EmptyIsNone, Field(description="绑定到已登记的单位")] = None
    structure_role: Annotated[StructureRole | None, EmptyIsNone, Field(description="在集团架构中的角色")] = None
    opinion: Opinion = None


class Refusal(Deciding):
    """不予入会, after the public notice."""

    opinion: NeededOpinion


class ApplicationSummary(BaseModel):
    """An application in a list, without its contact."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    state: str
    name: str
    uscc: str | None
    category: str
    division: str | None
    division_name: str | None = None
    submitted_on: date
    published_on: date | None
    publicity_ends_on: date | None
    publicity_estimated: bool
    member: UUID | None


class EventRead(BaseModel):
    """One step of an application."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    step: str
    to_state: str
    on_date: date
    at: datetime
    actor_name: str
    opinion: str | None
    document: str | None
    resolution: UUID | None
    resolution_number: str | None
    cited: ResolutionRef | None = None
    answers: UUID | None
    outcome: str | None = None


class ApplicationRead(ApplicationSummary):
    """One application with its steps, oldest first, and the steps that its state allows.

    The contact is null for callers whom it does not concern.
    """

    address: str | None
    profile: str | None
    reason: str
    contact_person: str | None
    contact_phone: str | None
    publicity_days: int | None
    proposed_publicity_days: int
    row_version: int
    steps: list[EventRead]
    open_objections: list[UUID]
    allowed: list[str]


class _MemberStep(Citing):
    model_config = ConfigDict(extra="forbid")

    effective_on: EffectiveOn = None
    opinion: NeededOpinion
    document: Document = None


class Rectification(_MemberStep):
    """责令整改, with the day by which it is to be done."""

    deadline: Annotated[date, Field(description="整改期限", examples=["2026-03-31"])]


class PlainMemberStep(_MemberStep):
    """整改完成, 暂停, 恢复."""


class MemberExit(_MemberStep):
    """退出. `impact` is the version of what was shown; `without_claims` that the open claims are not known."""

    impact: Annotated[str, StringConstraints(min_length=1, max_length=64), Field(description="已看过的影响清单的版本")]
    without_claims: bool = False


class ExitImpact(BaseModel):
    """What the exit of a member touches; `claims` is null while the subsidies service does not answer."""

    version: str
    touches: list[TouchRead]
    claims: list[TouchRead] | None


class MemberEventRead(BaseModel):
    """One step of a member's life."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    step: str
    from_status: str | None
    to_status: str
    effective_on: date
    at: datetime
    actor_name: str
    opinion: str | None
    document: str | None
    resolution: UUID | None
    resolution_number: str | None
    cited: ResolutionRef | None = None
    deadline: date | None
    year: int | None
    grade: str | None
    application: UUID | None


class MemberSteps(BaseModel):
    """A member's life so far, newest first, and the steps that its status allows."""

    items: list[MemberEventRead]
    allowed: list[str]


class ReviewEntry(BaseModel):
    """One member's grade in a batch."""

    model_config = ConfigDict(extra="forbid")

    member: UUID
    grade: Annotated[ReviewGrade, Field(description="考核等次", examples=["qualified"])]
    opinion: Opinion = None


class ReviewBatch(BaseModel):
    """Grades of one year for several members."""

    model_config = ConfigDict(extra="forbid")

    year: Year
    on_date: OnDate = None
    document: Document = None
    items: Annotated[list[ReviewEntry], Field(min_length=1, max_length=MOST_REVIEWS)]


class ReviewWrite(BaseModel):
    """One member's grade for one year."""

    model_config = ConfigDict(extra="forbid")

    year: Year
    grade: Annotated[ReviewGrade, Field(description="考核等次", examples=["qualified"])]
    on_date: OnDate = None
    opinion: Opinion = None
    document: Document = None


class ReviewCorrection(BaseModel):
    """Another grade for a year that has one; it says why."""

    model_config = ConfigDict(extra="forbid")

    grade: Annotated[ReviewGrade, Field(description="考核等次", examples=["qualified"])]
    on_date: OnDate = None
    opinion: NeededOpinion
    document: Document = None


class MemberReviewRead(BaseModel):
    """The grade that stands for a member and year."""

    model_config = ConfigDict(from_attributes=True)

    member: UUID
    year: int
    grade: str
    on_date: date
    opinion: str | None
    document: str | None
    row_version: int


class ReviewRow(BaseModel):
    """A member in the list of one year's reviews; the grade is null while it has none."""

    member: UUID
    name: str
    category: str
    division_name: str | None
    status: str
    year: int
    grade: str | None
    on_date: date | None
    opinion: str | None
    document: str | None


class ReviewsRecorded(BaseModel):
    """How many grades a batch recorded."""

    recorded: int

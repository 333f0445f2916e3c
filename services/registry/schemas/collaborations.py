"""Collaborations and who takes part in them on the wire."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from services.kernel.fields import EmptyIsNone
from services.registry.domain.collaborations import CollaborationKind, CollaborationStatus, Part
from services.registry.schemas.collaboration_details import DETAILS, AnyDetails, KindDetails
from services.registry.schemas.members import Name
from services.registry.schemas.recognitions import RecognitionRead


class ParticipantWrite(BaseModel):
    """A member and as what it takes part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    member: UUID
    part: Part = Part.PARTNER


def _participant(value: Any) -> Any:
    """A mere id is a partner."""
    return {"member": value} if isinstance(value, str | UUID) else value


def _distinct(values: list[ParticipantWrite]) -> list[ParticipantWrite]:
    """Each member once, as what it is named first."""
    seen: dict[UUID, ParticipantWrite] = {}
    for value in values:
        seen.setdefault(value.member, value)
    return list(seen.values())


def _of_kind(value: Any, _handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Read details by the model of the kind; its faults stand beside those of the other fields."""
    kind = info.data.get("kind")
    return DETAILS[kind].model_validate(value) if kind else value


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class CollaborationWrite(BaseModel):
    """What the secretariat may fill in; an update sends every field, as it should stand.

    What is changed holds from `effective_on`, today unless given; an end that is new holds from `ended_on`.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[CollaborationKind, Field(description="载体类型", examples=["industry_college"])]
    name: Annotated[Name, Field(description="名称", examples=["汽车产业学院"])]
    host_member: Annotated[UUID | None, EmptyIsNone, Field(description="办学（承办）单位")] = None
    lead_member: Annotated[UUID | None, EmptyIsNone, Field(description="牵头单位")] = None
    participants: Annotated[
        list[Annotated[ParticipantWrite, BeforeValidator(_participant)]],
        AfterValidator(_distinct),
        Field(max_length=200, description="参与单位；只给编号的是合作方"),
    ] = []
    founded_on: Annotated[date | None, EmptyIsNone, Field(description="成立日期")] = None
    status: CollaborationStatus = CollaborationStatus.ACTIVE
    ended_on: Annotated[date | None, EmptyIsNone, Field(description="终止日期，自该日起不再运行")] = None
    end_reason: Annotated[Reason | None, EmptyIsNone, Field(description="终止原因和依据")] = None
    details: Annotated[
        AnyDetails,
        WrapValidator(_of_kind),
        Field(
            description="该类型自有的内容，见 /collaborations/kinds",
            validate_default=True,
            default_factory=dict,
            examples=[{"industry": "新能源汽车"}],
        ),
    ]
    effective_on: Annotated[date | None, EmptyIsNone, Field(description="自哪一天起如此，默认今天")] = None

    @property
    def parts(self) -> dict[UUID, Part]:
        """As what each participant takes part."""
        return {one.member: one.part for one in self.participants}

    @property
    def own_fields(self) -> KindDetails:
        """The details, read by the model of the kind."""
        assert isinstance(self.details, KindDetails)  # noqa: S101  # the validator made it one
        return self.details


class CollaborationCreate(CollaborationWrite):
    """A new collaboration."""


class CollaborationUpdate(CollaborationWrite):
    """A collaboration as it should stand."""


class MemberRef(BaseModel):
    """A member by id and name."""

    id: UUID
    name: str


class ParticipantRead(MemberRef):
    """A member that takes part, and as what."""

    part: str


class CollaborationSummary(BaseModel):
    """A collaboration in a list, with the highest level that stands on the day."""

    id: UUID
    kind: str
    name: str
    host_member: MemberRef | None
    lead_member: MemberRef | None
    founded_on: date | None
    status: str
    ended_on: date | None
    level: str | None
    recognised_on: date | None


class CollaborationRead(CollaborationSummary):
    """One collaboration with its participants and every recognition; `row_version` is the ETag."""

    end_reason: str | None
    details: dict[str, Any]
    participants: list[ParticipantRead]
    recognitions: list[RecognitionRead]
    as_of: date
    row_version: int
    created_at: datetime
    updated_at: datetime


class HeadcountRead(BaseModel):
    """How many students a class has, by its roster on a day; `headcount` is null where `unavailable` says why."""

    headcount: int | None
    day: date
    school: MemberRef | None
    class_code: str | None
    source: str | None
    taken_in_at: datetime | None
    unavailable: str | None

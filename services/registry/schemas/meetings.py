"""Meetings, attendance, resolutions and votes on the wire."""

from datetime import date, datetime, time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.kernel.fields import EmptyIsNone
from services.registry.domain.governance import MeetingForm, Presence, Vote
from services.registry.schemas.governance import BodyRef, Reason, ShareWrite, text

MOST_AGENDA_ITEMS = 50
MOST_SEATS = 500
LONGEST_TEXT = 20_000


class AgendaItemWrite(BaseModel):
    """One item; `id` keeps one that the meeting already has."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    title: Annotated[Annotated[str, text(200)], Field(description="议题", examples=["审议年度工作报告"])]
    proposer: Annotated[Annotated[str, text(100)] | None, EmptyIsNone, Field(description="提交单位")] = None


class AgendaItemRead(AgendaItemWrite):
    """One item of the agenda."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    position: int


class MeetingWrite(BaseModel):
    """What the secretariat may fill in until the meeting is archived."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Annotated[str, text(100)], Field(description="会议名称", examples=["理事会2026年第一次会议"])]
    held_on: Annotated[date, Field(description="会议日期")]
    starts_at: Annotated[time | None, EmptyIsNone, Field(description="开始时间", examples=["09:00:00"])] = None
    place: Annotated[Annotated[str, text(100)] | None, EmptyIsNone, Field(description="地点")] = None
    form: MeetingForm = MeetingForm.ONSITE
    agenda: Annotated[list[AgendaItemWrite], Field(max_length=MOST_AGENDA_ITEMS, description="议程")] = []


class MeetingCreate(MeetingWrite):
    """A planned meeting of a body."""

    body: UUID


class MeetingUpdate(MeetingWrite):
    """A meeting as it should stand; once convened its day stays."""


class MeetingArchiving(BaseModel):
    """The minutes with which a meeting is archived."""

    model_config = ConfigDict(extra="forbid")

    minutes: Annotated[Annotated[str, text(LONGEST_TEXT)], Field(description="会议纪要")]


class MeetingCancellation(BaseModel):
    """Why a planned meeting does not take place."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Reason, Field(description="取消原因")]


class AttendanceWrite(BaseModel):
    """How one seat was taken. A proxy is named, and so is the seat that he holds himself, if he does."""

    model_config = ConfigDict(extra="forbid")

    seat: UUID
    presence: Presence
    attendee: Annotated[Annotated[str, text(50)] | None, EmptyIsNone, Field(description="到会人；委托的填受托人")] = (
        None
    )
    proxy_seat: Annotated[UUID | None, EmptyIsNone, Field(description="受托人自己的席位")] = None
    authorisation: Annotated[Annotated[str, text(200)] | None, EmptyIsNone, Field(description="委托书")] = None


class AttendanceSheet(BaseModel):
    """The whole attendance of a meeting; seats that are not named are absent."""

    model_config = ConfigDict(extra="forbid")

    entries: Annotated[list[AttendanceWrite], Field(max_length=MOST_SEATS)]


class AttendanceRead(BaseModel):
    """One seat of the body on the day of the meeting, and how it was taken (null: not recorded)."""

    seat: UUID
    title: str
    unit: str | None
    post: str | None
    holder: str | None
    votes: bool
    open_ended: bool
    presence: str | None
    attendee: str | None
    proxy_seat: UUID | None
    authorisation: str | None


class QuorumRead(BaseModel):
    """应到 and 到会: seats with a vote, those present (proxies included), how many it takes, and whether it is met."""

    seats: int
    present: int
    proxies: int
    needed: int | None
    met: bool | None
    share: ShareWrite | None


class MeetingSummary(BaseModel):
    """A meeting in a list."""

    id: UUID
    body: BodyRef
    title: str
    held_on: date
    starts_at: time | None
    place: str | None
    form: str
    state: str


class ResolutionRef(BaseModel):
    """A resolution of a meeting, or one to cite."""

    id: UUID
    title: str
    number: str | None
    outcome: str
    resolved_on: date | None


class MeetingRead(MeetingSummary):
    """One meeting; `row_version` is the ETag."""

    agenda: list[AgendaItemRead]
    attendance: list[AttendanceRead]
    quorum: QuorumRead
    resolutions: list[ResolutionRef]
    minutes: str | None
    cancel_reason: str | None
    row_version: int
    created_at: datetime
    updated_at: datetime


class ResolutionWrite(BaseModel):
    """What is put to the vote."""

    model_config = ConfigDict(extra="forbid")

    agenda_item: Annotated[UUID | None, EmptyIsNone, Field(description="对应的议题")] = None
    title: Annotated[Annotated[str, text(200)], Field(description="决议标题", examples=["关于通过年度预算的决议"])]
    content: Annotated[Annotated[str, text(LONGEST_TEXT)], Field(description="决议正文")]


class ResolutionCreate(ResolutionWrite):
    """A draft resolution of a meeting."""

    meeting: UUID


class ResolutionUpdate(ResolutionWrite):
    """A draft resolution as it should stand."""


class SeatVote(BaseModel):
    """One seat's vote."""

    model_config = ConfigDict(extra="forbid")

    seat: UUID
    vote: Vote


class VoteRecord(BaseModel):
    """A vote by show of hands, with its counts, or by name, with one vote for each seat that voted."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["show_of_hands", "by_name"]
    in_favour: Annotated[int | None, Field(ge=0, le=MOST_SEATS, description="赞成")] = None
    against: Annotated[int | None, Field(ge=0, le=MOST_SEATS, description="反对")] = None
    abstained: Annotated[int | None, Field(ge=0, le=MOST_SEATS, description="弃权")] = None
    votes: Annotated[list[SeatVote] | None, Field(max_length=MOST_SEATS)] = None

    @model_validator(mode="after")
    def _as_the_method_wants(self) -> Self:
        counted = [self.in_favour, self.against, self.abstained]
        if self.method == "show_of_hands" and (None in counted or self.votes is not None):
            raise PydanticCustomError("counts_missing", "举手表决请填写赞成、反对、弃权三个数，不逐席填写。")
        if self.method == "by_name" and (self.votes is None or counted != [None, None, None]):
            raise PydanticCustomError("votes_missing", "记名表决请逐席填写，不另填合计。")
        return self


class VoteRead(BaseModel):
    """One seat's recorded vote."""

    seat: UUID
    title: str
    unit: str | None
    vote: str
    cast_by: str | None
    by_proxy: bool


class ResolutionSummary(ResolutionRef):
    """A resolution in a list."""

    body: BodyRef
    meeting: UUID
    in_favour: int | None
    against: int | None
    abstained: int | None


class ResolutionRead(ResolutionSummary):
    """One resolution with counts and the rules of its vote; `row_version` is the ETag."""

    meeting_title: str
    held_on: date
    agenda_item: UUID | None
    content: str
    method: str | None
    seats_total: int | None
    seats_present: int | None
    tie: bool
    quorum: ShareWrite | None
    majority: ShareWrite | None
    majority_of: str | None
    rules_source: str | None
    votes: list[VoteRead]
    row_version: int
    created_at: datetime
    updated_at: datetime


class ResolutionOption(BaseModel):
    """A resolution for a picker."""

    id: UUID
    label: str


class ResolutionOptions(BaseModel):
    """Passed resolutions that fit what was typed, newest first."""

    items: list[ResolutionOption]

"""Bodies, terms, seats, their holders and leads on the wire."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.kernel.fields import EmptyIsNone
from services.registry.domain.governance import BodyKind, MajorityOf, SuccessionMode
from services.registry.schemas.collaborations import MemberRef
from services.registry.schemas.members import Name

LARGEST_SHARE = 1000
MOST_POSITIONS = 9999


def text(length: int, shortest: int = 1) -> StringConstraints:
    """A text without the spaces around it."""
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=length)


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Title = Annotated[str, text(50)]
Holder = Annotated[str, text(50)]
DocumentNumber = Annotated[str, text(100)]
Reason = Annotated[str, text(200)]
Lines = Annotated[list[Annotated[str, text(500)]], Field(max_length=50)]
Position = Annotated[int, Field(ge=0, le=MOST_POSITIONS, description="排列次序，从小到大")]
EffectiveOn = Annotated[date | None, EmptyIsNone, Field(description="自哪一天起生效，默认今天，不能晚于今天")]


class ShareWrite(BaseModel):
    """A share as a fraction of whole numbers; `strict`: more than the share, not the share itself."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    numerator: Annotated[int, Field(ge=1, le=LARGEST_SHARE, examples=[2])]
    denominator: Annotated[int, Field(ge=1, le=LARGEST_SHARE, examples=[3])]
    strict: Annotated[bool, Field(description="必须超过该比例（如“过半数”），否则达到即可（如“三分之二以上”）")]

    @model_validator(mode="after")
    def _at_most_the_whole(self) -> Self:
        if self.numerator > self.denominator or (self.strict and self.numerator == self.denominator):
            raise PydanticCustomError("share_above_whole", "比例不能超过全部，请核对分子和分母。")
        return self


class BodyWrite(BaseModel):
    """What the secretariat may fill in; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Name, Field(description="机构全称", examples=["安庆职业教育集团理事会"])]
    aliases: Annotated[list[Name], AfterValidator(_distinct), Field(max_length=20, description="简称、别称")] = []
    kind: Annotated[BodyKind, Field(description="机构类型", examples=["council"])]
    parent: Annotated[UUID | None, EmptyIsNone, Field(description="上级机构")] = None
    host_member: Annotated[UUID | None, EmptyIsNone, Field(description="依托（设在的）单位")] = None
    duties: Annotated[Lines, Field(description="职责")] = []
    succession: Annotated[SuccessionMode | None, EmptyIsNone, Field(description="席位如何接任")] = None
    founded_on: Annotated[date | None, EmptyIsNone, Field(description="成立日期")] = None
    position: Position = 0
    quorum: Annotated[ShareWrite | None, Field(description="到会席位须占应到席位的比例")] = None
    majority: Annotated[ShareWrite | None, Field(description="赞成票须占的比例")] = None
    majority_of: Annotated[MajorityOf, Field(description="赞成票的计算基数")] = MajorityOf.VOTES
    rules_source: Annotated[
        Annotated[str, text(200)] | None, EmptyIsNone, Field(description="议事规则的依据，如章程条款")
    ] = None
    number_prefix: Annotated[
        Annotated[str, text(20)] | None, EmptyIsNone, Field(description="决议的发文代字", examples=["宜职教集"])
    ] = None


class BodyCreate(BodyWrite):
    """A new body."""


class BodyUpdate(BodyWrite):
    """A body as it should stand."""

    effective_on: EffectiveOn = None


class BodyDissolution(BaseModel):
    """The end of a body."""

    model_config = ConfigDict(extra="forbid")

    dissolved_on: Annotated[date, Field(description="撤销日期：自这一天起不再存在")]
    reason: Annotated[Reason, Field(description="撤销原因和依据")]


class BodyRef(BaseModel):
    """A body by id and name."""

    id: UUID
    name: str


class BodySummary(BaseModel):
    """A body in a list. `seats` counts seats that stand, `vacant` those of them that nobody is known to hold."""

    id: UUID
    name: str
    aliases: list[str]
    kind: str
    parent: BodyRef | None
    host_member: MemberRef | None
    host_name: str | None
    seats: int
    vacant: int
    founded_on: date | None
    dissolved_on: date | None
    pack: str | None
    article: str | None


class TermRead(BaseModel):
    """A term; `until_date` is exclusive, null while it lasts."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: int
    from_date: date
    until_date: date | None
    document: str | None


class TermCreate(BaseModel):
    """The next term of a body; the one before ends when it begins."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1, le=999, description="第几届")]
    from_date: Annotated[date, Field(description="起始日期")]
    until_date: Annotated[date | None, EmptyIsNone, Field(description="届满日期：自这一天起不再算本届")] = None
    document: Annotated[DocumentNumber | None, EmptyIsNone, Field(description="换届文件文号")] = None


class HoldingRead(BaseModel):
    """Who held a seat; `until_date` is exclusive, null while it is held; no document: by succession in post."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    holder: str
    from_date: date
    until_date: date | None
    document: str | None
    end_reason: str | None


class SeatWrite(BaseModel):
    """What the secretariat may fill in."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Title, Field(description="席位名称", examples=["副理事长"])]
    member: Annotated[UUID | None, EmptyIsNone, Field(description="成员单位")] = None
    unit_name: Annotated[Name | None, EmptyIsNone, Field(description="文件中的单位写法，或未登记的单位")] = None
    post: Annotated[Annotated[str, text(100)] | None, EmptyIsNone, Field(description="职务", examples=["校长"])] = None
    position: Position = 0
    votes: Annotated[bool, Field(description="有表决权")] = True
    succession: Annotated[SuccessionMode, Field(description="接任办法", examples=["by_notice"])]
    established_on: Annotated[date | None, EmptyIsNone, Field(description="设立日期")] = None


class SeatCreate(SeatWrite):
    """A new seat."""


class SeatUpdate(SeatWrite):
    """A seat as it should stand."""

    effective_on: EffectiveOn = None


class SeatAbolition(BaseModel):
    """The end of a seat, and of its holder's time in it."""

    model_config = ConfigDict(extra="forbid")

    abolished_on: Annotated[date, Field(description="撤销日期：自这一天起不再设")]
    reason: Annotated[Reason, Field(description="撤销原因和依据")]


class SuccessionCreate(BaseModel):
    """Somebody takes the seat; the standing holder's time ends that day."""

    model_config = ConfigDict(extra="forbid")

    holder: Annotated[Holder, Field(description="接任人姓名")]
    from_date: Annotated[date, Field(description="自哪一天起任职")]
    document: Annotated[
        DocumentNumber | None, EmptyIsNone, Field(description="任职文件文号；由接任者替补、不另行文的席位可不填")
    ] = None


class VacancyCreate(BaseModel):
    """The holder leaves, and nobody follows yet."""

    model_config = ConfigDict(extra="forbid")

    until_date: Annotated[date, Field(description="自哪一天起空缺")]
    reason: Annotated[Reason, Field(description="原因和依据")]


class SeatSummary(BaseModel):
    """A seat with its holder as of the day asked for. An open-ended one stands for seats left open; it has no vote."""

    id: UUID
    body: BodyRef
    code: str | None
    title: str
    member: MemberRef | None
    unit_name: str | None
    post: str | None
    position: int
    votes: bool
    open_ended: bool
    succession: str
    article: str | None
    established_on: date | None
    abolished_on: date | None
    holder: str | None
    since: date | None


class SeatRead(SeatSummary):
    """One seat with everybody who held it, newest first; `row_version` is the ETag."""

    holdings: list[HoldingRead]
    row_version: int


class BodyRead(BodySummary):
    """One body with terms and seats; `row_version` is the ETag."""

    duties: list[str]
    host_options: list[str]
    succession: str | None
    position: int
    quorum: ShareWrite | None
    majority: ShareWrite | None
    majority_of: str
    rules_source: str | None
    number_prefix: str | None
    terms: list[TermRead]
    seat_list: list[SeatSummary]
    row_version: int
    created_at: datetime
    updated_at: datetime


class LeadCreate(BaseModel):
    """A unit that leads something."""

    model_config = ConfigDict(extra="forbid")

    member: Annotated[UUID | None, EmptyIsNone, Field(description="成员单位")] = None
    unit_name: Annotated[Name | None, EmptyIsNone, Field(description="未登记的单位，或文件中的写法")] = None
    scope: Annotated[Annotated[str, text(200)], Field(description="牵头事项", examples=["集团工作的领导"])]
    from_date: Annotated[date | None, EmptyIsNone, Field(description="自哪一天起牵头")] = None


class LeadEnding(BaseModel):
    """A unit no longer leads something."""

    model_config = ConfigDict(extra="forbid")

    ended_on: Annotated[date, Field(description="自哪一天起不再牵头")]
    reason: Annotated[Reason, Field(description="原因和依据")]


class LeadRead(BaseModel):
    """A lead; `ended_on` is exclusive, null while it stands."""

    id: UUID
    member: MemberRef | None
    unit_name: str
    scope: str
    pack: str | None
    article: str | None
    from_date: date | None
    ended_on: date | None
    row_version: int

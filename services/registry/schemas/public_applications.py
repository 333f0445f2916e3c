"""The public application form on the wire: without an account, so every text has its bounds."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.domain.members import MemberCategory
from services.registry.schemas.members import Name, Phone, Uscc
from services.registry.schemas.others import DivisionRead

ALLIANCE_SHAPE = r"^[a-z0-9-]{1,32}$"
AllianceCode = Annotated[str, StringConstraints(pattern=ALLIANCE_SHAPE)]


def _text(longest: int, shortest: int = 0) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


class PublicAlliance(BaseModel):
    """An alliance that takes applications."""

    code: str
    name: str


class PublicForm(BaseModel):
    """An opened form: its token, until when it may be sent, and what may be chosen in it."""

    alliance: str
    alliance_name: str
    form_token: str
    wait_seconds: int
    expires_at: datetime
    divisions: list[DivisionRead]


class ApplicationFields(BaseModel):
    """What a unit tells of itself; one contact, with no more than a name and a telephone number."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Name, Field(description="单位全称", examples=["安庆示例机械有限公司"])]
    uscc: Annotated[Uscc | None, EmptyIsNone, Field(description="统一社会信用代码，没有的留空")] = None
    category: Annotated[MemberCategory, Field(description="类别", examples=["enterprise"])]
    division: Annotated[
        Annotated[str, StringConstraints(pattern=r"^\d{6}$")] | None, EmptyIsNone, Field(description="所在区划代码")
    ] = None
    address: Annotated[Annotated[str, _text(200)] | None, EmptyIsNone, Field(description="地址")] = None
    profile: Annotated[Annotated[str, _text(1000)] | None, EmptyIsNone, Field(description="单位简介")] = None
    reason: Annotated[Annotated[str, _text(1000, 2)], Field(description="申请理由", examples=["愿参加校企合作"])]
    contact_person: Annotated[Annotated[str, _text(50, 1)], Field(description="联系人", examples=["张三"])]
    contact_phone: Annotated[Phone, Field(description="联系电话", examples=["0556-1234567"])]


class ApplicationSubmission(ApplicationFields):
    """A filled-in form. `website` is a trap: people do not see it and leave it empty."""

    alliance: Annotated[AllianceCode, Field(examples=["anqing"])]
    form_token: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    website: Annotated[str, StringConstraints(max_length=200)] = ""


class ApplicationEntry(ApplicationFields):
    """What the office enters from paper."""

    received_on: Annotated[date | None, EmptyIsNone, Field(description="收到日期，不填为今天，不能晚于今天")] = None


class Receipt(BaseModel):
    """What the applicant keeps; the code is told this once and stored only as a hash."""

    number: str
    code: str
    name: str
    submitted_on: date


class Inquiry(BaseModel):
    """Who asks for an application: its number and the receipt's code."""

    model_config = ConfigDict(extra="forbid")

    alliance: Annotated[AllianceCode, Field(examples=["anqing"])]
    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class Completion(Inquiry):
    """A returned application with what was missing."""

    fields: ApplicationFields


class Withdrawal(Inquiry):
    """The applicant's word that the application is withdrawn."""

    reason: Annotated[Annotated[str, _text(500)] | None, EmptyIsNone] = None


class PaperRemoval(Inquiry):
    """A paper that the applicant takes back."""

    paper: Annotated[UUID, Field(description="材料编号，见查询结果")]


class Paper(BaseModel):
    """A paper as the applicant sees it: that it arrived, and which; its content is read by the secretariat."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    file_name: str
    content_type: str
    size: int
    sha256: str
    uploaded_on: date


class PaperDesk(BaseModel):
    """The papers of an application, and what may be added: the token goes with each upload."""

    items: list[Paper]
    token: Annotated[str | None, Field(description="上传材料时放在请求头 Papers-Token 中；不能再增减材料时为空")]
    limit_files: int
    limit_bytes: Annotated[int, Field(description="单个文件的大小上限")]
    limit_bytes_together: Annotated[int, Field(description="全部材料合计的大小上限")]
    endings: Annotated[list[str], Field(description="可上传的扩展名")]


class ShownFields(ApplicationFields):
    """What the unit told of itself; the contact is empty once it was forgotten."""

    contact_person: str
    contact_phone: str


class ApplicantStep(BaseModel):
    """A step as the applicant sees it: what, when, with which opinion; not which person."""

    step: str
    on_date: date
    by_applicant: bool
    opinion: str | None
    document: str | None


class ApplicantView(BaseModel):
    """An application for the unit that made it."""

    number: str
    state: str
    submitted_on: date
    published_on: date | None
    publicity_ends_on: date | None
    publicity_estimated: bool
    fields: ShownFields
    papers: PaperDesk
    steps: list[ApplicantStep]
    may_complete: bool
    may_withdraw: bool

"""Members on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.kernel.identifiers import is_uscc, tidy_code
from services.registry.domain.members import EnterpriseSize, MemberCategory, MemberStatus, StructureRole


def _empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _uscc(value: str) -> str:
    code = tidy_code(value)
    if not is_uscc(code):
        raise PydanticCustomError("uscc_invalid", "统一社会信用代码不正确（位数或校验位有误），请核对证照后重填。")
    return code


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Uscc = Annotated[str, AfterValidator(_uscc)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9+\-() ]{5,30}$")]


def _text(length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, max_length=length)


EmptyIsNone = BeforeValidator(_empty_is_none)


class MemberWrite(BaseModel):
    """What the secretariat may fill in; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Name, Field(description="单位全称", examples=["安庆职业技术学院"])]
    aliases: Annotated[list[Name], AfterValidator(_distinct), Field(max_length=20, description="简称、曾用名")] = []
    uscc: Annotated[Uscc | None, EmptyIsNone, Field(description="18 位统一社会信用代码，没有的留空")] = None
    category: Annotated[MemberCategory, Field(description="类别", examples=["higher_vocational"])]
    division: Annotated[
        Annotated[str, StringConstraints(pattern=r"^\d{6}$")] | None, EmptyIsNone, Field(description="六位区划代码")
    ] = None
    functional_zone: Annotated[Annotated[str, _text(6)] | None, EmptyIsNone, Field(description="功能区代码")] = None
    structure_role: Annotated[StructureRole | None, EmptyIsNone, Field(description="在集团架构中的角色")] = None
    enterprise_size: Annotated[EnterpriseSize | None, EmptyIsNone, Field(description="企业规模，仅企业")] = None
    size_evidence: Annotated[
        Annotated[str, _text(200)] | None, EmptyIsNone, Field(description="规模佐证材料的名称和编号")
    ] = None
    industry: Annotated[Annotated[str, _text(100)] | None, EmptyIsNone, Field(description="所属行业")] = None
    contact_person: Annotated[Annotated[str, _text(50)] | None, EmptyIsNone, Field(description="联系人")] = None
    contact_phone: Annotated[Phone | None, EmptyIsNone, Field(description="联系电话")] = None
    status: MemberStatus = MemberStatus.ACTIVE
    joined_on: Annotated[date | None, EmptyIsNone, Field(description="加入日期")] = None
    left_on: Annotated[date | None, EmptyIsNone, Field(description="退出日期，仅已退出的单位")] = None


class MemberCreate(MemberWrite):
    """A new member."""


class MemberUpdate(MemberWrite):
    """A member as it should stand."""


class MemberSummary(BaseModel):
    """A member in a list; without its contact, which only its own record shows."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    aliases: list[str]
    uscc: str | None
    category: str
    division: str | None
    division_name: str | None = None
    functional_zone: str | None
    structure_role: str | None
    enterprise_size: str | None
    size_evidence: str | None
    industry: str | None
    status: str
    joined_on: date | None
    left_on: date | None


class MemberRead(MemberSummary):
    """One member. The contact is null for callers whom it does not concern; `row_version` is the ETag."""

    functional_zone_name: str | None = None
    contact_person: str | None
    contact_phone: str | None
    row_version: int
    created_at: datetime
    updated_at: datetime


class HistoryEntry(BaseModel):
    """One recorded action on a thing, newest first."""

    at: datetime
    actor_name: str
    action: str
    changed: list[str]
    reason: str | None


class History(BaseModel):
    """The latest actions, newest first."""

    items: list[HistoryEntry]

"""Members on the wire."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from services.kernel.fields import EmptyIsNone
from services.kernel.identifiers import is_uscc, tidy_code
from services.registry.domain.members import (
    INDUSTRY_CODE,
    SCHOOL_CODE,
    EnterpriseSize,
    MemberCategory,
    MemberStatus,
    StructureRole,
)


def _uscc(value: str) -> str:
    code = tidy_code(value)
    if not is_uscc(code):
        raise PydanticCustomError("uscc_invalid", "统一社会信用代码不正确（位数或校验位有误），请核对证照后重填。")
    return code


def _tidied(value: object) -> object:
    return tidy_code(value) if isinstance(value, str) else value


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Uscc = Annotated[str, AfterValidator(_uscc)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9+\-() ]{5,30}$")]


def _text(length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, max_length=length)


def _iso_day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as fault:
        raise PydanticCustomError("date_invalid", "日期请写成 2025-06-30 的样子。") from fault


class FormerName(TypedDict):
    """A name that a member had; `until` is the day from which the next one held."""

    name: Name
    until: Annotated[
        Annotated[str, AfterValidator(_iso_day), Field(json_schema_extra={"format": "date"})] | None, EmptyIsNone
    ]


def _each_once(names: list[FormerName]) -> list[FormerName]:
    return list({former["name"]: former for former in names}.values())


SchoolCode = Annotated[str, BeforeValidator(_tidied), StringConstraints(pattern=SCHOOL_CODE)]
IndustryCode = Annotated[str, BeforeValidator(_tidied), StringConstraints(pattern=INDUSTRY_CODE)]


class MemberWrite(BaseModel):
    """What the secretariat may fill in; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Name, Field(description="单位全称", examples=["安庆职业技术学院"])]
    aliases: Annotated[list[Name], AfterValidator(_distinct), Field(max_length=20, description="简称、别名")] = []
    former_names: Annotated[
        Annotated[list[FormerName], AfterValidator(_each_once), Field(max_length=20)] | None,
        Field(description="曾用名；改名时自动登记旧名称，不填则不变"),
    ] = None
    uscc: Annotated[Uscc | None, EmptyIsNone, Field(description="18 位统一社会信用代码，没有的留空")] = None
    school_code: Annotated[
        SchoolCode | None, EmptyIsNone, Field(description="10 位学校标识码，仅学校", examples=["3134000001"])
    ] = None
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
    industry_code: Annotated[
        IndustryCode | None, EmptyIsNone, Field(description="国民经济行业代码", examples=["C3670"])
    ] = None
    address: Annotated[Annotated[str, _text(200)] | None, EmptyIsNone, Field(description="地址")] = None
    logo: Annotated[UUID | None, EmptyIsNone, Field(description="标识图片（附件编号）")] = None
    contact_person: Annotated[Annotated[str, _text(50)] | None, EmptyIsNone, Field(description="联系人")] = None
    contact_phone: Annotated[Phone | None, EmptyIsNone, Field(description="联系电话")] = None
    status: MemberStatus = MemberStatus.ACTIVE
    joined_on: Annotated[date | None, EmptyIsNone, Field(description="加入日期")] = None
    left_on: Annotated[date | None, EmptyIsNone, Field(description="退出日期，仅已退出的单位")] = None


EffectiveOn = Annotated[
    Annotated[date | None, EmptyIsNone], Field(description="自哪天起如此，不填为今天，不能晚于今天")
]


class MemberCreate(MemberWrite):
    """A new member; one that has left already was active from `joined_on` until `left_on`."""

    effective_on: EffectiveOn = None


class MemberUpdate(MemberWrite):
    """A member as it should stand; its status is the life cycle's."""

    effective_on: EffectiveOn = None


class MemberSummary(BaseModel):
    """A member in a list; without its contact, which only its own record shows."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    aliases: list[str]
    former_names: list[FormerName]
    uscc: str | None
    school_code: str | None
    category: str
    division: str | None
    division_name: str | None = None
    functional_zone: str | None
    structure_role: str | None
    enterprise_size: str | None
    size_evidence: str | None
    industry: str | None
    industry_code: str | None
    status: str
    joined_on: date | None
    left_on: date | None


class MemberRead(MemberSummary):
    """One member. The contact is null for callers whom it does not concern.

    `row_version` is the ETag; null, and without an ETag, in an answer as of an earlier day.
    """

    functional_zone_name: str | None = None
    address: str | None
    logo: UUID | None
    contact_person: str | None
    contact_phone: str | None
    row_version: int | None
    created_at: datetime
    updated_at: datetime


class FieldChange(BaseModel):
    """One field that changed with a state; of a contact only that it changed."""

    field: str
    before: Any
    after: Any


class MemberState(BaseModel):
    """What a record was from one day until the next (exclusive; null: it still is), and what changed with it."""

    valid_from: date
    valid_until: date | None
    changed: list[FieldChange]


class MemberStates(BaseModel):
    """Every state of a member, newest first."""

    items: list[MemberState]


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

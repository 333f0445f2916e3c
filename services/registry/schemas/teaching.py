"""Teachers and their practice on the wire; no identity number and no phone is taken."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.domain.teaching import TeacherKind, TeacherTitle
from services.registry.schemas.coverage import Day
from services.registry.schemas.members import Name

PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=r"^\D+$")]
"""A name has no digits: whoever pastes an identity number into it is told."""
Specialty = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Effective = Annotated[date | None, EmptyIsNone, Field(description="生效日期，默认为当天")]


class TeacherWrite(BaseModel):
    """A teacher; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    member: Annotated[UUID, Field(description="所在单位")]
    name: Annotated[PersonName, Field(description="姓名", examples=["张三"])]
    kind: Annotated[TeacherKind, Field(description="类别", examples=["dual"])]
    title: Annotated[TeacherTitle | None, EmptyIsNone, Field(description="职称或技能等级")] = None
    specialty: Annotated[Specialty | None, EmptyIsNone, Field(description="专业方向", examples=["汽车维修"])] = None
    shared: Annotated[bool, Field(description="是否列入共享师资库")] = False
    left_on: Annotated[Day | None, EmptyIsNone, Field(description="离开本单位的日期")] = None
    effective_on: Effective = None


class PracticeRuleRead(BaseModel):
    """What an applied policy document requires: months within so many consecutive years."""

    months: int
    window_years: int
    pack: str
    article: str


class PracticeRead(BaseModel):
    """Months of practice within the window that begins on `window_from`; `months` is never rounded up."""

    months: Annotated[str, Field(description="近几年窗口内的月数，一位小数，不进位", examples=["5.9"])]
    required: int
    window_from: date
    standing: Annotated[str, Field(description="met 达标、near 临近、unmet 未达标")]
    falls_short_on: Annotated[date | None, Field(description="不再实践时从哪一天起不达标；只在单个教师里给出")] = None


class PeriodWrite(BaseModel):
    """Practice in an enterprise: a member, or one by name; `until_date` is the day after the last one."""

    model_config = ConfigDict(extra="forbid")

    enterprise: Annotated[UUID | None, EmptyIsNone, Field(description="成员企业")] = None
    enterprise_name: Annotated[Name | None, EmptyIsNone, Field(description="不是成员的企业的名称")] = None
    from_date: Annotated[Day, Field(description="开始日期")]
    until_date: Annotated[Day | None, EmptyIsNone, Field(description="结束日期（不含当天），进行中的留空")] = None


class PeriodRead(BaseModel):
    """One practice period; `row_version` is its ETag."""

    id: UUID
    enterprise: UUID | None
    enterprise_name: str
    from_date: date
    until_date: date | None
    row_version: int


class TeacherSummary(BaseModel):
    """A teacher in a list of one's own units; `practice` is null where no applied document asks for it."""

    id: UUID
    member: UUID
    member_name: str
    name: str
    kind: str
    title: str | None
    specialty: str | None
    shared: bool
    left_on: date | None
    practice: PracticeRead | None


class TeacherRead(TeacherSummary):
    """One teacher with the practice periods, newest first; `row_version` is the ETag."""

    rule: PracticeRuleRead | None
    periods: list[PeriodRead]
    row_version: int


class SharedTeacher(BaseModel):
    """A teacher whom others may ask for: where and in what, without a name."""

    id: UUID
    member: UUID
    member_name: str
    kind: str
    title: str | None
    specialty: str | None


class PracticeOverview(BaseModel):
    """The rule that applies, and how many teachers stand how."""

    as_of: date
    rule: PracticeRuleRead | None
    counts: dict[str, int]
    total: int

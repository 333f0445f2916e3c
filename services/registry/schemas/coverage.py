"""Majors of schools, leading industries and their coverage on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.kernel.identifiers import tidy_code
from services.registry.schemas.members import Name

EARLIEST_DAY = date(1900, 1, 1)
LATEST_DAY = date(2199, 12, 31)
MOST_STUDENTS = 1_000_000


def _tidy(value: object) -> object:
    return tidy_code(value) if isinstance(value, str) else value


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _distinct_ids(values: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(values))


Day = Annotated[date, Field(ge=EARLIEST_DAY, le=LATEST_DAY)]
MajorCode = Annotated[str, BeforeValidator(_tidy), StringConstraints(pattern=r"^[0-9]{2,6}[A-Z]{0,2}$")]
IndustryCode = Annotated[str, BeforeValidator(_tidy), StringConstraints(pattern=r"^([A-T]|[0-9]{2,4})$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
IndustryName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Cited = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
Effective = Annotated[date | None, EmptyIsNone, Field(description="生效日期，默认为当天")]


class MajorWrite(BaseModel):
    """A major of a school; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    major_code: Annotated[MajorCode, Field(description="专业代码", examples=["660301"])]
    name: Annotated[Name | None, EmptyIsNone, Field(description="专业名称；不填的取现行目录里的名称")] = None
    since: Annotated[Day | None, EmptyIsNone, Field(description="开设日期")] = None
    students: Annotated[
        Annotated[int, Field(ge=0, le=MOST_STUDENTS)] | None, EmptyIsNone, Field(description="在校生数")
    ] = None
    effective_on: Effective = None


class MajorRead(BaseModel):
    """A major of a school. `in_catalogue`: whether the catalogue in use has the code, and as what."""

    id: UUID
    member: UUID
    member_name: str
    major_code: str
    name: str
    stage: str | None
    since: date | None
    students: int | None
    in_catalogue: bool
    catalogue_name: str | None
    industries: list[str]
    row_version: int


class ImportIssue(BaseModel):
    """One fault of one cell: line in the file, header, and a sentence that says what to do."""

    line: int
    field: str
    header: str
    code: str
    message: str


class RowsTaken(BaseModel):
    """What became of the rows of a workbook; rows with a fault were not saved."""

    total: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    issues: list[ImportIssue]


class IndustryWrite(BaseModel):
    """A leading industry; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[IndustryName, Field(description="产业名称", examples=["汽车及零部件"])]
    industry_codes: Annotated[
        list[IndustryCode], AfterValidator(_distinct), Field(max_length=100, description="行业代码", examples=[["36"]])
    ] = []
    position: Annotated[int, Field(ge=0, le=999, description="排列顺序")] = 0
    enterprises: Annotated[
        list[UUID], AfterValidator(_distinct_ids), Field(max_length=200, description="龙头企业（成员单位）")
    ] = []
    pack: Annotated[Cited | None, EmptyIsNone, Field(description="依据的政策包")] = None
    article: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=30)] | None,
        EmptyIsNone,
        Field(description="依据的条款"),
    ] = None
    effective_on: Effective = None


class UnitRef(BaseModel):
    """A member by id and name."""

    id: UUID
    name: str


class CodedName(BaseModel):
    """A code with its name in the catalogue in use, null when that has none."""

    code: str
    name: str | None


class IndustryRead(BaseModel):
    """A leading industry with its lead enterprises; `row_version` is the ETag."""

    id: UUID
    name: str
    industry_codes: list[CodedName]
    position: int
    enterprises: list[UnitRef]
    pack: str | None
    article: str | None
    row_version: int
    updated_at: datetime


class IndustryAdoption(BaseModel):
    """Record the leading industries that an applied policy pack names and that are missing."""

    model_config = ConfigDict(extra="forbid")

    pack: Annotated[Cited, Field(examples=["anqing-2024"])]


class AdoptionRead(BaseModel):
    """What was made."""

    pack: str
    named: int
    created: list[str]


class MatchCreate(BaseModel):
    """The decision that a major, or every major whose code begins so, serves a leading industry."""

    model_config = ConfigDict(extra="forbid")

    major_code: Annotated[MajorCode, Field(description="专业代码，或专业大类、专业类的代码", examples=["6607"])]
    industry: UUID
    reason: Annotated[Reason, Field(description="理由", examples=["培养汽车制造与检测人员"])]
    effective_on: Effective = None


class MatchRead(BaseModel):
    """A match; `majors` counts the majors of schools that it covers now."""

    id: UUID
    major_code: str
    major_name: str | None
    industry: UUID
    industry_name: str
    reason: str
    majors: int
    row_version: int


class SuggestionRead(BaseModel):
    """A major that may serve an industry, because both names share these words; it counts for nothing yet."""

    major_code: str
    major_name: str
    industry: UUID
    industry_name: str
    words: list[str]


class SuggestionsRead(BaseModel):
    """The suggestions, most words first."""

    items: list[SuggestionRead]


class RatioRead(BaseModel):
    """A part and its whole; nothing is averaged."""

    model_config = ConfigDict(from_attributes=True)

    numerator: int
    denominator: int


class MatrixRowRead(BaseModel):
    """A school or a major: `cells` in the order of the industries; how many programmes, and how many serve none."""

    key: str
    label: str
    cells: list[int]
    programmes: int
    unmatched: int


class ProgrammeRead(BaseModel):
    """One major at one school."""

    school: UUID
    school_name: str
    major_code: str
    name: str


class ConnectionRead(BaseModel):
    """A lead enterprise of an industry, the schools it works with, and their majors that serve the industry."""

    industry: UUID
    industry_name: str
    enterprise: UUID
    enterprise_name: str
    schools: list[UnitRef]
    programmes: list[ProgrammeRead]


class DivisionCounts(BaseModel):
    """How many members of each category a division has; `division` is empty for those without one."""

    division: str
    division_name: str | None
    counts: dict[str, int]
    total: int


class CoverageRead(BaseModel):
    """How the majors cover the leading industries on a day; `division` is set when only one county is looked at."""

    as_of: date
    by: str
    division: str | None
    industries: list[UnitRef]
    rows: list[MatrixRowRead]
    totals: MatrixRowRead
    uncovered: list[UnitRef]
    unmatched: list[ProgrammeRead]
    industries_covered: RatioRead
    programmes_serving: RatioRead
    connections: list[ConnectionRead]
    enterprises_connected: RatioRead
    members: list[DivisionCounts]
    category_totals: dict[str, int]
    member_count: int

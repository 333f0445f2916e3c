"""The fields that each kind of collaboration has of its own: one model a kind, from which forms and exports are made.

Nothing is required, since much is entered before it is known; what is given is checked, and unknown fields are refused.
Host, lead and partners are the collaboration's own fields, the headcount of a class comes from its roster.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.kernel.divisions import is_division
from services.kernel.fields import EmptyIsNone
from services.registry.domain.collaborations import CollaborationKind

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
MAXIMUM_LINES: Final = 30
MAXIMUM_CENTRES: Final = 20


def _filled(value: Any) -> Any:
    """Blank lines of a list are left out."""
    return [line for line in value if line not in (None, "")] if isinstance(value, list) else value


def _division(code: str) -> str:
    if not is_division(code):
        raise PydanticCustomError("division_unknown", "没有这个区划代码，请填写六位县级代码。")
    return code


Text = Annotated[Line | None, EmptyIsNone]
Lines = Annotated[list[Line], BeforeValidator(_filled), Field(max_length=MAXIMUM_LINES)]
Day = Annotated[date | None, EmptyIsNone]
Count = Annotated[Annotated[int, Field(ge=0, le=1_000_000)] | None, EmptyIsNone]
Year = Annotated[Annotated[int, Field(ge=1949, le=2100)] | None, EmptyIsNone]
Area = Annotated[Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)] | None, EmptyIsNone]
MajorCode = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{4,6}[A-Z0-9]{0,4}$")] | None, EmptyIsNone
]
ClassCode = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)] | None, EmptyIsNone
]
County = Annotated[Annotated[str, StringConstraints(pattern=r"^\d{6}$"), AfterValidator(_division)] | None, EmptyIsNone]


class KindDetails(BaseModel):
    """Root of the kinds' models: what is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class ConsortiumDetails(KindDetails):
    """市域产教联合体."""

    park: Text = Field(None, title="依托园区", examples=["安庆经济技术开发区"])
    industries: Lines = Field([], title="主导产业", examples=[["汽车及零部件"]])
    founding_document: Text = Field(None, title="组建文件", description="文件名称和文号。")


class CountyFusionDetails(KindDetails):
    """县域产教融合体."""

    county: County = Field(None, title="所在县区代码", examples=["340822"], description="六位区划代码。")
    industries: Lines = Field([], title="主导产业")
    founding_document: Text = Field(None, title="组建文件", description="文件名称和文号。")


class IndustryCollegeDetails(KindDetails):
    """产业学院."""

    industry: Text = Field(None, title="面向产业", examples=["新能源汽车"])
    majors: Lines = Field([], title="开设专业", examples=[["汽车制造与试验技术"]])
    ownership: Annotated[Literal["校企共建", "股份制", "混合所有制", "其他"] | None, EmptyIsNone] = Field(
        None, title="办学形式"
    )
    signed_on: Day = Field(None, title="签约日期")


class ClassDetails(KindDetails):
    """校企合作班; the school is the host, the enterprise takes part as such."""

    format: Annotated[Literal["冠名", "订单", "学徒制", "其他"] | None, EmptyIsNone] = Field(None, title="合作形式")
    class_code: ClassCode = Field(
        None, title="班级编号", examples=["2024-QC-01"], description="与学生名册一致，班级人数据此读取。"
    )
    cohort: Year = Field(None, title="年级（入学年度）", examples=[2024])
    major_code: MajorCode = Field(None, title="专业代码", examples=["460701"], description="四至六位数字。")
    major_name: Text = Field(None, title="专业名称", examples=["汽车制造与试验技术"])
    enterprise_name: Text = Field(None, title="合作企业名称", description="合作企业不是成员单位时填写。")


class PlatformDetails(KindDetails):
    """技术创新平台."""

    platform_type: Annotated[
        Literal["协同创新中心", "工程技术中心", "重点实验室", "中试基地", "技术转移机构", "其他"] | None, EmptyIsNone
    ] = Field(None, title="平台类型")
    field: Text = Field(None, title="技术领域")
    researchers: Count = Field(None, title="研发人员数", json_schema_extra={"unit": "人"})


class Centre(KindDetails):
    """One centre of a training base."""

    name: Line = Field(title="中心名称")
    area_square_metres: Area = Field(None, title="面积（㎡）")
    enterprise_square_metres: Area = Field(None, title="引企面积（㎡）")


class BaseDetails(KindDetails):
    """实训基地."""

    area_square_metres: Area = Field(None, title="建筑面积", json_schema_extra={"unit": "㎡"})
    centre_count: Count = Field(None, title="规划中心数", json_schema_extra={"unit": "个"})
    shared: Annotated[Literal["公共", "校企共享", "本校使用"] | None, EmptyIsNone] = Field(None, title="使用范围")
    workplaces: Count = Field(None, title="工位数", json_schema_extra={"unit": "个"})
    address: Text = Field(None, title="地址")
    centres: Annotated[list[Centre], Field(max_length=MAXIMUM_CENTRES)] = Field([], title="实训中心")


class InternshipBaseDetails(KindDetails):
    """实习基地."""

    capacity: Count = Field(None, title="每期可接收人数", json_schema_extra={"unit": "人"})
    majors: Lines = Field([], title="面向专业")
    address: Text = Field(None, title="地址")


class FusionEnterpriseDetails(KindDetails):
    """产教融合型企业."""

    industry: Text = Field(None, title="所属产业")
    listed_on: Day = Field(None, title="纳入建设培育日期")
    apprentices: Count = Field(None, title="年接收学生（学徒）数", json_schema_extra={"unit": "人"})


class MasterStudioDetails(KindDetails):
    """技能大师工作室."""

    master: Text = Field(None, title="领衔大师")
    trade: Text = Field(None, title="工种（技艺）")
    team: Count = Field(None, title="团队人数", json_schema_extra={"unit": "人"})


class CommunityCollegeDetails(KindDetails):
    """社区教育学院."""

    area_served: Text = Field(None, title="服务区域")
    courses: Count = Field(None, title="课程数", json_schema_extra={"unit": "门"})
    learners: Count = Field(None, title="年培训人次", json_schema_extra={"unit": "人次"})


AnyDetails = (
    ConsortiumDetails
    | CountyFusionDetails
    | IndustryCollegeDetails
    | ClassDetails
    | PlatformDetails
    | BaseDetails
    | InternshipBaseDetails
    | FusionEnterpriseDetails
    | MasterStudioDetails
    | CommunityCollegeDetails
)
DETAILS: Final[dict[CollaborationKind, type[KindDetails]]] = {
    CollaborationKind.CONSORTIUM: ConsortiumDetails,
    CollaborationKind.COUNTY_FUSION: CountyFusionDetails,
    CollaborationKind.INDUSTRY_COLLEGE: IndustryCollegeDetails,
    CollaborationKind.SCHOOL_ENTERPRISE_CLASS: ClassDetails,
    CollaborationKind.PLATFORM: PlatformDetails,
    CollaborationKind.BASE: BaseDetails,
    CollaborationKind.INTERNSHIP_BASE: InternshipBaseDetails,
    CollaborationKind.FUSION_ENTERPRISE: FusionEnterpriseDetails,
    CollaborationKind.MASTER_STUDIO: MasterStudioDetails,
    CollaborationKind.COMMUNITY_COLLEGE: CommunityCollegeDetails,
}
PERSONAL: Final = frozenset({"master"})
"""Of these fields, those that name a person."""


def stored(details: KindDetails) -> dict[str, Any]:
    """The details as they are kept: what is filled in, as JSON."""
    return {name: value for name, value in details.model_dump(mode="json").items() if value not in (None, [])}

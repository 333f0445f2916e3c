"""The closed vocabularies of a policy pack and the Chinese words that show them.

Registry words (collaboration kinds, levels, categories) are those of docs/design.md §7; the others are this package's.
"""

from typing import Literal

PartName = Literal["document", "structure", "targets", "subsidies"]
PARTS: tuple[PartName, ...] = ("document", "structure", "targets", "subsidies")
REQUIRED_PARTS: tuple[PartName, ...] = ("document", "structure")
PART_LABELS: dict[PartName, str] = {
    "document": "文件",
    "structure": "组织架构",
    "targets": "目标任务",
    "subsidies": "奖补规则",
}

OpenKind = Literal["missing", "ambiguous", "conflict", "no_deadline"]
OPEN_KIND_LABELS: dict[OpenKind, str] = {
    "missing": "文件未载明",
    "ambiguous": "文意待明确",
    "conflict": "口径冲突",
    "no_deadline": "未规定时限",
}

Level = Literal["municipal", "provincial", "national"]

CollaborationKind = Literal[
    "consortium",
    "county_fusion",
    "industry_college",
    "school_enterprise_class",
    "platform",
    "base",
    "internship_base",
    "fusion_enterprise",
    "master_studio",
    "community_college",
]

# What a document says of a collaboration in figures or lists: floor area in ㎡, and the centres it is made of.
FactName = Literal["area_square_metres", "centres"]

AllianceKind = Literal["group", "consortium", "union", "community"]
ALLIANCE_KIND_LABELS: dict[AllianceKind, str] = {
    "group": "职业教育集团",
    "consortium": "市域产教联合体",
    "union": "职业教育联盟",
    "community": "职业教育发展共同体",
}

MemberCategory = Literal[
    "university",
    "higher_vocational",
    "secondary_vocational",
    "technician",
    "sending_school",
    "enterprise",
    "government",
    "park",
    "industry_body",
    "research",
    "financial",
    "community",
]

BodyKind = Literal[
    "steering",
    "council",
    "secretariat",
    "leading_group",
    "office",
    "development_committee",
    "committee",
    "assembly",
    "mechanism",
]
BODY_KIND_LABELS: dict[BodyKind, str] = {
    "steering": "指导委员会",
    "council": "理事会",
    "secretariat": "秘书处",
    "leading_group": "领导小组",
    "office": "办公室",
    "development_committee": "改革发展委员会",
    "committee": "专项委员会",
    "assembly": "年会",
    "mechanism": "部门协同机制",
}

SuccessionMode = Literal["by_post", "by_notice"]
SUCCESSION_LABELS: dict[SuccessionMode, str] = {"by_post": "由接任者替补，不另行文", "by_notice": "另行文调整"}

IndicatorKind = Literal["ratio", "count", "coverage", "boolean", "area", "duration", "multiple", "amount"]
Direction = Literal["at_least", "at_most"]
# How a year's figure is read: a ratio at year's end, what happened within one year, yearly figures that add up,
# yearly shares of one total, or the value that stands at year's end.
Accumulation = Literal["year_end_ratio", "within_year", "cumulative_total", "share_of_total", "end_value"]
# Whom the value binds: the alliance as a whole, or each member school, enterprise or county by itself.
Scope = Literal["alliance", "each_member", "each_county"]

Payee = Literal["lead_member", "host_school", "sending_school", "enrolling_school", "employing_school", "enterprise"]
Origin = Literal["in_city", "other_city"]
ClassFormat = Literal["冠名", "订单", "学徒制"]
EnterpriseSizeName = Literal["大型", "中型", "小型", "微型"]
SchoolCategoryName = Literal["高职", "中职", "技工"]
CountedUnit = Literal["person_year", "vacant_post_year", "student", "item"]
# How firmly the document states an amount: the exact sum, a floor, a ceiling, or "in principle at least".
Qualifier = Literal["exact", "at_least", "at_most", "at_least_in_principle", "at_most_in_principle"]

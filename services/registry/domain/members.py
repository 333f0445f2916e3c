"""What the registry knows about members: enums, and the rules between fields. Pure."""

from datetime import date
from enum import StrEnum
from typing import Final, Protocol

from services.kernel.divisions import FUNCTIONAL_ZONES, is_division
from services.kernel.errors import FieldIssue


class MemberCategory(StrEnum):
    """What kind of organisation a member is."""

    HIGHER_VOCATIONAL = "higher_vocational"
    SECONDARY_VOCATIONAL = "secondary_vocational"
    TECHNICIAN = "technician"
    SENDING_SCHOOL = "sending_school"
    ENTERPRISE = "enterprise"
    GOVERNMENT = "government"
    PARK = "park"
    INDUSTRY_BODY = "industry_body"
    RESEARCH = "research"
    FINANCIAL = "financial"
    COMMUNITY = "community"


class StructureRole(StrEnum):
    """The place of a member in the alliance's formula."""

    LEADING = "leading"
    BACKBONE = "backbone"
    CONSORTIUM = "consortium"
    PARTICIPANT = "participant"


class EnterpriseSize(StrEnum):
    """Sizes of enterprises by the statistical classification; never inferred."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"
    MICRO = "micro"


class MemberStatus(StrEnum):
    """A member that left stays on record with the date."""

    ACTIVE = "active"
    RECTIFYING = "rectifying"
    SUSPENDED = "suspended"
    EXITED = "exited"


ZONE_CODES: Final = frozenset(zone.code for zone in FUNCTIONAL_ZONES)
ENTERPRISE: Final = "enterprise"


class MemberFacts(Protocol):
    """The fields of a member that depend on one another."""

    @property
    def category(self) -> str: ...
    @property
    def division(self) -> str | None: ...
    @property
    def functional_zone(self) -> str | None: ...
    @property
    def enterprise_size(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def joined_on(self) -> date | None: ...
    @property
    def left_on(self) -> date | None: ...


def member_issues(member: MemberFacts) -> list[FieldIssue]:
    """Every fault that lies between the fields of a member, or in a code it names."""
    issues = []
    if member.division and not is_division(member.division):
        issues.append(FieldIssue("division", "division_unknown", "没有这个区划代码，请填写六位县级或市级代码。"))
    if member.functional_zone and member.functional_zone not in ZONE_CODES:
        issues.append(FieldIssue("functional_zone", "zone_unknown", "没有这个功能区，请从列表中选择。"))
    if member.enterprise_size and member.category != ENTERPRISE:
        issues.append(FieldIssue("enterprise_size", "size_not_applicable", "只有企业填写企业规模，其他类别请留空。"))
    return [*issues, *_membership_issues(member)]


def _membership_issues(member: MemberFacts) -> list[FieldIssue]:
    exited = member.status == MemberStatus.EXITED
    if exited and member.left_on is None:
        return [FieldIssue("left_on", "left_on_missing", "已退出的单位请填写退出日期。")]
    if not exited and member.left_on is not None:
        return [FieldIssue("left_on", "left_on_unexpected", "在册单位没有退出日期；如已退出，请同时改状态。")]
    if member.left_on and member.joined_on and member.left_on < member.joined_on:
        return [FieldIssue("left_on", "left_before_joined", "退出日期早于加入日期，请核对。")]
    return []

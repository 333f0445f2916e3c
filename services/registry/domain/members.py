"""What the registry knows about members: enums, and the rules between fields. Pure."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol

from services.kernel.divisions import FUNCTIONAL_ZONES, is_division
from services.kernel.errors import FieldIssue
from services.kernel.registry_words import BELONGS, SCHOOLS


class MemberCategory(StrEnum):
    """What kind of organisation a member is."""

    UNIVERSITY = "university"
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
SCHOOL_CODE: Final = r"^[0-9]{10}$"
INDUSTRY_CODE: Final = r"^(?:[A-T][0-9]{0,4}|[0-9]{2,4})$"
"""The shape of GB/T 4754: a section's letter, two digits of a division, a third of a group, a fourth of a class."""


class MemberFacts(Protocol):
    """The fields of a member that depend on one another."""

    @property
    def category(self) -> str: ...
    @property
    def division(self) -> str | None: ...
    @property
    def functional_zone(self) -> str | None: ...
    @property
    def school_code(self) -> str | None: ...
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
    if member.school_code and member.category not in SCHOOLS:
        issues.append(FieldIssue("school_code", "code_not_applicable", "只有学校填写学校标识码，其他类别请留空。"))
    return [*issues, *_membership_issues(member)]


def entry_issues(member: MemberFacts, today: date) -> list[FieldIssue]:
    """What a new record cannot be: one that is yet to leave, or whose rectification or suspension nobody decided."""
    if member.status in (MemberStatus.RECTIFYING, MemberStatus.SUSPENDED):
        return [FieldIssue("status", "status_by_steps", "新单位只能登记为在册或已退出；整改、暂停请登记后办理。")]
    if member.left_on is not None and member.left_on > today:
        return [FieldIssue("left_on", "day_ahead", "退出日期不能晚于今天。")]
    return []


def status_issues(member: MemberFacts, standing: MemberFacts) -> list[FieldIssue]:
    """A change of a status, or of the day of leaving: the life cycle makes those, with who decided and why."""
    issues = []
    if member.status != standing.status:
        issues.append(FieldIssue("status", "status_by_steps", "状态由整改、暂停、恢复、退出等办理改变，不能直接修改。"))
    elif member.left_on != standing.left_on:
        issues.append(FieldIssue("left_on", "status_by_steps", "退出日期由退出办理确定，不能直接修改。"))
    return issues


def belongs_on(member: MemberFacts, day: date) -> bool:
    """Whether a member belongs to the alliance on a day, by its record as of that day (docs/registry.md §2)."""
    begun = member.joined_on is None or member.joined_on <= day
    return member.status in BELONGS and begun and (member.left_on is None or member.left_on > day)


def names_after_rename(former: Sequence[dict[str, Any]], old: str, new: str, day: date) -> list[dict[str, Any]]:
    """The former names once a member called `old` is called `new` from a day on; a name taken up again is none."""
    kept = [name for name in former if name["name"] != new]
    if old == new or old in [name["name"] for name in kept]:
        return kept
    return [*kept, {"name": old, "until": day.isoformat()}]


def _membership_issues(member: MemberFacts) -> list[FieldIssue]:
    exited = member.status == MemberStatus.EXITED
    if exited and member.left_on is None:
        return [FieldIssue("left_on", "left_on_missing", "已退出的单位请填写退出日期。")]
    if not exited and member.left_on is not None:
        return [FieldIssue("left_on", "left_on_unexpected", "在册单位没有退出日期；如已退出，请同时改状态。")]
    if member.left_on and member.joined_on and member.left_on < member.joined_on:
        return [FieldIssue("left_on", "left_before_joined", "退出日期早于加入日期，请核对。")]
    return []

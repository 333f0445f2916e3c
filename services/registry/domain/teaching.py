"""What the registry knows about teachers beside the rules of practice: enums, and the rules between fields. Pure."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from services.kernel.errors import FieldIssue


class TeacherKind(StrEnum):
    """How a teacher is counted: part-time from outside, dual-qualified, or full-time."""

    PART_TIME = "part_time"
    DUAL = "dual"
    FULL_TIME = "full_time"


class TeacherTitle(StrEnum):
    """Levels of professional titles and of skill."""

    SENIOR = "senior"
    ASSOCIATE = "associate"
    MIDDLE = "middle"
    JUNIOR = "junior"
    CHIEF_TECHNICIAN = "chief_technician"
    SENIOR_TECHNICIAN = "senior_technician"
    TECHNICIAN = "technician"
    OTHER = "other"


def period_issues(
    enterprise: UUID | None, enterprise_name: str | None, from_date: date, until_date: date | None
) -> list[FieldIssue]:
    """Every fault that lies between the fields of a practice period."""
    issues = []
    if enterprise is None and not enterprise_name:
        sentence = "请选择成员企业，或填写企业名称。"
        issues.append(FieldIssue("enterprise_name", "enterprise_missing", sentence))
    if enterprise is not None and enterprise_name:
        sentence = "成员企业和企业名称只填一项。"
        issues.append(FieldIssue("enterprise_name", "enterprise_twice", sentence))
    if until_date is not None and until_date <= from_date:
        sentence = "结束日期（不含当天）应晚于开始日期，请核对。"
        issues.append(FieldIssue("until_date", "until_before_from", sentence))
    return issues

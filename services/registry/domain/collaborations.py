"""What the registry knows about collaborations, who takes part and what they put in. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from services.kernel.errors import FieldIssue


class CollaborationKind(StrEnum):
    """What members build together."""

    CONSORTIUM = "consortium"
    COUNTY_FUSION = "county_fusion"
    INDUSTRY_COLLEGE = "industry_college"
    SCHOOL_ENTERPRISE_CLASS = "school_enterprise_class"
    PLATFORM = "platform"
    BASE = "base"
    INTERNSHIP_BASE = "internship_base"
    FUSION_ENTERPRISE = "fusion_enterprise"
    MASTER_STUDIO = "master_studio"
    COMMUNITY_COLLEGE = "community_college"


class CollaborationStatus(StrEnum):
    """Whether a collaboration still runs."""

    ACTIVE = "active"
    ENDED = "ended"


class Part(StrEnum):
    """As what a member takes part beside host and lead; `enterprise` is the one a class or college is run with."""

    ENTERPRISE = "enterprise"
    PARTNER = "partner"
    SUPPORTER = "supporter"


class ContributionKind(StrEnum):
    """What a member puts into a collaboration."""

    EQUIPMENT = "equipment"
    MONEY = "money"
    SITE = "site"
    PEOPLE = "people"


class CollaborationFacts(Protocol):
    """The fields of a collaboration that depend on one another."""

    @property
    def status(self) -> str: ...
    @property
    def founded_on(self) -> date | None: ...
    @property
    def ended_on(self) -> date | None: ...
    @property
    def end_reason(self) -> str | None: ...


def end_issues(draft: CollaborationFacts, today: date) -> list[FieldIssue]:
    """Every fault between status, foundation and end."""
    issues = []
    if draft.founded_on and draft.founded_on > today:
        issues.append(FieldIssue("founded_on", "date_in_future", "成立日期晚于今天，请核对。"))
    if draft.status == CollaborationStatus.ACTIVE:
        given = [field for field in ("ended_on", "end_reason") if getattr(draft, field) is not None]
        message = "运行中的载体没有终止日期和原因；如已终止，请同时改状态。"
        return [*issues, *(FieldIssue(field, "end_unexpected", message) for field in given)]
    if draft.ended_on is None:
        issues.append(FieldIssue("ended_on", "ended_on_missing", "已终止的载体请填写终止日期。"))
    elif draft.ended_on > today:
        issues.append(FieldIssue("ended_on", "date_in_future", "终止日期晚于今天；请到当天再办理。"))
    elif draft.founded_on and draft.ended_on < draft.founded_on:
        issues.append(FieldIssue("ended_on", "ended_before_founding", "终止日期早于成立日期，请核对。"))
    if draft.end_reason is None:
        issues.append(FieldIssue("end_reason", "end_reason_missing", "已终止的载体请填写终止原因。"))
    return issues


K = TypeVar("K")


class Valued(Protocol):
    """A contribution, as far as sums go."""

    @property
    def value(self) -> Decimal | None: ...


@dataclass(frozen=True)
class Sum(Generic[K]):
    """What was put in under one heading: yuan, how many entries, and how many of them are not valued."""

    key: K
    value: Decimal
    count: int
    unvalued: int


def sums(entries: Iterable[tuple[K, Valued]]) -> list[Sum[K]]:
    """One sum for each key, in the order in which keys first come."""
    groups: dict[K, list[Valued]] = {}
    for key, entry in entries:
        groups.setdefault(key, []).append(entry)
    return [sum_of(key, group) for key, group in groups.items()]


def sum_of(key: K, entries: Iterable[Valued]) -> Sum[K]:
    """Everything under one heading; what is not valued adds nothing and is counted."""
    values = [entry.value for entry in entries]
    known = [value for value in values if value is not None]
    return Sum(key, sum(known, Decimal(0)), len(values), len(values) - len(known))

"""Export applications and yearly reviews as workbooks; who took how many rows, and why, is recorded."""

from datetime import date
from typing import Final

from services.kernel import registry_words as words
from services.kernel.audit import audit_export
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.divisions import division_name
from services.kernel.pagination import MAXIMUM_LIMIT, PageRequest
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import Column, TableSpec, Value, write_rows
from services.registry.queries.applications import ApplicationFilter, all_applications
from services.registry.queries.life_cycle import ReviewFilter, list_reviews

APPLICATIONS: Final = TableSpec(
    sheet="入会申请",
    title="入会申请",
    columns=(
        Column("number", "编号", width=14),
        Column("name", "单位名称", width=30),
        Column("uscc", "统一社会信用代码", kind="code", width=22),
        Column("category", "类别"),
        Column("division", "区划"),
        Column("state", "状态"),
        Column("submitted_on", "申请日期", kind="date"),
        Column("published_on", "公示日期", kind="date"),
        Column("publicity_ends_on", "公示截止", kind="date"),
    ),
)
REVIEWS: Final = TableSpec(
    sheet="年度考核",
    title="成员单位年度考核",
    columns=(
        Column("year", "年度", kind="year"),
        Column("name", "单位名称", width=30),
        Column("category", "类别"),
        Column("division", "区划"),
        Column("grade", "等次"),
        Column("on_date", "考核日期", kind="date"),
        Column("opinion", "意见", width=40),
        Column("document", "文件", width=24),
    ),
)


async def export_applications(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    asked: ApplicationFilter,
    as_of: date | None,
    reason: str | None,
) -> bytes:
    """The matching applications, newest first, without contacts."""
    found = await all_applications(session, Scope.of(principal), asked, as_of)
    rows: list[dict[str, Value]] = [
        {column.field: getattr(one, column.field) for column in APPLICATIONS.columns}
        | {
            "category": words.MEMBER_CATEGORIES[one.category],
            "state": words.APPLICATION_STATES[one.state],
            "division": division_name(one.division or ""),
        }
        for one in found
    ]
    await audit_export(session, clock, principal, "membership_application", rows=len(rows), reason=reason)
    return write_rows(APPLICATIONS, rows)


async def export_reviews(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    asked: ReviewFilter,
    as_of: date | None,
    reason: str | None,
) -> bytes:
    """The matching members with their grades of one year, by name."""
    rows: list[dict[str, Value]] = []
    cursor, more = None, True
    while more:
        page = PageRequest(MAXIMUM_LIMIT, cursor, "name")
        members, grades, cursor, _ = await list_reviews(session, Scope.of(principal), asked, page, as_of)
        for member in members:
            review = grades.get(member.id)
            rows.append(
                {
                    "year": asked.year,
                    "name": member.name,
                    "category": words.MEMBER_CATEGORIES[member.category],
                    "division": division_name(member.division or ""),
                    "grade": words.REVIEW_GRADES[review.grade] if review else None,
                    "on_date": review.on_date if review else None,
                    "opinion": review.opinion if review else None,
                    "document": review.document if review else None,
                }
            )
        more = cursor is not None
    await audit_export(session, clock, principal, "member_review", rows=len(rows), reason=reason)
    return write_rows(REVIEWS, rows)

"""The headcount of a class: not kept here, but asked of the rosters for its school and code on a day."""

from datetime import date

from services.kernel.database import AnySession
from services.kernel.errors import Conflict, Unavailable
from services.kernel.tenancy import Scope
from services.registry.clients.subsidies import Headcounts
from services.registry.domain.collaborations import CollaborationKind
from services.registry.queries.collaborations import details_of
from services.registry.schemas.collaborations import HeadcountRead, MemberRef
from services.registry.tables import Collaboration

SOURCE = "学生名册（奖补服务）"


async def headcount_of(
    session: AnySession,
    scope: Scope,
    headcounts: Headcounts,
    found: Collaboration,
    day: date,
    as_of: date | None,
) -> HeadcountRead:
    """The headcount, or why there is none: without the rosters the page goes on. Raises Conflict for other kinds."""
    if found.kind != CollaborationKind.SCHOOL_ENTERPRISE_CLASS:
        raise Conflict("只有校企合作班按学生名册计人数。", code="not_a_class")
    details = await details_of(session, scope, [found], as_of)
    host, code = found.host_member, (found.details or {}).get("class_code")
    school = MemberRef(id=host, name=details.names[host]) if host else None
    answer = HeadcountRead(
        headcount=None, day=day, school=school, class_code=code, source=None, taken_in_at=None, unavailable=None
    )
    if host is None or not code:
        missing = "、".join(label for label, value in (("办学学校", host), ("班级编号", code)) if not value)
        return answer.model_copy(update={"unavailable": f"没有登记{missing}，无法在学生名册中查找。"})
    try:
        counted = await headcounts.of_class(scope.alliance, host, code, day)
    except Unavailable as fault:
        return answer.model_copy(update={"unavailable": fault.detail})
    told = {"headcount": counted.headcount, "source": SOURCE, "taken_in_at": counted.taken_in_at}
    return answer.model_copy(update=told)

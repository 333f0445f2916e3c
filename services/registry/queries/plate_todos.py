"""What waits around plates: reviews that are due, failures that nobody decided on, plates about to lapse."""

from datetime import date
from typing import Any

from sqlalchemy import func, select

from services.kernel.database import AnySession
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.todos import Todo
from services.registry.domain.recognitions import LAPSE_NOTICE
from services.registry.queries.recognitions import RecognitionFilter, count_recognitions, matching
from services.registry.tables import CollaborationReview, Recognition

PAGE = "/collaborations/plates"


async def plate_todos(session: AnySession, scope: Scope, principal: Principal, day: date) -> list[Todo]:
    """The caller's list: the secretariat's for all, a member unit's for its own plates."""
    found: list[Todo | None] = []
    if principal.may(Permission.REGISTRY_WRITE):
        found += [await _lapsing(session, scope, day, None), await _reviews_due(session, scope, day)]
        found.append(await _undecided(session, scope))
    elif principal.member is not None and principal.may(Permission.REGISTRY_OWN):
        found.append(await _lapsing(session, scope, day, principal))
    return [todo for todo in found if todo is not None]


def _todo(key: str, title: str, detail: str, href: str, due_on: date | None) -> Todo:
    return Todo(id=key, kind=key, title=title, detail=detail, href=href, state="open", due_on=due_on)


async def _lapsing(session: AnySession, scope: Scope, day: date, own: Principal | None) -> Todo | None:
    asked = RecognitionFilter(day, member=own.member if own else None, lapsing=True)
    soonest = matching(scope, asked).with_only_columns(func.count(Recognition.id), func.min(Recognition.lapses_on))
    count, first = (await session.execute(soonest)).one()
    whose = "本单位有 {} 块奖牌" if own else "{} 块奖牌"
    title = f"{whose.format(count)}将在 {LAPSE_NOTICE.days} 天内到期"
    detail = "到期自动失效；继续有效的请按程序重新认定后登记。"
    href = f"{PAGE}?lapsing=true" + (f"&member={own.member}" if own else "")
    return _todo("plates-lapsing", title, detail, href, first) if count else None


async def _reviews_due(session: AnySession, scope: Scope, day: date) -> Todo | None:
    count = await count_recognitions(session, scope, RecognitionFilter(day, review_due=True))
    detail = "按授牌规定应当考核的年度还没有登记结果。"
    end_of_year = date(day.year, 12, 31)
    title = f"{count} 块奖牌的年度考核还没有登记"
    return _todo("plate-reviews", title, detail, f"{PAGE}?review_due=true", end_of_year) if count else None


async def _undecided(session: AnySession, scope: Scope) -> Todo | None:
    table: Any = CollaborationReview
    statement = scope.limit(select(table.collaboration, table.recognition), table)
    waiting = statement.where(table.result == "failed", table.decision.is_(None)).order_by(table.reviewed_on)
    rows = (await session.execute(waiting)).all()
    if not rows:
        return None
    first = rows[0]
    path = f"/collaborations/{first.collaboration}" if first.collaboration else f"{PAGE}/{first.recognition}"
    title = f"{len(rows)} 次不合格的年度考核等待处理决定"
    return _todo("plate-decisions", title, "须决定保留并整改或撤销认定，写明文号或决议。", path, None)

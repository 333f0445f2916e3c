"""What waits for the secretariat in the life cycle: applications, rectifications, what units that left still hold."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy import desc, func, select

from services.kernel.database import AnySession
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.todos import Todo
from services.registry.domain.life_cycle import ApplicationState, MemberStep
from services.registry.domain.members import MemberStatus
from services.registry.queries.exit_impact import unsettled
from services.registry.queries.life_cycle import overdue_rectifications
from services.registry.tables import Member, MemberEvent, MembershipApplication

WAITING: Final[Mapping[ApplicationState, tuple[str, str]]] = {
    ApplicationState.SUBMITTED: ("{} 份入会申请待初审", "请核对材料，通过、退回补正或不予受理。"),
    ApplicationState.DELIBERATION: ("{} 份入会申请待审议", "请提交理事会审议，并登记结果和决议。"),
    ApplicationState.APPROVED: ("{} 份入会申请待公示", "审议已通过，请发布公示。"),
    ApplicationState.PUBLICITY: ("{} 份入会申请公示期满，待决定", "请答复异议，办理入会或不予入会。"),
}
MOST_EXITS: Final = 50
"""Units that left, newest first, whose open things are looked up; older ones are found from their own pages."""


async def life_cycle_todos(session: AnySession, scope: Scope, principal: Principal, today: date) -> list[Todo]:
    """The caller's list, empty for who may not write; `today` decides which notices and deadlines are over."""
    if not principal.may(Permission.REGISTRY_WRITE):
        return []
    return [
        *await _applications(session, scope, today),
        *await _rectifications(session, scope, today),
        *await _exits(session, scope),
    ]


def _todo(
    kind: str, key: str, title: str, detail: str, href: str, due_on: date | None = None, *, late: bool = False
) -> Todo:
    state = "overdue" if late else "open"
    return Todo.model_validate(
        {"id": key, "kind": kind, "title": title, "detail": detail, "href": href, "state": state, "due_on": due_on}
    )


async def _applications(session: AnySession, scope: Scope, today: date) -> list[Todo]:
    table = MembershipApplication
    running = (table.state == ApplicationState.PUBLICITY) & (table.publicity_ends_on >= today)
    statement = scope.limit(select(table.state, func.count(table.id)), table).where(~running).group_by(table.state)
    counts = {row[0]: row[1] for row in await session.execute(statement)}
    found = []
    for state, (title, detail) in WAITING.items():
        if count := counts.get(state.value):
            kind, href = f"applications-{state.value}", f"/applications?state={state.value}"
            found.append(_todo(kind, kind, title.format(count), detail, href))
    return found


async def _rectifications(session: AnySession, scope: Scope, today: date) -> list[Todo]:
    return [
        _todo(
            "rectification",
            f"rectification-{member}",
            f"{name}整改中",
            "请在期限前核实整改情况，办理“整改完成”。",
            f"/members/{member}",
            deadline,
            late=deadline < today,
        )
        for member, name, deadline in await overdue_rectifications(session, scope)
    ]


async def _exits(session: AnySession, scope: Scope) -> list[Todo]:
    """A unit that left and still holds seats or takes part in something: leaving ends nothing by itself."""
    left = (
        scope.limit(select(Member.id, Member.name), Member)
        .join(MemberEvent, (MemberEvent.alliance == Member.alliance) & (MemberEvent.member == Member.id))
        .where(Member.status == MemberStatus.EXITED, MemberEvent.step == MemberStep.EXIT.value)
        .group_by(Member.id, Member.name)
        .order_by(desc(func.max(MemberEvent.no)))
        .limit(MOST_EXITS)
    )
    found = []
    for member, name in (await session.execute(left)).all():
        if touches := await unsettled(session, scope, member):
            title = f"{name}已退出，还有 {len(touches)} 项席位或合作没有处理"
            detail = "；".join(touch.title for touch in touches[:3])
            found.append(_todo("exit-unsettled", f"exit-{member}", title, detail, f"/members/{member}"))
    return found

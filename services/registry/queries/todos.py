"""What waits for the secretariat in the registry: gaps that later stop a settlement, and rows that were sent back."""

from sqlalchemy import desc, func, select

from services.kernel.database import AnySession
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.todos import Todo
from services.registry.domain.change_sets import ChangeState
from services.registry.queries.members import MISSING
from services.registry.tables import ChangeSet, Collaboration, Member

GAPS = {
    "size_evidence": ("{} 家企业缺企业规模或佐证材料", "校企合作班奖补要用到企业规模，请补齐后再结算。"),
    "uscc": ("{} 家成员单位没有统一社会信用代码", "有代码的单位请补填，名册按代码或名称查找单位。"),
    "division": ("{} 家成员单位没有区划", "县区账号只能看到本区划的单位，请补填。"),
}


async def todos_of(session: AnySession, scope: Scope, principal: Principal) -> list[Todo]:
    """The caller's list; only who may write has anything to do here."""
    if not principal.may(Permission.REGISTRY_WRITE):
        return []
    found = [await _gap(session, scope, name) for name in GAPS]
    found += [await _leaderless(session, scope), await _unconfirmed(session, scope), await _rejects(session, scope)]
    return [todo for todo in found if todo is not None]


def _todo(key: str, title: str, detail: str, href: str) -> Todo:
    return Todo(id=key, kind=key, title=title, detail=detail, href=href, state="open", due_on=None)


async def _gap(session: AnySession, scope: Scope, name: str) -> Todo | None:
    count = (
        await session.execute(scope.limit(select(func.count(Member.id)), Member).where(MISSING[name]))
    ).scalar_one()
    title, detail = GAPS[name]
    return _todo(f"members-{name}", title.format(count), detail, f"/members?missing={name}") if count else None


async def _leaderless(session: AnySession, scope: Scope) -> Todo | None:
    statement = scope.limit(select(func.count(Collaboration.id)), Collaboration).where(
        Collaboration.kind == "consortium", Collaboration.lead_member.is_(None), Collaboration.status == "active"
    )
    count = (await session.execute(statement)).scalar_one()
    detail = "联合体不是独立法人，奖补付给登记的牵头单位。"
    href = "/collaborations?kind=consortium"
    return _todo("consortium-lead", f"{count} 个市域产教联合体没有牵头单位", detail, href) if count else None


async def _unconfirmed(session: AnySession, scope: Scope) -> Todo | None:
    statement = scope.limit(select(func.count(ChangeSet.id)), ChangeSet).where(ChangeSet.state == ChangeState.READY)
    count = (await session.execute(statement)).scalar_one()
    detail = "核对完毕，确认之后才会写入。"
    return _todo("change-sets-ready", f"{count} 批改动等待确认", detail, "/change-sets?state=ready") if count else None


async def _rejects(session: AnySession, scope: Scope) -> Todo | None:
    """Only the newest import counts: repaired and sent again, its rejects are done with."""
    imports = scope.select(ChangeSet).where(
        ChangeSet.origin == "import", ChangeSet.state.not_in((ChangeState.CHECKING, ChangeState.DISCARDED))
    )
    newest = (await session.scalars(imports.order_by(desc(ChangeSet.created_at)).limit(1))).first()
    if newest is None or newest.rejected == 0:
        return None
    title = f"最近一次导入“{newest.title}”有 {newest.rejected} 行待改正"
    return _todo("import-rejects", title, "请下载有错误的行，改正后重新导入。", f"/change-sets/{newest.id}")

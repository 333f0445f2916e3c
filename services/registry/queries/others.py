"""Read imports of members and articles of applied policy documents."""

from uuid import UUID

from sqlalchemy import desc

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.tenancy import Scope
from services.registry.schemas.others import ArticleRead
from services.registry.tables import MemberImport, PolicyVersion


async def find_import(session: AnySession, scope: Scope, import_id: UUID) -> MemberImport:
    """One import of members. Raises NotFound."""
    found = (await session.scalars(scope.select(MemberImport).where(MemberImport.id == import_id))).one_or_none()
    if found is None:
        raise NotFound("没有这次导入。", code="import_not_found")
    return found


async def newest_policy(session: AnySession, scope: Scope, pack: str) -> PolicyVersion | None:
    """The version of a pack that stands now, if it was ever applied."""
    statement = scope.select(PolicyVersion).where(PolicyVersion.pack == pack)
    return (await session.scalars(statement.order_by(desc(PolicyVersion.version)).limit(1))).one_or_none()


async def find_article(session: AnySession, scope: Scope, pack: str, article: str) -> ArticleRead:
    """One article of the newest version of a pack. Raises NotFound."""
    applied = await newest_policy(session, scope, pack)
    if applied is None:
        raise NotFound("这份政策文件还没有启用。", code="policy_not_applied")
    found = next((entry for entry in applied.document["articles"] if entry["id"] == article), None)
    if found is None:
        raise NotFound("这份文件没有登记这一条。", code="article_not_found")
    return ArticleRead(
        pack=pack,
        version=applied.version,
        number=applied.document.get("number"),
        title=applied.document["title"],
        article=article,
        heading=found["heading"],
        summary=found["summary"],
    )

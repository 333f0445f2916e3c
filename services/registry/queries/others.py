"""Read divisions, and articles of applied policy documents."""

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.divisions import CITY_SUFFIX, city_of, counties_of, division_name, zones_of
from services.kernel.errors import NotFound
from services.kernel.policy_versions import newest_version
from services.kernel.tenancy import Scope
from services.registry.schemas.others import ArticleRead, DivisionRead, DivisionsRead
from services.registry.tables import Member, PolicyVersion


async def divisions_of(session: AnySession, scope: Scope) -> DivisionsRead:
    """The divisions and zones of the cities in which the alliance lies, a county's own only for its bureau.

    The cities are those of the applied policy documents and of the members: no city stands in the code.
    """
    members = scope.limit(select(Member.division).distinct(), Member).where(Member.division.is_not(None))
    documents = scope.limit(select(PolicyVersion.document["alliance"]["division"].astext).distinct(), PolicyVersion)
    used = {code for code in await session.scalars(members) if code}
    cities = {city_of(code) for code in used} | {city for city in (await session.scalars(documents)).all() if city}
    codes = used | {f"{city}{CITY_SUFFIX}" for city in cities}
    codes |= {county.code for city in cities for county in counties_of(city)}
    if scope.division is not None:
        codes = {scope.division}
    return DivisionsRead(
        divisions=[DivisionRead(code=code, name=division_name(code) or code) for code in sorted(codes)],
        zones=[DivisionRead(code=zone.code, name=zone.name) for city in sorted(cities) for zone in zones_of(city)],
    )


async def find_article(session: AnySession, scope: Scope, pack: str, article: str) -> ArticleRead:
    """One article of the newest version of a pack. Raises NotFound."""
    applied = await newest_version(session, PolicyVersion, scope.alliance, pack)
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

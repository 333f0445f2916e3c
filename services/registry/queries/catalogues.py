"""Read catalogues: versions, entries, names of codes, and which codes in use a version lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, desc, func, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.domain.catalogues import CatalogueKind, Entry, VersionState
from services.registry.tables import CatalogueEntry, CatalogueVersion, IndustryMatch, LeadingIndustry, MemberMajor


@dataclass(frozen=True)
class EntryFilter:
    """Conditions of a list of entries; `q` is a fragment of code, name, pinyin or initials."""

    q: str | None = None
    level: str | None = None
    parent: str | None = None


async def list_versions(
    session: AnySession, scope: Scope, kind: CatalogueKind, state: VersionState | None, page: PageRequest
) -> tuple[list[CatalogueVersion], str | None, int]:
    """One page of the versions of a kind."""
    statement = scope.select(CatalogueVersion).where(CatalogueVersion.kind == kind)
    if state:
        statement = statement.where(CatalogueVersion.state == state)
    order = sort_column(page, {"created_at": CatalogueVersion.created_at}, "created_at")
    return await paginate(session, statement, page, order=order, tie=CatalogueVersion.id)


async def find_version(session: AnySession, scope: Scope, kind: CatalogueKind, version: UUID) -> CatalogueVersion:
    """One version of a kind. Raises NotFound."""
    same = (CatalogueVersion.kind == kind, CatalogueVersion.id == version)
    found = (await session.scalars(scope.select(CatalogueVersion).where(*same))).one_or_none()
    if found is None:
        raise NotFound("没有这个目录版本。", code="catalogue_version_not_found")
    return found


async def current_version(
    session: AnySession, scope: Scope, kind: CatalogueKind, as_of: date | None = None
) -> CatalogueVersion | None:
    """The newest adopted version of a kind, of a day when one is given; None before the first."""
    table = at(CatalogueVersion, as_of)
    adopted = scope.select(table).where(table.kind == kind, table.state == VersionState.ADOPTED)
    return (await session.scalars(adopted.order_by(desc(table.number)).limit(1))).one_or_none()


async def newest_before(
    session: AnySession, scope: Scope, kind: CatalogueKind, number: int | None
) -> CatalogueVersion | None:
    """The newest adopted version before a number, or of all when none is given."""
    table = CatalogueVersion
    adopted = scope.select(table).where(table.kind == kind, table.state == VersionState.ADOPTED)
    if number is not None:
        adopted = adopted.where(table.number < number)
    return (await session.scalars(adopted.order_by(desc(table.number)).limit(1))).one_or_none()


def _matching(scope: Scope, version: UUID, asked: EntryFilter) -> Select[CatalogueEntry]:
    statement = scope.select(CatalogueEntry).where(CatalogueEntry.version == version)
    if asked.level:
        statement = statement.where(CatalogueEntry.level == asked.level)
    if asked.parent:
        statement = statement.where(CatalogueEntry.parent == asked.parent)
    if asked.q:
        statement = statement.where(CatalogueEntry.search_text.contains(asked.q.strip().lower(), autoescape=True))
    return statement


async def list_entries(
    session: AnySession, scope: Scope, version: UUID, asked: EntryFilter, page: PageRequest
) -> tuple[list[CatalogueEntry], str | None, int]:
    """One page of a version's entries by code."""
    order = sort_column(page, {"code": CatalogueEntry.code}, "code")
    return await paginate(session, _matching(scope, version, asked), page, order=order, tie=CatalogueEntry.code)


async def entries_of(
    session: AnySession, scope: Scope, version: UUID | None, asked: EntryFilter | None = None
) -> list[Entry]:
    """Every entry of a version by code; none of no version."""
    if version is None:
        return []
    statement = _matching(scope, version, asked or EntryFilter()).order_by(CatalogueEntry.code)
    return [Entry(row.code, row.name, row.level, row.parent) for row in await session.scalars(statement)]


async def names_in(
    session: AnySession, scope: Scope, kind: CatalogueKind, codes: Iterable[str], as_of: date | None = None
) -> dict[str, str]:
    """Names of codes in the catalogue in use; codes that it lacks are left out."""
    version = await current_version(session, scope, kind, as_of)
    if version is None:
        return {}
    statement = select(CatalogueEntry.code, CatalogueEntry.name).where(
        CatalogueEntry.alliance == scope.alliance,
        CatalogueEntry.version == version.id,
        CatalogueEntry.code.in_({*codes}),
    )
    return {row.code: row.name for row in await session.execute(statement)}


async def codes_in_use(session: AnySession, scope: Scope, kind: CatalogueKind) -> Mapping[str, int]:
    """How often majors of schools and matches, or leading industries, use each code now."""
    if kind is CatalogueKind.INDUSTRIES:
        code = func.unnest(LeadingIndustry.industry_codes).label("code")
        rows = await session.execute(scope.limit(select(code), LeadingIndustry))
        return _counted(row.code for row in rows)
    majors = await session.scalars(scope.limit(select(MemberMajor.major_code), MemberMajor))
    matches = await session.scalars(scope.limit(select(IndustryMatch.major_code), IndustryMatch))
    return _counted([*majors, *matches])


def _counted(codes: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for code in codes:
        counts[code] = counts.get(code, 0) + 1
    return counts


async def names_anywhere(
    session: AnySession, scope: Scope, kind: CatalogueKind, codes: Iterable[str]
) -> dict[str, str]:
    """Names of codes in the newest version, adopted or not, that has each."""
    statement = (
        select(CatalogueEntry.code, CatalogueEntry.name)
        .join(
            CatalogueVersion,
            (CatalogueVersion.alliance == CatalogueEntry.alliance) & (CatalogueVersion.id == CatalogueEntry.version),
        )
        .where(
            CatalogueEntry.alliance == scope.alliance,
            CatalogueVersion.kind == kind,
            CatalogueEntry.code.in_({*codes}),
        )
        .order_by(CatalogueVersion.created_at)
    )
    return {row.code: row.name for row in await session.execute(statement)}

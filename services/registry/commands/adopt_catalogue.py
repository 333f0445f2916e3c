"""Put a draft of a catalogue to use; from now on it is the newest of its kind."""

from uuid import UUID

from sqlalchemy import func, select, text

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.domain.catalogues import CatalogueKind, VersionState
from services.registry.queries.catalogues import find_version
from services.registry.tables import CatalogueVersion

LOCK = text("SELECT pg_advisory_xact_lock(hashtext('adopt catalogue ' || :alliance || ' ' || :kind))")


async def adopt_catalogue(
    session: WriteSession, clock: Clock, principal: Principal, kind: CatalogueKind, version_id: UUID, if_match: str
) -> CatalogueVersion:
    """Load, check, number, date, audit. Raises NotFound, StaleVersion, Conflict when it is in use already."""
    await session.execute(LOCK, {"alliance": principal.alliance, "kind": kind})
    version = await find_version(session, Scope.of(principal), kind, version_id)
    check_version(if_match, version.row_version)
    if version.state != VersionState.DRAFT:
        raise Conflict("这个版本已经启用，不用再启用。", code="version_adopted")
    same = (CatalogueVersion.alliance == principal.alliance, CatalogueVersion.kind == kind)
    newest = (await session.execute(select(func.max(CatalogueVersion.number)).where(*same))).scalar_one()
    version.number = (newest or 0) + 1
    version.state = VersionState.ADOPTED
    version.adopted_on = business_date(clock)
    version.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    after = {"kind": kind, "number": version.number}
    await audit(session, clock, principal, "catalogue.activate", "catalogue", version.id, after=after)
    told = {**after, "entries": version.entries}
    publish(
        session,
        clock,
        principal.alliance,
        "catalogue.adopted",
        object_kind="catalogue",
        object_id=version.id,
        data=told,
    )
    return version

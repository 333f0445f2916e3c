"""Discard a draft of a catalogue with its entries."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.domain.catalogues import CatalogueKind, VersionState
from services.registry.queries.catalogues import find_version


async def discard_catalogue(
    session: WriteSession, clock: Clock, principal: Principal, kind: CatalogueKind, version_id: UUID, if_match: str
) -> None:
    """Load, check, delete, audit. Raises NotFound, StaleVersion, Conflict for a version that is or was in use."""
    version = await find_version(session, Scope.of(principal), kind, version_id)
    check_version(if_match, version.row_version)
    if version.state != VersionState.DRAFT:
        raise Conflict("启用过的版本要一直可查，不能删除；请导入新版本。", code="version_adopted")
    before = {"kind": kind, "label": version.label, "entries": version.entries}
    await session.delete(version)
    await audit(session, clock, principal, "catalogue.discard", "catalogue", version_id, before=before)

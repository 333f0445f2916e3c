"""What a version of a catalogue changes in the one before it, and which codes in use it lacks."""

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.catalogues import CatalogueKind, VersionState, differences
from services.registry.queries.catalogues import (
    codes_in_use,
    entries_of,
    names_anywhere,
    newest_before,
)
from services.registry.schemas.catalogues import CodeInUse, ComparisonRead, EntryChange, EntryRead, VersionRead
from services.registry.tables import CatalogueVersion

SHOWN = 200


async def compare(session: AnySession, scope: Scope, kind: CatalogueKind, version: CatalogueVersion) -> ComparisonRead:
    """A draft against the version in use, an adopted one against the one before it."""
    number = None if version.state == VersionState.DRAFT else version.number
    against = await newest_before(session, scope, kind, number)
    after = await entries_of(session, scope, version.id)
    found = differences(await entries_of(session, scope, against.id if against else None), after)
    return ComparisonRead(
        against=VersionRead.model_validate(against) if against else None,
        new_count=len(found.new),
        changed_count=len(found.changed),
        removed_count=len(found.removed),
        new=[EntryRead.model_validate(entry) for entry in found.new[:SHOWN]],
        changed=[
            EntryChange(code=b.code, before=EntryRead.model_validate(b), after=EntryRead.model_validate(a))
            for b, a in found.changed[:SHOWN]
        ],
        removed=[EntryRead.model_validate(entry) for entry in found.removed[:SHOWN]],
        in_use_lacking=await _lacking(session, scope, kind, {entry.code for entry in after}),
        shown=SHOWN,
    )


async def _lacking(session: AnySession, scope: Scope, kind: CatalogueKind, codes: set[str]) -> list[CodeInUse]:
    used = await codes_in_use(session, scope, kind)
    missing = sorted(code for code in used if code not in codes)
    names = await names_anywhere(session, scope, kind, missing)
    return [CodeInUse(code=code, name=names.get(code), uses=used[code]) for code in missing]

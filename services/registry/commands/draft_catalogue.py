"""Take in a catalogue as a draft, from a workbook or from the extract that comes with the hub."""

from collections.abc import Sequence

from sqlalchemy import insert

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.pinyin import search_text
from services.kernel.principal import Principal
from services.kernel.workbooks import CheckedTable
from services.registry.domain.catalogues import CatalogueKind, Entry, GivenEntry, VersionState, arrange
from services.registry.tables import CatalogueEntry, CatalogueVersion

FAULTS_TOLD = 50
ROWS_AT_ONCE = 1_000


def entries_from(kind: CatalogueKind, checked: CheckedTable) -> list[Entry]:
    """The entries of a checked workbook. Raises InvalidInput: a catalogue is taken whole or not at all."""
    given = [GivenEntry(row.line, **{name: _text(value) for name, value in row.values.items()}) for row in checked.rows]  # type: ignore[arg-type]
    entries, faults = arrange(kind, given)
    told = [(issue.line, issue.code, f"{issue.header}：{issue.message}") for issue in checked.issues]
    told += [(fault.line, fault.code, fault.message) for fault in faults]
    if told:
        issues = [FieldIssue("file", code, f"第 {line} 行：{message}") for line, code, message in sorted(told)]
        raise InvalidInput(issues[:FAULTS_TOLD], f"文件里有 {len(issues)} 处错误，整张表没有导入；请改正后重新导入。")
    return entries


def _text(value: object) -> str | None:
    return None if value is None else str(value)


async def draft_catalogue(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    kind: CatalogueKind,
    entries: Sequence[Entry],
    label: str,
    source: str,
) -> CatalogueVersion:
    """Insert the version as a draft with its entries, audit."""
    now = clock.now()
    version = CatalogueVersion(
        alliance=principal.alliance,
        id=new_id(),
        kind=kind,
        label=label,
        source=source,
        state=VersionState.DRAFT,
        entries=len(entries),
        created_by=principal.subject,
        created_at=now,
        updated_at=now,
    )
    session.add(version)
    await session.flush()  # the entries refer to this row, and its version goes into the answer's ETag
    key = {"alliance": principal.alliance, "version": version.id}
    for start in range(0, len(entries), ROWS_AT_ONCE):
        rows = [
            {**key, **vars(entry), "search_text": f"{entry.code.lower()}\n{search_text(entry.name)}"}
            for entry in entries[start : start + ROWS_AT_ONCE]
        ]
        await session.execute(insert(CatalogueEntry), rows)
    after = {"kind": kind, "label": label, "source": source, "entries": len(entries)}
    await audit(session, clock, principal, "catalogue.import", "catalogue", version.id, after=after)
    return version

"""Export collaborations as a workbook; who took how many rows, and why, is recorded."""

from datetime import date
from typing import Final

from services.kernel.audit import audit_export
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import Value, write_rows
from services.registry.collaboration_workbook import detail_cells, spec_of
from services.registry.domain.collaborations import Part
from services.registry.domain.recognitions import standing_level
from services.registry.queries.collaborations import CollaborationFilter, Details, all_collaborations, details_of
from services.registry.tables import Collaboration

MOST_ROWS: Final = 20_000
"""What one workbook holds; it is made in memory."""
AT_ONCE: Final = 1_000


async def export_collaborations(
    session: WriteSession, clock: Clock, principal: Principal, asked: CollaborationFilter, reason: str | None
) -> bytes:
    """The matching collaborations by name. Raises InvalidInput when there are more than one workbook holds."""
    scope = Scope.of(principal)
    found = await all_collaborations(session, scope, asked, MOST_ROWS)
    if len(found) > MOST_ROWS:
        message = f"一次最多导出 {MOST_ROWS} 个载体，请用类型、县区等条件缩小范围后分次导出。"
        raise InvalidInput([FieldIssue("kind", "too_many_rows", message)])
    rows: list[dict[str, Value]] = []
    for start in range(0, len(found), AT_ONCE):
        part = found[start : start + AT_ONCE]
        details = await details_of(session, scope, part, asked.as_of)
        rows += [collaboration_cells(one, details, asked.day) for one in part]
    about = {"kind": asked.kind, "as_of": asked.as_of.isoformat() if asked.as_of else None}
    await audit_export(session, clock, principal, "collaboration", rows=len(rows), reason=reason, details=about)
    return write_rows(spec_of(asked.kind), rows)


def collaboration_cells(found: Collaboration, details: Details, day: date) -> dict[str, Value]:
    """A collaboration as one row."""
    standing = standing_level(details.recognitions.get(found.id, []), day)
    names = {member: details.names[member] for member in details.members_of(found.id)}
    parts = details.parts.get(found.id, {})
    named = {part: "、".join(sorted(names[m] for m, as_what in parts.items() if as_what == part)) for part in Part}
    return {
        **{name: getattr(found, name) for name in ("name", "kind", "founded_on", "status", "ended_on", "end_reason")},
        "host_member": details.names[found.host_member] if found.host_member else None,
        "lead_member": details.names[found.lead_member] if found.lead_member else None,
        "enterprises": named[Part.ENTERPRISE],
        "partners": named[Part.PARTNER],
        "supporters": named[Part.SUPPORTER],
        "level": standing.level if standing else None,
        "recognised_on": standing.granted_on if standing else None,
        "document_number": standing.document_number if standing else None,
        "lapses_on": standing.lapses_on if standing else None,
        **detail_cells(found),
    }

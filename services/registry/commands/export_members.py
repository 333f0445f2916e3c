"""Export members as a workbook that can be imported again; who took how many rows, and why, is recorded."""

from datetime import date

from services.kernel.audit import audit_export
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import write_rows
from services.registry.queries.members import MemberFilter, all_members
from services.registry.workbook import MEMBERS, WITHOUT_CONTACT, member_cells


async def export_members(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    asked: MemberFilter,
    reason: str | None,
    as_of: date | None = None,
) -> bytes:
    """The matching members by name, as of a day when one is given; contacts only for those who may write."""
    members = await all_members(session, Scope.of(principal), asked, as_of)
    spec = MEMBERS if principal.may(Permission.REGISTRY_WRITE) else WITHOUT_CONTACT
    content = write_rows(spec, [member_cells(member) for member in members])
    details = {"contacts": spec is MEMBERS, **({"as_of": as_of.isoformat()} if as_of else {})}
    await audit_export(session, clock, principal, "member", rows=len(members), reason=reason, details=details)
    return content

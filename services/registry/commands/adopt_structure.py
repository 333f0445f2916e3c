"""Make what an applied policy document's structure names and the registry lacks; twice changes nothing."""

import json

from sqlalchemy import text

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import NotFound
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.policy.models import Document, Structure
from services.kernel.policy_versions import newest_version
from services.kernel.principal import Principal
from services.registry.commands.adopting.bodies import adopt_bodies
from services.registry.commands.adopting.context import Adoption
from services.registry.commands.adopting.others import adopt_collaborations, adopt_leads
from services.registry.commands.adopting.units import adopt_roles, adopt_units
from services.registry.commands.governance_rows import day_issues, refuse
from services.registry.schemas.structure import AdoptionReport, StructureAdoption
from services.registry.tables import PolicyVersion

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('adopt structure ' || :alliance, 0))")


async def adopt_structure(
    session: WriteSession, clock: Clock, principal: Principal, draft: StructureAdoption
) -> AdoptionReport:
    """Wait for another adoption, look for everything, make what is missing, audit, tell.

    Raises NotFound for a document that is not applied, InvalidInput for a day ahead, or when a member cannot be made.
    """
    refuse(day_issues("since", draft.since, clock))
    await session.execute(ONE_AT_A_TIME, {"alliance": principal.alliance})
    report = await _run(await _adoption(session, clock, principal, draft, making=True))
    counts = {"made": report.made, "changed": report.changed, "found": report.found, "skipped": report.skipped}
    await audit(session, clock, principal, "structure.adopt", "policy", draft.pack, after=counts)
    if report.made or report.changed:
        told = {"pack": draft.pack, **counts}
        publish(
            session,
            clock,
            principal.alliance,
            "structure.adopted",
            object_kind="structure",
            object_id=draft.pack,
            division=OFFICE_ONLY,
            data=told,
        )
    return report


async def preview_adoption(
    session: AnySession, clock: Clock, principal: Principal, draft: StructureAdoption
) -> AdoptionReport:
    """What `adopt_structure` would do. Raises NotFound."""
    return await _run(await _adoption(session, clock, principal, draft, making=False))


async def _adoption(
    session: AnySession, clock: Clock, principal: Principal, draft: StructureAdoption, *, making: bool
) -> Adoption:
    applied = await newest_version(session, PolicyVersion, principal.alliance, draft.pack)
    if applied is None:
        raise NotFound("这份政策文件还没有启用，请先启用再建立架构。", code="policy_not_applied")
    document = Document.model_validate_json(json.dumps(applied.document))
    structure = Structure.model_validate_json(json.dumps(applied.structure))
    title = document.number or document.title
    return Adoption(
        session=session,
        clock=clock,
        principal=principal,
        pack=draft.pack,
        title=title[:100],
        structure=structure,
        issued_on=document.issued_on,
        day=document.issued_on or draft.since,
        categories=dict(draft.categories),
        making=making,
    )


async def _run(adoption: Adoption) -> AdoptionReport:
    """Units first, since everything else names them; roles last, since a consortium's place is its lead's."""
    await adopt_units(adoption)
    await adopt_bodies(adoption)
    await adopt_leads(adoption)
    await adopt_collaborations(adoption)
    await adopt_roles(adoption)
    return adoption.report()

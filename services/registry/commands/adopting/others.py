"""The leads of a document, and what it names as built together."""

from typing import Any

from services.kernel.clock import business_date
from services.kernel.policy.models import Collaboration as PackCollaboration
from services.registry.commands.adopting.context import CHANGED, FOUND, MADE, Adoption
from services.registry.commands.create_collaboration import create_collaboration
from services.registry.commands.create_lead import insert_lead
from services.registry.schemas.collaborations import CollaborationCreate
from services.registry.tables import Collaboration, Lead


async def adopt_leads(adoption: Adoption) -> None:
    """Find each lead by its unit and what it leads, or make it."""
    standing = list(await adoption.session.scalars(adoption.scope.select(Lead).where(Lead.ended_on.is_(None))))
    for wanted in adoption.structure.leads:
        member, written = adoption.member_of(wanted.unit), adoption.written(wanted.unit)
        same = [one for one in standing if one.scope == wanted.scope]
        found = next((one for one in same if one.unit_name == written or (member and one.member == member)), None)
        completes = found is not None and found.member is None and member is not None
        adoption.note("lead", f"{wanted.unit}：{wanted.scope}", CHANGED if completes else FOUND if found else MADE)
        if adoption.making and found is None:
            columns = {"member": member, "unit_name": written, "scope": wanted.scope, "from_date": adoption.day}
            cited = {"pack": adoption.pack, "article": wanted.article}
            await insert_lead(adoption.writing, adoption.clock, adoption.principal, {**columns, **cited})
        elif adoption.making and completes and found is not None:
            found.member = member  # the unit was entered since
            await adoption.writing.flush()


async def adopt_collaborations(adoption: Adoption) -> None:
    """Find each collaboration by kind and name or alias, or make it."""
    standing = list(await adoption.session.scalars(adoption.scope.select(Collaboration)))
    known = {(one.kind, one.name) for one in standing}
    for wanted in adoption.structure.collaborations:
        names = [wanted.name, *wanted.aliases]
        found = any((wanted.kind, name) in known for name in names)
        adoption.note("collaboration", wanted.name, FOUND if found else MADE)
        if adoption.making and not found:
            draft = CollaborationCreate.model_validate(_values(adoption, wanted))
            await adoption.writing.effective_on(business_date(adoption.clock))
            await create_collaboration(adoption.writing, adoption.clock, adoption.principal, draft)


def _values(adoption: Adoption, wanted: PackCollaboration) -> dict[str, Any]:
    """What a create takes. Partners that are no single unit stay in the document alone."""
    partners = [member for member in map(adoption.member_of, wanted.partners) if member is not None]
    return {
        "kind": wanted.kind,
        "name": wanted.name,
        "host_member": adoption.member_of(wanted.host),
        "lead_member": adoption.member_of(wanted.lead),
        "participants": partners,
        "details": _details(wanted),
    }


def _details(wanted: PackCollaboration) -> dict[str, Any]:
    """The document's facts in the fields of the kind."""
    details: dict[str, Any] = {name: fact for name, fact in wanted.facts.items() if name != "centres"}
    centres = wanted.facts.get("centres")
    return {**details, "centres": [{"name": name} for name in centres]} if isinstance(centres, list) else details

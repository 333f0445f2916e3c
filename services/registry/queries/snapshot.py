"""Every member and collaboration of an alliance as one versioned content for other services."""

from typing import Any

from services.kernel.database import AnySession
from services.kernel.policy.canonical import sha256_of
from services.kernel.tenancy import Scope
from services.registry.queries.collaborations import details_of
from services.registry.schemas.others import SnapshotCollaboration, SnapshotMember, SnapshotRecognition
from services.registry.tables import Collaboration, Member


async def read_snapshot(session: AnySession, scope: Scope) -> tuple[str, dict[str, Any]]:
    """The version (SHA-256 of the canonical content) and the content, in an order that only its facts decide."""
    members = (await session.scalars(scope.select(Member).order_by(Member.id))).all()
    collaborations = list((await session.scalars(scope.select(Collaboration).order_by(Collaboration.id))).all())
    details = await details_of(session, scope, collaborations)
    content = {
        "members": [SnapshotMember.model_validate(member).model_dump(mode="json") for member in members],
        "collaborations": [
            SnapshotCollaboration(
                id=found.id,
                kind=found.kind,
                name=found.name,
                host_member=found.host_member,
                lead_member=found.lead_member,
                recognitions=[
                    SnapshotRecognition.model_validate(grant) for grant in details.recognitions.get(found.id, [])
                ],
            ).model_dump(mode="json")
            for found in collaborations
        ],
    }
    return sha256_of(content), content

"""What the caller allows third parties' applications."""

from fastapi import APIRouter

from services.identity.auth import OwnPages, OwnReading, OwnWriting
from services.identity.commands.withdraw_consent import withdraw_consent
from services.identity.oauth.client import allowances
from services.identity.parts import Parts
from services.identity.queries.clients import consents_of
from services.identity.schemas.clients import ConsentRead
from services.kernel.pagination import Page

router = APIRouter(prefix="/me/consents", tags=["me"])


@router.get("", summary="我授权过的应用")
async def list_(person: OwnPages, session: OwnReading) -> Page[ConsentRead]:
    items = [
        ConsentRead(
            client_id=client.client_id,
            client_name=client.name,
            description=client.description,
            scopes=consent.scope.split(),
            allowances=allowances(consent.scope),
            granted_at=consent.granted_at,
        )
        for consent, client in await consents_of(session, person)
    ]
    return Page(items=items, total=len(items))


@router.delete("/{client_id}", status_code=204, summary="撤回对一个应用的授权")
async def withdraw(client_id: str, person: OwnPages, session: OwnWriting, parts: Parts) -> None:
    await withdraw_consent(session, parts.clock, parts.settings, person, client_id)

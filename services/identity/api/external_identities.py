"""`/me/external-identities`: the caller's own bindings to units' sign-in."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.identity.auth import OwnPages, OwnReading, OwnWriting
from services.identity.commands.begin_federation import binding_ticket
from services.identity.commands.bind_external import unbind_external
from services.identity.domain import AccountUnknown
from services.identity.federation.config import KIND_LABELS, Kind
from services.identity.federation.flow import masked
from services.identity.parts import Parts
from services.identity.queries import account_by_id
from services.identity.queries.federation import ProviderUnknown, externals_of, providers_for
from services.identity.schemas.federation import (
    BindableProvider,
    BindingLink,
    BindingStart,
    ExternalIdentities,
    ExternalIdentityRead,
)
from services.identity.tables import Account, IdentityProvider
from services.kernel.clock import business_date
from services.kernel.database import AnySession
from services.kernel.principal import Principal

router = APIRouter(prefix="/me/external-identities", tags=["me"])


@router.get("", summary="我绑定的单位登录")
async def list_(caller: OwnPages, parts: Parts, session: OwnReading) -> ExternalIdentities:
    account = await _own(session, caller)
    bound = await externals_of(session, account.alliance, account.id)
    suitable = await providers_for(session, account, business_date(parts.clock))
    items = [
        ExternalIdentityRead(
            id=external.id,
            provider=provider.id,
            provider_name=provider.name,
            subject=masked(external.subject),
            display=external.display,
            bound_at=external.bound_at,
            last_used_at=external.last_used_at,
        )
        for external, provider in bound
    ]
    taken = {item.provider for item in items}
    return ExternalIdentities(items=items, available=[_bindable(one) for one in suitable if one.id not in taken])


@router.post("", status_code=201, summary="开始绑定单位登录")
async def start(caller: OwnPages, parts: Parts, session: OwnReading, draft: BindingStart) -> BindingLink:
    """The browser that is signed in as the caller goes to the link; binding happens when it comes back."""
    account = await _own(session, caller)
    suitable = await providers_for(session, account, business_date(parts.clock))
    if draft.provider not in {one.id for one in suitable}:
        raise ProviderUnknown("没有这个单位登录方式，或它不属于您任职的单位，请刷新后重新选择。")
    query = urlencode({"binding": binding_ticket(parts.tools, draft.provider, account.id)})
    return BindingLink(url=f"/oauth/federation/{draft.provider}/start?{query}")


@router.delete("/{external_id}", status_code=204, summary="解除绑定")
async def delete(caller: OwnPages, parts: Parts, session: OwnWriting, external_id: UUID) -> Response:
    await unbind_external(session, parts.clock, caller, UUID(caller.subject), external_id)
    return Response(status_code=204)


async def _own(session: AnySession, caller: Principal) -> Account:
    """The caller's account. Raises AccountUnknown."""
    account = await account_by_id(session, caller.alliance, UUID(caller.subject))
    if account is None:
        raise AccountUnknown("账号不存在，请重新登录。")
    return account


def _bindable(provider: IdentityProvider) -> BindableProvider:
    return BindableProvider(id=provider.id, name=provider.name, kind_label=KIND_LABELS[Kind(provider.kind)])

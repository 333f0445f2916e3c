"""`/identity-providers`: units' own sign-in, as the system administrator manages it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic_core import PydanticUndefined

from services.identity.auth import AccountsManage
from services.identity.commands.begin_federation import callback_url
from services.identity.commands.check_provider import check_provider, note_check
from services.identity.commands.create_provider import create_provider
from services.identity.commands.update_provider import update_provider
from services.identity.federation.config import CONFIGS, KIND_LABELS, SECRET_LABELS, Kind, field_kind
from services.identity.parts import IdentityParts, Parts
from services.identity.queries.federation import find_provider, list_providers
from services.identity.schemas.federation import (
    IdentityProviderCreate,
    IdentityProviderRead,
    IdentityProviderUpdate,
    ProviderCheck,
    ProviderField,
    ProviderKind,
    ProviderKinds,
)
from services.identity.tables import IdentityProvider
from services.kernel.etags import etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import CallerScope, Reading, Writing

router = APIRouter(prefix="/identity-providers", tags=["identity-providers"])
IfMatch = Annotated[str, Depends(if_match)]


def read(parts: IdentityParts, provider: IdentityProvider) -> IdentityProviderRead:
    """A provider for the API, without its secret."""
    kind = Kind(provider.kind)
    return IdentityProviderRead(
        id=provider.id,
        kind=kind,
        kind_label=KIND_LABELS[kind],
        name=provider.name,
        member=provider.member,
        division=provider.division,
        config=provider.config,
        has_secret=provider.secret is not None,
        active=provider.active,
        callback_url=callback_url(parts.tools, provider.id),
        created_at=provider.created_at,
        updated_at=provider.updated_at,
    )


@router.get("", summary="单位登录方式列表")
async def list_(
    _caller: AccountsManage,
    parts: Parts,
    session: Reading,
    scope: CallerScope,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[IdentityProviderRead]:
    rows, cursor, total = await list_providers(session, scope, page)
    return Page(items=[read(parts, row) for row in rows], next_cursor=cursor, total=total)


@router.get("/kinds", summary="可用的种类及其填写项")
async def kinds(_caller: AccountsManage) -> ProviderKinds:
    return ProviderKinds(
        items=[ProviderKind(kind=kind, label=KIND_LABELS[kind], fields=fields_of(kind)) for kind in Kind]
    )


@router.post("", status_code=201, response_model=IdentityProviderRead, summary="新增单位登录方式")
async def create(
    caller: AccountsManage, parts: Parts, session: Writing, once: IdempotentCreate, draft: IdentityProviderCreate
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    provider = await create_provider(session, parts.tools, caller, draft)
    headers = {"Location": f"/api/identity/v1/identity-providers/{provider.id}", "ETag": etag_of(provider.row_version)}
    return await once.answer(read(parts, provider), headers=headers)


@router.get("/{provider_id}", summary="查看单位登录方式")
async def show(
    _caller: AccountsManage, parts: Parts, session: Reading, scope: CallerScope, provider_id: UUID, response: Response
) -> IdentityProviderRead:
    provider = await find_provider(session, scope.alliance, provider_id)
    set_etag(response, provider.row_version)
    return read(parts, provider)


@router.patch("/{provider_id}", summary="修改单位登录方式")
async def update(
    caller: AccountsManage,
    parts: Parts,
    session: Writing,
    provider_id: UUID,
    draft: IdentityProviderUpdate,
    version: IfMatch,
    response: Response,
) -> IdentityProviderRead:
    provider = await update_provider(session, parts.tools, caller, provider_id, draft, version)
    set_etag(response, provider.row_version)
    return read(parts, provider)


@router.post("/{provider_id}/check", summary="检查单位登录方式能否使用")
async def check(caller: AccountsManage, parts: Parts, provider_id: UUID) -> ProviderCheck:
    async with parts.database.read(caller.alliance) as session:
        provider = await find_provider(session, caller.alliance, provider_id)
    result = await check_provider(parts.adapters, parts.tools, provider)
    async with parts.database.write(caller.alliance) as writing:
        await note_check(writing, parts.tools, caller, provider, result)
    return result


def fields_of(kind: Kind) -> list[ProviderField]:
    """The fields of a kind in the order of its form, its secret last."""
    fields = []
    for name, field in CONFIGS[kind].model_fields.items():
        how, choices = field_kind(field)
        default: Any = None if field.default is PydanticUndefined else field.default
        fields.append(
            ProviderField(
                name=name,
                label=field.title or name,
                hint=field.description or "",
                kind=how,
                required=field.is_required(),
                default=default,
                choices=choices,
            )
        )
    label = SECRET_LABELS[kind]
    if label is not None:
        hint = "加密保存，保存后不再显示"
        fields.append(
            ProviderField(name="secret", label=label, hint=hint, kind="secret", required=True, default=None, choices=[])
        )
    return fields

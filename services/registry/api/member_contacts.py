"""`/members/{id}/contacts`: whom to reach at a member, by post; kept by the unit, its county and the secretariat."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.kernel.audit import audit_read
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Writing
from services.registry.api.parameters import AsOf, Seen
from services.registry.auth import RegistryOwn
from services.registry.commands.create_member_contact import create_member_contact
from services.registry.commands.remove_member_contact import remove_member_contact
from services.registry.commands.update_member_contact import update_member_contact
from services.registry.queries.member_contacts import contacts_of, find_contact, find_keeper
from services.registry.schemas.member_contacts import MemberContactRead, MemberContacts, MemberContactWrite

router = APIRouter(prefix="/members/{member_id}/contacts", tags=["members"])


@router.get("", summary="查看联系人（按岗位）")
async def list_(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: RegistryOwn,
    clock: InjectedClock,
    as_of: AsOf = None,
) -> MemberContacts:
    await find_keeper(session, scope, member_id)
    items = [MemberContactRead.model_validate(one) for one in await contacts_of(session, scope, member_id, as_of)]
    if items:
        await audit_read(session, clock, principal, "member_contact", member_id, rows=len(items))
    if as_of is not None:
        items = [item.model_copy(update={"row_version": None}) for item in items]
    return MemberContacts(items=items, as_of=as_of)


@router.post("", status_code=201, response_model=MemberContactRead, summary="登记联系人")
async def create(
    member_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    once: IdempotentCreate,
    draft: MemberContactWrite,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    contact = await create_member_contact(session, clock, principal, member_id, draft)
    location = f"/api/registry/v1/members/{member_id}/contacts/{contact.id}"
    headers = {"Location": location, "ETag": etag_of(contact.row_version)}
    return await once.answer(MemberContactRead.model_validate(contact), headers=headers)


@router.get("/{contact_id}", summary="查看一位联系人")
async def get(
    member_id: UUID,
    contact_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: RegistryOwn,
    clock: InjectedClock,
    response: Response,
) -> MemberContactRead:
    await find_keeper(session, scope, member_id)
    contact = await find_contact(session, scope, member_id, contact_id)
    await audit_read(session, clock, principal, "member_contact", contact_id, rows=1)
    set_etag(response, contact.row_version)
    return MemberContactRead.model_validate(contact)


@router.put("/{contact_id}", summary="修改联系人")
async def update(
    member_id: UUID,
    contact_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    draft: MemberContactWrite,
    seen: Seen,
    response: Response,
) -> MemberContactRead:
    contact = await update_member_contact(session, clock, principal, member_id, contact_id, draft, seen)
    set_etag(response, contact.row_version)
    return MemberContactRead.model_validate(contact)


@router.delete("/{contact_id}", status_code=204, summary="移除联系人（留有历史）")
async def remove(
    member_id: UUID, contact_id: UUID, session: Writing, clock: InjectedClock, principal: RegistryOwn, seen: Seen
) -> Response:
    await remove_member_contact(session, clock, principal, member_id, contact_id, seen)
    return Response(status_code=204)

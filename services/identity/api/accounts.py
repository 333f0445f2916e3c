"""Accounts, by the system administrator; other people's sessions, by the security administrator."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.identity.api.links import answer_invited, answer_link
from services.identity.auth import AccountsManage, AccountsRead, SessionsEnd
from services.identity.commands.create_account import create_account
from services.identity.commands.deactivate_account import deactivate_account
from services.identity.commands.end_sessions_of import end_sessions_of
from services.identity.commands.invite import invite
from services.identity.commands.locks import lock_account
from services.identity.commands.protect import protect_administrators, protect_oneself
from services.identity.commands.reactivate_account import reactivate_account
from services.identity.commands.reinvite import reinvite
from services.identity.commands.reset_second_factor import reset_second_factor
from services.identity.commands.unlock import unlock_account
from services.identity.commands.update_account import update_account
from services.identity.domain import AccountState, InvitationPurpose
from services.identity.parts import Parts
from services.identity.presenting import account_detail, accounts_read, session_read
from services.identity.queries import get_account_by_id
from services.identity.queries.account_details import AccountFacts, account_facts
from services.identity.queries.accounts import AccountFilter, list_accounts
from services.identity.queries.login_sessions import open_sessions
from services.identity.queries.posts import posts_by_person
from services.identity.schemas.account import AccountRead
from services.identity.schemas.people import (
    AccountDetail,
    AccountInvited,
    AccountUpdate,
    InvitationRead,
    NewAccount,
    Reasoned,
    Sessions,
    SessionsEnded,
)
from services.identity.tables import Account
from services.kernel.audit import audit_read
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.etags import if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import InjectedClock, Writing

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("", summary="查询账号")
async def list_(
    principal: AccountsRead,
    session: Writing,
    clock: InjectedClock,
    page: Annotated[PageRequest, Depends(page_request)],
    q: Annotated[str | None, Query(max_length=50, description="用户名或姓名中的一段")] = None,
    state: AccountState | None = None,
) -> Page[AccountRead]:
    asked = AccountFilter(q, state)
    accounts, cursor, total = await list_accounts(session, principal.alliance, asked, page)
    people = [account.person_id for account in accounts]
    posts = await posts_by_person(session, principal.alliance, people, business_date(clock))
    query = {"state": state.value} if state else None
    await audit_read(session, clock, principal, "account", rows=len(accounts), query=query)
    return Page(items=accounts_read(accounts, posts), next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=AccountInvited, summary="开设账号并生成邀请链接")
async def create(
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    once: IdempotentCreate,
    draft: NewAccount,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    account = await create_account(session, clock, principal, draft.username, draft.name)
    purpose = InvitationPurpose.INVITATION
    invited = await invite(session, clock, principal, parts.settings, account, purpose)
    return await answer_invited(once, account, purpose, invited)


@router.get("/{account_id}", summary="查看账号")
async def get(
    account_id: UUID, principal: AccountsRead, session: Writing, clock: InjectedClock, parts: Parts, response: Response
) -> AccountDetail:
    account = await get_account_by_id(session, principal.alliance, account_id)
    await audit_read(session, clock, principal, "account", account_id, rows=1)
    return await _detail(session, clock, parts, account, response)


@router.patch("/{account_id}", summary="更正用户名或姓名")
async def update(
    account_id: UUID,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    draft: AccountUpdate,
    seen: Annotated[str, Depends(if_match)],
    response: Response,
) -> AccountDetail:
    account = await update_account(session, clock, principal, account_id, draft, seen)
    return await _detail(session, clock, parts, account, response)


@router.post(
    "/{account_id}/invitations", status_code=201, response_model=InvitationRead, summary="重新生成邀请或密码重置链接"
)
async def create_invitation(
    account_id: UUID,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    once: IdempotentCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    account = await lock_account(session, principal.alliance, account_id)
    purpose, invited = await reinvite(session, clock, principal, parts.settings, account)
    return await answer_link(once, purpose, invited)


@router.post("/{account_id}/deactivation", summary="停用账号")
async def deactivate(
    account_id: UUID,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    draft: Reasoned,
    response: Response,
) -> AccountDetail:
    account = await lock_account(session, principal.alliance, account_id)
    await deactivate_account(session, clock, principal, account, reason=draft.reason)
    return await _detail(session, clock, parts, account, response)


@router.post("/{account_id}/reactivation", summary="恢复账号")
async def reactivate(
    account_id: UUID,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    draft: Reasoned,
    response: Response,
) -> AccountDetail:
    account = await lock_account(session, principal.alliance, account_id)
    await reactivate_account(session, clock, principal, account, reason=draft.reason)
    return await _detail(session, clock, parts, account, response)


@router.post("/{account_id}/unlocking", summary="解除登录锁定")
async def unlock(
    account_id: UUID,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    draft: Reasoned,
    response: Response,
) -> AccountDetail:
    account = await get_account_by_id(session, principal.alliance, account_id)  # sign-in locks the guard first
    await unlock_account(session, clock, principal, parts.keyring, account, reason=draft.reason)
    return await _detail(session, clock, parts, account, response)


@router.post("/{account_id}/second-factor-reset", summary="重置动态口令")
async def reset_factor(
    account_id: UUID,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    draft: Reasoned,
    response: Response,
) -> AccountDetail:
    account = await lock_account(session, principal.alliance, account_id)
    protect_oneself(principal, account)
    await protect_administrators(session, clock, account)
    await reset_second_factor(session, clock, principal, account, reason=draft.reason)
    return await _detail(session, clock, parts, account, response)


@router.get("/{account_id}/sessions", summary="查看某账号的登录")
async def list_sessions(account_id: UUID, principal: SessionsEnd, session: Writing, clock: InjectedClock) -> Sessions:
    account = await get_account_by_id(session, principal.alliance, account_id)
    found = await open_sessions(session, principal.alliance, account.id, clock.now())
    await audit_read(session, clock, principal, "session", account_id, rows=len(found))
    return Sessions(items=[session_read(one, principal.session_id) for one in found])


@router.post("/{account_id}/sign-out", summary="强制某账号在各处退出登录")
async def sign_out(
    account_id: UUID, principal: SessionsEnd, session: Writing, clock: InjectedClock, draft: Reasoned
) -> SessionsEnded:
    account = await get_account_by_id(session, principal.alliance, account_id)
    return SessionsEnded(ended=await end_sessions_of(session, clock, principal, account, reason=draft.reason))


async def _detail(
    session: WriteSession, clock: Clock, parts: Parts, account: Account, response: Response
) -> AccountDetail:
    await session.flush()  # what was just changed is read back with the rest
    facts: AccountFacts = await account_facts(session, parts.keyring, account, clock)
    set_etag(response, account.row_version)
    return account_detail(account, facts)

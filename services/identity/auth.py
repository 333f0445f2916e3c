"""Authorisation as types, and sessions for what people do about themselves, also while they practise."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends

from services.identity.queries import find_client
from services.kernel.alliances import home_of, is_practice
from services.kernel.auth import CurrentPrincipal, requires, requires_any
from services.kernel.database import Database, ReadSession, WriteSession
from services.kernel.errors import Conflict, Forbidden
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.sessions import database_of


def _person(principal: CurrentPrincipal) -> Principal:
    """Somebody who signed in, in the home alliance: identity keeps nobody in a practice alliance."""
    if principal.post is None:
        raise Forbidden("系统服务没有个人信息，请用人员账号登录后再试。")
    return replace(principal, alliance=home_of(principal.alliance))


Person = Annotated[Principal, Depends(_person)]


async def _own_read(database: Annotated[Database, Depends(database_of)], person: Person) -> AsyncIterator[ReadSession]:
    async with database.read(person.alliance) as session:
        yield session


async def _own_write(
    database: Annotated[Database, Depends(database_of)], person: Person
) -> AsyncIterator[WriteSession]:
    async with database.write(person.alliance) as session:
        yield session


OwnReading = Annotated[ReadSession, Depends(_own_read, scope="function")]
OwnWriting = Annotated[WriteSession, Depends(_own_write, scope="function")]


async def _by_own_pages(person: Person, session: OwnReading) -> Principal:
    """The person through the hub's own pages, whatever a program was allowed.

    A third party's gets no hold on how somebody signs in, on other sign-ins, or on what other programs are allowed.
    """
    client = await find_client(session, person.client_id)
    if client is None or client.kind != "first_party":
        raise Forbidden("第三方应用不能查看或更改登录方式、登录记录和授权，请在中枢网页中办理。")
    return person


OwnPages = Annotated[Principal, Depends(_by_own_pages)]


def managing(*permissions: Permission) -> Any:
    """Admits who holds one of these, in earnest: there are no accounts, posts or clients to practise with."""

    async def check(principal: Annotated[Principal, requires_any(*permissions)]) -> Principal:
        if is_practice(principal.alliance):
            raise Conflict("练习环境里没有账号、岗位和接入可管理，请切换到正式环境后办理。", code="practice_session")
        return principal

    return Depends(check)


AccountsRead = Annotated[Principal, managing(Permission.ACCOUNTS_READ)]
AccountsManage = Annotated[Principal, managing(Permission.ACCOUNTS_MANAGE)]
PostsGrant = Annotated[Principal, managing(Permission.POSTS_GRANT)]
SessionsEnd = Annotated[Principal, managing(Permission.SESSIONS_END)]
UnitManage = Annotated[Principal, managing(Permission.UNIT_MANAGE)]
ClientsManage = Annotated[Principal, managing(Permission.CLIENTS_MANAGE)]
ClientsKeep = Annotated[Principal, managing(Permission.CLIENTS_MANAGE, Permission.CLIENTS_OWN)]
AlliancesRead = Annotated[Principal, requires(Permission.OUTBOX_READ)]

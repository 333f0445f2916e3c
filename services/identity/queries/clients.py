"""Programs that connect, and what people allow them."""

from uuid import UUID

from sqlalchemy import Select, func, select

from services.identity.domain import ClientUnknown
from services.identity.tables import Consent, OAuthClient, Post
from services.kernel.database import AnySession, WriteSession
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope


def machine_clients(scope: Scope) -> Select[OAuthClient]:
    """The alliance's machine clients; a county sees its own."""
    found = select(OAuthClient).where(OAuthClient.alliance == scope.alliance, OAuthClient.kind == "machine")
    return found.where(OAuthClient.division == scope.division) if scope.division is not None else found


def applications(alliance: str) -> Select[OAuthClient]:
    """The alliance's third-party applications."""
    return select(OAuthClient).where(OAuthClient.alliance == alliance, OAuthClient.kind == "third_party")


async def list_clients(
    session: AnySession, found: Select[OAuthClient], request: PageRequest
) -> tuple[list[OAuthClient], str | None, int]:
    """One page of them."""
    sortable = {"name": OAuthClient.name, "created_at": OAuthClient.created_at, "client_id": OAuthClient.client_id}
    order = sort_column(request, sortable, "name")
    return await paginate(session, found, request, order=order, tie=OAuthClient.client_id)


async def get_client(session: AnySession, found: Select[OAuthClient], client_id: str) -> OAuthClient:
    """One of them. Raises ClientUnknown, also when it is another county's."""
    client = (await session.scalars(found.where(OAuthClient.client_id == client_id))).one_or_none()
    if client is None:
        raise ClientUnknown("没有这个接入，请回到列表刷新后再试。")
    return client


async def lock_client(session: WriteSession, found: Select[OAuthClient], client_id: str) -> OAuthClient:
    """The same, locked until the transaction ends."""
    return await get_client(session, found.with_for_update(), client_id)


async def cities_of_counties(session: AnySession, alliance: str) -> list[str]:
    """The four digits of the cities in which the alliance's counties lie, as its posts tell."""
    city = func.left(Post.division, 4)
    found = select(city).where(Post.alliance == alliance, Post.division.is_not(None)).distinct()
    return list((await session.scalars(found)).all())


async def consents_of(session: AnySession, person: Principal) -> list[tuple[Consent, OAuthClient]]:
    """What somebody allows programs now, by the programs' names."""
    found = (
        select(Consent, OAuthClient)
        .join(OAuthClient, OAuthClient.client_id == Consent.client_id)
        .where(Consent.alliance == person.alliance, Consent.account_id == UUID(person.subject))
        .where(Consent.revoked_at.is_(None))
        .order_by(OAuthClient.name, OAuthClient.client_id)
    )
    return [(consent, client) for consent, client in await session.execute(found)]

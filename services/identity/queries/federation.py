"""Units' own sign-in: which there are, whom they suit, and who somebody is there."""

from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy import func, or_, select

from services.identity.queries.posts import roles_from
from services.identity.tables import Account, ExternalIdentity, IdentityProvider, Post, PostHolding
from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.permissions import ADMINISTRATORS
from services.kernel.tenancy import Scope


class ProviderUnknown(NotFound):
    code = "identity_provider_unknown"


class OfUnit(Protocol):
    """Something of a member unit, a county, or neither."""

    @property
    def member(self) -> UUID | None: ...
    @property
    def division(self) -> str | None: ...


def suits(provider: OfUnit, units: list[OfUnit]) -> bool:
    """Whether somebody of these units may use a provider: an alliance-wide one, or that of one of the units."""
    own = (provider.member, provider.division)
    return own == (None, None) or own in {(unit.member, unit.division) for unit in units}


async def list_providers(
    session: AnySession, scope: Scope, request: PageRequest
) -> tuple[list[IdentityProvider], str | None, int]:
    """One page of the providers."""
    sortable = {"name": IdentityProvider.name, "kind": IdentityProvider.kind}
    order = sort_column(request, sortable, "name")
    return await paginate(session, scope.select(IdentityProvider), request, order=order, tie=IdentityProvider.id)


async def find_provider(
    session: AnySession,
    alliance: str,
    provider_id: UUID,
    *,
    active: bool = False,
    lock: bool = False,
    keep: bool = False,
) -> IdentityProvider:
    """A provider, with `active` only one in use. Raises ProviderUnknown.

    `lock` is for whoever changes it, `keep` for whoever needs it as it is until the transaction ends.
    """
    statement = select(IdentityProvider).where(
        IdentityProvider.alliance == alliance, IdentityProvider.id == provider_id
    )
    if active:
        statement = statement.where(IdentityProvider.active)
    if lock or keep:
        statement = statement.with_for_update(read=not lock)
    provider = (await session.scalars(statement)).one_or_none()
    if provider is None:
        raise ProviderUnknown("没有这个单位登录方式，或它已停用，请返回登录页重新选择。")
    return provider


async def offered_providers(session: AnySession, alliance: str) -> list[IdentityProvider]:
    """Every provider in use, by name: what the sign-in page offers."""
    statement = select(IdentityProvider).where(IdentityProvider.alliance == alliance, IdentityProvider.active)
    return list((await session.scalars(statement.order_by(IdentityProvider.name))).all())


async def providers_for(session: AnySession, account: Account, day: date) -> list[IdentityProvider]:
    """Those that suit an account by its posts: what its invitation offers, and what it may bind; an administrator none.

    Who manages the providers could otherwise sign in as another administrator.
    """
    if ADMINISTRATORS & await roles_from(session, account.alliance, account.person_id, day):
        return []
    units = await units_of(session, account, day)
    return [one for one in await offered_providers(session, account.alliance) if suits(one, units)]


async def units_of(session: AnySession, account: Account, day: date) -> list[OfUnit]:
    """The posts that somebody holds or is going to hold, whatever the account's state: an invited one has no other."""
    statement = (
        select(Post)
        .join(PostHolding, (PostHolding.alliance == Post.alliance) & (PostHolding.post_id == Post.id))
        .where(Post.alliance == account.alliance, Post.active, PostHolding.person_id == account.person_id)
        .where(or_(PostHolding.until_date.is_(None), PostHolding.until_date > day))
    )
    return list((await session.scalars(statement)).all())


async def external_of(session: AnySession, alliance: str, provider_id: UUID, subject: str) -> ExternalIdentity | None:
    """Whom a provider's subject is bound to."""
    own = select(ExternalIdentity).where(ExternalIdentity.alliance == alliance)
    statement = own.where(ExternalIdentity.provider_id == provider_id, ExternalIdentity.subject == subject)
    return (await session.scalars(statement)).one_or_none()


async def externals_of(
    session: AnySession, alliance: str, account_id: UUID
) -> list[tuple[ExternalIdentity, IdentityProvider]]:
    """Who an account is at the units' providers, the oldest first."""
    statement = (
        select(ExternalIdentity, IdentityProvider)
        .join(
            IdentityProvider,
            (IdentityProvider.alliance == ExternalIdentity.alliance)
            & (IdentityProvider.id == ExternalIdentity.provider_id),
        )
        .where(ExternalIdentity.alliance == alliance, ExternalIdentity.account_id == account_id)
        .order_by(ExternalIdentity.bound_at, ExternalIdentity.id)
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def bound_to(session: AnySession, alliance: str, provider_id: UUID) -> list[UUID]:
    """The identities that are bound at a provider."""
    own = select(ExternalIdentity.id).where(ExternalIdentity.alliance == alliance)
    return list((await session.scalars(own.where(ExternalIdentity.provider_id == provider_id))).all())


async def bound_count(session: AnySession, alliance: str, provider_id: UUID) -> int:
    """How many people are bound to a provider."""
    own = select(func.count()).select_from(ExternalIdentity).where(ExternalIdentity.alliance == alliance)
    return int((await session.execute(own.where(ExternalIdentity.provider_id == provider_id))).scalar_one())

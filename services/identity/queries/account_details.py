"""What an administrator needs to know of one account: posts over time, locks, open links."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from services.identity.keyring import Keyring
from services.identity.queries.posts import in_effect
from services.identity.tables import Account, Invitation, PostHolding, SignInGuard
from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession


@dataclass(frozen=True)
class AccountFacts:
    """The holdings are the newest first, each with its post."""

    today: date
    holdings: list[PostHolding]
    locked_until: datetime | None
    invitation_expires_at: datetime | None

    @property
    def current(self) -> list[PostHolding]:
        return [holding for holding in self.holdings if in_effect(holding, self.today) and holding.post.active]


async def account_facts(session: AnySession, keyring: Keyring, account: Account, clock: Clock) -> AccountFacts:
    """Read them as they are now."""
    held = select(PostHolding).where(PostHolding.alliance == account.alliance)
    held = held.where(PostHolding.person_id == account.person_id).options(joinedload(PostHolding.post))
    newest_first = held.order_by(PostHolding.from_date.desc(), PostHolding.granted_at.desc(), PostHolding.id)
    locked = select(SignInGuard.locked_until).where(SignInGuard.alliance == account.alliance)
    locked = locked.where(SignInGuard.name_digest == keyring.blind_name(account.username))
    link = select(Invitation.expires_at).where(Invitation.alliance == account.alliance)
    link = link.where(Invitation.account_id == account.id, Invitation.expires_at > clock.now())
    return AccountFacts(
        today=business_date(clock),
        holdings=list((await session.scalars(newest_first)).all()),
        locked_until=await session.scalar(locked.where(SignInGuard.locked_until > clock.now())),
        invitation_expires_at=await session.scalar(
            link.where(Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
        ),
    )

"""Make a link by which somebody sets a password, or binds the unit's own sign-in. It is shown once."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update

from services.identity.credentials import digest, new_credential
from services.identity.domain import InvitationPurpose
from services.identity.settings import IdentitySettings
from services.identity.tables import Account, Invitation
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal


@dataclass(frozen=True)
class Invited:
    """The link, of which only a hash is stored, and when it ends."""

    link: str = field(repr=False)
    expires_at: datetime


async def invite(
    session: WriteSession,
    clock: Clock,
    actor: Principal,
    settings: IdentitySettings,
    account: Account,
    purpose: InvitationPurpose,
) -> Invited:
    """Revoke the account's earlier links, and make a new one that lives for `invitation_hours`. Audited."""
    now = clock.now()
    await revoke_invitations(session, account, now)
    token = new_credential(account.alliance)
    invitation = Invitation(
        alliance=account.alliance,
        id=new_id(),
        account_id=account.id,
        purpose=purpose.value,
        token_hash=digest(token),
        created_by=actor.subject,
        created_at=now,
        expires_at=now + settings.invitation_life,
    )
    session.add(invitation)
    await session.flush()  # one made at the same time is refused here
    after = {"invitation": str(invitation.id), "expires_at": invitation.expires_at.isoformat()}
    await audit(session, clock, actor, f"account.{purpose.value}", "account", account.id, after=after)
    return Invited(f"{settings.hub.public_url.rstrip('/')}/oauth/{PAGES[purpose]}/{token}", invitation.expires_at)


PAGES = {InvitationPurpose.INVITATION: "invitation", InvitationPurpose.PASSWORD_RESET: "reset"}


async def revoke_invitations(session: WriteSession, account: Account, now: datetime) -> None:
    """End every link of the account that nobody used."""
    own = update(Invitation).where(Invitation.alliance == account.alliance, Invitation.account_id == account.id)
    living = own.where(Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
    await session.execute(living.values(revoked_at=now))

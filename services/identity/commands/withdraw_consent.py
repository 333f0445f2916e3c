"""Withdraw what somebody allowed a program."""

from uuid import UUID

from sqlalchemy import select, update

from services.identity.commands.end_access import revoke
from services.identity.domain import ClientUnknown
from services.identity.oauth.issuing import jti_of
from services.identity.settings import IdentitySettings
from services.identity.tables import Consent, RefreshToken
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def withdraw_consent(
    session: WriteSession, clock: Clock, settings: IdentitySettings, person: Principal, client_id: str
) -> None:
    """Note the withdrawal and end the program's tokens for this person, within seconds. Raises ClientUnknown."""
    now, account_id = clock.now(), UUID(person.subject)
    own = select(Consent).where(Consent.alliance == person.alliance, Consent.account_id == account_id)
    given = own.where(Consent.client_id == client_id, Consent.revoked_at.is_(None)).with_for_update()
    consent = (await session.scalars(given)).one_or_none()
    if consent is None:
        raise ClientUnknown("您没有授权过这个应用，或已经撤回。")
    consent.revoked_at = now
    mine = (
        RefreshToken.alliance == person.alliance,
        RefreshToken.account_id == account_id,
        RefreshToken.client_id == client_id,
    )
    await session.execute(update(RefreshToken).where(*mine, RefreshToken.revoked_at.is_(None)).values(revoked_at=now))
    lately = RefreshToken.issued_at > now - settings.access_token_life
    for token_hash in (await session.scalars(select(RefreshToken.token_hash).where(*mine, lately))).all():
        await revoke(session, now, "token", jti_of(token_hash))
    before = {"scope": consent.scope}
    await audit(session, clock, person, "consent.withdraw", "oauth_client", client_id, before=before)

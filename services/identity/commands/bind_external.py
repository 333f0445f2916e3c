"""Bind who somebody is at a unit's own sign-in to an account; and take a binding away."""

from uuid import UUID

from sqlalchemy import delete

from services.identity.commands.end_access import end_sessions_opened_by
from services.identity.commands.locks import lock_account
from services.identity.federation.errors import NotAdmitted
from services.identity.federation.flow import External, masked
from services.identity.queries.federation import external_of, externals_of
from services.identity.tables import Account, ExternalIdentity, IdentityProvider
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, NotFound
from services.kernel.ids import new_id
from services.kernel.principal import Principal


class LastWayToSignIn(Conflict):
    code = "last_way_to_sign_in"


async def bind_external(
    session: WriteSession,
    clock: Clock,
    actor: Principal,
    provider: IdentityProvider,
    account: Account,
    person: External,
    *,
    by: str,
) -> ExternalIdentity:
    """Bind, unless it is so already; `by` says on what ground (`invitation`, `self`). Raises NotAdmitted."""
    known = await external_of(session, account.alliance, provider.id, person.subject)
    if known is not None and known.account_id != account.id:
        raise NotAdmitted(
            "这个单位账号已绑定中枢的另一名人员，不能重复绑定。如有疑问请联系系统管理员。",
            code="external_identity_taken",
        )
    if known is not None:
        return known
    bound = ExternalIdentity(
        alliance=account.alliance,
        id=new_id(),
        provider_id=provider.id,
        subject=person.subject,
        account_id=account.id,
        display=person.name,
        bound_at=clock.now(),
    )
    session.add(bound)
    await session.flush()  # so that a binding made meanwhile is refused here, before the audit entry
    after = {"provider": str(provider.id), "subject": masked(person.subject), "account": str(account.id), "by": by}
    await audit(session, clock, actor, "external_identity.bind", "external_identity", bound.id, after=after)
    return bound


async def unbind_external(
    session: WriteSession, clock: Clock, actor: Principal, account_id: UUID, external_id: UUID
) -> None:
    """Take a binding of one's own away, and whatever was opened by it. Raises NotFound or LastWayToSignIn.

    The last one stays while there is no password; the account is locked, so that of two one does.
    """
    account = await lock_account(session, actor.alliance, account_id)
    bound = await externals_of(session, actor.alliance, account_id)
    found = next(((external, provider) for external, provider in bound if external.id == external_id), None)
    if found is None:
        raise NotFound("没有这个绑定，可能已被解除，请刷新后再看。")
    others = [provider for external, provider in bound if external.id != external_id and provider.active]
    if account.password_hash is None and not others:
        raise LastWayToSignIn("这是您唯一的登录方式，解除后将无法登录。请先设置密码，再解除绑定。")
    external, provider = found
    before = {"provider": str(provider.id), "subject": masked(external.subject)}
    own = delete(ExternalIdentity).where(
        ExternalIdentity.alliance == actor.alliance, ExternalIdentity.id == external_id
    )
    await session.execute(own)  # waits for a sign-in by it that is just being written, whose session ends as well
    after = {"sessions_ended": await end_sessions_opened_by(session, clock, actor.alliance, [external_id])}
    action, kind = "external_identity.unbind", "external_identity"
    await audit(session, clock, actor, action, kind, external_id, before=before, after=after)

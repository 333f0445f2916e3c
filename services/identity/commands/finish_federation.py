"""Come back from a unit's own sign-in: take the attempt, once; then sign in, accept an invitation, or bind."""

import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.identity.actors import account_holder, identity_itself
from services.identity.commands.begin_federation import callback_url, refuse_unsuited
from services.identity.commands.bind_external import bind_external
from services.identity.commands.open_session import SignedIn, open_session
from services.identity.credentials import digest
from services.identity.domain import AccountState, Outcome
from services.identity.federation.errors import AttemptInvalid, NotAdmitted, NotBound
from services.identity.federation.flow import Attempt, External, masked
from services.identity.queries import account_by_id
from services.identity.queries.federation import external_of, find_provider
from services.identity.queries.invitations import standing_invitation_by_id
from services.identity.tables import Account, ExternalIdentity, FederationAttempt, IdentityProvider, LoginSession
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import HubError

FEDERATED: Final = "fed"
"""How the person proved who it is, in `amr`. RFC 8176 has no word for it; it is no second factor of the hub's."""
STALE: Final = "登录请求无效、已用过或已过期，或不是由本浏览器发起的。请返回登录页重新登录。"


@dataclass(frozen=True)
class Taken:
    """An attempt that is used up by this very callback."""

    row: FederationAttempt
    provider: IdentityProvider
    attempt: Attempt


async def take_attempt(
    session: WriteSession, tools: SignInTools, alliance: str, provider_id: UUID, state: str, cookie: str | None
) -> Taken:
    """The attempt of this state, which this browser began at this provider. Raises AttemptInvalid, ProviderUnknown."""
    now = tools.clock.now()
    if not state or not cookie or not hmac.compare_digest(state.encode(), cookie.encode()):
        raise AttemptInvalid(STALE)
    own = select(FederationAttempt).where(FederationAttempt.alliance == alliance)
    own = own.where(FederationAttempt.state_hash == digest(state), FederationAttempt.provider_id == provider_id)
    usable = own.where(FederationAttempt.used_at.is_(None), FederationAttempt.expires_at > now)
    row = (await session.scalars(usable.with_for_update())).one_or_none()
    if row is None or row.verifier_encrypted is None:
        raise AttemptInvalid(STALE)
    row.used_at = now
    provider = await find_provider(session, alliance, provider_id, active=True)
    verifier = tools.keyring.open_provider(row.verifier_encrypted)
    return Taken(row, provider, Attempt(state, row.nonce or "", verifier, callback_url(tools, provider.id)))


async def finish_federation(
    session: WriteSession,
    tools: SignInTools,
    taken: Taken,
    person: External,
    live: tuple[LoginSession, Account] | None,
    *,
    user_agent: str = "",
) -> SignedIn | Outcome | None:
    """Act on a proved identity. Returns the opened session, why there is none, or None after a mere binding.

    Raises NotBound for one whom nobody invited, NotAdmitted, AttemptInvalid, and ProviderUnknown for a provider that
    was switched off while the person was there.
    """
    await find_provider(session, taken.row.alliance, taken.provider.id, active=True, keep=True)
    if taken.row.account_id is not None:
        await _bind_own(session, tools, taken, person, live)
        return None
    if taken.row.invitation_id is not None:
        account = await _accept(session, tools, taken, taken.row.invitation_id, person)
    else:
        account = await _known(session, taken, person)
    await refuse_unsuited(session, tools, taken.provider, account)
    external = await _note_use(session, tools, taken.provider, person, account)
    return await open_session(
        session,
        tools,
        account,
        amr=[FEDERATED],
        user_agent=user_agent,
        replaces=live[0].id if live is not None else None,
        external=external.id,
    )


async def audit_refusal(
    session: WriteSession, tools: SignInTools, alliance: str, provider_id: UUID, fault: HubError, subject: str = ""
) -> None:
    """Record why a callback led to nothing, with the person as the provider knows him, masked."""
    after = {"subject": masked(subject)} if subject else None
    actor = identity_itself(alliance)
    await audit(
        session, tools.clock, actor, "sign_in.refused", "identity_provider", provider_id, after=after, reason=fault.code
    )


async def _known(session: WriteSession, taken: Taken, person: External) -> Account:
    """The active account to which this identity is bound. Raises NotBound or NotAdmitted."""
    known = await external_of(session, taken.row.alliance, taken.provider.id, person.subject)
    account = await account_by_id(session, taken.row.alliance, known.account_id) if known else None
    if account is None:
        raise NotBound(
            "您已通过单位登录系统的验证，但此账号尚未与中枢人员绑定，因此没有登录。首次使用须打开本单位系统管理员发给您的"
            "邀请链接，在其中选择本单位登录；没有收到邀请的，请向联盟秘书处或本单位管理员申请。"
        )
    if not account.active:
        raise NotAdmitted("您在中枢的账号已停用，不能登录。如需恢复请联系秘书处。", code="account_inactive")
    return account


async def _accept(
    session: WriteSession, tools: SignInTools, taken: Taken, invitation_id: UUID, person: External
) -> Account:
    """Use the invitation up, bind the invited account and let it in. Raises AttemptInvalid or NotAdmitted."""
    now = tools.clock.now()
    found = await standing_invitation_by_id(session, taken.row.alliance, invitation_id, now)
    if found is None:
        raise AttemptInvalid("邀请已使用、已撤回或已过期，请向系统管理员索取新的邀请。", code="invitation_invalid")
    invitation, account = found
    await refuse_unsuited(session, tools, taken.provider, account)
    actor = account_holder(account)
    await bind_external(session, tools.clock, actor, taken.provider, account, person, by="invitation")
    before = {"state": account.state}
    invitation.used_at = now
    account.state = AccountState.ACTIVE
    account.changed(now)
    await session.flush()  # the posts that follow are those of an active account
    after = {"state": account.state, "invitation": str(invitation.id), "provider": str(taken.provider.id)}
    await audit(session, tools.clock, actor, "invitation.accept", "account", account.id, before=before, after=after)
    return account


async def _bind_own(
    session: WriteSession,
    tools: SignInTools,
    taken: Taken,
    person: External,
    live: tuple[LoginSession, Account] | None,
) -> None:
    """Bind to whoever set out, if it is still he who is signed in here. Raises AttemptInvalid or NotAdmitted."""
    if live is None or live[1].id != taken.row.account_id:
        raise AttemptInvalid("绑定期间登录已结束或换了人，没有绑定。请重新登录后再试。", code="binding_invalid")
    account = live[1]
    await refuse_unsuited(session, tools, taken.provider, account)
    await bind_external(session, tools.clock, account_holder(account), taken.provider, account, person, by="self")


async def _note_use(
    session: WriteSession, tools: SignInTools, provider: IdentityProvider, person: External, account: Account
) -> ExternalIdentity:
    """The identity that was used, noted as such; until the end of the transaction nobody unbinds it."""
    external = await external_of(session, account.alliance, provider.id, person.subject)
    assert external is not None  # noqa: S101  # it was found or made in this transaction
    external.last_used_at = tools.clock.now()
    external.display = person.name or external.display
    await session.flush()
    after = {"provider": str(provider.id), "subject": masked(person.subject)}
    actor = account_holder(account)
    await audit(session, tools.clock, actor, "external_identity.use", "external_identity", external.id, after=after)
    return external

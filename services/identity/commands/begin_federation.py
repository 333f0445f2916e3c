"""Set out for a unit's own sign-in: from the sign-in page, from an invitation, or to bind it to one's account."""

import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.fernet import InvalidToken

from services.identity.credentials import digest, new_credential
from services.identity.domain import InvitationPurpose
from services.identity.federation.errors import AttemptInvalid, NotAdmitted
from services.identity.federation.flow import Attempt, new_secret
from services.identity.queries.federation import find_provider, suits, units_of
from services.identity.queries.invitations import standing_invitation
from services.identity.queries.posts import roles_from
from services.identity.steps import Stage
from services.identity.tables import Account, FederationAttempt, IdentityProvider, Invitation, LoginSession
from services.identity.tools import SignInTools
from services.kernel.clock import business_date
from services.kernel.database import WriteSession
from services.kernel.permissions import ADMINISTRATORS

HOME: Final = "/"
AUTHORIZE: Final = "/oauth/authorize?"
LONGEST: Final = 4000
TICKET_SECONDS: Final = 300


@dataclass(frozen=True)
class Wanted:
    """What the link said: where to go on, an invitation's token, or a ticket to bind. At most one of the last two."""

    return_to: str = ""
    invitation: str = ""
    binding: str = ""


async def begin_federation(
    session: WriteSession,
    tools: SignInTools,
    alliance: str,
    provider_id: UUID,
    wanted: Wanted,
    live: tuple[LoginSession, Account] | None,
) -> tuple[IdentityProvider, Attempt]:
    """Note an attempt, whose state the browser keeps as a cookie.

    Raises ProviderUnknown, AttemptInvalid or NotAdmitted.
    """
    provider = await find_provider(session, alliance, provider_id, active=True)
    row = FederationAttempt(alliance=alliance, provider_id=provider.id, return_to=_checked(wanted.return_to))
    row.created_at = tools.clock.now()
    row.expires_at = row.created_at + tools.settings.federation_time
    if wanted.invitation:
        invitation = await _invited(session, tools, provider, wanted.invitation)
        row.invitation_id, row.expires_at = invitation.id, min(row.expires_at, invitation.expires_at)
    elif wanted.binding:
        row.account_id = await _binding(session, tools, provider, wanted.binding, live)
    attempt = Attempt(new_credential(alliance), new_secret(), new_secret(), callback_url(tools, provider.id))
    row.state_hash = digest(attempt.state)
    row.nonce = attempt.nonce
    row.verifier_encrypted = tools.keyring.seal_provider(attempt.code_verifier)
    session.add(row)
    return provider, attempt


def callback_url(tools: SignInTools, provider_id: UUID) -> str:
    """Each provider has its own address to come back to, so that none can answer for another (RFC 9700, 4.4)."""
    return f"{tools.settings.hub.public_url.rstrip('/')}/oauth/federation/{provider_id}/callback"


def binding_ticket(tools: SignInTools, provider_id: UUID, account_id: UUID) -> str:
    """What lets a signed-in browser set out to bind: asked for with the access token, so that no foreign page can.

    Otherwise a page could bind the attacker's own external account to whoever opens it.
    """
    content = json.dumps([str(provider_id), str(account_id)]).encode()
    return tools.keyring.bindings.encrypt_at_time(content, int(tools.clock.now().timestamp())).decode()


def _checked(return_to: str) -> str:
    """Only the request with which the sign-in page was opened may be gone back to. Raises AttemptInvalid."""
    if not return_to:
        return HOME
    if not return_to.startswith(AUTHORIZE) or len(return_to) > LONGEST or not return_to.isascii():
        raise AttemptInvalid("登录后要回到的地址无效，请回到原来的系统重新点击登录。")
    if not return_to.isprintable():
        raise AttemptInvalid("登录后要回到的地址无效，请回到原来的系统重新点击登录。")
    return return_to


async def _invited(session: WriteSession, tools: SignInTools, provider: IdentityProvider, token: str) -> Invitation:
    found = await standing_invitation(session, provider.alliance, token, tools.clock.now())
    if found is None or found[0].purpose != InvitationPurpose.INVITATION:
        raise AttemptInvalid("邀请链接无效、已使用或已过期，请向系统管理员索取新的邀请。", code="invitation_invalid")
    await refuse_unsuited(session, tools, provider, found[1])
    return found[0]


async def _binding(
    session: WriteSession,
    tools: SignInTools,
    provider: IdentityProvider,
    ticket: str,
    live: tuple[LoginSession, Account] | None,
) -> UUID:
    """The account to bind: the ticket's, and the one that is signed in here."""
    try:
        sealed = tools.keyring.bindings.decrypt_at_time(
            ticket.encode(), TICKET_SECONDS, int(tools.clock.now().timestamp())
        )
    except InvalidToken as fault:
        raise AttemptInvalid("绑定链接无效或已过期，请回到个人设置重新点击绑定。", code="binding_invalid") from fault
    if live is None or live[0].stage != Stage.COMPLETE or json.loads(sealed) != [str(provider.id), str(live[1].id)]:
        raise AttemptInvalid(
            "绑定须由已登录的本人在同一浏览器完成，请登录后在个人设置重新点击绑定。", code="binding_invalid"
        )
    await refuse_unsuited(session, tools, provider, live[1])
    return live[1].id


async def refuse_unsuited(
    session: WriteSession, tools: SignInTools, provider: IdentityProvider, account: Account
) -> None:
    """A unit's sign-in serves the unit's own people only, and none serves an administrator. Raises NotAdmitted.

    The system administrator sets the providers up, and would be the other two by one of his own.
    """
    today = business_date(tools.clock)
    if not ADMINISTRATORS.isdisjoint(await roles_from(session, account.alliance, account.person_id, today)):
        raise NotAdmitted(
            "系统管理员、安全管理员、审计管理员（含已安排任职的）不能用单位登录方式登录或绑定，请用用户名、密码和动态口令登录。"
            "没有密码的，请运维人员在服务器上用 hub user 命令设置。",
            code="administrator_not_federated",
        )
    if not suits(provider, await units_of(session, account, today)):
        raise NotAdmitted(
            "所选的单位登录方式不属于您任职的单位，不能使用，请改用本单位的登录方式或密码。",
            code="provider_of_other_unit",
        )

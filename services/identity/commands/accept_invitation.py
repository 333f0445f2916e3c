"""Use a link up: the invited person, or the one who forgot the password, chooses one."""

from services.identity.actors import account_holder
from services.identity.commands.end_access import end_sessions
from services.identity.commands.unlock import unlock
from services.identity.domain import AccountState, refuse
from services.identity.password_rules import password_issues
from services.identity.tables import Account, Invitation
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue


async def accept_invitation(
    session: WriteSession, tools: SignInTools, invitation: Invitation, account: Account, password: str, repeated: str
) -> None:
    """Set the password, activate an invited account, lift a lock and sign the account out everywhere. Signs nobody in.

    The invitation stands and is locked (`standing_invitation`). Raises InvalidInput with every issue of the password.
    """
    issues = password_issues(account.username, password)
    if password != repeated:
        issues.append(FieldIssue("repeated", "password_differs", "两次输入的密码不一致，请重新输入。"))
    refuse(issues)
    now = tools.clock.now()
    before = {"state": account.state}
    account.password_hash = await tools.passwords.hash(password)
    account.password_set_at = invitation.used_at = now
    account.state = AccountState.ACTIVE
    account.changed(now)
    await unlock(session, tools.keyring, account.alliance, account.username)
    await end_sessions(session, tools.clock, account.alliance, account_id=account.id)
    after = {"state": account.state, "invitation": str(invitation.id), "purpose": invitation.purpose}
    actor = account_holder(account)
    await audit(session, tools.clock, actor, "invitation.accept", "account", account.id, before=before, after=after)

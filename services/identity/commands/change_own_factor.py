"""What somebody who is signed in does to the own second factor."""

from uuid import UUID

from sqlalchemy import select

from services.identity.commands.enrol_factor import confirm_enrolment, offered_step, remove_factor, renew_recovery_codes
from services.identity.commands.verify_factor import verify_factor
from services.identity.domain import Outcome
from services.identity.second_factor import CODE, SEVERAL
from services.identity.tables import Account, LoginSession
from services.identity.tools import SignInTools
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def confirm_own_factor(
    session: WriteSession, tools: SignInTools, person: Principal, account: Account, typed: str, present: str | None
) -> list[str] | Outcome | None:
    """Set a factor up, or another in its place, for which the `present` one's code is needed.

    Returns recovery codes; None when the new code is wrong; the outcome when the present one's is. The present code is
    asked for last, so that a slip in the new one does not spend it.
    """
    session_id = UUID(person.session_id)
    if await offered_step(session, tools, person, account, session_id, typed) is None:
        return None
    if account.totp_confirmed_at is not None:
        outcome, _ = await verify_factor(session, tools, account, present or "", actor=person)
        if outcome is not Outcome.ACCEPTED:
            return outcome
    codes = await confirm_enrolment(session, tools, person, account, session_id, typed)
    await _note_on_session(session, person.alliance, session_id)
    return codes


async def renew_own_recovery_codes(
    session: WriteSession, tools: SignInTools, person: Principal, account: Account, typed: str
) -> list[str] | Outcome:
    """Fresh recovery codes against a code of the factor."""
    outcome, _ = await verify_factor(session, tools, account, typed, actor=person)
    accepted = outcome is Outcome.ACCEPTED
    return await renew_recovery_codes(session, tools, person, account) if accepted else outcome


async def remove_own_factor(
    session: WriteSession, tools: SignInTools, person: Principal, account: Account, typed: str
) -> Outcome:
    """Remove it against a code; the caller has seen to it that no post requires it."""
    outcome, _ = await verify_factor(session, tools, account, typed, actor=person)
    if outcome is Outcome.ACCEPTED:
        await remove_factor(session, tools, person, account)
    return outcome


async def _note_on_session(session: WriteSession, alliance: str, session_id: UUID) -> None:
    """The code proved the person for this session as well, which need not ask again."""
    own = select(LoginSession).where(LoginSession.alliance == alliance, LoginSession.id == session_id)
    login = (await session.scalars(own)).one_or_none()
    if login is not None:
        login.amr = [*login.amr, *(method for method in (CODE, SEVERAL) if method not in login.amr)]

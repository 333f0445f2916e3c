"""Choose the post to work in: the last step of a sign-in, or later a change of it without the password."""

from collections.abc import Sequence

from services.identity.commands.end_access import end_sessions
from services.identity.commands.open_session import SignedIn, raise_session
from services.identity.queries import HeldPost
from services.identity.steps import Stage
from services.identity.tables import Account, LoginSession
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.ids import new_id


async def choose_post(
    session: WriteSession,
    tools: SignInTools,
    account: Account,
    login: LoginSession,
    posts: Sequence[HeldPost],
    chosen: HeldPost,
) -> SignedIn:
    """Complete a session in one of the posts.

    One session is one post: a change ends the session with all its tokens, within seconds everywhere, and goes on in
    another one that is as old. So nothing can be sent under the old post by a page that still stood open.
    """
    if login.post_id is not None and (login.post_id, login.practice) != (chosen.post.id, chosen.practice):
        login = await _replaced(session, tools, login, posts)
    return await raise_session(session, tools, account, login, posts, chosen=chosen)


async def _replaced(
    session: WriteSession, tools: SignInTools, login: LoginSession, posts: Sequence[HeldPost]
) -> LoginSession:
    """A successor of a session, proved when and how that one was."""
    await end_sessions(session, tools.clock, login.alliance, session_id=login.id)
    held = next((held for held in posts if held.post.id == login.post_id), None)
    if held is not None:
        after = {"session": str(login.id), "practice": login.practice}
        await audit(session, tools.clock, held.principal, "sign_in.post_left", "account", login.account_id, after=after)
    successor = LoginSession(
        alliance=login.alliance,
        id=new_id(),
        token_hash=login.token_hash,  # raised to a cookie of its own at once
        account_id=login.account_id,
        stage=Stage.POST,
        practice=False,
        amr=list(login.amr),
        external_id=login.external_id,
        client_address=login.client_address,
        user_agent=login.user_agent,
        created_at=login.created_at,
        seen_at=tools.clock.now(),
        expires_at=login.expires_at,
    )
    session.add(successor)
    return successor

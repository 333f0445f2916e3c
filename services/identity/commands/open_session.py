"""Open a login session, and raise one from step to step; each raise gives the browser a new cookie."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.identity.actors import account_holder, identity_itself
from services.identity.commands.end_access import end_sessions
from services.identity.credentials import digest, new_credential
from services.identity.domain import Outcome
from services.identity.queries import HeldPost, posts_held
from services.identity.steps import Stage, next_stage
from services.identity.tables import Account, LoginSession
from services.identity.tools import SignInTools
from services.kernel import context
from services.kernel.audit import audit
from services.kernel.clock import business_date
from services.kernel.database import WriteSession
from services.kernel.ids import new_id

ADDRESS_LENGTH = 64
AGENT_LENGTH = 200


@dataclass(frozen=True)
class SignedIn:
    """An opened or raised session; `cookie` goes to the browser and is stored as a hash only."""

    account: Account
    session: LoginSession
    cookie: str


async def open_session(
    session: WriteSession,
    tools: SignInTools,
    account: Account,
    *,
    amr: Sequence[str],
    user_agent: str = "",
    replaces: UUID | None = None,
    external: UUID | None = None,
) -> SignedIn | Outcome:
    """Open a session for an account that was just proved, by password or by its unit's own sign-in.

    `amr` says how (RFC 8176). The session may still wait for a second factor or a post (`session.stage`); then it lives
    minutes. `replaces` is the session that this browser had before, which ends; `external` the identity at the unit's
    own sign-in. Whoever holds no post is refused with `Outcome.NO_POST`. The account's person must be loaded. Audited.
    """
    posts = await posts_held(session, account.alliance, account.id, business_date(tools.clock))
    if not posts:
        reason = Outcome.NO_POST.value
        actor = identity_itself(account.alliance)
        await audit(session, tools.clock, actor, "sign_in.refused", "account", account.id, reason=reason)
        return Outcome.NO_POST
    if replaces is not None:
        await end_sessions(session, tools.clock, account.alliance, session_id=replaces)
    opened, cookie = _new_row(tools, account, amr, user_agent)
    opened.external_id = external
    _settle(tools, opened, account, posts)
    session.add(opened)
    await session.flush()  # the authorisation code that may follow in this transaction refers to the session
    await audit_step(session, tools, account, opened, posts)
    return SignedIn(account, opened, cookie)


async def raise_session(
    session: WriteSession,
    tools: SignInTools,
    account: Account,
    opened: LoginSession,
    posts: Sequence[HeldPost],
    *,
    amr: Sequence[str] = (),
    chosen: HeldPost | None = None,
) -> SignedIn:
    """Note a step that was passed; the cookie that the browser had until now is worth nothing afterwards."""
    cookie = new_credential(account.alliance)
    opened.token_hash = digest(cookie)
    opened.amr = [*opened.amr, *(method for method in amr if method not in opened.amr)]
    opened.seen_at = tools.clock.now()
    _settle(tools, opened, account, posts, chosen)
    await session.flush()  # as above
    await audit_step(session, tools, account, opened, posts)
    return SignedIn(account, opened, cookie)


def _new_row(tools: SignInTools, account: Account, amr: Sequence[str], user_agent: str) -> tuple[LoginSession, str]:
    now = tools.clock.now()
    cookie = new_credential(account.alliance)
    row = LoginSession(
        alliance=account.alliance,
        id=new_id(),
        token_hash=digest(cookie),
        account_id=account.id,
        practice=False,
        amr=list(amr),
        client_address=context.client_address.get()[:ADDRESS_LENGTH],
        user_agent=user_agent[:AGENT_LENGTH],
        created_at=now,
        seen_at=now,
    )
    return row, cookie


def _settle(
    tools: SignInTools,
    opened: LoginSession,
    account: Account,
    posts: Sequence[HeldPost],
    chosen: HeldPost | None = None,
) -> None:
    """Write what comes next and how long the session may live for it.

    Who has one post begins in it at once; its practice is entered by changing the post. A session that had a post does
    not slip into another one, for its tokens are the old post's: that is a choice, which begins a session of its own.
    """
    at_once = len(posts) == 1 and opened.post_id is None
    post = chosen or (posts[0] if at_once else None)
    opened.stage = next_stage(account, posts, opened.amr, chosen=post is not None)
    if opened.stage == Stage.COMPLETE and post is not None:
        opened.post_id, opened.practice = post.post.id, post.practice
    opened.expires_at = end_of(tools, opened)


def end_of(tools: SignInTools, opened: LoginSession) -> datetime:
    """A complete session lives for the working day, one under way for minutes; both from when the person was proved."""
    settings = tools.settings
    return opened.created_at + (settings.session_absolute if opened.stage == Stage.COMPLETE else settings.sign_in_time)


async def audit_step(
    session: WriteSession, tools: SignInTools, account: Account, opened: LoginSession, posts: Sequence[HeldPost]
) -> None:
    """A complete sign-in is the post's, one under way nobody's yet."""
    facts: dict[str, Any] = {"session": str(opened.id), "amr": list(opened.amr), "stage": opened.stage}
    held = next((held for held in posts if held.post.id == opened.post_id), None)
    if opened.stage != Stage.COMPLETE or held is None:
        actor, action = account_holder(account), "sign_in.step_passed"
    else:
        actor, action = held.principal, "sign_in.accepted"
        facts["practice"] = opened.practice
    await audit(session, tools.clock, actor, action, "account", account.id, after=facts)

"""People, posts and sessions in the shapes of the API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from services.identity.domain import AccountState
from services.identity.queries.account_details import AccountFacts
from services.identity.queries.login_sessions import OpenSession
from services.identity.queries.post_lists import Holder
from services.identity.queries.posts import in_effect
from services.identity.schemas.account import AccountRead, PostHeld
from services.identity.schemas.people import AccountDetail, HoldingOfPerson, OwnPost, SessionRead, UnitAccountRead
from services.identity.schemas.posts import HolderRead, PostDetail, PostRead
from services.identity.tables import Account, Post, PostHolding
from services.kernel.divisions import division_name
from services.kernel.permissions import ROLE_LABELS, Department, Role

BROWSERS: Final = (
    ("MicroMessenger", "微信"),
    ("DingTalk", "钉钉"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def post_held(post: Post) -> PostHeld:
    """A post as its holder knows it."""
    role = Role(post.role)
    return PostHeld(
        id=post.id,
        title=post.title,
        unit_name=post.unit_name,
        role=role,
        role_label=ROLE_LABELS[role],
        division=post.division,
        member=post.member,
        department=Department(post.department) if post.department else None,
    )


def own_post(holding: PostHolding, current: UUID | None) -> OwnPost:
    """A post that the caller may work in; `current` is the one of this sign-in."""
    held = post_held(holding.post)
    return OwnPost(
        **held.model_dump(),
        from_date=holding.from_date,
        until_date=holding.until_date,
        current=holding.post_id == current,
    )


def account_read(account: Account, posts: Iterable[Post]) -> AccountRead:
    """An account with the posts that its person holds today."""
    return AccountRead(
        id=account.id,
        username=account.username,
        name=account.person.name,
        state=AccountState(account.state),
        has_password=account.password_hash is not None,
        second_factor=account.totp_confirmed_at is not None,
        posts=[post_held(post) for post in posts],
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


def accounts_read(accounts: Iterable[Account], posts: Mapping[UUID, list[Post]]) -> list[AccountRead]:
    """The same for a list; `posts` by person."""
    return [account_read(account, posts.get(account.person_id, [])) for account in accounts]


def account_detail(account: Account, facts: AccountFacts) -> AccountDetail:
    """An account for its own page."""
    shown = account_read(account, [holding.post for holding in facts.current])
    return AccountDetail(
        **shown.model_dump(),
        holdings=[_holding_of_person(holding) for holding in facts.holdings],
        locked_until=facts.locked_until,
        invitation_expires_at=facts.invitation_expires_at,
    )


def _holding_of_person(holding: PostHolding) -> HoldingOfPerson:
    return HoldingOfPerson(
        id=holding.id,
        post=post_held(holding.post),
        from_date=holding.from_date,
        until_date=holding.until_date,
        reason=holding.reason,
        document=holding.document,
    )


def unit_account_read(account: Account, posts: Iterable[Post]) -> UnitAccountRead:
    """A colleague with the posts in the unit."""
    return UnitAccountRead(
        id=account.id,
        username=account.username,
        name=account.person.name,
        state=AccountState(account.state),
        posts=[post_held(post) for post in posts],
    )


def holder_read(holder: Holder) -> HolderRead:
    """Who holds a post, from when to when, and who decided it."""
    held = holder.holding
    return HolderRead(
        id=held.id,
        person=held.person_id,
        account=holder.account.id,
        name=holder.account.person.name,
        username=holder.account.username,
        from_date=held.from_date,
        until_date=held.until_date,
        reason=held.reason,
        document=held.document,
        granted_by=held.granted_by,
        granted_by_name=holder.granted_by_name,
        granted_at=held.granted_at,
        ended_by=held.ended_by,
        ended_by_name=holder.ended_by_name,
        ended_at=held.ended_at,
        end_reason=held.end_reason,
    )


def post_read(post: Post, holder: Holder | None) -> PostRead:
    """A post with who holds it today."""
    return PostRead(
        **post_held(post).model_dump(),
        division_name=division_name(post.division) if post.division else None,
        active=post.active,
        holder=holder_read(holder) if holder else None,
        created_at=post.created_at,
        updated_at=post.updated_at,
    )


def post_detail(post: Post, holders: Sequence[Holder], today: date) -> PostDetail:
    """A post with everybody who held, holds or will hold it."""
    present = next((holder for holder in holders if in_effect(holder.holding, today)), None)
    shown = post_read(post, present).model_dump()
    return PostDetail(**shown, holdings=[holder_read(holder) for holder in holders])


def session_read(one: OpenSession, current: str) -> SessionRead:
    """A session; `current` is the caller's own `sid`."""
    return SessionRead(
        id=one.login.id,
        current=str(one.login.id) == current,
        device=device_of(one.login.user_agent),
        user_agent=one.login.user_agent,
        client_address=one.login.client_address,
        post_title=one.post.title if one.post else None,
        unit_name=one.post.unit_name if one.post else None,
        practice=one.login.practice,
        created_at=one.login.created_at,
        last_seen_at=one.last_seen_at,
        expires_at=one.expires_at,
    )


def device_of(user_agent: str) -> str:
    """Browser and system in words, as far as the browser tells."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "其他浏览器")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "其他系统")
    return f"{browser} · {system}"

"""People and posts in the shapes of the API."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.identity.schemas.account import AccountRead, PostHeld
from services.identity.tables import Account, Post
from services.kernel.permissions import ROLE_LABELS, Department, Role


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


def account_read(account: Account, posts: Iterable[Post]) -> AccountRead:
    """An account with the posts that its person holds today."""
    return AccountRead(
        id=account.id,
        username=account.username,
        name=account.person.name,
        state=account.state,
        has_password=account.password_hash is not None,
        second_factor=account.totp_confirmed_at is not None,
        posts=[post_held(post) for post in posts],
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


def accounts_read(accounts: Iterable[Account], posts: Mapping[UUID, list[Post]]) -> list[AccountRead]:
    """The same for a list; `posts` by person."""
    return [account_read(account, posts.get(account.person_id, [])) for account in accounts]

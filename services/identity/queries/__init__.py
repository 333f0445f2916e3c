"""Reads of identity's tables, by what they read."""

from services.identity.queries.accounts import (
    account_by_id,
    all_accounts,
    alliance_name,
    find_account,
    get_account,
    get_account_by_id,
)
from services.identity.queries.keys import find_client, published_keys, signing_key
from services.identity.queries.posts import HeldPost, held_post, held_posts, posts_held
from services.identity.queries.sessions import live_session

__all__ = [
    "HeldPost",
    "account_by_id",
    "all_accounts",
    "alliance_name",
    "find_account",
    "find_client",
    "get_account",
    "get_account_by_id",
    "held_post",
    "held_posts",
    "live_session",
    "posts_held",
    "published_keys",
    "signing_key",
]

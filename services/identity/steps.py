"""The steps of a sign-in after the password: second factor, then post. Pure: what is due follows from what is known.

A post is offered for work and, where its unit has something to try, for the practice alliance as well (docs/design.md,
section 11).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from services.identity.queries import HeldPost
from services.identity.second_factor import SEVERAL
from services.identity.tables import Account
from services.kernel.permissions import SECOND_FACTOR_ROLES, Party

PRACTISING: Final = frozenset({Party.SECRETARIAT, Party.COUNTY, Party.MEMBER})


class Stage(StrEnum):
    """What a login session waits for; only a complete one gets codes."""

    FACTOR = "factor"
    POST = "post"
    COMPLETE = "complete"


def choices_of(posts: Iterable[HeldPost]) -> list[HeldPost]:
    """Everything that one may choose: each post, followed by its practice where there is one."""
    return [
        replace(held, practice=practice)
        for held in posts
        for practice in ((False, True) if held.role.party in PRACTISING else (False,))
    ]


def key_of(choice: HeldPost) -> str:
    """How a form names a choice."""
    return f"{choice.post.id}.practice" if choice.practice else str(choice.post.id)


def factor_required(posts: Sequence[HeldPost]) -> bool:
    """Whether one of the posts may only be worked in after a second factor."""
    return any(held.role in SECOND_FACTOR_ROLES for held in posts)


def factor_due(account: Account, posts: Sequence[HeldPost], amr: Sequence[str]) -> bool:
    """Whether a second factor is still to come: one that is set up is always asked for."""
    enrolled = account.totp_confirmed_at is not None
    return (enrolled or factor_required(posts)) and SEVERAL not in amr


def next_stage(account: Account, posts: Sequence[HeldPost], amr: Sequence[str], *, chosen: bool) -> Stage:
    """What comes next for somebody with these posts; `chosen` says that the post is settled."""
    if factor_due(account, posts, amr):
        return Stage.FACTOR
    return Stage.COMPLETE if chosen else Stage.POST

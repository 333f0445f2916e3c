"""Who decides and how: kinds of bodies, quorum and majority with exact fractions, the outcome of a vote. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class BodyKind(StrEnum):
    """Kinds of governance bodies, as in the policy packs."""

    STEERING = "steering"
    COUNCIL = "council"
    SECRETARIAT = "secretariat"
    LEADING_GROUP = "leading_group"
    OFFICE = "office"
    DEVELOPMENT_COMMITTEE = "development_committee"
    COMMITTEE = "committee"
    ASSEMBLY = "assembly"
    MECHANISM = "mechanism"


class SuccessionMode(StrEnum):
    """A seat passes to the successor in post without a new notice, or by a notice."""

    BY_POST = "by_post"
    BY_NOTICE = "by_notice"


class MeetingForm(StrEnum):
    """How a meeting comes together."""

    ONSITE = "onsite"
    ONLINE = "online"
    WRITTEN = "written"


class MeetingState(StrEnum):
    """Planned, convened, archived; or cancelled before it was convened."""

    PLANNED = "planned"
    CONVENED = "convened"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


class Presence(StrEnum):
    """How a seat was taken at a meeting."""

    PRESENT = "present"
    PROXY = "proxy"
    ABSENT = "absent"


class VoteMethod(StrEnum):
    """Votes are counted by hands, or recorded for each seat."""

    SHOW_OF_HANDS = "show_of_hands"
    BY_NAME = "by_name"


class Vote(StrEnum):
    """One seat's vote."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class Outcome(StrEnum):
    """What came of a vote; without a quorum there is no valid vote."""

    PENDING = "pending"
    PASSED = "passed"
    REJECTED = "rejected"
    INQUORATE = "inquorate"


class MajorityOf(StrEnum):
    """Of what a majority is a share: votes for and against (abstentions do not count), seats present, all seats."""

    VOTES = "votes"
    PRESENT = "present"
    SEATS = "seats"


ATTENDING: Final = frozenset({Presence.PRESENT, Presence.PROXY})
CITABLE: Final = frozenset({Outcome.PASSED})
"""Outcomes of a resolution upon which a later decision may rest: only what was carried says what the body wants."""


@dataclass(frozen=True)
class Share:
    """A share to reach: `2/3` and more, or with `strict` more than `1/2`. Whole numbers only, so nothing is rounded."""

    numerator: int
    denominator: int
    strict: bool

    def reached(self, part: int, whole: int) -> bool:
        """Whether `part` of `whole` reaches the share. Of nothing no share is reached."""
        if whole <= 0:
            return False
        left, right = part * self.denominator, whole * self.numerator
        return left > right if self.strict else left >= right

    def needed(self, whole: int) -> int:
        """The least part of `whole` that reaches the share."""
        exact, rest = divmod(whole * self.numerator, self.denominator)
        return exact + 1 if self.strict or rest else exact


@dataclass(frozen=True)
class VotingRules:
    """The rules of a body as they stand at a vote."""

    quorum: Share
    majority: Share
    majority_of: MajorityOf


@dataclass(frozen=True)
class Count:
    """A counted vote: seats that have a vote, those of them present (proxies included), and how they voted."""

    seats: int
    present: int
    in_favour: int
    against: int
    abstained: int

    @property
    def is_tie(self) -> bool:
        return self.in_favour == self.against and self.in_favour > 0


def outcome_of(count: Count, rules: VotingRules) -> Outcome:
    """Without quorum the vote does not count; else it is passed when the votes for reach the majority."""
    if not rules.quorum.reached(count.present, count.seats):
        return Outcome.INQUORATE
    bases = {
        MajorityOf.VOTES: count.in_favour + count.against,
        MajorityOf.PRESENT: count.present,
        MajorityOf.SEATS: count.seats,
    }
    return Outcome.PASSED if rules.majority.reached(count.in_favour, bases[rules.majority_of]) else Outcome.REJECTED


def resolution_number(prefix: str | None, year: int, number: int) -> str:
    """The number as official documents write it: `宜职教集〔2026〕1号`."""
    return f"{prefix or ''}〔{year}〕{number}号"

"""What the registry knows about collaborations and recognitions. Pure."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final, Protocol, TypeVar


class CollaborationKind(StrEnum):
    """What members build together."""

    CONSORTIUM = "consortium"
    COUNTY_FUSION = "county_fusion"
    INDUSTRY_COLLEGE = "industry_college"
    SCHOOL_ENTERPRISE_CLASS = "school_enterprise_class"
    PLATFORM = "platform"
    BASE = "base"
    INTERNSHIP_BASE = "internship_base"
    FUSION_ENTERPRISE = "fusion_enterprise"
    MASTER_STUDIO = "master_studio"
    COMMUNITY_COLLEGE = "community_college"


class CollaborationStatus(StrEnum):
    """Whether a collaboration still runs."""

    ACTIVE = "active"
    ENDED = "ended"


class RecognitionLevel(StrEnum):
    """Who recognised: the city, the province or the state."""

    MUNICIPAL = "municipal"
    PROVINCIAL = "provincial"
    NATIONAL = "national"


class Grant(Protocol):
    """A recognition, as far as the level that stands goes."""

    level: str
    withdrawn_on: date | None


LEVEL_ORDER: Final = tuple(RecognitionLevel)
G = TypeVar("G", bound=Grant)


def standing_level(grants: Sequence[G]) -> G | None:
    """The grant of the highest level that was not withdrawn."""
    standing = [grant for grant in grants if grant.withdrawn_on is None]
    return max(standing, key=lambda grant: LEVEL_ORDER.index(RecognitionLevel(grant.level)), default=None)

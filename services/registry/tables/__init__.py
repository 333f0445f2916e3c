"""Tables of the registry schema. Constraints live in the migrations, named; here is how Python sees the columns."""

from services.registry.tables.base import Base, Instant, Shared, Versioned
from services.registry.tables.collaborations import Collaboration, Participant, Recognition
from services.registry.tables.imports import MemberImport
from services.registry.tables.members import Member
from services.registry.tables.policies import PolicyVersion

__all__ = [
    "Base",
    "Collaboration",
    "Instant",
    "Member",
    "MemberImport",
    "Participant",
    "PolicyVersion",
    "Recognition",
    "Shared",
    "Versioned",
]

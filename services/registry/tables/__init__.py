"""Tables of the registry schema. Constraints live in the migrations, named; here is how Python sees the columns."""

from services.registry.tables.agreements import Agreement, AgreementCoverage, AgreementParty, AgreementWarning
from services.registry.tables.attachments import Attachment
from services.registry.tables.base import Base, Instant, Shared, Versioned
from services.registry.tables.change_sets import ChangeRow, ChangeSet
from services.registry.tables.collaborations import Collaboration, Participant, Recognition
from services.registry.tables.imports import MemberImport
from services.registry.tables.life_cycle import ApplicationEvent, MemberEvent, MemberReview, MembershipApplication
from services.registry.tables.members import Member
from services.registry.tables.policies import PolicyVersion

__all__ = [
    "Agreement",
    "AgreementCoverage",
    "AgreementParty",
    "AgreementWarning",
    "ApplicationEvent",
    "Attachment",
    "Base",
    "ChangeRow",
    "ChangeSet",
    "Collaboration",
    "Instant",
    "Member",
    "MemberEvent",
    "MemberImport",
    "MemberReview",
    "MembershipApplication",
    "Participant",
    "PolicyVersion",
    "Recognition",
    "Shared",
    "Versioned",
]

"""Tables of the registry schema. Constraints live in the migrations, named; here is how Python sees the columns."""

from services.registry.tables.agreements import Agreement, AgreementCoverage, AgreementParty, AgreementWarning
from services.registry.tables.attachments import Attachment
from services.registry.tables.base import Base, Instant, Shared, Versioned
from services.registry.tables.catalogues import CatalogueEntry, CatalogueVersion
from services.registry.tables.change_sets import ChangeRow, ChangeSet
from services.registry.tables.collaborations import Collaboration, Contribution, Participant
from services.registry.tables.coverage import IndustryMatch, LeadEnterprise, LeadingIndustry, MemberMajor
from services.registry.tables.governance import Body, BodyTerm, Lead, Seat, SeatHolding
from services.registry.tables.life_cycle import ApplicationEvent, MemberEvent, MemberReview, MembershipApplication
from services.registry.tables.meetings import AgendaItem, Attendance, Meeting, Resolution, ResolutionVote
from services.registry.tables.members import DuplicateDismissal, Member, MemberContact, MemberSuccession
from services.registry.tables.policies import PolicyVersion
from services.registry.tables.recognitions import CollaborationReview, PlateRule, Recognition
from services.registry.tables.teaching import PracticePeriod, Teacher

__all__ = [
    "AgendaItem",
    "Agreement",
    "AgreementCoverage",
    "AgreementParty",
    "AgreementWarning",
    "ApplicationEvent",
    "Attachment",
    "Attendance",
    "Base",
    "Body",
    "BodyTerm",
    "CatalogueEntry",
    "CatalogueVersion",
    "ChangeRow",
    "ChangeSet",
    "Collaboration",
    "CollaborationReview",
    "Contribution",
    "DuplicateDismissal",
    "IndustryMatch",
    "Instant",
    "Lead",
    "LeadEnterprise",
    "LeadingIndustry",
    "Meeting",
    "Member",
    "MemberContact",
    "MemberEvent",
    "MemberMajor",
    "MemberReview",
    "MemberSuccession",
    "MembershipApplication",
    "Participant",
    "PlateRule",
    "PolicyVersion",
    "PracticePeriod",
    "Recognition",
    "Resolution",
    "ResolutionVote",
    "Seat",
    "SeatHolding",
    "Shared",
    "Teacher",
    "Versioned",
]

"""Agreements, their parties, what they cover, and the warnings before their end."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Computed, Date, SmallInteger, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Dated, Historic
from services.registry.tables.base import Base, Shared, Versioned


class Agreement(AllianceKey, Historic, Shared, Versioned, Base):
    """What members agreed on. Which of them a county or a member sees is decided by the parties (`queries`)."""

    __tablename__ = "agreement"
    history_begins: ClassVar[str | None] = "signed_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    number: Mapped[str | None] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(120))
    signed_on: Mapped[date] = mapped_column(Date)
    from_date: Mapped[date] = mapped_column(Date)
    until_date: Mapped[date | None] = mapped_column(Date)
    renews: Mapped[UUID | None] = mapped_column(Uuid)
    state: Mapped[str] = mapped_column(String(10))
    ended_on: Mapped[date | None] = mapped_column(Date)
    end_reason: Mapped[str | None] = mapped_column(String(200))
    terms: Mapped[str] = mapped_column(Text)
    sort_key: Mapped[str] = mapped_column(String(500))
    search_text: Mapped[str] = mapped_column(Text)
    # A NULL-able column is sorted by this one, which the database generates.
    until_order: Mapped[date] = mapped_column(Date, Computed("coalesce(until_date, DATE '9999-12-31')", persisted=True))


class AgreementParty(AllianceKey, Historic, Shared, Base):
    """A member that signed an agreement; `part` 1 is 甲方, 2 is 乙方 and so on."""

    __tablename__ = "agreement_party"
    history_begins: ClassVar[str | None] = "since"

    agreement: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger)
    since: Mapped[date] = mapped_column(Date)


class AgreementCoverage(AllianceKey, Historic, Shared, Base):
    """What an agreement is about: a collaboration on record, or a subject in words."""

    __tablename__ = "agreement_coverage"
    history_begins: ClassVar[str | None] = "since"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agreement: Mapped[UUID] = mapped_column(Uuid)
    place: Mapped[int] = mapped_column(SmallInteger)
    collaboration: Mapped[UUID | None] = mapped_column(Uuid)
    subject: Mapped[str | None] = mapped_column(String(200))
    since: Mapped[date] = mapped_column(Date)


class AgreementWarning(AllianceKey, Dated, Shared, Base):
    """A warning that was given so many days before an agreement's end."""

    __tablename__ = "agreement_warning"
    dated_on: ClassVar[str] = "warned_on"

    agreement: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    until_date: Mapped[date] = mapped_column(Date, primary_key=True)
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    warned_on: Mapped[date] = mapped_column(Date)

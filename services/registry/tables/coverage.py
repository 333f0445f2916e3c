"""Majors of schools, leading industries, and what serves them."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Date, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Historic
from services.registry.tables.base import Base, Shared, Versioned


class MemberMajor(AllianceKey, Historic, Shared, Versioned, Base):
    """A major that a school offers. Which of them a county sees is decided by the school (`queries`)."""

    __tablename__ = "member_major"
    history_begins: ClassVar[str | None] = "since"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid)
    major_code: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))
    since: Mapped[date | None] = mapped_column(Date)
    students: Mapped[int | None] = mapped_column(Integer)


class LeadingIndustry(AllianceKey, Historic, Shared, Versioned, Base):
    """A leading industry (主导产业) of the city, cited where a policy document names it."""

    __tablename__ = "leading_industry"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    industry_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    position: Mapped[int] = mapped_column(Integer)
    pack: Mapped[str | None] = mapped_column(String(60))
    article: Mapped[str | None] = mapped_column(String(30))


class LeadEnterprise(AllianceKey, Historic, Shared, Base):
    """A lead enterprise (龙头企业) of a leading industry."""

    __tablename__ = "lead_enterprise"

    industry: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class IndustryMatch(AllianceKey, Historic, Shared, Versioned, Base):
    """The decision that a major, or every major whose code begins so, serves a leading industry."""

    __tablename__ = "industry_match"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    major_code: Mapped[str] = mapped_column(String(10))
    industry: Mapped[UUID] = mapped_column(Uuid)
    reason: Mapped[str] = mapped_column(String(200))

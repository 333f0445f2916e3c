"""Keys that sign tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.tables.base import Base, Instant


class SigningKeyRow(Base):
    """A signing key: its public half as a JWK, its private half encrypted."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_pem: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    signs_from: Mapped[datetime] = mapped_column(Instant)
    retires_at: Mapped[datetime | None] = mapped_column(Instant)

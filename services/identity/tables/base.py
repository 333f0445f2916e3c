"""What identity's tables share."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import DateTime, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import TenantTable, new_metadata
from services.kernel.tenancy import ALL_OF_ALLIANCE

Instant = DateTime(timezone=True)


class Base(TenantTable):
    """Root of identity's tables."""

    __abstract__ = True
    metadata = new_metadata()


class OfAlliance:
    """Mixin: rows that belong to the whole alliance; who may see them is decided by permission, not by unit."""

    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE


class Versioned:
    """Mixin: a row that people change by If-Match. Commands lock it first, so that its version needs no other guard."""

    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    row_version: Mapped[int] = mapped_column(default=1)

    def changed(self, now: datetime) -> None:
        """Note that the row was changed at this instant: whoever read it before has a stale ETag."""
        self.updated_at = now
        self.row_version += 1


def of_account() -> ForeignKeyConstraint:
    """The reference of an `account_id` to its account, within the alliance."""
    return ForeignKeyConstraint(["alliance", "account_id"], ["account.alliance", "account.id"])


def of_post() -> ForeignKeyConstraint:
    """The reference of a `post_id` to its post, within the alliance."""
    return ForeignKeyConstraint(["alliance", "post_id"], ["post.alliance", "post.id"])


def of_client() -> ForeignKeyConstraint:
    """The reference of a `client_id` to its client, which is the deployment's."""
    return ForeignKeyConstraint(["client_id"], ["oauth_client.client_id"])

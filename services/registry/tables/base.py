"""What every table of the registry schema shares."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Integer
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from services.kernel.database import TenantTable, new_metadata
from services.kernel.tenancy import ALL_OF_ALLIANCE

Instant = DateTime(timezone=True)


class Base(TenantTable):
    """Root of this schema's tables."""

    __abstract__ = True
    metadata = new_metadata()


class Shared:
    """Mixin: everybody in the alliance may see the rows."""

    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE


class Versioned:
    """Mixin: an update of a row that somebody else changed first fails; the version is the ETag."""

    row_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  # a class-level directive
        return {"version_id_col": cls.row_version}

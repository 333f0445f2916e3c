"""Who may call what: authorisation as a type in the signature."""

from typing import Annotated

from services.kernel.auth import requires, requires_any
from services.kernel.permissions import Permission
from services.kernel.principal import Principal

SubsidiesRead = Annotated[Principal, requires(Permission.SUBSIDIES_READ)]
SubsidiesSubmit = Annotated[Principal, requires(Permission.SUBSIDIES_SUBMIT)]
SubsidiesReview = Annotated[Principal, requires(Permission.SUBSIDIES_REVIEW)]
SubsidiesSettle = Annotated[Principal, requires(Permission.SUBSIDIES_SETTLE)]
SubsidiesConfirm = Annotated[Principal, requires(Permission.SUBSIDIES_CONFIRM)]
SnapshotRead = Annotated[Principal, requires(Permission.SNAPSHOT_READ)]
PracticeReset = Annotated[Principal, requires(Permission.PRACTICE_RESET)]
SubsidiesCheck = Annotated[Principal, requires_any(Permission.SUBSIDIES_SETTLE, Permission.SUBSIDIES_CONFIRM)]
"""Who checks a settlement before it is confirmed: those who compute it and those who approve it."""

"""Who may call what: authorisation as a type in the signature."""

from typing import Annotated

from services.kernel.auth import requires
from services.kernel.permissions import Permission
from services.kernel.principal import Principal

SubsidiesRead = Annotated[Principal, requires(Permission.SUBSIDIES_READ)]
SubsidiesSubmit = Annotated[Principal, requires(Permission.SUBSIDIES_SUBMIT)]
SubsidiesReview = Annotated[Principal, requires(Permission.SUBSIDIES_REVIEW)]
SubsidiesSettle = Annotated[Principal, requires(Permission.SUBSIDIES_SETTLE)]

"""Who may call what: authorisation as a type in the signature."""

from typing import Annotated

from services.kernel.auth import requires
from services.kernel.permissions import Permission
from services.kernel.principal import Principal

TargetsRead = Annotated[Principal, requires(Permission.TARGETS_READ)]
TargetsReport = Annotated[Principal, requires(Permission.TARGETS_REPORT)]
TargetsAssess = Annotated[Principal, requires(Permission.TARGETS_ASSESS)]

"""Who may call what: authorisation as a type in the signature."""

from typing import Annotated

from services.kernel.auth import requires
from services.kernel.permissions import Permission
from services.kernel.principal import Principal

RegistryRead = Annotated[Principal, requires(Permission.REGISTRY_READ)]
RegistryWrite = Annotated[Principal, requires(Permission.REGISTRY_WRITE)]
SnapshotRead = Annotated[Principal, requires(Permission.SNAPSHOT_READ)]

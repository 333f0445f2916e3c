"""Who may call what: authorisation as a type in the signature."""

from typing import Annotated

from services.kernel.auth import requires, requires_any
from services.kernel.permissions import Permission
from services.kernel.principal import Principal

RegistryRead = Annotated[Principal, requires(Permission.REGISTRY_READ)]
RegistryWrite = Annotated[Principal, requires(Permission.REGISTRY_WRITE)]
RegistryDecide = Annotated[Principal, requires(Permission.REGISTRY_DECIDE)]
RegistryOwn = Annotated[Principal, requires_any(Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN)]
"""The secretariat for every unit; a member unit or county bureau for its own, which the query's scope holds."""
UnitsRead = Annotated[Principal, requires_any(Permission.REGISTRY_READ, Permission.ACCOUNTS_READ)]
"""Who places people in units: beside those who read the registry, the two administrators of accounts and posts."""
SnapshotRead = Annotated[Principal, requires(Permission.SNAPSHOT_READ)]

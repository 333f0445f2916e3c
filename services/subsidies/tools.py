"""What a process of this service holds beside its database: settings, files, the registry's client, resolutions."""

from dataclasses import dataclass

from services.kernel.citations import RegistryResolutions, Resolutions
from services.kernel.clock import Clock
from services.kernel.files import FileStore
from services.subsidies.clients.registry import RegistryClient, registry_client
from services.subsidies.settings import SubsidiesSettings


@dataclass(frozen=True)
class Tools:
    """Handed to routes (on `app.state`) and to jobs."""

    files: FileStore
    registry: RegistryClient
    person_key: bytes
    resolutions: Resolutions


def make_tools(
    settings: SubsidiesSettings,
    clock: Clock,
    registry: RegistryClient | None = None,
    resolutions: Resolutions | None = None,
) -> Tools:
    """The tools of a process; a test hands in its own registry and resolutions."""
    key = settings.person_key.get_secret_value().encode()
    found = resolutions or RegistryResolutions("subsidies", settings, clock)
    return Tools(settings.files(), registry or registry_client(settings, clock), key, found)

"""Settings of the registry service (prefix `HUB_REGISTRY_`)."""

from pydantic_settings import SettingsConfigDict

from services.kernel.files import FileStore
from services.kernel.settings import ServiceSettings


class RegistrySettings(ServiceSettings):
    """What this service needs beside the shared settings: nothing further yet."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_REGISTRY_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    def files(self) -> FileStore:
        """The store of uploaded workbooks and of workbooks of rejected rows."""
        return FileStore(self.hub.files_dir / "registry", self.hub.files_key)

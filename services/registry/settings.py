"""Settings of the registry service (prefix `HUB_REGISTRY_`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.kernel.files import FileStore
from services.kernel.settings import ServiceSettings


class RegistrySettings(ServiceSettings):
    """What this service needs beside the shared settings."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_REGISTRY_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    undo_days: int = Field(default=30, ge=1, le=365)
    """How many days after its application a change set can be undone; then what its rows hold is emptied."""

    def files(self) -> FileStore:
        """The store of uploaded workbooks and of workbooks of rejected rows."""
        return FileStore(self.hub.files_dir / "registry", self.hub.files_key)

"""Settings of the subsidies service (prefix `HUB_SUBSIDIES_`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.kernel.files import FileStore
from services.kernel.settings import Secret, ServiceSettings


class SubsidiesSettings(ServiceSettings):
    """What this service needs beside the shared settings."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_SUBSIDIES_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    person_key: Secret = Field(description="key of the HMAC under which identity numbers are matched")
    bulk_limit_bytes: int = Field(
        default=512 * 1024 * 1024, ge=1, description="largest roster that is sent as the body itself"
    )

    def files(self) -> FileStore:
        """The store of uploaded rosters and of workbooks of rejected rows."""
        return FileStore(self.hub.files_dir / "subsidies", self.hub.files_key)

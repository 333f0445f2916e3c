"""Settings of the targets service (prefix `HUB_TARGETS_`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.kernel.settings import ServiceSettings


class TargetsSettings(ServiceSettings):
    """What this service needs beside the shared settings."""

    model_config = SettingsConfigDict(env_prefix="HUB_TARGETS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    near_due_days: int = Field(default=60, ge=1, le=365, description="days before a year ends in which 蓝 shows")

"""Settings of the gateway (prefix `HUB_GATEWAY_`)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kernel.settings import HubSettings


class GatewaySettings(BaseSettings):
    """Limits of the public origin; sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="HUB_GATEWAY_", extra="ignore", frozen=True, hide_input_in_errors=True)

    body_limit: int = Field(default=60 * 1024 * 1024, description="largest request body")
    read_timeout: float = Field(default=60.0, description="longest silence of a service while it answers")
    connections: int = Field(default=200, description="open connections to one process")
    hub: HubSettings = Field(default_factory=HubSettings)

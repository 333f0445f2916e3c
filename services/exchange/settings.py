"""Settings of the exchange service (prefix `HUB_EXCHANGE_`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.kernel.settings import Secret, ServiceSettings


class ExchangeSettings(ServiceSettings):
    """What this service needs beside the shared settings."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_EXCHANGE_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    webhook_key: Secret = Field(description="encrypts the signing secrets of webhook endpoints")
    allow_private_addresses: bool = Field(
        default=False, description="whether webhooks may go to private and loopback addresses, and by plain http there"
    )

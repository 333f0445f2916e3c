"""Settings of the exchange service (prefix `HUB_EXCHANGE_`)."""

from typing import Final

from pydantic import Field, PositiveInt
from pydantic_settings import SettingsConfigDict

from services.kernel.settings import Secret, ServiceSettings

MINUTE, HOUR = 60, 3600
SPECIFIED_DELAYS: Final = (
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""The example schedule of Standard Webhooks 1.0.0, "Deliverability and reliability": ten attempts in three days."""


class ExchangeSettings(ServiceSettings):
    """What this service needs beside the shared settings."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_EXCHANGE_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    webhook_key: Secret = Field(description="encrypts the signing secrets of webhook endpoints")
    allow_private_addresses: bool = Field(
        default=False, description="whether webhooks may go to private and loopback addresses, and by plain http there"
    )
    collect_seconds: float = Field(default=1.0, gt=0, description="pause between two rounds of collecting changes")
    retry_seconds: tuple[PositiveInt, ...] = Field(
        default=SPECIFIED_DELAYS, max_length=20, description="waits between the attempts of one delivery, as JSON"
    )
    attempt_seconds: float = Field(default=15.0, gt=0, le=30, description="longest time of one attempt")
    disable_after_days: int = Field(default=5, ge=1, description="days without one success that disable an endpoint")
    keep_deliveries_days: int = Field(default=30, ge=7, description="days for which finished deliveries are kept")

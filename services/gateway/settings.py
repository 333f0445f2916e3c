"""Settings of the gateway (prefix `HUB_GATEWAY_`)."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.kernel.settings import HubSettings

MEBIBYTE = 1024 * 1024
Rate = Annotated[int, Field(ge=0, le=1_000_000)]


class GatewaySettings(BaseSettings):
    """Limits of the public origin; sizes in bytes, times in seconds, rates in requests a minute (0: no limit)."""

    model_config = SettingsConfigDict(env_prefix="HUB_GATEWAY_", extra="ignore", frozen=True, hide_input_in_errors=True)

    body_limit: int = Field(default=60 * MEBIBYTE, gt=0, description="largest request body")
    bulk_body_limit: int = Field(default=512 * MEBIBYTE, gt=0, description="largest body of a bulk import")
    public_body_limit: int = Field(
        default=MEBIBYTE // 16, gt=0, description="largest body without a token to a service"
    )
    public_upload_limit: int = Field(
        default=24 * MEBIBYTE, gt=0, description="largest upload of an applicant's papers without a token"
    )
    read_timeout: float = Field(default=60.0, gt=0, description="longest silence of a part while it answers")
    short_timeout: float = Field(default=10.0, gt=0, description="the same for keys and static files")
    long_timeout: float = Field(default=600.0, gt=0, description="the same for bulk imports, exports, verification")
    upload_timeout: float = Field(default=30.0, gt=0, description="longest silence of a caller while it uploads")

    connections: int = Field(default=200, gt=0, description="requests to one part at a time, in each process")
    queue: int = Field(default=400, ge=0, description="requests that may wait for their turn at one part")
    queue_seconds: float = Field(default=2.0, gt=0, description="the longest wait for a turn; then 503")
    breaker_faults: int = Field(default=5, gt=0, description="faults in a row after which a part is not asked")
    breaker_share: float = Field(default=0.5, gt=0, le=1, description="or this share of the last ten seconds")
    breaker_seconds: float = Field(default=3.0, gt=0, description="how long it is not asked")

    rate_per_client: Rate = Field(default=3000, description="requests of one login session or program")
    rate_per_address: Rate = Field(default=6000, description="requests without a token from one address, or one /64")
    rate_sign_in: Rate = Field(default=120, description="tries of passwords, codes and secrets from one address")
    rate_public: Rate = Field(default=20, description="applications and inquiries without an account from one address")
    counts_file: Path | None = Field(default=None, description="where gateway processes of one host share the counts")

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="networks whose forwarding headers are believed, separated by commas"
    )
    documents_seconds: float = Field(default=60.0, gt=0, description="how long a part's OpenAPI document is kept")
    hub: HubSettings = Field(default_factory=HubSettings)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def split_networks(cls, value: object) -> object:
        """`10.0.0.0/8, ::1` as a tuple. Raises ValueError for what is no network."""
        networks = tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
        if isinstance(networks, tuple):
            for network in networks:
                ip_network(network)
        return networks

"""Settings read from the environment; production refuses missing, short or repeated secrets."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MINIMUM_SECRET_LENGTH = 24
MINIMUM_DISTINCT_CHARACTERS = 10


def reject_weak_secret(value: SecretStr) -> SecretStr:
    """Refuse a secret that is short or made of few characters; no environment is exempt, all are generated.

    Raises ValueError, which names the rule and never the value.
    """
    text = value.get_secret_value()
    if len(text) < MINIMUM_SECRET_LENGTH or len(set(text)) < MINIMUM_DISTINCT_CHARACTERS:
        raise ValueError(
            f"a secret needs at least {MINIMUM_SECRET_LENGTH} characters, {MINIMUM_DISTINCT_CHARACTERS} of them "
            "different; make one with `hub secrets generate`"
        )
    return value


Secret = Annotated[SecretStr, AfterValidator(reject_weak_secret)]


class HubSettings(BaseSettings):
    """What every process of one deployment shares (prefix `HUB_`)."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["demonstration", "production"] = "production"
    public_url: str = Field(description="origin that browsers and county systems see; also the token issuer")
    alliance_default: str = Field(default="anqing", description="alliance shown at sign-in")
    files_dir: Path = Field(description="folder for uploaded and produced files, encrypted at rest")
    files_key: Secret
    log_level: str = "INFO"
    audience: str = "alliance-hub"
    upstream_identity: str
    upstream_registry: str
    upstream_targets: str
    upstream_subsidies: str
    upstream_exchange: str
    upstream_frontend: str
    upstream_gateway: str

    @model_validator(mode="after")
    def production_is_served_over_tls(self) -> "HubSettings":
        local = ("http://127.0.0.1", "http://localhost", "http://[::1]")
        if self.environment == "production" and not self.public_url.startswith(("https://", *local)):
            raise ValueError("HUB_PUBLIC_URL must begin with https:// in production")
        return self


class ServiceSettings(BaseSettings):
    """What one service needs beside `HubSettings`; subclasses set `env_prefix` to `HUB_<SERVICE>_`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(description="postgresql+asyncpg URL of the service's own login role")
    client_secret: Secret = Field(description="the service's own OAuth client secret, for calls to other services")
    hub: HubSettings = Field(default_factory=HubSettings)

"""Settings of the frontend process, read from the environment (prefix `HUB_`). No secret has a default."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from frontend.session import cipher_of
from services.kernel.permissions import GRANTS, Permission, Role
from services.kernel.settings import Secret, reject_weak_secret

PLAIN_HTTP_ORIGINS = ("http://127.0.0.1", "http://localhost", "http://[::1]")


def reject_unusable_key(value: SecretStr) -> SecretStr:
    """Refuse a session key that is weak or is not 32 bytes in urlsafe base64. Raises ValueError without the value."""
    cipher_of(reject_weak_secret(value).get_secret_value())
    return value


class FrontendSettings(BaseSettings):
    """What the frontend needs to know; durations are ISO 8601 or seconds."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["demonstration", "production"] = "production"
    public_url: str = Field(description="origin that browsers see, without a path")
    upstream_gateway: str = Field(description="unix:///path.sock or http://host:port")
    frontend_client_secret: Secret
    frontend_session_key: Annotated[SecretStr, AfterValidator(reject_unusable_key)]
    frontend_sessions_dir: Path | None = Field(default=None, description="default: <HUB_STATE_DIR>/sessions")
    frontend_session_idle: timedelta = Field(default=timedelta(minutes=30), description="signed out after this rest")
    frontend_session_absolute: timedelta = Field(default=timedelta(hours=10), description="signed out after this")
    state_dir: Path = Path(".hub")
    log_level: str = "INFO"
    alliance_title: str = Field(default="职教联盟信息交换中枢", description="name in the top bar before sign-in")

    footer_organiser: str = Field(default="", description="主办单位")
    footer_icp: str = Field(default="", description="ICP 备案号")
    footer_police: str = Field(default="", description="公安备案号")
    footer_site_code: str = Field(default="", description="网站标识码")

    @model_validator(mode="after")
    def production_is_served_over_tls(self) -> "FrontendSettings":
        if self.environment == "production" and not self.public_url.startswith(("https://", *PLAIN_HTTP_ORIGINS)):
            raise ValueError("HUB_PUBLIC_URL must begin with https:// in production")
        return self

    @property
    def demonstration(self) -> bool:
        return self.environment == "demonstration"

    @property
    def sessions_dir(self) -> Path:
        return self.frontend_sessions_dir or self.state_dir / "sessions"

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def callback_url(self) -> str:
        return f"{self.public_url.rstrip('/')}/login/callback"

    @property
    def oauth_scope(self) -> str:
        """Every scope a person may hold; the identity service grants those of the person's post."""
        return " ".join(["openid", "profile", *sorted({*Permission} - GRANTS[Role.SERVICE])])

"""Settings of the identity service (prefix `HUB_IDENTITY_`). No secret has a default."""

from datetime import timedelta

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from services.kernel.settings import Secret, ServiceSettings

SOUND_MEMORY_KIB = 19 * 1024
SOUND_TIME_COST = 2


class IdentitySettings(ServiceSettings):
    """What identity needs beside the common settings; numbers are whole and carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="HUB_IDENTITY_")

    key_secret: Secret = Field(description="encrypts signing keys at rest; losing it ends every sign-in")

    access_token_minutes: int = Field(default=15, ge=1, le=60)
    code_minutes: int = Field(default=2, ge=1, le=10, description="life of an authorisation code (RFC 6749, 4.1.2)")
    refresh_days: int = Field(default=30, ge=1, le=90, description="life of a whole family of refresh tokens")
    session_idle_minutes: int = Field(default=30, ge=1)
    session_absolute_hours: int = Field(default=10, ge=1)
    sign_in_minutes: int = Field(default=10, ge=1, le=60, description="for the steps after the password, all together")
    page_minutes: int = Field(default=30, ge=1, description="how long an opened sign-in page may be sent")

    federation_minutes: int = Field(default=10, ge=1, le=60, description="for the way to a unit's own sign-in and back")
    federation_private_addresses: bool = Field(
        default=False, description="let units' sign-in systems stand in private networks, and there also without TLS"
    )

    invitation_hours: int = Field(default=72, ge=1, le=720, description="life of an invitation or password link")
    failures_before_lock: int = Field(default=5, ge=1)
    lock_minutes: int = Field(default=15, ge=1)
    parallel_sign_ins: int = Field(default=4, ge=1, description="passwords checked at once; bounds memory")
    key_lead_seconds: int = Field(default=60, ge=11, description="a new key is published this long before it signs")

    argon2_time_cost: int = Field(default=3, ge=1)
    argon2_memory_kib: int = Field(default=64 * 1024, ge=8)
    argon2_parallelism: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def production_hashes_passwords_soundly(self) -> "IdentitySettings":
        """OWASP's least parameters for argon2id: 19 MiB and two passes. Raises ValueError in production below them."""
        weak = self.argon2_memory_kib < SOUND_MEMORY_KIB or self.argon2_time_cost < SOUND_TIME_COST
        if weak and self.hub.environment == "production":
            raise ValueError("argon2 needs at least 19456 KiB and a time cost of 2 in production")
        return self

    @property
    def access_token_life(self) -> timedelta:
        return timedelta(minutes=self.access_token_minutes)

    @property
    def refresh_life(self) -> timedelta:
        return timedelta(days=self.refresh_days)

    @property
    def session_idle(self) -> timedelta:
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_absolute(self) -> timedelta:
        return timedelta(hours=self.session_absolute_hours)

    @property
    def sign_in_time(self) -> timedelta:
        return timedelta(minutes=self.sign_in_minutes)

    @property
    def federation_time(self) -> timedelta:
        return timedelta(minutes=self.federation_minutes)

    @property
    def invitation_life(self) -> timedelta:
        return timedelta(hours=self.invitation_hours)

    @property
    def lock_time(self) -> timedelta:
        return timedelta(minutes=self.lock_minutes)

    @property
    def secure_cookies(self) -> bool:
        return self.hub.public_url.startswith("https://")

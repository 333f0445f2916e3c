"""Settings of the registry service (prefix `HUB_REGISTRY_`)."""

from datetime import date

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from services.kernel.files import FileStore
from services.kernel.settings import ServiceSettings
from services.kernel.storage import S3Access, Storage, open_store


class RegistrySettings(ServiceSettings):
    """What this service needs beside the shared settings."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_REGISTRY_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    undo_days: int = Field(default=30, ge=1, le=365)
    """How many days after its application a change set can be undone; then what its rows hold is emptied."""

    form_seconds: int = Field(default=3, ge=0, description="soonest that an opened form may be sent")
    form_hours: int = Field(default=4, ge=1, le=24, description="how long an opened application form may be sent")
    applications_a_day: int = Field(default=200, ge=0, description="applications to one alliance in a day; 0: none")
    applications_an_address: int = Field(default=10, ge=1, description="of them from one address, or one /64")
    application_papers: int = Field(default=10, ge=0, le=50, description="papers to one application; 0: none")
    application_paper_limit_bytes: int = Field(default=10 * 1024 * 1024, gt=0, description="largest of them")
    application_papers_limit_bytes: int = Field(default=20 * 1024 * 1024, gt=0, description="all of one application")
    application_keep_days: int = Field(default=180, ge=30, le=3650)
    """How many days after its last step an application that was rejected or withdrawn, or that was returned and never
    completed, keeps the papers that the applicant sent and its contact."""
    publicity_days: int = Field(default=5, ge=1, le=90, description="working days of a public notice, proposed")
    calendar: dict[date, bool] = Field(default={}, description="days and whether they are worked, as JSON")

    attachments_url: str = Field(default="", pattern=r"^(|file:///.+|s3://.+)$")
    """Where attachments are kept: `s3://bucket/prefix`, or `file:///folder`, by default one below the hub's files."""
    attachments_s3_endpoint: str | None = None
    """Address of an S3-compatible store; Amazon's own for the region when it is not given."""
    attachments_s3_region: str = "us-east-1"
    attachments_s3_key_id: str | None = None
    attachments_s3_secret: SecretStr | None = None
    attachments_s3_allow_http: bool = False
    """Let the endpoint be plain HTTP, in a network that is trusted; the content is encrypted, the key id is not."""
    attachment_limit_bytes: int = Field(default=20 * 1024 * 1024, gt=0)
    attachments_per_subject: int = Field(default=50, gt=0)

    @model_validator(mode="after")
    def s3_has_a_key(self) -> "RegistrySettings":
        """Refuse an S3 store without its key, or over plain HTTP that nobody allowed."""
        if not self.attachments_url.startswith("s3:"):
            return self
        if not self.attachments_s3_key_id or not self.attachments_s3_secret:
            raise ValueError(
                "attachments in S3 need HUB_REGISTRY_ATTACHMENTS_S3_KEY_ID and HUB_REGISTRY_ATTACHMENTS_S3_SECRET"
            )
        if (self.attachments_s3_endpoint or "").startswith("http:") and not self.attachments_s3_allow_http:
            raise ValueError("plain HTTP needs HUB_REGISTRY_ATTACHMENTS_S3_ALLOW_HTTP=true")
        return self

    def attachments(self) -> Storage:
        """The store of attachments."""
        url = self.attachments_url or (self.hub.files_dir.absolute() / "registry-attachments").as_uri()
        access = None
        if self.attachments_s3_key_id and self.attachments_s3_secret:
            access = S3Access(
                self.attachments_s3_endpoint,
                self.attachments_s3_region,
                self.attachments_s3_key_id,
                self.attachments_s3_secret,
                self.attachments_s3_allow_http,
            )
        return Storage(open_store(url, access), self.hub.files_key)

    duplicate_likeness: float = Field(default=0.6, ge=0.5, le=1)
    """From which likeness of names on two members may be one; the lower, the more pairs and the longer the search."""

    def files(self) -> FileStore:
        """The store of uploaded workbooks and of workbooks of rejected rows."""
        return FileStore(self.hub.files_dir / "registry", self.hub.files_key)

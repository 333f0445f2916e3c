"""The wire contract of one's own second factor. Codes are secrets here, so that no error repeats them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class FactorState(BaseModel):
    """Whether there is one; `required` says that a post needs it, so that it cannot be removed."""

    enrolled: bool
    confirmed_at: datetime | None
    required: bool
    recovery_codes_left: int


class FactorOffer(BaseModel):
    """What an authenticator application needs; `image` is the QR code as a data URI of SVG."""

    secret: str
    uri: str
    image: str


class CodeGiven(BaseModel):
    """A one-time password, or a recovery code in its place."""

    model_config = ConfigDict(extra="forbid")

    code: SecretStr = Field(max_length=64, examples=["287082"])


class FactorConfirmation(CodeGiven):
    """The first code of the new factor, and one of the present factor where there is one."""

    current_code: SecretStr | None = Field(default=None, max_length=64, examples=["081804"])


class RecoveryCodes(BaseModel):
    """Shown once."""

    codes: list[str]

"""What every model of a policy pack shares."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from services.kernel.policy.scalars import DecisionValue, Locator, Text


class PackModel(BaseModel):
    """Strict, closed and immutable: an unknown field, a wrong type or a missing field is an error."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Validity(PackModel):
    """The days on which something is in force, both included; null where the document does not say.

    The three fields must be written; a null needs an entry under `open`.
    """

    from_: date | None = Field(alias="from")
    to: date | None
    article: Locator | None


class Decision(PackModel):
    """Ours, where the document is silent: configurable, with the reason and the values that may be chosen."""

    value: DecisionValue
    why: Text
    options: list[DecisionValue] = Field(min_length=1)
    article: Locator | None = None

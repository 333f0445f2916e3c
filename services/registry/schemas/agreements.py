"""Agreements on the wire."""

from datetime import date, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.kernel.registry_words import AGREEMENT_PARTS
from services.registry.domain.agreements import LEAST_PARTIES, AgreementKind

V = TypeVar("V")


def _distinct(values: list[V]) -> list[V]:
    return list(dict.fromkeys(values))


def _text(length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=length)


Number = Annotated[str, _text(60)]
Title = Annotated[str, _text(120)]
Reason = Annotated[str, _text(200)]
FreeSubject = Annotated[str, _text(200)]
Terms = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]


class Renewable(BaseModel):
    """What a renewal says anew."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[Number | None, EmptyIsNone, Field(description="协议编号", examples=["宜职教协〔2025〕3号"])] = (
        None
    )
    title: Annotated[Title, Field(description="协议名称", examples=["产教融合战略合作框架协议"])]
    signed_on: Annotated[date, Field(description="签订日期")]
    from_date: Annotated[date, Field(description="生效日期")]
    until_date: Annotated[
        date | None, EmptyIsNone, Field(description="自这一天起不再有效（有效期末日的次日）；不填为长期有效")
    ] = None
    terms: Annotated[Terms, Field(description="主要条款")] = ""


class AgreementWrite(Renewable):
    """What the secretariat may fill in; an update sends every field, as it should stand.

    The order of `parties` gives their parts: 甲方 first.
    """

    kind: Annotated[AgreementKind, Field(description="framework 框架协议，project 项目协议", examples=["framework"])]
    parties: Annotated[
        list[UUID],
        AfterValidator(_distinct),
        Field(max_length=len(AGREEMENT_PARTS), description=f"签约单位，按甲乙丙丁的次序，至少 {LEAST_PARTIES} 家"),
    ]
    collaborations: Annotated[
        list[UUID], AfterValidator(_distinct), Field(max_length=100, description="涉及的合作载体")
    ] = []
    subjects: Annotated[
        list[FreeSubject], AfterValidator(_distinct), Field(max_length=50, description="其他合作事项")
    ] = []


class AgreementCreate(AgreementWrite):
    """A new agreement; it stands in the registry from the day of its signing."""


class AgreementUpdate(AgreementWrite):
    """An agreement as it should stand from `effective_on`, today unless given."""

    effective_on: Annotated[date | None, EmptyIsNone, Field(description="自哪一天起如此，默认今天")] = None


class AgreementRenewal(Renewable):
    """The next agreement of the same parties on the same matters."""


class AgreementEnding(BaseModel):
    """An early end."""

    model_config = ConfigDict(extra="forbid")

    ended_on: Annotated[date, Field(description="自这一天起不再有效")]
    reason: Annotated[Reason, Field(description="终止原因和依据")]


class PartyRead(BaseModel):
    """A member that signed; `part` 1 is 甲方."""

    part: int
    label: str
    id: UUID
    name: str


class Named(BaseModel):
    """Something on record, by id and name."""

    id: UUID
    name: str


class AgreementSummary(BaseModel):
    """An agreement in a list; `phase` and `days_left` are of the day that is asked for, the day itself counted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    number: str | None
    title: str
    signed_on: date
    from_date: date
    until_date: date | None
    phase: str
    days_left: int | None
    parties: list[PartyRead]
    renewed_by: UUID | None


class AgreementRead(AgreementSummary):
    """One agreement; `row_version` is the ETag."""

    terms: str
    collaborations: list[Named]
    subjects: list[str]
    renews: Named | None
    renewal: Named | None
    ended_on: date | None
    end_reason: str | None
    row_version: int
    created_at: datetime
    updated_at: datetime

"""`targets.yaml`: phases, numeric and qualitative indicators, tasks, standing processes and assessment schemes."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.kernel.policy.base import PackModel
from services.kernel.policy.scalars import Code, Due, ExactDecimal, Locator, Text, Year
from services.kernel.policy.vocabulary import (
    Accumulation,
    CollaborationKind,
    Direction,
    IndicatorKind,
    Level,
    MemberCategory,
    Scope,
)


class Phase(PackModel):
    """A span of years; phases may overlap, and `to` is null for one that goes on."""

    code: Code
    name: Text
    from_: Year = Field(alias="from")
    to: Year | None
    article: Locator


class Baseline(PackModel):
    """The value to start from, in the indicator's unit; `on` is null where the document gives no date."""

    value: ExactDecimal
    on: Due
    article: Locator


class Milestone(PackModel):
    """What is to stand at the end of `year`, in the indicator's unit; `text` where it is a state and not a number.

    `year` is null where the document sets a value without a deadline. Two values for one year from two places of the
    document are both kept; the one that is not judged has `assessed: false`.
    """

    year: Year | None
    value: ExactDecimal | None
    text: Text | None = None
    assessed: bool = True
    article: Locator

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.value is None and self.text is None:
            raise PydanticCustomError("milestone_empty", "节点既没有数值也没有文字要求，请至少填写 value 或 text 之一")
        return self


class Recurrence(PackModel):
    """A value due every year, in the indicator's unit, such as two fairs a year; years null where not given."""

    value: ExactDecimal
    per: Literal["year"]
    from_: Year | None = Field(alias="from")
    to: Year | None
    article: Locator


class Counts(PackModel):
    """The registry facts that an indicator counts, so that nobody types them twice."""

    collaboration_kind: CollaborationKind | None = None
    member_category: MemberCategory | None = None
    level: Level | None = None


class Indicator(PackModel):
    """Something to reach. An aspirational one is followed but never red by itself.

    `responsible` and `lead` are unit names of structure.yaml. `part_of` names the indicator this one is a part of.
    """

    code: Code
    name: Text
    unit: Text
    kind: IndicatorKind
    direction: Direction
    accumulation: Accumulation
    aspirational: bool
    scope: Scope = "alliance"
    baseline: Baseline | None
    numerator: Text | None = None
    denominator: Text | None = None
    milestones: list[Milestone]
    recurrence: Recurrence | None = None
    counts: Counts | None = None
    part_of: Code | None = None
    lead: list[Text]
    responsible: list[Text]
    article: Locator

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.kind in ("ratio", "multiple") and (self.numerator is None or self.denominator is None):
            raise PydanticCustomError("ratio_parts", "比率类指标必须写明分子 numerator 和分母 denominator")
        if not self.milestones and self.recurrence is None:
            raise PydanticCustomError(
                "nothing_to_reach", "指标没有任何要求，请填写 milestones（没有时限时 year 写 null）或 recurrence"
            )
        return self


class Task(PackModel):
    """A deliverable of one article or one row of an annex; `title` paraphrases it."""

    code: Code
    title: Text
    lead: list[Text]
    responsible: list[Text]
    deliverable: Text | None
    due: Due
    milestones: list[Milestone] = Field(default_factory=list)
    indicators: list[Code] = Field(default_factory=list)
    phase: Code | None = None
    article: Locator


class Process(PackModel):
    """A standing way of working, such as deploy, push, carry out, evaluate, give feedback, improve."""

    code: Code
    name: Text
    steps: list[Text] = Field(min_length=1)
    article: Locator


class AssessmentScheme(PackModel):
    """Recurring assessment of a subject: judged every so many months, a plate valid for so many months."""

    code: Code
    name: Text
    subject: Text
    assess_every_months: int | None = Field(ge=1)
    plate_valid_months: int | None = Field(ge=1)
    article: Locator


class Targets(PackModel):
    """Everything to reach under the document."""

    phases: list[Phase] = Field(default_factory=list)
    indicators: list[Indicator]
    tasks: list[Task]
    processes: list[Process] = Field(default_factory=list)
    assessments: list[AssessmentScheme] = Field(default_factory=list)

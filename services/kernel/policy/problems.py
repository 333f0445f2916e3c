"""What a check finds: problems with file, line and field, and the report that collects them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from services.kernel.policy.models import OpenPoint, PolicyPack

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class PackProblem:
    """One finding. `line` counts from 1; `field` is a path such as `rules[3].parameters.amount[0].value`.

    `message` is a Chinese sentence that says what, why and what to do.
    """

    file: str
    line: int
    field: str
    code: str
    message: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Problems in order of file and line; `pack` is None when a part could not be read as the models require."""

    name: str
    problems: tuple[PackProblem, ...]
    pack: PolicyPack | None

    @property
    def errors(self) -> tuple[PackProblem, ...]:
        """Problems that forbid the application of the pack."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[PackProblem, ...]:
        """Declared open points and other things to know; they do not forbid the application."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether the pack may be applied."""
        return self.pack is not None and not self.errors

    def open_points(self) -> Iterator[OpenPoint]:
        """What the document leaves open and the pack declares."""
        if self.pack is not None:
            yield from self.pack.document.open

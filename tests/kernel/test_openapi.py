"""The document of every service names each failure of the error tree, and no shape that is never answered."""

from pathlib import Path
from typing import Any

import pytest

from services.kernel.openapi import FAILURES
from services.kernel.problems import PROBLEM_JSON, STATUS
from tests.support.apps import app_of

SERVICES = ("identity", "registry", "targets", "subsidies", "exchange")


def test_the_failures_told_are_those_of_the_error_tree() -> None:
    assert set(FAILURES) == set(STATUS.values())


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_tells_every_failure_as_a_problem(service: str) -> None:
    document: dict[str, Any] = app_of(service, Path("/nonexistent")).openapi()
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document["components"]["schemas"])
    assert "Problem" in document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for status in FAILURES:
                content = operation["responses"][str(status)]["content"]
                assert content == {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}, (method, path)

"""The fixture `hub`: one hub from a fresh copy per test process, with its output kept as an artefact."""

from collections.abc import Iterator

import pytest

from tests.support.running_hub import ROOT, RunningHub, fresh_hub

ARTIFACTS = ROOT / ".artifacts"


@pytest.fixture(scope="session")
def hub() -> Iterator[RunningHub]:
    """`make run` in a fresh copy; every test that needs the whole hub shares it."""
    ARTIFACTS.mkdir(exist_ok=True)
    with fresh_hub(ARTIFACTS / "make-run.log") as running:
        yield running

"""A fresh copy of the Anqing pack per test."""

from pathlib import Path

import pytest

from tests.policy.packs import ANQING, PackCopy, copy_of


@pytest.fixture
def anqing(tmp_path: Path) -> PackCopy:
    return copy_of(ANQING, tmp_path)

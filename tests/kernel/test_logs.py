"""Log lines are JSON, whatever they carry, and the access line costs no attribute that others have."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel import context
from services.kernel.logs import JsonFormatter, write_access
from services.kernel.observability import Metrics, is_quiet

FACTS = {"method": "GET", "path": "/成员", "status": 200, "milliseconds": 1.5}


@dataclass(frozen=True)
class Pair:
    left: int
    right: int


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("gateway"))
    logger = logging.getLogger("tests.access")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger, stream
    logger.removeHandler(handler)


def line(**extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "said", **extra})
    found: dict[str, Any] = json.loads(JsonFormatter("gateway").format(record))
    return found


def test_the_access_line_says_what_every_line_says_and_its_facts(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    token = context.request_id.set("r-12345678")
    write_access(logger, FACTS)
    context.request_id.reset(token)
    written = json.loads(stream.getvalue())
    assert {name: written[name] for name in FACTS} == FACTS
    assert (written["logger"], written["level"], written["message"]) == ("tests.access", "INFO", "request")
    assert (written["service"], written["request_id"]) == ("gateway", "r-12345678")
    assert datetime.fromisoformat(written["time"]).tzinfo is not None
    logger.info("request", extra=FACTS)
    usual = json.loads(stream.getvalue().splitlines()[1])
    assert usual.keys() == written.keys()


def test_a_level_above_silences_the_access_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.setLevel(logging.WARNING)
    write_access(logger, FACTS)
    assert stream.getvalue() == ""


def test_what_json_does_not_know_is_written_as_text() -> None:
    moment = datetime(2025, 12, 1, tzinfo=UTC)
    found = line(amount=Decimal("1.50"), when=moment, pair=Pair(1, 2))
    assert (found["amount"], found["when"], found["pair"]) == ("1.50", str(moment), str(Pair(1, 2)))


def test_a_value_beyond_the_fast_encoder_does_not_lose_the_line() -> None:
    assert line(huge=2**70)["huge"] == 2**70
    assert line(path="\ud800")["path"] == "\ud800"


@given(st.dictionaries(st.from_regex(r"x_[a-z]{1,5}", fullmatch=True), st.text() | st.integers() | st.none()))
def test_every_attribute_comes_back(extra: dict[str, Any]) -> None:
    found = line(**extra)
    assert {name: found[name] for name in extra} == extra


def test_requests_are_counted_by_method_and_status() -> None:
    metrics = Metrics("gateway")
    for method, status in (("GET", 200), ("GET", 200), ("POST", 200), ("GET", 404)):
        metrics.observe(method, status, 0.01)

    def count(method: str, status: str) -> float | None:
        labels = {"service": "gateway", "method": method, "status": status}
        return metrics.registry.get_sample_value("hub_requests_total", labels)

    assert (count("GET", "200"), count("POST", "200"), count("GET", "404")) == (2, 1, 1)
    assert metrics.registry.get_sample_value("hub_request_seconds_count", {"service": "gateway"}) == 4


@pytest.mark.parametrize(
    ("path", "status", "quiet"),
    [
        ("/livez", 200, True),
        ("/readyz", 503, True),
        ("/internal/revocations", 304, True),
        ("/internal/revocations", 500, False),
        ("/api/registry/v1/outbox", 200, True),
        ("/api/registry/v1/outbox", 403, False),
        ("/api/registry/v1/members", 200, False),
    ],
)
def test_what_is_asked_each_second_gets_no_line_while_it_is_answered(path: str, status: int, quiet: bool) -> None:
    assert is_quiet(path, status) is quiet

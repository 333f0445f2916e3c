"""What a decision rests on: the rules of citing, and the registry asked over a real socket."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.kernel.citations import (
    LONGEST_NUMBER,
    PATH,
    CitedRead,
    CitedResolution,
    Citing,
    RegistryResolutions,
    checked_basis,
    citation_issues,
)
from services.kernel.clock import FixedClock
from services.kernel.errors import InvalidInput, Unavailable
from services.kernel.registry_words import OUTCOMES
from services.kernel.service_calls import Neighbour, ServiceToken
from services.kernel.settings import ServiceSettings
from tests.support.servers import serving
from tests.support.services import NOWHERE, hub_settings, service_settings

ONE = UUID("11111111-1111-4111-8111-111111111111")
PASSED = CitedResolution(
    id=ONE,
    number="示集〔2025〕1号",
    title="关于预算的决议",
    outcome="passed",
    citable=True,
    resolved_on=date(2025, 11, 20),
)
REJECTED = PASSED.model_copy(update={"number": None, "outcome": "rejected", "citable": False})
NUMBER = "示例〔2020〕9号"
SENTENCE = "登记服务暂时无法连接，无法核对所引用的决议，没有保存；请稍后重试。"


@dataclass
class Known:
    """Resolutions in memory; `asked` is what was looked up."""

    found: CitedResolution | None
    asked: list[tuple[str, UUID]] = field(default_factory=list)

    async def find(self, alliance: str, resolution: UUID) -> CitedResolution | None:
        self.asked.append((alliance, resolution))
        return self.found


def basis(known: Known, cited: Citing, *, required: bool = True) -> CitedRead:
    return asyncio.run(checked_basis(known, "anqing", cited, required=required))


ISSUES: list[tuple[Citing, CitedResolution | None, list[tuple[str, str]]]] = [
    (Citing(), None, []),
    (Citing(resolution_number=NUMBER), None, []),
    (Citing(resolution=ONE), PASSED, []),
    (Citing(resolution=ONE), None, [("resolution", "resolution_unknown")]),
    (Citing(resolution=ONE), REJECTED, [("resolution", "resolution_not_passed")]),
    (
        Citing(resolution=ONE, resolution_number=NUMBER),
        PASSED,
        [("resolution_number", "resolution_cited_twice")],
    ),
    (
        Citing(resolution=ONE, resolution_number=NUMBER),
        REJECTED,
        [("resolution", "resolution_not_passed"), ("resolution_number", "resolution_cited_twice")],
    ),
]


@pytest.mark.parametrize(("cited", "found", "expected"), ISSUES)
def test_a_resolution_is_cited_by_id_when_it_was_carried_and_never_twice(
    cited: Citing, found: CitedResolution | None, expected: list[tuple[str, str]]
) -> None:
    issues = citation_issues(cited, found)
    assert [(issue.field, issue.code) for issue in issues] == expected


def test_a_refusal_says_how_the_vote_ended() -> None:
    for outcome, words in OUTCOMES.items():
        lost = PASSED.model_copy(update={"outcome": outcome, "citable": False})
        (issue,) = citation_issues(Citing(resolution=ONE), lost)
        assert f"“关于预算的决议”的表决结果是“{words}”" in issue.message


def test_what_is_cited_by_id_is_kept_with_title_and_number() -> None:
    known = Known(PASSED)
    assert basis(known, Citing(resolution=ONE)) == CitedRead(id=ONE, number=PASSED.number, title=PASSED.title)
    assert known.asked == [("anqing", ONE)]


def test_what_is_cited_by_number_is_kept_as_written_and_nobody_is_asked() -> None:
    known = Known(None)
    assert basis(known, Citing(resolution_number=f" {NUMBER} ")) == CitedRead(id=None, number=NUMBER, title=None)
    assert known.asked == []


def test_a_basis_may_only_be_left_out_where_it_is_not_required() -> None:
    known = Known(PASSED)
    nothing = Citing.model_validate({"resolution": "", "resolution_number": "  "})
    assert basis(known, nothing, required=False) == CitedRead(id=None, number=None, title=None)
    with pytest.raises(InvalidInput) as refusal:
        basis(known, nothing)
    assert [(issue.field, issue.code) for issue in refusal.value.issues] == [("resolution", "basis_missing")]
    assert known.asked == []


def test_a_number_is_as_long_as_its_column_at_most() -> None:
    assert Citing(resolution_number="号" * LONGEST_NUMBER).resolution_number == "号" * LONGEST_NUMBER
    with pytest.raises(ValidationError):
        Citing(resolution_number="号" * (LONGEST_NUMBER + 1))


def basis_or_none(known: Known, cited: Citing, *, required: bool) -> CitedRead | None:
    try:
        return basis(known, cited, required=required)
    except InvalidInput:
        return None


@given(
    resolution=st.none() | st.just(ONE),
    number=st.none() | st.text("示例〔〕12 ", max_size=8),
    found=st.sampled_from([None, PASSED, REJECTED]),
    required=st.booleans(),
)
def test_a_basis_that_was_taken_is_one_thing_that_may_be_cited(
    resolution: UUID | None, number: str | None, found: CitedResolution | None, required: bool
) -> None:
    cited = Citing(resolution=resolution, resolution_number=number)
    written = (number or "").strip() or None
    taken = basis_or_none(Known(found), cited, required=required)
    if resolution is None:
        expected = CitedRead(id=None, number=written, title=None) if written or not required else None
    else:
        carried = CitedRead(id=ONE, number=PASSED.number, title=PASSED.title)
        expected = carried if found is PASSED and written is None else None
    assert taken == expected


@dataclass
class Peer:
    """Plays identity's tokens and the registry's citations; answers them as told, and keeps what it was asked."""

    status: int = 200
    body: bytes = PASSED.model_dump_json().encode()
    wait: float = 0.0
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/oauth/token")
        async def token() -> dict[str, Any]:
            return {"access_token": "of-targets", "expires_in": 600, "token_type": "Bearer"}

        @app.get(f"{PATH}/{{resolution}}")
        async def citation(resolution: str, request: Request) -> Response:
            self.asked.append((resolution, request.headers["authorization"], request.headers["hub-alliance"]))
            await asyncio.sleep(self.wait)
            return Response(self.body, status_code=self.status, media_type="application/json")

        return app


@dataclass
class Stage:
    """A service whose neighbours are the peer on a socket."""

    peer: Peer
    address: str
    folder: Path
    clock: FixedClock

    def settings(self, **upstreams: str) -> ServiceSettings:
        named = {"upstream_identity": self.address, "upstream_registry": self.address, **upstreams}
        return service_settings(ServiceSettings, "postgresql:///", self.folder, hub=hub_settings(self.folder, **named))

    def find(self, resolution: UUID = ONE, **upstreams: str) -> CitedResolution | None:
        resolutions = RegistryResolutions("targets", self.settings(**upstreams), self.clock)
        return asyncio.run(resolutions.find("anqing", resolution))


@pytest.fixture
def stage(clock: FixedClock, tmp_path: Path) -> Iterator[Stage]:
    peer = Peer()
    with (
        tempfile.TemporaryDirectory(prefix="hub-ct-", dir="/tmp") as folder,
        serving(peer.app(), Path(folder) / "peer.sock") as address,
    ):
        yield Stage(peer, address, tmp_path, clock)


def test_the_registry_is_asked_with_the_service_s_own_token(stage: Stage) -> None:
    other = uuid4()
    assert stage.find(other) == PASSED
    assert stage.peer.asked == [(str(other), "Bearer of-targets", "anqing")]


def test_what_the_registry_does_not_have_is_none(stage: Stage) -> None:
    stage.peer.status, stage.peer.body = 404, b'{"code": "resolution_not_found"}'
    assert stage.find() is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"{}"),
        (500, b"oops"),
        (403, b"{}"),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"id": "11111111-1111-4111-8111-111111111111"}'),
        (200, PASSED.model_dump_json().replace('"citable":true', '"citable":"perhaps"').encode()),
    ],
)
def test_without_an_answer_that_can_be_understood_nothing_is_decided(stage: Stage, status: int, body: bytes) -> None:
    stage.peer.status, stage.peer.body = status, body
    with pytest.raises(Unavailable) as refusal:
        stage.find()
    assert refusal.value.detail == SENTENCE
    assert len(stage.peer.asked) == 1


def test_a_registry_that_is_down_is_named(stage: Stage) -> None:
    with pytest.raises(Unavailable) as refusal:
        stage.find(upstream_registry=NOWHERE)
    assert refusal.value.detail == SENTENCE
    with pytest.raises(Unavailable) as refusal:
        stage.find(upstream_identity=NOWHERE)
    assert "登录服务" in refusal.value.detail
    assert stage.peer.asked == []


def test_a_registry_that_takes_too_long_is_not_waited_for(stage: Stage) -> None:
    stage.peer.wait = 2.0
    token = ServiceToken("targets", stage.settings(), stage.clock)
    slow = Neighbour(stage.address, token, seconds=0.2, unavailable=SENTENCE)
    with pytest.raises(Unavailable) as refusal:
        asyncio.run(slow.find(TypeAdapter(CitedResolution), f"{PATH}/{ONE}", "anqing"))
    assert refusal.value.detail == SENTENCE
    assert len(stage.peer.asked) == 1


def test_a_thing_that_must_be_there_is_missed_as_an_outage(stage: Stage) -> None:
    stage.peer.status = 404
    token = ServiceToken("targets", stage.settings(), stage.clock)
    neighbour = Neighbour(stage.address, token, seconds=5, unavailable=SENTENCE)
    with pytest.raises(Unavailable):
        asyncio.run(neighbour.read(TypeAdapter(CitedResolution), f"{PATH}/{ONE}", "anqing"))

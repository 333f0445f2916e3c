"""Tokens that are revoked before their end, and the list that tells so."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from services.kernel.clock import FixedClock
from services.kernel.errors import NotSignedIn, Unavailable
from services.kernel.revocations import HttpRevocations, RevocationFeed, Revoked, following
from services.kernel.tokens import TokenVerifier
from tests.support.servers import serving
from tests.support.tokens import AUDIENCE, ISSUER, Signer

EMPTY: dict[str, Any] = {"sessions": [], "tokens": [], "clients": {}}


@pytest.mark.parametrize(
    ("claims", "covered"),
    [
        ({"sid": "s1", "jti": "t9"}, True),
        ({"sid": "s2", "jti": "t1"}, True),
        ({"sid": "s2", "jti": "t9"}, False),
        ({"jti": "t9"}, False),
        ({"client_id": "huaining", "gen": 2}, True),
        ({"client_id": "huaining", "gen": 3}, False),
        ({"client_id": "other", "gen": 1}, False),
        ({"client_id": "huaining"}, False),  # a person who works through that client
    ],
)
def test_what_the_list_covers(claims: dict[str, Any], covered: bool) -> None:
    revoked = Revoked.of({"sessions": ["s1"], "tokens": ["t1"], "clients": {"huaining": 3}})
    assert revoked.covers(claims) is covered


def test_a_remembered_token_is_refused_as_soon_as_its_session_is_on_the_list() -> None:
    signer = Signer()
    feed = RevocationFeed(nothing_new)
    clock = FixedClock(datetime(2026, 11, 22, tzinfo=UTC))
    verifier = TokenVerifier(signer.jwks, issuer=ISSUER, audience=AUDIENCE, clock=clock, revocations=feed)
    token = signer.token("secretariat_clerk", sid="s1")
    assert asyncio.run(verifier.verify(token))["sid"] == "s1"
    feed.current = Revoked(sessions=frozenset({"s1"}))
    with pytest.raises(NotSignedIn) as refusal:
        asyncio.run(verifier.verify(token))
    assert refusal.value.code == "token_revoked"


async def nothing_new(_known: str) -> Revoked | None:
    return None


class Published:
    """Plays identity: what it publishes may change, and it may be away."""

    def __init__(self) -> None:
        self.content: Any = EMPTY
        self.version, self.away, self.asked = "1", False, 0
        self.app = FastAPI()
        self.app.add_api_route("/internal/revocations", self.answer)

    async def answer(self, request: Request, response: Response) -> Any:
        self.asked += 1
        if self.away:
            return Response(status_code=500)
        if request.headers.get("If-None-Match") == f'"{self.version}"':
            return Response(status_code=304)
        response.headers["ETag"] = f'"{self.version}"'
        return self.content


def test_the_list_is_followed_over_http_and_stands_while_identity_is_away(tmp_path: Path) -> None:
    published = Published()

    async def follow(address: str) -> None:
        source = HttpRevocations(address)
        feed = RevocationFeed(source)
        try:
            await feed.refresh()
            assert feed.current.version == "1"
            published.content, published.version = {**EMPTY, "sessions": ["s1"]}, "2"
            await feed.refresh()
            assert feed.current.covers({"sid": "s1"})
            kept = feed.current
            await feed.refresh()
            assert feed.current is kept  # 304
            for content in ([], {"sessions": []}, {**EMPTY, "clients": {"huaining": "many"}}, "nothing"):
                published.content, published.version = content, f"broken {content}"
                with pytest.raises(Unavailable):
                    await feed.refresh()
            published.away = True
            with pytest.raises(Unavailable):
                await feed.refresh()
            assert feed.current is kept
        finally:
            await source.close()

    with serving(published.app, tmp_path / "identity.sock") as address:
        asyncio.run(follow(address))


def test_a_feed_polls_until_its_block_ends() -> None:
    async def scenario() -> None:
        asked_thrice, known = asyncio.Event(), []

        async def source(version: str) -> Revoked | None:
            known.append(version)
            if len(known) == 2:
                raise Unavailable("identity is away")
            if len(known) >= 3:
                asked_thrice.set()
            return Revoked(version=str(len(known)))

        async with RevocationFeed(source, poll_seconds=0.001).running() as feed:
            await asyncio.wait_for(asked_thrice.wait(), 10)
        assert known[:3] == ["", "1", "1"]
        assert int(feed.current.version) >= 3
        count = len(known)
        await asyncio.sleep(0)
        assert len(known) == count

    asyncio.run(scenario())


def test_following_ends_with_its_block(tmp_path: Path) -> None:
    async def follow(address: str) -> None:
        async with following(address):
            pass

    with serving(Published().app, tmp_path / "identity.sock") as address:
        asyncio.run(follow(address))

"""A unit tries out reporting in the practice alliance and empties what it sent there; everything else stays."""

import asyncio

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from tests.support.tokens import Signer
from tests.targets.conftest import Talk, apply_anqing
from tests.targets.test_api import Headers, report

PRACTICE = "anqing-practice"
OPERATOR = Principal("operator", "运维", Role.SERVICE, PRACTICE, frozenset())


@pytest.fixture(autouse=True)
def practice(app: object, url: str, clock: FixedClock) -> None:
    asyncio.run(apply_anqing(url, clock, OPERATOR))


def bureau(signer: Signer, division: str, alliance: str = PRACTICE) -> Headers:
    return signer.headers("county_clerk", division=division, alliance=alliance)


async def count(client: httpx.AsyncClient, headers: Headers) -> int:
    return int((await client.get("/reports", headers=headers)).json()["total"])


def test_only_the_own_practice_reports_are_removed(talk: Talk, signer: Signer) -> None:
    own, neighbour, real = (
        bureau(signer, "340822"),
        bureau(signer, "340825"),
        bureau(signer, "340822", "anqing"),
    )

    async def body(client: httpx.AsyncClient) -> tuple[httpx.Response, list[int]]:
        for headers in (own, neighbour, real):
            assert (await report(client, headers)).status_code == 201
        answer = await client.post("/practice/reset", headers=own)
        return answer, [await count(client, headers) for headers in (own, neighbour, real)]

    answer, counts = talk(body)
    assert (answer.status_code, answer.json()) == (
        200,
        {"removed": {"source_decision": 0, "report_decision": 1, "report": 1}},
    )
    assert counts == [0, 1, 1]


def test_real_data_is_never_emptied(talk: Talk, signer: Signer) -> None:
    real = bureau(signer, "340822", "anqing")

    async def body(client: httpx.AsyncClient) -> tuple[httpx.Response, int]:
        await report(client, real)
        return await client.post("/practice/reset", headers=real), await count(client, real)

    answer, left = talk(body)
    assert (answer.status_code, answer.json()["code"], left) == (409, "not_a_practice_alliance", 1)


def test_the_database_itself_refuses_a_real_alliance(url: str) -> None:
    """Also when the service asks: the function looks at the alliance of the transaction, not at an argument."""

    async def ask() -> None:
        database = Database(url)
        try:
            async with database.write("anqing") as session:
                await session.execute(text("SELECT practice_reset('division:340822')"))
        finally:
            await database.close()

    with pytest.raises(DBAPIError, match="only a practice alliance"):
        asyncio.run(ask())


def test_a_leader_has_nothing_to_empty(talk: Talk, signer: Signer) -> None:
    answer = talk(lambda c: c.post("/practice/reset", headers=signer.headers("leader", alliance=PRACTICE)))
    assert answer.status_code == 403

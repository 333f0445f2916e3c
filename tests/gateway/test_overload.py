"""More requests than a part takes: some wait for a moment, the others are told at once when to come back."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from services.gateway.pool import Pool, Turns
from services.gateway.refusals import Overloaded
from services.kernel.problems import problem_response
from tests.gateway.services import OK, Service, ask, pool_to


async def held(turns: Turns, count: int) -> None:
    for _ in range(count):
        await turns.take("测试")


def test_who_finds_the_queue_full_is_refused_at_once() -> None:
    async def use() -> list[str]:
        turns = Turns(1, 1, 60.0)
        await held(turns, 1)
        waiting = asyncio.create_task(turns.take("奖补资金"))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refused:
            await asyncio.wait_for(turns.take("奖补资金"), 1)
        turns.give_back()
        await waiting
        return [refused.value.detail, str(refused.value.retry_after_seconds)]

    detail, seconds = asyncio.run(use())
    assert "奖补资金" in detail
    assert seconds == "60"


def test_who_waits_too_long_is_refused_and_leaves_the_queue() -> None:
    async def use() -> None:
        turns = Turns(1, 1, 0.05)
        await held(turns, 1)
        for _ in range(2):  # the second finds the place of the first free again
            with pytest.raises(Overloaded):
                await turns.take("测试")
        turns.give_back()
        await asyncio.wait_for(turns.take("测试"), 1)

    asyncio.run(use())


def test_a_caller_that_goes_away_while_it_waits_takes_no_turn() -> None:
    async def use() -> None:
        turns = Turns(1, 5, 60.0)
        await held(turns, 1)
        waiting = asyncio.create_task(turns.take("测试"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        turns.give_back()
        await asyncio.wait_for(turns.take("测试"), 1)

    asyncio.run(use())


def test_a_slow_service_sheds_what_it_cannot_take(run: Callable[..., Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.2)
            writer.write(OK)

    service = Service(serve)

    async def use(opened: Pool) -> list[Any]:
        few = pool_to(opened._upstream.address, limit=2, queue=2, queue_seconds=5.0, read_timeout=5.0)
        few.open()
        try:
            return await asyncio.gather(*(ask(few) for _ in range(10)), return_exceptions=True)
        finally:
            await few.close()

    found = run(service, use)
    assert found.count((200, b"hi")) == 4
    assert sum(isinstance(one, Overloaded) for one in found) == 6
    assert service.connections == 2


def test_the_refusal_is_a_problem_document_with_retry_after() -> None:
    answer = problem_response(Overloaded("请稍后重试。", retry_after_seconds=2))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert json.loads(bytes(answer.body))["code"] == "overloaded"

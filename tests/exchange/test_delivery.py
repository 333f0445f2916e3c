"""Delivering: signed as the standard's own library verifies it, repeated, ended, replayed; to a real receiver."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import WebhookVerificationError

from services.exchange.commands.deliver_webhook import LEASE, Deliverer
from services.exchange.commands.purge_deliveries import purge_deliveries
from services.exchange.tables import Attempt
from services.kernel.permissions import Role
from tests.exchange.receiver import Receiver, answer, data_of, hanging, listening
from tests.exchange.world import ALLIANCE, HUAINING, World, event, log_of, read_endpoint, the_delivery

pytestmark = pytest.mark.anyio


async def test_a_change_arrives_signed_and_whole(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    told = event(1, division=HUAINING, note="名册已受理")
    await world.store(told)
    assert await world.attempt(await the_delivery(world)) is None
    (got,) = receiver.got
    message = got.verified(made["secret"])
    async with world.api() as client:
        (item,) = (await client.get("/changes")).json()["items"]
    assert message == {"type": "claim.accepted", "timestamp": "2025-12-01T04:00:00Z", "data": item}
    assert got.message_id == item["id"] == str(told.id)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert (got.path, "authorization" in got.headers) == ("/hooks", False)
    with pytest.raises(WebhookVerificationError):
        got.verified("whsec_" + "A" * 43 + "=")
    shown = await log_of(world, await the_delivery(world))
    assert shown["body"] == message
    assert (shown["state"], shown["attempts"], shown["last_status"]) == ("delivered", 1, 204)
    assert shown["next_attempt_at"] is None
    assert await world.attempt(await the_delivery(world)) is None
    assert len(receiver.got) == 1, "what has arrived is not sent again"


async def test_a_failure_is_repeated_under_the_same_id_with_a_new_signature(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    receiver.script = [answer(500, "数据库繁忙"), answer(200, "ok")]
    delay = await world.attempt(await the_delivery(world))
    assert timedelta(seconds=5) <= delay <= timedelta(seconds=5.5)
    waiting = await log_of(world, await the_delivery(world))
    assert (waiting["state"], waiting["last_status"], waiting["last_fault"]) == ("pending", 500, "http_status")
    assert waiting["attempt_log"][0]["answer"] == "数据库繁忙"
    assert datetime.fromisoformat(waiting["next_attempt_at"]) == world.clock.now() + delay
    assert (await read_endpoint(world, made))["failing_since"] is not None
    world.clock.advance(delay)
    assert await world.attempt(await the_delivery(world)) is None
    first, second = receiver.got
    assert first.message_id == second.message_id
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) in (5, 6)
    assert second.verified(made["secret"]) == first.verified(made["secret"])
    ended = await log_of(world, await the_delivery(world))
    assert [(a["no"], a["status"], a["fault"]) for a in ended["attempt_log"]] == [
        (1, 500, "http_status"),
        (2, 200, None),
    ]
    assert (await read_endpoint(world, made))["failing_since"] is None


async def test_attempts_end_and_what_is_dead_can_be_sent_again(world: World, receiver: Receiver) -> None:
    world.settings = world.settings.model_copy(update={"retry_seconds": (5, 60)})
    made = await world.endpoint(receiver.url)
    (change,) = await world.happen("claim.accepted")
    receiver.script = [answer(503), answer(404), answer(500)]
    delays = []
    for _ in range(3):
        delay = await world.attempt(await the_delivery(world))
        delays.append(delay)
        world.clock.advance(delay or timedelta(0))
    assert timedelta(seconds=5) <= delays[0] <= timedelta(seconds=5.5)
    assert timedelta(seconds=60) <= delays[1] <= timedelta(seconds=66)
    assert delays[2] is None
    dead = await the_delivery(world)
    assert (dead.state, dead.attempts, dead.last_status) == ("dead", 3, 500)
    before = await world.queued()
    async with world.api() as client:
        listed = (await client.get("/webhook-deliveries", params={"state": "dead"})).json()
        assert [d["id"] for d in listed["items"]] == [str(dead.id)]
        replayed = await client.post(f"/webhook-deliveries/{dead.id}/replay")
        assert (replayed.status_code, replayed.json()["state"]) == (202, "pending")
        again = await client.post(f"/webhook-deliveries/{dead.id}/replay")
        assert (again.status_code, again.json()["code"]) == (409, "delivery_pending")
    assert await world.queued() == before + 1
    receiver.script = [answer(500)]
    assert await world.attempt(await the_delivery(world)) is not None, "a new round has all its attempts again"
    world.clock.advance(timedelta(seconds=6))
    await world.attempt(dead)
    assert len(receiver.got) == 4, "an entry of the first round finds nothing to do"
    await world.attempt(await the_delivery(world))
    assert {got.message_id for got in receiver.got} == {str(change.id)}
    assert receiver.got[-1].verified(made["secret"])
    shown = await log_of(world, dead)
    assert [a["no"] for a in shown["attempt_log"]] == [1, 2, 3, 4, 5]


async def test_all_that_was_missed_since_then_is_sent_again(world: World, receiver: Receiver) -> None:
    world.settings = world.settings.model_copy(update={"retry_seconds": ()})
    made = await world.endpoint(receiver.url)
    path = f"/webhook-endpoints/{made['id']}/replay"
    receiver.script = [answer(500), answer(500), answer(200), answer(500)]
    for _ in range(2):
        await world.happen("claim.accepted", "claim.returned")
        for delivery in await world.deliveries():
            await world.attempt(delivery)
        world.clock.advance(timedelta(minutes=10))
    assert [d.state for d in await world.deliveries()] == ["dead", "dead", "delivered", "dead"]
    since = (await world.deliveries())[2].created_at
    async with world.api() as client:
        for wrong in ({}, {"from": "2025-12-01T00:00:00"}, {"since": "2025-12-01T00:00:00Z"}, {"from": "昨天"}):
            assert (await client.post(path, json=wrong)).status_code == 422
        assert (await client.post(path, json={"from": since.isoformat()})).json() == {"replayed": 1}
        assert (await client.post(path, json={"from": "2000-01-01T00:00:00Z"})).json() == {"replayed": 2}
        assert (await client.post(path, json={"from": "2000-01-01T00:00:00Z"})).json() == {"replayed": 0}
        for delivery in await world.deliveries():
            await world.attempt(delivery)
        seen = {"If-Match": "*"}
        await client.patch(f"/webhook-endpoints/{made['id']}", json={"active": False}, headers=seen)
        refused = await client.post(path, json={"from": since.isoformat()})
        assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_inactive")
    assert {d.state for d in await world.deliveries()} == {"delivered"}


async def test_a_receiver_that_is_too_slow_has_not_received(world: World, receiver: Receiver) -> None:
    world.settings = world.settings.model_copy(update={"attempt_seconds": 0.3})
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    receiver.script = [hanging(1.5)]
    assert await world.attempt(await the_delivery(world)) is not None
    found = await the_delivery(world)
    assert (found.last_status, found.last_fault) == (None, "timeout")


async def test_nobody_there_is_a_failure_like_any_other(world: World) -> None:
    with listening(Receiver()) as gone:
        url = gone.url
    await world.endpoint(url)
    await world.happen("claim.accepted")
    assert await world.attempt(await the_delivery(world)) is not None
    assert (await the_delivery(world)).last_fault == "connection"


async def test_the_old_secret_signs_beside_the_new_one_for_a_day(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    async with world.api() as client:
        rotated = (await client.post(f"/webhook-endpoints/{made['id']}/secret-rotation")).json()
    start = world.clock.now()
    assert datetime.fromisoformat(rotated["previous_secret_signs_until"]) == start + timedelta(hours=24)
    for later, old_signs in ((timedelta(0), True), (timedelta(hours=24) - timedelta(seconds=1), True),
                             (timedelta(hours=24), False)):  # fmt: skip
        world.clock.instant = start + later
        await world.happen("claim.accepted")
        await world.attempt((await world.deliveries())[-1])
        got = receiver.got[-1]
        assert len(got.headers["webhook-signature"].split(" ")) == (2 if old_signs else 1)
        if later == timedelta(0):  # receivers go by the machine's clock
            assert got.verified(rotated["secret"]) == got.verified(made["secret"])


async def test_a_test_is_sent_once_and_says_how_it_went(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url, active=False, event_types=["claim.accepted"])
    async with world.api() as client:
        sent = await client.post(f"/webhook-endpoints/{made['id']}/test")
        assert sent.status_code == 202
        assert sent.headers["location"] == f"/api/exchange/v1/webhook-deliveries/{sent.json()['id']}"
    receiver.script = [answer(500)]
    assert await world.attempt(await the_delivery(world)) is None
    message = receiver.got[0].verified(made["secret"])
    assert message["type"] == "webhook.test"
    assert message["data"] == {"id": sent.json()["message_id"], "endpoint": made["id"]}
    shown = await log_of(world, await the_delivery(world))
    assert (shown["state"], shown["last_status"], shown["body"]) == ("dead", 500, message)
    assert (await read_endpoint(world, made))["failing_since"] is None, "a test says nothing of the endpoint's health"


async def test_two_workers_at_once_send_once(world: World, receiver: Receiver) -> None:
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    waiting = await the_delivery(world)
    receiver.script = [hanging(0.3)]
    outcomes = await asyncio.gather(*(world.attempt(waiting) for _ in range(4)))
    assert len(receiver.got) == 1
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(outcome <= LEASE for outcome in outcomes if outcome is not None), (
        "the others come again and find it done"
    )
    assert await world.attempt(waiting) is None
    assert len(receiver.got) == 1


async def test_a_worker_that_dies_in_the_middle_leaves_the_message_to_another(world: World, receiver: Receiver) -> None:
    """Killed after sending and before writing: the message comes again, under the same id (at least once)."""
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted")

    class Dying(Deliverer):
        async def _record(self, *_arguments: Any) -> timedelta | None:
            raise asyncio.CancelledError

    plain = world.deliverer()
    with pytest.raises(asyncio.CancelledError):
        await world.attempt(await the_delivery(world), Dying(plain.settings, plain.seal, plain.sender))
    shown = await log_of(world, await the_delivery(world))
    assert [a["fault"] for a in shown["attempt_log"]] == [None], "as far as anybody knows it is under way"
    assert await world.attempt(await the_delivery(world)) == LEASE, "the lease must end first"
    world.clock.advance(LEASE)
    assert await world.attempt(await the_delivery(world)) is None
    first, second = receiver.got
    assert first.message_id == second.message_id
    assert second.verified(made["secret"])
    shown = await log_of(world, await the_delivery(world))
    assert [(a["no"], a["fault"]) for a in shown["attempt_log"]] == [(1, "interrupted"), (2, None)]


async def test_a_message_whose_every_attempt_is_interrupted_ends_too(world: World, receiver: Receiver) -> None:
    world.settings = world.settings.model_copy(update={"retry_seconds": (5,)})
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted")

    class Dying(Deliverer):
        async def _record(self, *_arguments: Any) -> timedelta | None:
            raise asyncio.CancelledError

    plain = world.deliverer()
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await world.attempt(await the_delivery(world), Dying(plain.settings, plain.seal, plain.sender))
        world.clock.advance(LEASE)
    assert await world.attempt(await the_delivery(world)) is None
    ended = await the_delivery(world)
    assert (ended.state, ended.last_fault, len(receiver.got)) == ("dead", "interrupted", 2)


async def test_only_the_beginning_of_an_answer_is_kept_and_it_is_text(world: World, receiver: Receiver) -> None:
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted", "claim.returned")
    receiver.script = [answer(500, "长" * 5000), answer(500, "a\x00b", set_cookie="session=secret")]
    for delivery in await world.deliveries():
        await world.attempt(delivery)
    async with world.database.read(ALLIANCE) as session:
        long, odd = (await session.scalars(select(Attempt.answer).order_by(Attempt.at, Attempt.answer.desc()))).all()
    assert (len(long.encode()) <= 1026, set(long) <= {"长", "�"}) == (True, True)
    assert odd == "a�b"


async def test_old_deliveries_go_and_the_feed_stays(world: World, receiver: Receiver) -> None:
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    await world.attempt(await the_delivery(world))
    ended = world.clock.now()
    world.clock.advance(timedelta(hours=1))
    await world.happen("claim.returned")
    for before, left in ((ended, 2), (ended + timedelta(seconds=1), 1), (ended + timedelta(days=90), 1)):
        async with world.database.write(ALLIANCE) as session:
            await purge_deliveries(session, ALLIANCE, before)
        assert len(await world.deliveries()) == left, "what still waits is never deleted"
    async with world.database.read(ALLIANCE) as session:
        assert (await session.scalars(select(Attempt))).all() == []
    async with world.api(Role.SECRETARIAT_CLERK) as client:
        assert len((await client.get("/changes")).json()["items"]) == 2


async def test_deliveries_are_listed_newest_first_and_by_what_is_asked(world: World, receiver: Receiver) -> None:
    one = await world.endpoint(receiver.url)
    await world.endpoint(receiver.url, event_types=["claim.returned"])
    for kind in ("claim.accepted", "claim.returned", "claim.opened"):
        await world.happen(kind)
        world.clock.advance(timedelta(seconds=1))
    async with world.api() as client:

        async def listed(**query: Any) -> list[str]:
            found = await client.get("/webhook-deliveries", params=query)
            return [item["type"] for item in found.json()["items"]]

        assert await listed() == ["claim.opened", "claim.returned", "claim.returned", "claim.accepted"]
        assert await listed(endpoint=one["id"]) == ["claim.opened", "claim.returned", "claim.accepted"]
        assert await listed(type="claim.accepted", state="pending") == ["claim.accepted"]
        assert await listed(state="dead") == []
        first = (await client.get("/webhook-deliveries", params={"limit": 3})).json()
        rest = await listed(limit=3, cursor=first["next_cursor"])
        assert (first["total"], rest) == (4, ["claim.accepted"])


async def test_the_body_is_as_signed(world: World, receiver: Receiver) -> None:
    """Chinese text goes out as it is, in UTF-8, and the signature is over exactly those bytes."""
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted", note='怀宁县 \u2028 "引号" \\ é')
    await world.attempt(await the_delivery(world))
    assert "怀宁县" in receiver.got[0].body
    assert receiver.got[0].verified(made["secret"]) == json.loads(receiver.got[0].body)
    assert data_of(receiver.got[0])["data"]["note"].startswith("怀宁县")

"""The health of an endpoint: when it is left alone for a while, when it is disabled, what becomes of its messages."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.exchange.commands.deliver_webhook import AT_ONCE_PER_ENDPOINT
from services.exchange.domain import DeliveryState
from services.exchange.settings import SPECIFIED_DELAYS
from services.kernel.outbox import OFFICE_ONLY
from services.kernel.permissions import Role
from services.kernel.shared_tables import audit_entry, outbox_event
from tests.exchange.receiver import Receiver, answer, hanging
from tests.exchange.world import ALLIANCE, HUAINING, World, read_endpoint, the_delivery

pytestmark = pytest.mark.anyio


async def test_gone_means_gone(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted", "claim.returned")
    receiver.script = [answer(410)]
    first, second = await world.deliveries()
    assert await world.attempt(first) is None
    endpoint = await read_endpoint(world, made)
    assert (endpoint["active"], endpoint["disabled_reason"]) == (False, "gone")
    assert "410" in endpoint["disabled_reason_label"]
    assert [(d.state, d.last_fault) for d in await world.deliveries()] == [
        ("dead", "http_status"),
        ("dead", "endpoint_inactive"),
    ]
    assert await world.attempt(second) is None
    await world.happen("claim.opened")
    assert len(receiver.got) == 1
    assert len(await world.deliveries()) == 2
    async with world.database.read(ALLIANCE) as session:
        told = (await session.execute(select(outbox_event.c.type, outbox_event.c.division, outbox_event.c.data))).all()
        audited = (await session.scalars(select(audit_entry.c.action).order_by(audit_entry.c.entry_no))).all()
    assert [tuple(row) for row in told] == [("webhook_endpoint.disabled", HUAINING, {"reason": "gone"})]
    assert audited == ["webhook_endpoint.create", "webhook_endpoint.disable"]
    async with world.api() as client:
        path = f"/webhook-endpoints/{made['id']}"
        on = await client.patch(path, json={"active": True}, headers={"If-Match": f'"{endpoint["version"]}"'})
        assert (on.json()["disabled_reason"], on.json()["disabled_at"], on.json()["failing_since"]) == (
            None,
            None,
            None,
        )
        assert (await client.post(f"{path}/replay", json={"from": "2000-01-01T00:00:00Z"})).json() == {"replayed": 2}


async def test_only_the_office_hears_of_an_endpoint_of_its_own(world: World, receiver: Receiver) -> None:
    await world.endpoint(receiver.url, role=Role.SECRETARIAT_CLERK)
    await world.happen("claim.accepted")
    receiver.script = [answer(410)]
    await world.attempt(await the_delivery(world))
    async with world.database.read(ALLIANCE) as session:
        (division,) = (await session.scalars(select(outbox_event.c.division))).all()
    assert division == OFFICE_ONLY


async def test_days_without_one_success_disable_an_endpoint(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    receiver.script = [answer(500) for _ in range(20)]
    began = world.clock.now()
    while (await the_delivery(world)).state == DeliveryState.PENDING:
        delay = await world.attempt(await the_delivery(world))
        world.clock.advance(delay or timedelta(0))
    assert len(receiver.got) == len(SPECIFIED_DELAYS) + 1
    assert timedelta(hours=75) < world.clock.now() - began < timedelta(hours=84)
    assert (await read_endpoint(world, made))["active"], "three days are not yet five"
    world.clock.instant = began + timedelta(days=5) - timedelta(seconds=1)
    await world.happen("claim.returned")
    await world.attempt((await world.deliveries())[-1])
    assert (await read_endpoint(world, made))["active"]
    world.clock.instant = began + timedelta(days=5)
    await world.happen("claim.opened")
    await world.attempt((await world.deliveries())[-1])
    endpoint = await read_endpoint(world, made)
    assert (endpoint["active"], endpoint["disabled_reason"]) == (False, "failing")
    assert {d.state for d in await world.deliveries()} == {"dead"}


async def test_one_success_begins_the_days_anew(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    for status, step in ((500, timedelta(days=4)), (204, timedelta(days=4)), (500, timedelta(0))):
        await world.happen("claim.accepted")
        receiver.script = [answer(status)]
        await world.attempt((await world.deliveries())[-1])
        world.clock.advance(step)
    assert (await read_endpoint(world, made))["active"]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_asks_for_time_gets_it_for_all_its_messages(
    world: World, receiver: Receiver, status: int
) -> None:
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted", "claim.returned")
    receiver.script = [answer(status, retry_after="600")]
    first, second = await world.deliveries()
    assert await world.attempt(first) >= timedelta(seconds=600)
    waits = await world.attempt(second)
    assert timedelta(seconds=600) <= waits <= timedelta(seconds=660)
    assert len(receiver.got) == 1
    assert (await world.deliveries())[1].attempts == 0, "waiting is no attempt"
    world.clock.advance(timedelta(seconds=601))
    assert await world.attempt(second) is None


async def test_a_longer_wait_of_our_own_stands(world: World, receiver: Receiver) -> None:
    world.settings = world.settings.model_copy(update={"retry_seconds": (3600,)})
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    receiver.script = [answer(503, retry_after="1")]
    assert await world.attempt(await the_delivery(world)) >= timedelta(hours=1)


async def test_a_disabled_endpoint_gets_nothing_and_its_waiting_messages_end(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    async with world.api() as client:
        path = f"/webhook-endpoints/{made['id']}"
        await client.patch(path, json={"active": False}, headers={"If-Match": "*"})
        await world.happen("claim.returned")
        assert await world.attempt(await the_delivery(world)) is None
        assert (receiver.got, (await the_delivery(world)).last_fault) == ([], "endpoint_inactive")
        await client.patch(path, json={"active": True}, headers={"If-Match": "*"})
        assert (await client.delete(path)).status_code == 204
    assert await world.deliveries() == []


async def test_a_delivery_whose_endpoint_is_gone_ends_quietly(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    waiting = await the_delivery(world)
    async with world.api() as client:
        await client.delete(f"/webhook-endpoints/{made['id']}")
    assert await world.attempt(waiting) is None
    assert receiver.got == []


async def test_one_slow_receiver_does_not_take_every_worker(world: World, receiver: Receiver) -> None:
    await world.endpoint(receiver.url)
    await world.happen(*(["claim.accepted"] * (AT_ONCE_PER_ENDPOINT + 2)))
    receiver.script = [hanging(0.5) for _ in range(AT_ONCE_PER_ENDPOINT)]
    outcomes = await asyncio.gather(*(world.attempt(d) for d in await world.deliveries()))
    assert len(receiver.got) == AT_ONCE_PER_ENDPOINT
    assert sum(outcome is not None for outcome in outcomes) == 2

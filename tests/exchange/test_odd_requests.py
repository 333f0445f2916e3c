"""Whatever is sent to the exchange, it answers with no failure of its own, and each refusal is a problem document."""

import pytest

from tests.architecture.test_odd_requests import Sender
from tests.exchange.world import World

pytestmark = pytest.mark.anyio


async def test_the_exchange_takes_anything(world: World) -> None:
    async with world.api("secretariat_clerk") as client:
        made = await client.post("/webhook-endpoints", json={"url": "https://hooks.example.cn/"})
        tested = await client.post(f"/webhook-endpoints/{made.json()['id']}/test")
        await world.happen("claim.accepted", "claim.returned")
        client.base_url = client.base_url.copy_with(path="/")
        client.headers.pop("authorization")
        sender = Sender(client, world.signer)
        await sender.send_all("exchange", [made.json()["id"], tested.json()["id"]])
        sender.check()

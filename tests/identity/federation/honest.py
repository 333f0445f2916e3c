"""npm's oidc-provider as the tests use it: who the next visitor is, and the records of its clients."""

import httpx

from services.identity.federation.config import Kind
from tests.identity.federation.conftest import Peer
from tests.identity.federation.travel import add_provider
from tests.identity.world import World

SUBJECT = "gonghao-0042"


async def become(peer: Peer, subject: str) -> None:
    """Who the provider says that the next visitor is; `deny` refuses him."""
    async with httpx.AsyncClient() as http:
        answer = await http.put(f"{peer.url}/test/account", content=subject)
        assert answer.status_code == 204


async def provided(world: World, peer: Peer, number: int = 1, **options: object) -> None:
    """The provider record of one of the peer's clients."""
    client = ["hub-RS256", "hub-PS256", "hub-ES256", "hub-HS256", "hub-post"][number - 1]
    algorithm = client.removeprefix("hub-") if number <= 3 else "RS256"
    config = {"issuer": peer.url, "client_id": client, "algorithm": algorithm}
    await add_provider(world, number, Kind.OIDC, config, peer.secret, **options)  # type: ignore[arg-type]

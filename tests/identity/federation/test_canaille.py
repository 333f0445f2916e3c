"""Signing in at PyPI's canaille: once as it should be, and twice as its defaults would have it."""

import httpx

from services.identity.federation.config import Kind
from tests.identity.federation.conftest import TEACHER, Peer
from tests.identity.federation.travel import Traveller, add_provider, bind, provider_id, start_of
from tests.identity.world import Play, World


async def sign_in(browser: Traveller, peer: Peer, url: str) -> httpx.Response:
    """Go to canaille, give user name and password on its pages, and come back."""
    page = await browser.go(url)
    page = await _after(browser, await browser.submit(page, login=TEACHER))
    answer = await browser.submit(page, password=peer.password)
    return await browser.go(await browser.on_to_callback(answer))


async def _after(browser: Traveller, answer: httpx.Response) -> httpx.Response:
    while answer.is_redirect:
        answer = await browser.http.get(str(answer.url.join(answer.headers["location"])))
    return answer


def test_a_token_that_names_the_hub_is_taken_and_others_are_refused_with_a_reason(play: Play, canaille: Peer) -> None:
    async def story(world: World) -> None:
        for number, client in ((1, "plain"), (2, "named"), (3, "strong")):
            config = {"issuer": canaille.url, "client_id": client}
            await add_provider(world, number, Kind.OIDC, config, canaille.secret)
            await bind(world, provider_id(number), TEACHER)

        browser = Traveller(world)
        answer = await sign_in(browser, canaille, start_of(provider_id(2)))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/"), answer.text
        assert await browser.stage() == "complete"
        assert (await world.rows("SELECT display FROM external_identity WHERE last_used_at IS NOT NULL"))[0].display

        # A client as canaille makes it: its tokens are for nobody.
        nameless = Traveller(world)
        page = await sign_in(nameless, canaille, start_of(provider_id(1)))
        assert page.status_code == 403
        assert "没有写明接收方（aud 为空）" in page.text
        assert (await world.audited())[-1][2] == "id_token_audience"

        other = Traveller(world)
        page = await sign_in(other, canaille, start_of(provider_id(3)))
        assert page.status_code == 403
        assert "RS512 签名，这里只接受 RS256" in page.text
        assert (await world.audited())[-1][2] == "id_token_algorithm"
        assert await other.stage() is None

    play(story, federation_private_addresses=True)

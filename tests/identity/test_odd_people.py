"""Whatever administrators send, identity answers without a fault of its own, and refusals are problem documents."""

import httpx

from services.kernel.permissions import Role
from tests.architecture.odd_requests import Oddities
from tests.identity.office import Office
from tests.identity.world import Play, World
from tests.support.tokens import ISSUER

EACH = 12


def test_administrators_may_send_anything(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        callers = [
            await office.hire("chief", Role.SYSTEM_ADMIN),
            await office.hire("guard", Role.SECURITY_ADMIN),
            await office.hire("boss", Role.COUNTY_REVIEWER),
        ]
        targets = [await office.hire(f"target-{number}", Role.COUNTY_CLERK) for number in range(3)]
        (held,) = (await office.get(callers[1], f"/posts/{targets[0].post}"))["holdings"]
        ids = [str(one) for target in targets for one in (target.account, target.post, target.session)]
        bad, far = [], 0
        async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
            document = (await http.get("/api/identity/v1/openapi.json")).json()
            for number, request in enumerate(Oddities(document, [*ids, held["id"]]).requests(EACH)):
                token = callers[number % len(callers)].token
                sent = [(name.encode(), value) for name, value in request.headers]
                sent.append((b"Authorization", f"Bearer {token}".encode()))
                answer = await http.request(request.method, request.url, headers=sent, content=request.content)
                problem = answer.headers.get("content-type", "").startswith("application/problem+json")
                far += answer.status_code < 300
                if answer.status_code >= 500 or (answer.status_code >= 400 and not problem):
                    bad.append(f"{answer.status_code} {request.method} {request.url} {request.content[:200]!r}")
        assert bad == []
        assert far > 50

    play(story)

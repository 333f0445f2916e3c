"""People at work on a test world: each with a post, a login session, and a token signed by identity's own key."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.identity.actors import operator
from services.identity.commands.add_person import add_person
from services.identity.credentials import digest, new_credential
from services.identity.parts import IdentityParts
from services.identity.queries import HeldPost, posts_held, signing_key
from services.identity.schemas.account import AccountCreate
from services.identity.tables import LoginSession
from services.kernel.clock import business_date
from services.kernel.permissions import Department, Role, scope_of
from services.kernel.tokens import sign
from tests.identity.world import World
from tests.support.tokens import AUDIENCE, ISSUER

API = "/api/identity/v1"


@dataclass(frozen=True)
class Worker:
    """Somebody at work in a post, and the access token of this sign-in."""

    account: UUID
    post: UUID
    session: UUID
    token: str


class Office:
    """Hires people and lets them speak to the API as another process would."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parts: IdentityParts = world.app.state.identity

    @property
    def today(self) -> date:
        return business_date(self.world.clock)

    def day(self, days: int) -> str:
        """A business date from today, as JSON has it."""
        return (self.today + timedelta(days=days)).isoformat()

    async def hire(self, username: str, role: Role, **unit: Any) -> Worker:
        """A person with this post, signed in; missing parts of the unit are made up."""
        wanted = AccountCreate(
            username=username, display_name=f"人员{username}", role=role, **{**made_up(role), **unit}
        )
        clock, passwords = self.world.clock, self.parts.tools.passwords
        async with self.world.database.write("anqing") as session:
            account = await add_person(session, clock, operator("anqing"), passwords, wanted, self.world.password)
        return await self.sign_in(account.id)

    async def sign_in(self, account_id: UUID, post_id: UUID | None = None, *, practice: bool = False) -> Worker:
        """A login session in the post, or the only one, and an access token of it."""
        async with self.world.database.write("anqing") as session:
            held = await posts_held(session, "anqing", account_id, self.today)
            chosen = next(one for one in held if post_id in (None, one.post.id))
            login = self._login(chosen)
            session.add(login)
            key = await signing_key(session, self.parts.keyring, self.world.clock.now())
        work = HeldPost(chosen.account, chosen.post, practice)
        now = int(self.world.clock.now().timestamp())
        claims = {
            **work.claims,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 86400 * 365,
            "jti": uuid4().hex,
            "client_id": "frontend",
            "sid": str(login.id),
            "scope": scope_of(work.role),
        }
        token = sign({name: value for name, value in claims.items() if value is not None}, key)
        return Worker(account_id, chosen.post.id, login.id, token)

    def _login(self, held: HeldPost) -> LoginSession:
        now = self.world.clock.now()
        return LoginSession(
            alliance="anqing",
            id=uuid4(),
            token_hash=digest(new_credential("anqing")),
            account_id=held.account.id,
            post_id=held.post.id,
            stage="complete",
            amr=["pwd"],
            client_address="192.0.2.7",
            user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=10),
        )

    async def call(
        self, worker: Worker, method: str, path: str, body: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """One request to the API; what was revoked until now is known to the service."""
        await self.world.app.state.verifier.revocations.refresh()
        sent = {"Authorization": f"Bearer {worker.token}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        async with httpx.AsyncClient(transport=self.world.transport, base_url=ISSUER) as http:
            return await http.request(method, API + path, json=body, headers=sent)

    async def get(self, worker: Worker, path: str) -> Any:
        """The JSON of a list or thing that must be there."""
        answer = await self.call(worker, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, worker: Worker, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
        """The JSON of a command that must succeed."""
        answer = await self.call(worker, "POST", path, body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(
        self, worker: Worker, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, str]:
        """Status and code of a request that must not succeed."""
        answer = await self.call(worker, method, path, body)
        assert answer.status_code >= 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    async def actions(self, prefix: str) -> list[tuple[str, str | None]]:
        """Audited actions that begin so, with their reasons, in order."""
        return [(action, reason) for action, _, reason in await self.world.audited() if action.startswith(prefix)]


def made_up(role: Role) -> dict[str, Any]:
    """What a post of this role must say of its unit."""
    if role in (Role.COUNTY_CLERK, Role.COUNTY_REVIEWER):
        return {"division": "340822"}
    if role in (Role.UNIT_REPORTER, Role.UNIT_REVIEWER):
        return {"member": uuid4()}
    return {"department": Department.FINANCE} if role is Role.JOINT_REVIEWER else {}

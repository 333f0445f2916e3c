"""What page handlers name in their signatures: the signed-in person, the gateway in that person's name, CSRF.

Every page router is mounted with `GUARDS`, so no page can forget them.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from frontend.gateway_client import ApiProblem, BoundGateway, GatewayClient
from frontend.session import Session, User
from frontend.sign_in import SignIn, session_cookie
from services.kernel import context
from services.kernel.permissions import PERMISSION_LABELS, Permission

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"


class SignInNeeded(Exception):
    """No live session: the browser is sent to `/login` and comes back to where it was."""


async def signed_in(request: Request) -> Session:
    """The live session, with a fresh access token. Raises SignInNeeded, or ApiProblem when identity is down."""
    sign_in: SignIn = request.app.state.sign_in
    session_id = request.cookies.get(session_cookie(sign_in.settings))
    session = await sign_in.sessions.load(session_id) if session_id else None
    if session is None:
        raise SignInNeeded
    request.state.session = session
    fresh = await sign_in.fresh(session)
    if fresh is None:
        request.state.session = None
        raise SignInNeeded
    request.state.session = fresh
    return fresh


async def recall_session(request: Request) -> None:
    """Put the session, if there is one, where templates look, for pages that no guard ran for (an unknown path)."""
    if getattr(request.state, "session", None) is None:
        sign_in: SignIn = request.app.state.sign_in
        session_id = request.cookies.get(session_cookie(sign_in.settings))
        request.state.session = await sign_in.sessions.load(session_id) if session_id else None


CurrentSession = Annotated[Session, Depends(signed_in)]


async def verify_csrf(request: Request, session: CurrentSession) -> None:
    """Refuse an unsafe request that does not repeat the session's token, in the header or in a form field."""
    if request.method in SAFE_METHODS:
        return
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    if not secrets.compare_digest(given.encode(), session.csrf_token.encode()):
        raise ApiProblem(403, "csrf_mismatch", "页面已过期", "页面打开太久或登录已更换，请刷新页面后重新提交。")


@dataclass(frozen=True)
class Performs:
    """The dependency behind `performs`: it only stands there to be read."""

    commands: tuple[str, ...]

    async def __call__(self) -> None:
        """Nothing to check: `gateway` reads the commands."""


def performs(*commands: str) -> Any:
    """Declares which operations of the API a page carries out, as `POST /api/registry/v1/members/{id}`."""
    return Depends(Performs(commands))


def commands_of(dependencies: Iterable[Any]) -> tuple[str, ...]:
    """The commands that a route's dependencies declare."""
    found = [d.dependency for d in dependencies if isinstance(d.dependency, Performs)]
    return tuple(command for one in found for command in one.commands)


def gateway(request: Request, session: CurrentSession) -> BoundGateway:
    """The gateway in the signed-in person's name, for reading and for what the page declares that it performs."""
    client: GatewayClient = request.app.state.gateway
    commands = commands_of(request.scope["route"].dependencies)
    return client.bound(session.tokens.access_token, context.request_id.get(), commands)


def current_user(session: CurrentSession) -> User:
    return session.user


@dataclass(frozen=True)
class Needs:
    """The dependency behind `needs`: admits a person whose post grants one of the permissions."""

    permissions: tuple[Permission, ...]

    async def __call__(self, session: CurrentSession) -> None:
        """Raises ApiProblem (403) that names what is lacking. The services check again, on their own."""
        if not session.user.may(*self.permissions):
            lacking = "、".join(PERMISSION_LABELS[permission] for permission in self.permissions)
            raise ApiProblem(403, "forbidden", "没有权限", f"您的岗位没有这项权限（{lacking}）。")


def needs(*permissions: Permission) -> Any:
    """A dependency of a page or of a whole router: the post must grant one of these."""
    return Depends(Needs(permissions))


Gateway = Annotated[BoundGateway, Depends(gateway)]
CurrentUser = Annotated[User, Depends(current_user)]
GUARDS = [Depends(signed_in), Depends(verify_csrf)]

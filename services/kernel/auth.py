"""Authorisation as types: a service's `auth.py` declares `RegistryRead = Annotated[Principal, requires(...)]`."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.kernel.errors import Forbidden, NotSignedIn
from services.kernel.permissions import PERMISSION_LABELS, Permission
from services.kernel.principal import Principal, principal_from_claims

ALLIANCE_HEADER = "hub-alliance"
_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="identity 签发的访问令牌")


async def current_principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Principal:
    """The verified caller. Raises NotSignedIn without a valid access token."""
    if credentials is None:
        raise NotSignedIn("请先登录：请求没有带访问令牌。")
    claims = await request.app.state.verifier.verify(credentials.credentials)
    principal = principal_from_claims(claims, service_alliance=request.headers.get(ALLIANCE_HEADER))
    request.state.principal = principal  # who was refused, for the audit log
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


@dataclass(frozen=True)
class Requirement:
    """The dependency behind `requires`: admits a caller who holds all, or with `any_of` one, of the permissions."""

    permissions: tuple[Permission, ...]
    any_of: bool = False

    def admits(self, held: Container[str]) -> bool:
        return (any if self.any_of else all)(permission in held for permission in self.permissions)

    async def __call__(self, principal: CurrentPrincipal) -> Principal:
        """The caller. Raises Forbidden, naming what is lacking."""
        if not self.admits(principal.scopes):
            lacking = "、".join(PERMISSION_LABELS[p] for p in self.permissions if not principal.may(p))
            raise Forbidden(f"您的岗位没有这项权限（{lacking}），如需办理请联系秘书处。")
        return principal


def requires(*permissions: Permission) -> Any:
    """A dependency that admits a caller who holds every one of these permissions."""
    return Depends(Requirement(permissions))


def requires_any(*permissions: Permission) -> Any:
    """A dependency that admits a caller who holds one of these permissions."""
    return Depends(Requirement(permissions, any_of=True))


def requirements_of(route: APIRoute) -> tuple[Requirement, ...]:
    """What a route asks of its caller, found in its dependencies; nothing for a route that any caller may use."""
    found: dict[Requirement, None] = {}
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Requirement):
            found[dependant.call] = None
        waiting += dependant.dependencies
    return tuple(found)

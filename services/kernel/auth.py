"""Authorisation as types: a service's `auth.py` declares `RegistryRead = Annotated[Principal, requires(...)]`."""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.kernel.errors import Forbidden, NotSignedIn
from services.kernel.permissions import Permission
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
    return principal_from_claims(claims, service_alliance=request.headers.get(ALLIANCE_HEADER))


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


def requires(*permissions: Permission) -> Any:
    """A dependency that admits a caller who holds every one of these permissions."""

    async def check(principal: CurrentPrincipal) -> Principal:
        lacking = [p for p in permissions if not principal.may(p)]
        if lacking:
            raise Forbidden(f"您的角色没有这项权限（{'、'.join(lacking)}），如需办理请联系秘书处。")
        return principal

    return Depends(check)

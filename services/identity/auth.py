"""Authorisation as types."""

from typing import Annotated

from fastapi import Depends

from services.kernel.auth import CurrentPrincipal
from services.kernel.errors import Forbidden
from services.kernel.permissions import Role
from services.kernel.principal import Principal


def _secretariat(principal: CurrentPrincipal) -> Principal:
    if principal.role is not Role.SECRETARIAT:
        raise Forbidden("账号由秘书处管理，您的角色不能查看，如需办理请联系秘书处。")
    return principal


def _person(principal: CurrentPrincipal) -> Principal:
    if principal.role is Role.SERVICE:
        raise Forbidden("系统服务没有个人信息，请用人员账号登录后再试。")
    return principal


Secretariat = Annotated[Principal, Depends(_secretariat)]
Person = Annotated[Principal, Depends(_person)]

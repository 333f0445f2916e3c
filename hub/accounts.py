"""People and clients of identity, from the command line: first start, accounts, signing keys.

Identity's own settings come from the environment, so each call runs inside `applied_environment`.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from hub.database import SERVICES
from hub.environment import applied_environment
from hub.errors import OperatorError
from hub.policy import packs_below
from services.identity import admin
from services.identity.commands.invite import Invited
from services.identity.domain import AccountState
from services.identity.schemas.account import AccountRead
from services.identity.settings import IdentitySettings
from services.kernel.clock import BUSINESS_ZONE
from services.kernel.permissions import ADMINISTRATORS, ROLE_LABELS, Role
from services.kernel.policy.loader import load_pack

Result = TypeVar("Result")
CLIENTS = tuple(service for service in SERVICES if service != "identity")  # identity asks nobody
CALLBACK = "/login/callback"
STATES = {AccountState.INVITED: "待激活", AccountState.ACTIVE: "在用", AccountState.DEACTIVATED: "停用"}


def _run(environment: Mapping[str, str], work: Coroutine[Any, Any, Result]) -> Result:
    with applied_environment(environment):
        return asyncio.run(work)


def _settings(environment: Mapping[str, str]) -> IdentitySettings:
    with applied_environment(environment):
        return IdentitySettings()


def alliance_name(policies: Path, alliance: str) -> str | None:
    """The name that a pack below `policies` gives to the alliance."""
    packs = (load_pack(folder).pack for folder in packs_below(policies))
    return next(
        (pack.document.alliance.name for pack in packs if pack and pack.document.alliance.code == alliance), None
    )


def bootstrap(environment: Mapping[str, str], policies: Path) -> None:
    """Make the first signing key, register the hub's own clients and name the alliance; idempotent."""
    secrets = {service: f"HUB_{service.upper()}_CLIENT_SECRET" for service in (*CLIENTS, "frontend")}
    missing = [name for name in secrets.values() if not environment.get(name)]
    if missing:
        raise OperatorError(f"缺少设置 {'、'.join(missing)}；可用 hub secrets generate 生成。")
    settings = _settings(environment)
    work = admin.bootstrap(
        settings,
        frontend_secret=environment[secrets["frontend"]],
        service_secrets={service: environment[secrets[service]] for service in CLIENTS},
        redirect_uris=[settings.hub.public_url.rstrip("/") + CALLBACK],
        alliance_name=alliance_name(policies, settings.hub.alliance_default),
    )
    _run(environment, work)


def administrator_named(text: str) -> Role:
    """An administrator's role by its code or Chinese label; raises OperatorError listing the three."""
    three = {role: ROLE_LABELS[role] for role in Role if role in ADMINISTRATORS}
    for role, label in three.items():
        if text in (role.value, label):
            return role
    known = "、".join(f"{role.value}（{label}）" for role, label in three.items())
    raise OperatorError(f"这里只开设三员账号，没有 {text}；可选：{known}。其他人员请在网页上开设。", exit_code=2)


def invite(environment: Mapping[str, str], username: str, name: str, role: Role) -> Invited:
    """Make the first account of one of the three administrators; returns its link."""
    return _run(environment, admin.invite_administrator(_settings(environment), username, name, role))


def reset_password(environment: Mapping[str, str], username: str, reason: str) -> Invited:
    """A link by which somebody sets a new password."""
    return _run(environment, admin.reset_password(_settings(environment), username, reason=reason))


def reset_second_factor(environment: Mapping[str, str], username: str, reason: str) -> None:
    """Forget somebody's second factor."""
    _run(environment, admin.reset_second_factor(_settings(environment), username, reason=reason))


def deactivate(environment: Mapping[str, str], username: str, reason: str) -> None:
    """Deactivate an account and sign it out everywhere."""
    _run(environment, admin.deactivate(_settings(environment), username, reason=reason))


def rotate_keys(environment: Mapping[str, str]) -> str:
    """Replace the signing key; returns the new key's id."""
    return _run(environment, admin.rotate_keys(_settings(environment)))


def shown(instant: datetime) -> str:
    """An instant as people here read it."""
    return f"{instant.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"


def listed(environment: Mapping[str, str]) -> list[str]:
    """One line an account: user name, name, state, and the posts held today."""
    return [_line(account) for account in _run(environment, admin.list_accounts(_settings(environment)))]


def _line(account: AccountRead) -> str:
    posts = "、".join(f"{post.unit_name} {post.title}" for post in account.posts) or "无岗位"
    return "\t".join([account.username, account.name, STATES[account.state], posts])

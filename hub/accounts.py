"""People and clients of identity, from the command line: first start, accounts, signing keys.

Identity's own settings come from the environment, so each call runs inside `applied_environment`.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from hub.database import SERVICES
from hub.environment import applied_environment
from hub.errors import OperatorError
from hub.policy import packs_below
from hub.secrets_store import new_readable_password
from services.identity import admin
from services.identity.schemas.account import AccountCreate, AccountRead
from services.identity.settings import IdentitySettings
from services.kernel.permissions import ROLE_LABELS, Role
from services.kernel.policy.loader import load_pack

Result = TypeVar("Result")
CLIENTS = tuple(service for service in SERVICES if service != "identity")  # identity asks nobody
CALLBACK = "/login/callback"


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


@dataclass(frozen=True)
class Post:
    """Who somebody is in the alliance: role, and the county or member that it is for."""

    role: Role
    division: str | None
    member: UUID | None


def role_named(text: str) -> Role:
    """A role by its code or Chinese label; raises OperatorError listing those that people may have."""
    people = {role: label for role, label in ROLE_LABELS.items() if role is not Role.SERVICE}
    for role, label in people.items():
        if text in (role.value, label):
            return role
    known = "、".join(f"{role.value}（{label}）" for role, label in people.items())
    raise OperatorError(f"没有角色 {text}；可选：{known}。", exit_code=2)


def add(environment: Mapping[str, str], username: str, display_name: str, post: Post) -> str:
    """Create an account and return its password, which is shown this once."""
    password = new_readable_password()
    wanted = AccountCreate(
        username=username, display_name=display_name, role=post.role, division=post.division, member=post.member
    )
    _run(environment, admin.add_account(_settings(environment), wanted, password))
    return password


def reset_password(environment: Mapping[str, str], username: str) -> str:
    """Give an account a new password, lift its lock and sign it out; returns the password."""
    password = new_readable_password()
    _run(environment, admin.set_password(_settings(environment), username, password))
    return password


def deactivate(environment: Mapping[str, str], username: str, reason: str | None) -> None:
    """Deactivate an account and sign it out everywhere."""
    _run(environment, admin.deactivate(_settings(environment), username, reason=reason))


def rotate_keys(environment: Mapping[str, str]) -> str:
    """Replace the signing key; returns the new key's id."""
    return _run(environment, admin.rotate_keys(_settings(environment)))


def listed(environment: Mapping[str, str]) -> list[str]:
    """One line an account: user name, name, role, county or member, state."""
    return [_line(account) for account in _run(environment, admin.list_accounts(_settings(environment)))]


def _line(account: AccountRead) -> str:
    place = account.division or (str(account.member) if account.member else "-")
    state = "在用" if account.active else "停用"
    return "\t".join([account.username, account.display_name, ROLE_LABELS[account.role], place, state])

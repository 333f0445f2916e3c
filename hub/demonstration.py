"""The demonstration alliance of a local hub: its accounts, and its data sent once through the public API.

That it was loaded is written down in the database itself, as the database's comment, so that a new database is loaded
anew and a second start with the old one takes no time.
"""

import asyncio
from typing import Final
from uuid import UUID

from hub.accounts import CALLBACK
from hub.database import connection
from hub.demo.alliance import DEMO_ACCOUNTS, DemoAccount
from hub.demo.load import load
from hub.demo.sign_in import Account, OAuthClient
from hub.environment import Deployment, applied_environment
from hub.progress import Say
from services.identity import admin
from services.identity.schemas.account import AccountCreate
from services.identity.settings import IdentitySettings
from services.kernel.permissions import GRANTS, SECOND_FACTOR_ROLES, Permission, Role

LOADED: Final = "alliance-hub: demonstration loaded"
CLIENT: Final = "frontend"


def load_demonstration(deployment: Deployment, say: Say) -> None:
    """Make the accounts and send the data unless this database has it. Raises OperatorError naming the failed step."""
    with applied_environment(deployment.of_everything()):
        settings = IdentitySettings()
    asyncio.run(_load(deployment, settings, say))


async def _load(deployment: Deployment, settings: IdentitySettings, say: Say) -> None:
    if await is_loaded(deployment):
        return
    names = [account.username for account in DEMO_ACCOUNTS]
    accounts = {name: Account(name, deployment.secrets.account_password(name)) for name in names}

    async def bind_member(account: DemoAccount, member_id: str) -> None:  # cannot be before its member
        await admin.ensure_account(settings, _wanted(account, UUID(member_id)), accounts[account.username].password)

    say("建立示范账号")
    others = [account for account in DEMO_ACCOUNTS if account.member_uscc is None]
    await admin.ensure_accounts(
        settings, [(_wanted(account), accounts[account.username].password) for account in others]
    )
    url = deployment.settings.public_url
    await load(url, accounts, deployment.settings.state.path, say, client=_client(deployment), bind_member=bind_member)
    await mark_loaded(deployment)


def _wanted(account: DemoAccount, member: UUID | None = None) -> AccountCreate:
    return AccountCreate(
        username=account.username,
        display_name=account.display_name,
        role=account.role,
        division=account.division,
        member=member,
        department=account.department,
        unit_name=account.unit_name,
    )


def _client(deployment: Deployment) -> OAuthClient:
    return OAuthClient(
        client_id=CLIENT,
        redirect_uri=deployment.settings.public_url + CALLBACK,
        secret=deployment.secrets["HUB_FRONTEND_CLIENT_SECRET"],
        scope=" ".join(sorted({*Permission} - GRANTS[Role.SERVICE])),
    )


async def is_loaded(deployment: Deployment) -> bool:
    """Whether the hub's database says that the demonstration was loaded."""
    plan = deployment.plan
    async with connection(plan.administrator, plan.database) as database:
        comment = await database.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
    return bool(comment == LOADED)


async def mark_loaded(deployment: Deployment) -> None:
    """Write down in the hub's database that the demonstration was loaded."""
    plan = deployment.plan
    async with connection(plan.administrator, plan.database) as database:
        await database.execute(f"COMMENT ON DATABASE {plan.database} IS '{LOADED}'")


def account_lines(deployment: Deployment) -> list[str]:
    """The demonstration accounts with their passwords, for the terminal."""
    lines = ["示范账号（用户名  密码  身份；带 * 的首次登录时须绑定动态口令）："]
    for account in DEMO_ACCOUNTS:
        password = deployment.secrets.account_password(account.username)
        factor = "*" if account.role in SECOND_FACTOR_ROLES else ""
        lines.append(f"  {account.username:<22}{password}  {account.unit_name}{factor}（{account.label}）")
    return lines

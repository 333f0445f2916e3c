"""The demonstrations of a local hub: accounts of an alliance, and its data sent once through the public API.

Which were loaded is written down in the database itself, as the database's comment, so that a new database is loaded
anew and a second start with the old one takes no time.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from hub.accounts import CALLBACK
from hub.database import connection
from hub.demo.adoption import load_document
from hub.demo.alliance import DemoAccount
from hub.demo.alliances import FIRST, DemoAlliance, demo_alliance, demo_alliances
from hub.demo.load import load
from hub.demo.sign_in import Account, OAuthClient
from hub.environment import Deployment, applied_environment
from hub.policy import POLICIES, apply
from hub.progress import Say
from services.identity import admin
from services.identity.schemas.account import AccountCreate
from services.identity.settings import IdentitySettings
from services.kernel.clock import SystemClock, business_date
from services.kernel.permissions import GRANTS, SECOND_FACTOR_ROLES, Permission, Role

LOADED: Final = "alliance-hub: demonstration loaded"
CLIENT: Final = "frontend"
NEW_FACTOR: Final = "示范数据装载完毕，由使用者自行绑定动态口令"


def load_demonstration(deployment: Deployment, say: Say, code: str = FIRST) -> bool:
    """Make an alliance, its accounts and its data unless this database has them; returns whether it had not.

    Raises OperatorError naming the failed step, or the alliances that there are.
    """
    alliance = demo_alliance(POLICIES, code)
    with applied_environment(deployment.of_everything()):
        settings = IdentitySettings()
    return asyncio.run(_load(deployment, settings, alliance, say))


async def _load(deployment: Deployment, settings: IdentitySettings, alliance: DemoAlliance, say: Say) -> bool:
    if alliance.code in await loaded_alliances(deployment):
        return False
    say("建立示范账号")
    await admin.name_alliance(settings, alliance.code, alliance.name)
    accounts = {one.username: _account(deployment, one) for one in alliance.accounts}
    free = [(_wanted(one), accounts[one.username].password) for one in alliance.accounts if one.member_uscc is None]
    await admin.ensure_accounts(settings, free, alliance=alliance.code)
    if alliance.code == FIRST:
        await _load_first(deployment, settings, accounts, say)
    else:
        await apply(alliance.folder, deployment.of_everything())
        url = deployment.settings.public_url
        today = business_date(SystemClock())
        await load_document(url, accounts, alliance, say, client=_client(deployment), today=today)
    await mark_loaded(deployment, alliance.code)
    return True


async def _load_first(
    deployment: Deployment, settings: IdentitySettings, accounts: Mapping[str, Account], say: Say
) -> None:
    async def bind_member(account: DemoAccount, member_id: str) -> None:  # cannot be before its member
        await admin.ensure_account(
            settings, _wanted(account, UUID(member_id)), accounts[account.username].password, alliance=FIRST
        )

    async def forget_factor(username: str) -> None:
        await admin.reset_second_factor(settings, username, reason=NEW_FACTOR, alliance=FIRST)

    await load(
        deployment.settings.public_url,
        accounts,
        deployment.settings.state.path,
        say,
        client=_client(deployment),
        bind_member=bind_member,
        forget_factor=forget_factor,
        today=business_date(SystemClock()),
    )


def _account(deployment: Deployment, account: DemoAccount) -> Account:
    return Account(account.username, deployment.secrets.account_password(account.username))


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


async def loaded_alliances(deployment: Deployment) -> list[str]:
    """The codes of the alliances whose demonstration the hub's database says was loaded, in that order."""
    plan = deployment.plan
    async with connection(plan.administrator, plan.database) as database:
        comment = await database.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
    mark, _, codes = str(comment or "").partition(" of ")
    if mark != LOADED:
        return []
    return codes.split(", ") if codes else [FIRST]  # once there was one demonstration only, which had no name


async def mark_loaded(deployment: Deployment, code: str) -> None:
    """Write down in the hub's database that the demonstration of an alliance was loaded."""
    plan = deployment.plan
    codes = ", ".join([*await loaded_alliances(deployment), code])
    async with connection(plan.administrator, plan.database) as database:
        mark = await database.fetchval("SELECT quote_literal($1)", f"{LOADED} of {codes}")
        await database.execute(f"COMMENT ON DATABASE {plan.database} IS {mark}")


def alliance_lines(deployment: Deployment) -> list[str]:
    """Each alliance that a demonstration can be loaded for, and whether it was."""
    loaded = asyncio.run(loaded_alliances(deployment))
    known = demo_alliances(POLICIES).values()
    return [f"{one.code:<12}{'已装载' if one.code in loaded else '未装载'}  {one.name}（{one.pack}）" for one in known]


def account_lines(deployment: Deployment, code: str = FIRST) -> list[str]:
    """The demonstration accounts of an alliance with their passwords, for the terminal."""
    alliance = demo_alliance(POLICIES, code)
    lines = [f"{alliance.name}的示范账号（用户名  密码  身份；带 * 的首次登录时须绑定动态口令）："]
    for account in alliance.accounts:
        password = deployment.secrets.account_password(account.username)
        factor = "*" if account.role in SECOND_FACTOR_ROLES else ""
        lines.append(f"  {account.username:<24}{password}  {account.unit_name}{factor}（{account.label}）")
    return lines


def all_account_lines(deployment: Deployment) -> list[str]:
    """The accounts of every demonstration that was loaded."""
    return [line for code in asyncio.run(loaded_alliances(deployment)) for line in account_lines(deployment, code)]

"""`hub user`: what cannot be done in the browser: the first administrators, and administrators who are locked out.

Accounts are made by the system administrator and posts granted by the security administrator, both in the browser; the
terminal does neither for anybody else, since one person would then do the parts of two. Every act is audited.
"""

import os
from typing import Annotated

import typer

from hub.groups import group

user = group("账号")
Username = Annotated[str, typer.Argument(help="用户名")]
Reason = Annotated[str, typer.Option(help="原因，记入审计")]


def _environment() -> dict[str, str]:
    from hub.environment import operator_environment

    return operator_environment(os.environ)


def _show(link: str, ends: str) -> None:
    typer.echo(f"请把链接交给本人（只显示这一次，{ends} 前有效，使用后失效）：\n{link}")


@user.command("list")
def list_users() -> None:
    """列出全部账号和今日担任的岗位。"""
    from hub import accounts

    for line in accounts.listed(_environment()):
        typer.echo(line)


@user.command("invite")
def invite(
    username: Username,
    *,
    name: Annotated[str, typer.Option(help="姓名")],
    role: Annotated[str, typer.Option(help="系统管理员、安全管理员或审计管理员")],
) -> None:
    """首次安装时开设三员账号，并显示一次邀请链接；该角色已有人任职后不再可用。"""
    from hub import accounts

    invited = accounts.invite(_environment(), username, name, accounts.administrator_named(role))
    _show(invited.link, accounts.shown(invited.expires_at))


@user.command("password")
def reset_password(username: Username, *, reason: Reason) -> None:
    """显示一次重置密码的链接，用于不能在网页上重置的三员账号。"""
    from hub import accounts

    invited = accounts.reset_password(_environment(), username, reason)
    _show(invited.link, accounts.shown(invited.expires_at))


@user.command("second-factor")
def reset_second_factor(username: Username, *, reason: Reason) -> None:
    """重置动态口令；本人下次登录时重新绑定。"""
    from hub import accounts

    accounts.reset_second_factor(_environment(), username, reason)
    typer.echo(f"已重置账号 {username} 的动态口令，并使其在各处退出登录。")


@user.command("deactivate")
def deactivate(username: Username, *, reason: Reason) -> None:
    """停用账号；记录保留。"""
    from hub import accounts

    accounts.deactivate(_environment(), username, reason)
    typer.echo(f"已停用账号 {username}。")

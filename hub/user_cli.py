"""`hub user`: accounts at the terminal. Passwords are made here and shown once; none is ever taken as an argument."""

import os
from typing import Annotated
from uuid import UUID

import typer

from hub.groups import group

user = group("账号")
Username = Annotated[str, typer.Argument(help="用户名")]


def _environment() -> dict[str, str]:
    from hub.environment import operator_environment

    return operator_environment(os.environ)


@user.command("list")
def list_users() -> None:
    """列出全部账号。"""
    from hub import accounts

    for line in accounts.listed(_environment()):
        typer.echo(line)


@user.command("add")
def add_user(
    username: Username,
    *,
    name: Annotated[str, typer.Option(help="姓名或单位名称")],
    role: Annotated[str, typer.Option(help="角色：秘书处、县区教育局或成员单位")],
    division: Annotated[str | None, typer.Option(help="县区教育局所在区划的六位代码")] = None,
    member: Annotated[UUID | None, typer.Option(help="成员单位的编号")] = None,
) -> None:
    """新建账号，并显示一次初始密码。"""
    from hub import accounts

    post = accounts.Post(accounts.role_named(role), division, member)
    password = accounts.add(_environment(), username, name, post)
    typer.echo(f"已新建账号 {username}，初始密码：{password}")


@user.command("password")
def reset_password(username: Username) -> None:
    """重置密码，解除锁定，并使该账号在各处退出登录。"""
    from hub import accounts

    typer.echo(f"账号 {username} 的新密码：{accounts.reset_password(_environment(), username)}")


@user.command("deactivate")
def deactivate(
    username: Username, *, reason: Annotated[str | None, typer.Option(help="停用原因，记入审计")] = None
) -> None:
    """停用账号；记录保留。"""
    from hub import accounts

    accounts.deactivate(_environment(), username, reason)
    typer.echo(f"已停用账号 {username}。")

"""`hub keys`: the keys that sign tokens."""

import os

import typer

from hub.groups import group

keys = group("签发登录凭证的密钥")


@keys.callback()
def _a_group() -> None:
    """签发登录凭证的密钥。"""


@keys.command("rotate")
def rotate() -> None:
    """更换签发登录凭证的密钥；旧密钥继续核验到它签发的凭证全部到期，已登录的人不受影响。"""
    from hub import accounts
    from hub.environment import operator_environment

    typer.echo(f"新密钥 {accounts.rotate_keys(operator_environment(os.environ))} 即将启用。")

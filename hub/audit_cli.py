"""`hub audit`: verify exports of the audit log, and delete what is older than it must be kept."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hub.groups import group

audit = group("审计记录")


@audit.command("verify")
def verify(files: Annotated[list[Path], typer.Argument(help="导出的审计记录（.jsonl），可给出多个")]) -> None:
    """离线核验导出的审计记录；有改动、缺失或顺序不对时指出第一处，并返回 1。"""
    from hub.audit import verify_files

    for verified in verify_files(files):
        typer.echo(verified.sentence)


@audit.command("prune")
def prune() -> None:
    """删除超过保存期限的审计记录和变更，只从最早的开始；期限见 HUB_AUDIT_MONTHS 等设置。"""
    import asyncio

    from hub.audit_prune import Retention, owner_url
    from hub.audit_prune import prune as delete
    from services.kernel.clock import SystemClock

    environment = dict(os.environ)
    retention = Retention.read(environment)
    done = asyncio.run(delete(owner_url(environment), retention, SystemClock()))
    for pruned in done:
        typer.echo(pruned.sentence)
    if not done:
        typer.echo("没有超过保存期限的记录。")

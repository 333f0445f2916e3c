"""The `hub` command line. Every import of weight is made inside its command, so that `hub version` is instant."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.audit_cli import audit
from hub.groups import group
from hub.keys_cli import keys
from hub.user_cli import user

app = group("职教联盟一站式信息交换中枢")
policy = group("政策包：检查、比较、应用")
secrets = group("密钥")
demo = group("示范数据")
app.add_typer(policy, name="policy")
app.add_typer(demo, name="demo")
app.add_typer(user, name="user")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
app.add_typer(secrets, name="secrets")


@app.command()
def version() -> None:
    """显示版本。"""
    from importlib.metadata import version as installed

    typer.echo(installed("alliance-hub"))


@app.command()
def permissions() -> None:
    """显示岗位角色与权限对照表（Markdown），即 docs/permissions.md。"""
    from hub.permissions import matrix

    typer.echo(matrix(), nl=False)


@app.command()
def up(
    *,
    stop_with_parent: Annotated[bool, typer.Option(help="启动本命令的程序结束时，一并停止。")] = False,
) -> None:
    """在本机启动整个中枢，按 Ctrl-C 停止。"""
    from hub.environment import LocalSettings
    from hub.processes import bind_to_own_parent
    from hub.up import default_hooks
    from hub.up import up as run

    if stop_with_parent:
        bind_to_own_parent(signal.SIGTERM)
    environment = dict(os.environ)
    run(default_hooks(LocalSettings.read(environment).deployment), environment)


@app.command()
def migrate() -> None:
    """在 HUB_DATABASE_URL 所指的服务器上建立角色和数据库，并升级表结构；可重复执行。"""
    from hub import database

    database.migrate(database.plan_from_environment(os.environ), report=lambda service: typer.echo(f"升级 {service}"))
    typer.echo("数据库结构已是最新。")


@app.command()
def serve(
    name: Annotated[str, typer.Argument(help="identity、registry、targets、subsidies、exchange、frontend 或 gateway")],
    *,
    uds: Annotated[Path | None, typer.Option(help="监听的 unix 套接字；给出时不使用端口（gateway 两者都用）。")] = None,
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="监听端口")] = 8000,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="gateway 的进程数；省略时取 HUB_GATEWAY_PROCESSES，默认 1")
    ] = None,
) -> None:
    """运行一个服务。"""
    from hub import serve as serving
    from hub.environment import gateway_processes

    chosen = processes or (gateway_processes(os.environ) if name == "gateway" else 1)
    serving.serve(name, uds=uds, host=host, port=port, processes=chosen)


@app.command()
def worker() -> None:
    """运行后台任务。"""
    from hub.serve import work

    work()


@app.command()
def bootstrap() -> None:
    """生成首个签名密钥，登记网页和各服务的客户端；可重复执行。hub up 会自动执行。"""
    from hub.accounts import bootstrap as prepare
    from hub.environment import operator_environment
    from hub.policy import POLICIES

    prepare(operator_environment(os.environ), POLICIES)
    typer.echo("签名密钥和客户端已就绪。")


PackFolder = Annotated[Path, typer.Argument(help="政策包所在的目录，例如 policies/anqing-2024")]


@policy.command("check")
def check_policy(folder: PackFolder) -> None:
    """列出政策包中的错误、缺失和待明确事项；有错误时返回 1。"""
    from hub.policy import report_on
    from services.kernel.policy.render import render_report

    report = report_on(folder)
    typer.echo(render_report(report))
    if not report.ok:
        raise typer.Exit(1)


@policy.command("diff")
def diff_policy(folder: PackFolder) -> None:
    """显示应用政策包将带来的变化，不作改动。"""
    import asyncio

    from hub.environment import operator_environment
    from hub.policy import difference

    typer.echo(asyncio.run(difference(folder, operator_environment(os.environ))))


@policy.command("apply")
def apply_policy(folder: PackFolder) -> None:
    """把政策包应用到各服务；内容没有变化时不产生新版本。"""
    import asyncio

    from hub.environment import operator_environment
    from hub.policy import apply

    for applied in asyncio.run(apply(folder, operator_environment(os.environ))):
        typer.echo(applied.sentence)


@demo.command("load")
def load_demo(
    alliance: Annotated[str, typer.Argument(help="联盟代码：anqing、enan、xiaogan、community 或 chenzhou")] = "anqing",
) -> None:
    """把一个联盟的示范数据装载到正在运行的中枢，并显示示范账号；可重复执行。"""
    from hub.demonstration import account_lines, load_demonstration
    from hub.environment import running_deployment

    deployment = running_deployment(os.environ)
    if not load_demonstration(deployment, typer.echo, alliance):
        typer.echo("此前已装载，没有改动。")
    for line in account_lines(deployment, alliance):
        typer.echo(line)


@demo.command("list")
def list_demos() -> None:
    """列出可以装载示范数据的联盟，以及是否已装载。"""
    from hub.demonstration import alliance_lines
    from hub.environment import running_deployment

    for line in alliance_lines(running_deployment(os.environ)):
        typer.echo(line)


@secrets.command("generate")
def generate_secrets(
    *,
    output: Annotated[Path | None, typer.Option(help="写入的新文件（权限 0600）；省略则显示在终端。")] = None,
    database_host: Annotated[str, typer.Option(help="数据库服务器的主机名")] = "postgres",
    public_url: Annotated[str, typer.Option(help="浏览器访问的地址")] = "https://hub.example.org",
) -> None:
    """生成一套新的密钥和数据库密码，供容器部署的环境文件使用。"""
    from hub.secrets_file import environment_file, write_private

    text = environment_file(database_host=database_host, public_url=public_url)
    if output is None:
        sys.stdout.write(text)
    else:
        write_private(output, text)
        typer.echo(f"已写入 {output}，请妥善备份。")

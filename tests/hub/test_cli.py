"""The command line: instant version, sentences in place of tracebacks, packs checked and applied on a real server."""

import errno
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hub import __main__ as entry
from hub import cli
from hub.database import OWNER, SERVICES, Plan, role_of
from hub.errors import OperatorError
from hub.groups import SentenceGroup
from hub.policy import POLICIES, packs_below
from hub.postgres import Address
from hub.secrets_store import generate
from tests.hub.processes import query
from tests.policy.mini import mini_pack

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "policies" / "anqing-2024"
UPSTREAMS = ("IDENTITY", "REGISTRY", "TARGETS", "SUBSIDIES", "EXCHANGE", "FRONTEND", "GATEWAY")
HEAVY = ("fastapi", "sqlalchemy", "asyncpg", "uvicorn", "polars", "services")


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, list(arguments), env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_version_is_told_without_loading_anything_heavy() -> None:
    program = (
        "import sys\nfrom hub.cli import app\ntry:\n app(['version'])\nexcept SystemExit: pass\n"
        f"sys.stdout.write(','.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", answer.stdout), "the version, and no module after it"


def test_every_command_of_the_design_has_its_help() -> None:
    code, said, _ = run("--help")
    assert code == 0
    for name in ("up", "migrate", "serve", "worker", "policy", "secrets", "version", "demo", "user", "bootstrap"):
        assert re.search(rf"^  {name} +\S", said, re.MULTILINE), name
    assert [run("policy", name, "--help")[0] for name in ("check", "diff", "apply")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (OperatorError("一句话。", exit_code=3), 3, "一句话。\n"),
        (OSError(errno.ENOSPC, "full", "/data/x"), 1, "磁盘空间已满，无法写入 /data/x；请清理磁盘后重试。\n"),
    ],
)
def test_a_fault_that_can_be_mended_is_one_sentence(fault: Exception, code: int, words: str) -> None:
    app = typer.Typer(cls=SentenceGroup, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise fault

    @app.command()
    def other() -> None:
        """A second command, so that the first keeps its name."""

    result = CliRunner().invoke(app, ["fail"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", words)


def test_a_fault_of_the_program_is_not_hidden() -> None:
    app = typer.Typer(cls=SentenceGroup, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise OSError(errno.EIO, "broken")

    @app.command()
    def other() -> None:
        """A second command, so that the first keeps its name."""

    assert isinstance(CliRunner().invoke(app, ["fail"]).exception, OSError)


def test_a_service_that_does_not_exist_is_refused() -> None:
    assert run("serve", "nothing") == (
        2,
        "",
        "没有名为 nothing 的服务；可选：identity、registry、targets、subsidies、exchange、frontend、gateway。\n",
    )


def test_migrate_without_settings_names_what_is_missing() -> None:
    bare = {name: "" for name in os.environ if name.startswith("HUB_")}
    code, _, said = run("migrate", **bare)
    assert code == 1
    assert said.startswith("缺少设置 HUB_DATABASE_URL、HUB_OWNER_DATABASE_URL、HUB_IDENTITY_DATABASE_URL")


def test_commands_for_a_running_hub_say_when_there_is_none(tmp_path: Path) -> None:
    code, _, said = run("policy", "apply", str(PACK), HUB_STATE_DIR=str(tmp_path / "none"))
    assert code == 1
    assert said.startswith("中枢没有在运行")
    assert not (tmp_path / "none").exists(), "asking makes nothing"


@pytest.mark.parametrize("command", [("load", "xiaogan"), ("load",), ("list",)])
def test_demonstrations_are_those_of_a_running_hub(tmp_path: Path, command: tuple[str, ...]) -> None:
    code, _, said = run("demo", *command, HUB_STATE_DIR=str(tmp_path / "none"))
    assert (code, said.startswith("中枢没有在运行")) == (1, True)


def test_secrets_are_shown_or_written_privately(tmp_path: Path) -> None:
    code, said, _ = run("secrets", "generate", "--public-url", "https://hub.anqing.example")
    assert code == 0
    assert "HUB_PUBLIC_URL=https://hub.anqing.example\n" in said
    target = tmp_path / "hub.env"
    code, said, _ = run("secrets", "generate", "--output", str(target))
    assert (code, said) == (0, f"已写入 {target}，请妥善备份。\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    code, _, said = run("secrets", "generate", "--output", str(target))
    assert (code, "已存在" in said) == (1, True)


def test_a_sound_pack_is_reported_as_such() -> None:
    code, said, _ = run("policy", "check", str(PACK))
    assert code == 0
    assert "可以应用" in said


def test_a_pack_with_an_error_names_file_line_and_field(tmp_path: Path) -> None:
    broken = tmp_path / "anqing-2024"
    broken.mkdir()
    for source in PACK.glob("*.yaml"):
        text = source.read_text("utf-8")
        (broken / source.name).write_text(text.replace("valid: {from: null", "valid: {from: soon", 1), "utf-8")
    code, said, _ = run("policy", "check", str(broken))
    assert code == 1
    assert re.search(r"document\.yaml:8 valid\.from", said)
    assert "不能应用" in said


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    code, _, said = run("policy", "check", str(tmp_path / "nothing"))
    assert (code, said.startswith("没有目录")) == (1, True)


@pytest.fixture
def deployment(bare_server: Address) -> Iterator[dict[str, str]]:
    """The environment of a deployment whose server is bare yet."""
    roles = (OWNER, *map(role_of, SERVICES))
    plan = Plan(bare_server.url(), {role: f"password-of-{role}" for role in roles})
    urls = {f"HUB_{name.upper()}_DATABASE_URL": url for name, url in plan.service_urls().items()}
    yield {"HUB_DATABASE_URL": bare_server.url(), "HUB_OWNER_DATABASE_URL": plan.url(OWNER), **urls}
    query(bare_server, "DROP DATABASE IF EXISTS hub WITH (FORCE)", "SELECT 1")
    for role in roles:
        query(bare_server, f"DROP ROLE IF EXISTS {role}", "SELECT 1")


def test_the_real_migrations_and_packs_on_a_bare_server(deployment: dict[str, str], bare_server: Address) -> None:
    for _ in range(2):
        code, said, _ = run("migrate", **deployment)
        assert (code, said.splitlines()[-1]) == (0, "数据库结构已是最新。")
    owners = "SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = ANY ($1)"
    assert query(bare_server, owners.replace("$1", f"'{{{','.join(SERVICES)}}}'"), database="hub") == OWNER
    code, said, _ = run("policy", "diff", str(PACK), **deployment)
    assert (code, "没有变化" in said) == (0, False)
    assert "anqing-2024 → subsidies：已应用为第 1 版。" in run("policy", "apply", str(PACK), **deployment)[1]
    assert "没有变化，仍是第 1 版" in run("policy", "apply", str(PACK), **deployment)[1]
    assert "没有变化" in run("policy", "diff", str(PACK), **deployment)[1]


def test_a_pack_of_document_and_structure_reaches_the_registry_alone(
    deployment: dict[str, str], bare_server: Address, tmp_path: Path
) -> None:
    assert run("migrate", **deployment)[0] == 0
    folder = mini_pack(tmp_path, "some-pack").folder
    for part in ("targets", "subsidies"):
        (folder / f"{part}.yaml").unlink()
    said = run("policy", "diff", str(folder), **deployment)[1]
    assert ("组织架构：首次应用" in said, "目标任务" in said, "奖补规则" in said) == (True, False, False)
    said = run("policy", "apply", str(folder), **deployment)[1]
    assert said.splitlines() == ["some-pack → registry：已应用为第 1 版。"]
    assert "没有变化" in run("policy", "diff", str(folder), **deployment)[1]
    alliances = "SELECT string_agg(alliance, ',' ORDER BY alliance) FROM registry.policy_version"
    assert query(bare_server, alliances, database="hub") == "some_city,some_city-practice"
    for service in ("targets", "subsidies"):
        assert query(bare_server, f"SELECT count(*) FROM {service}.policy_version", database="hub") == 0


def test_every_pack_of_the_repository_is_applied(deployment: dict[str, str], bare_server: Address) -> None:
    assert run("migrate", **deployment)[0] == 0
    packs = packs_below(POLICIES)
    for folder in packs:
        code, said, refusal = run("policy", "apply", str(folder), **deployment)
        assert (code, refusal) == (0, "")
        assert f"{folder.name} → registry：已应用为第 1 版。" in said
    applied = (
        "SELECT string_agg(pack, ',' ORDER BY pack) FROM registry.policy_version WHERE alliance NOT LIKE '%practice'"
    )
    assert query(bare_server, applied, database="hub") == ",".join(folder.name for folder in packs)


def test_a_pack_with_errors_is_never_applied(tmp_path: Path, deployment: dict[str, str]) -> None:
    (tmp_path / "document.yaml").write_text("pack: x\n")
    code, _, said = run("policy", "apply", str(tmp_path), **deployment)
    assert (code, "不能应用" in said) == (1, True)


@pytest.fixture
def complete(deployment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A migrated deployment with every setting that identity needs."""
    assert run("migrate", **deployment)[0] == 0
    upstreams = {f"HUB_UPSTREAM_{name}": f"unix:///run/{name}.sock" for name in UPSTREAMS}
    place = {
        "HUB_PUBLIC_URL": "http://127.0.0.1:8000",
        "HUB_FILES_DIR": str(tmp_path),
        "HUB_ENVIRONMENT": "demonstration",
    }
    cheap = {"HUB_IDENTITY_ARGON2_MEMORY_KIB": "64", "HUB_IDENTITY_ARGON2_TIME_COST": "1"}
    return {**generate(), **deployment, **upstreams, **place, **cheap}


def test_the_three_administrators_are_invited_once_each_and_nobody_else(complete: dict[str, str]) -> None:
    for username, role in (("sys", "系统管理员"), ("sec", "security_admin"), ("aud", "审计管理员")):
        code, said, _ = run("user", "invite", username, "--name", "张三", "--role", role, **complete)
        assert code == 0
        assert re.search(r"\nhttp://127\.0\.0\.1:8000/oauth/invitation/anqing\.[\w-]{43}\n", said)
        code, _, refused = run("user", "invite", f"{username}-2", "--name", "李四", "--role", role, **complete)
        assert (code, "请在网页上办理" in refused) == (1, True)
    assert run("user", "list", **complete)[1].splitlines() == [
        "aud\t张三\t待激活\t联盟管理 审计管理员",
        "sec\t张三\t待激活\t联盟管理 安全管理员",
        "sys\t张三\t待激活\t联盟管理 系统管理员",
    ]
    code, _, said = run("user", "invite", "clerk", "--name", "王五", "--role", "秘书处经办", **complete)
    assert (code, "可选：system_admin（系统管理员）" in said) == (2, True)


def test_an_administrator_who_is_locked_out_is_helped_and_one_who_left_replaced(complete: dict[str, str]) -> None:
    invite = ("user", "invite", "sec", "--name", "张三", "--role", "安全管理员")
    first = run(*invite, **complete)[1]
    code, said, _ = run("user", "password", "sec", "--reason", "链接丢失", **complete)
    assert code == 0
    assert "http://127.0.0.1:8000/oauth/" in said
    assert first.splitlines()[-1] not in said
    assert run("user", "second-factor", "sec", "--reason", "手机丢失", **complete)[0] == 0
    assert run("user", "deactivate", "sec", **complete)[0] == 2, "a reason is asked for"
    assert run("user", "deactivate", "sec", "--reason", "调离", **complete)[0] == 0
    assert run("user", "list", **complete)[1].startswith("sec\t张三\t停用\t")
    code, _, said = run("user", "password", "sec", "--reason", "试试", **complete)
    assert (code, "已停用" in said) == (1, True)
    again = ("user", "invite", "sec-2", "--name", "李四", "--role", "安全管理员")
    assert run(*again, **complete)[0] == 0
    code, _, said = run("user", "invite", "A B", "--name", "王五", "--role", "审计管理员", **complete)
    assert (code, "username：" in said) == (1, True)
    code, _, said = run("user", "password", "nobody-here", "--reason", "试试", **complete)
    assert (code, "没有用户名为 nobody-here 的账号" in said) == (1, True)


def test_the_first_start_registers_clients_and_a_key_once(complete: dict[str, str], bare_server: Address) -> None:
    counts = "SELECT (SELECT count(*) FROM identity.oauth_client) * 100 + (SELECT count(*) FROM identity.signing_key)"
    for _ in range(2):
        assert run("bootstrap", **complete)[:2] == (0, "签名密钥和客户端已就绪。\n")
        assert query(bare_server, counts, database="hub") == 501, "four services, the frontend, and one key"
    name = query(bare_server, "SELECT name FROM identity.alliance WHERE alliance = 'anqing'", database="hub")
    assert name == "安庆职业教育集团"
    assert run("keys", "rotate", **complete)[0] == 0
    assert query(bare_server, counts, database="hub") == 502


def test_missing_settings_are_named_and_no_value_is_repeated(complete: dict[str, str]) -> None:
    code, _, said = run("user", "list", **{**complete, "HUB_IDENTITY_KEY_SECRET": "too-short-secret"})
    assert code == 1
    assert "key_secret" in said
    assert "too-short-secret" not in said
    code, _, said = run("bootstrap", **{**complete, "HUB_TARGETS_CLIENT_SECRET": ""})
    assert (code, "缺少设置 HUB_TARGETS_CLIENT_SECRET" in said) == (1, True)


@pytest.mark.parametrize(("version", "refused"), [((2, 7), True), ((3, 10), True), ((3, 11), False), ((4, 0), False)])
def test_an_old_python_is_refused(version: tuple[int, int], refused: bool) -> None:
    sentence = entry.check_python(version)
    assert (sentence is not None) is refused
    if sentence is not None:
        assert f"当前是 {version[0]}.{version[1]}" in sentence


OLD_PYTHONS = sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python"))[:1]


@pytest.mark.parametrize("python", [sys.executable, *map(str, OLD_PYTHONS)])
def test_the_entry_is_readable_by_any_python(python: str) -> None:
    old = python != sys.executable
    answer = subprocess.run(
        [python, "-m", "hub", "version"], cwd=ROOT, env={"LC_ALL": "C.UTF-8"}, capture_output=True, check=False
    )
    assert answer.returncode == (2 if old else 0)
    assert (b"\xe9\x9c\x80\xe8\xa6\x81 Python 3.11" in answer.stderr) is old

"""Settings of a local run, the environment of its processes, progress at the terminal, the demonstration's marks."""

import asyncio
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.database import OWNER, SERVICES, migrate, role_of
from hub.demo.alliance import DEMO_ACCOUNTS
from hub.demo.alliances import demo_alliances
from hub.demonstration import (
    account_lines,
    all_account_lines,
    alliance_lines,
    load_demonstration,
    loaded_alliances,
    mark_loaded,
)
from hub.environment import (
    Deployment,
    LocalSettings,
    applied_environment,
    gateway_processes,
    operator_environment,
    running_deployment,
)
from hub.errors import OperatorError
from hub.policy import POLICIES
from hub.postgres import Address
from hub.progress import Progress
from hub.secrets_store import SecretsStore, generate
from hub.up import child_command
from services.kernel.permissions import SECOND_FACTOR_ROLES
from tests.hub.processes import query

UPSTREAMS = {f"HUB_UPSTREAM_{name.upper()}" for name in (*SERVICES, "frontend", "gateway", "worker")}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HUB_STATE_DIR": str(tmp_path), "HUB_LOG_LEVEL": "DEBUG", "HUB_FILES_KEY": "from the shell", "PATH": "/bin"}


def deployment_in(
    tmp_path: Path, environment: dict[str, str], administrator: str = "postgresql://a:b@h/hub"
) -> Deployment:
    settings = LocalSettings.read(environment)
    return Deployment(settings, SecretsStore(tmp_path / "secrets.json"), administrator, Path("/tmp/run"), environment)


def test_the_defaults_are_those_of_the_design() -> None:
    settings = LocalSettings.read({})
    assert (settings.host, settings.port, settings.deployment) == ("127.0.0.1", 8000, "demonstration")
    assert settings.public_url == settings.gateway == "http://127.0.0.1:8000"
    assert settings.state.path == Path.cwd() / ".hub"
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:81"), ("::1", "http://[::1]:81"), ("10.1.2.3", "http://10.1.2.3:81")],
)
def test_the_address_shown_can_be_reached(host: str, address: str) -> None:
    settings = LocalSettings.read({"HUB_HOST": host, "HUB_PORT": "81"})
    assert (settings.gateway, settings.public_url) == (address, address)


def test_a_public_address_may_differ_from_where_the_gateway_listens() -> None:
    settings = LocalSettings.read({"HUB_PUBLIC_URL": "https://hub.anqing.example/", "HUB_PORT": "81"})
    assert (settings.public_url, settings.gateway) == ("https://hub.anqing.example", "http://127.0.0.1:81")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "８０", "8000 ", "x"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(OperatorError, match="HUB_PORT"):
        LocalSettings.read({"HUB_PORT": port})


def test_the_shells_secrets_reach_no_process_but_its_other_settings_do(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    deployment = deployment_in(tmp_path, {**environment, "HUB_DATABASE_URL": "postgresql://a:admin-word@h/hub"})
    for name in (*SERVICES, "frontend", "gateway"):
        seen = deployment.of_process(name)
        assert seen["HUB_LOG_LEVEL"] == "DEBUG"
        assert seen["HUB_FILES_KEY"] == deployment.secrets["HUB_FILES_KEY"]
        assert "admin-word" not in str(seen)
        assert seen.keys() >= UPSTREAMS
    assert not {name for name in deployment.of_process("gateway") if name.endswith(("_SECRET", "_DATABASE_URL"))}


def test_a_service_gets_its_own_role_only(tmp_path: Path, environment: dict[str, str]) -> None:
    deployment = deployment_in(tmp_path, environment)
    for service in SERVICES:
        urls = {name: value for name, value in deployment.of_process(service).items() if name.endswith("_DATABASE_URL")}
        assert urls.keys() == {f"HUB_{service.upper()}_DATABASE_URL"}
        assert f"//{role_of(service)}:" in next(iter(urls.values()))
    everything = deployment.of_everything()
    assert everything.keys() >= {*generate()} - {name for name in generate() if name.endswith("_PASSWORD")}
    assert deployment.secrets.role_password(OWNER) not in str(everything), "only hub migrate is the owner"


def test_the_pages_reach_the_gateway_by_its_own_socket(tmp_path: Path, environment: dict[str, str]) -> None:
    deployment = deployment_in(tmp_path, environment)
    socket = deployment.of_process("frontend")["HUB_UPSTREAM_GATEWAY"]
    assert socket == f"unix://{deployment.run_folder}/gateway.sock"
    assert child_command("gateway", deployment)[-2:] == ["--uds", socket.removeprefix("unix://")]
    assert deployment.of_process("registry")["HUB_UPSTREAM_GATEWAY"] == deployment.settings.gateway


def test_the_number_of_gateway_processes() -> None:
    assert [gateway_processes(given) for given in ({}, {"HUB_GATEWAY_PROCESSES": "4"})] == [1, 4]
    for wrong in ("0", "65", "-1", "二", "1.5"):
        with pytest.raises(OperatorError, match="HUB_GATEWAY_PROCESSES"):
            gateway_processes({"HUB_GATEWAY_PROCESSES": wrong})


def test_a_deployment_shows_no_secret(tmp_path: Path, environment: dict[str, str]) -> None:
    deployment = deployment_in(tmp_path, environment, "postgresql://admin:admin-word@h/hub")
    shown = repr(deployment) + repr(deployment.plan)
    assert "admin-word" not in shown
    assert not [name for name in generate() if deployment.secrets[name] in shown]


def test_a_running_hub_is_found_from_another_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(OperatorError, match="中枢没有在运行"):
        running_deployment(environment)
    deployment = deployment_in(tmp_path, {**environment, "HUB_PORT": "8123"})
    deployment.announce()
    assert stat.S_IMODE((tmp_path / "running.json").stat().st_mode) == 0o600
    found = running_deployment(environment)
    assert found.settings.public_url == "http://127.0.0.1:8123", "as it runs, not as this terminal would start it"
    assert operator_environment(environment) == {**found.of_everything()}
    deployment.withdraw()
    with pytest.raises(OperatorError):
        operator_environment(environment)


def test_in_a_deployment_the_environment_stands_as_it_is() -> None:
    given = {"HUB_IDENTITY_DATABASE_URL": "postgresql://x:y@h/hub", "HUB_FILES_KEY": "k"}
    assert operator_environment(given) == given


def test_an_applied_environment_is_taken_back_even_after_a_fault() -> None:
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), applied_environment({"ONLY": "this"}):
        assert dict(os.environ) == {"ONLY": "this"}
        raise ZeroDivisionError
    assert dict(os.environ) == before


def test_progress_counts_notes_and_ends_its_line_after_a_fault() -> None:
    stream = io.StringIO()
    progress = Progress(2, stream)
    with progress.step("甲") as say:
        say("细节")
    with pytest.raises(ZeroDivisionError), progress.step("乙"):
        raise ZeroDivisionError
    assert stream.getvalue() == "[1/2] 甲 … \n      细节 … 完成 0.0 秒\n[2/2] 乙 … 未完成\n"


@pytest.fixture
def empty_hub(tmp_path: Path, environment: dict[str, str], bare_server: Address) -> Iterator[Deployment]:
    """A deployment on a server where the hub's database is, without tables."""
    deployment = deployment_in(tmp_path, environment, bare_server.url())
    migrate(deployment.plan, upgrade=lambda *_: None)
    yield deployment
    query(bare_server, "DROP DATABASE IF EXISTS hub WITH (FORCE)", "SELECT 1")
    for role in (OWNER, *map(role_of, SERVICES)):
        query(bare_server, f"DROP ROLE IF EXISTS {role}", "SELECT 1")


def test_a_loaded_demonstration_is_not_loaded_again(empty_hub: Deployment) -> None:
    """The second load would need a running gateway and tables; none are here, so it would fail if it tried."""
    notes: list[str] = []
    assert asyncio.run(loaded_alliances(empty_hub)) == []
    for code in ("anqing", "xiaogan"):
        asyncio.run(mark_loaded(empty_hub, code))
        assert load_demonstration(empty_hub, notes.append, code) is False
    assert asyncio.run(loaded_alliances(empty_hub)) == ["anqing", "xiaogan"]
    assert notes == []
    lines = {line.split()[0]: line.split()[1] for line in alliance_lines(empty_hub)}
    assert lines == {
        "anqing": "已装载",
        "chenzhou": "未装载",
        "community": "未装载",
        "enan": "未装载",
        "xiaogan": "已装载",
    }
    shown = [line.split()[0] for line in all_account_lines(empty_hub) if line.startswith("  ")]
    others = [account.username for account in demo_alliances(POLICIES)["xiaogan"].accounts]
    assert shown == [*(account.username for account in DEMO_ACCOUNTS), *others]


def test_the_mark_of_an_older_hub_is_that_of_its_one_demonstration(empty_hub: Deployment, bare_server: Address) -> None:
    for mark, loaded in (("alliance-hub: demonstration loaded", ["anqing"]), ("something else", [])):
        query(bare_server, f"COMMENT ON DATABASE hub IS '{mark}'", "SELECT 1")
        assert asyncio.run(loaded_alliances(empty_hub)) == loaded


def test_every_demonstration_account_is_shown_with_its_kept_password(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    for code, alliance in demo_alliances(POLICIES).items():
        lines = account_lines(deployment_in(tmp_path, environment), code)
        assert len(lines) == len(alliance.accounts) + 1
        assert lines[0].startswith(f"{alliance.name}的示范账号")
        kept = json.loads((tmp_path / "secrets.json").read_text())["demonstration_accounts"]
        for account, line in zip(alliance.accounts, lines[1:], strict=True):
            assert line.split()[:2] == [account.username, kept[account.username]]
            assert (account.unit_name + "*" in line) is (account.role in SECOND_FACTOR_ROLES)
        assert account_lines(deployment_in(tmp_path, environment), code) == lines
    assert len(set(kept.values())) == len(kept), "each has a password of its own"

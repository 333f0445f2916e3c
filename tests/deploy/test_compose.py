"""The compose file: valid, complete, and every container as weak as its work allows."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from frontend.settings import FrontendSettings
from hub.database import SERVICES, plan_from_environment
from hub.environment import applied_environment
from hub.serve import PROCESSES
from services.exchange.settings import ExchangeSettings
from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings
from services.kernel.settings import HubSettings
from services.registry.settings import RegistrySettings
from services.subsidies.settings import SubsidiesSettings
from services.targets.settings import TargetsSettings
from tests.deploy.files import COMPOSE, CONTAINERFILE, MissingVariable, Service, compose, compose_text, references
from tests.deploy.files import services as services_with

SETTINGS: dict[str, type[BaseSettings]] = {
    "identity": IdentitySettings,
    "registry": RegistrySettings,
    "targets": TargetsSettings,
    "subsidies": SubsidiesSettings,
    "exchange": ExchangeSettings,
    "frontend": FrontendSettings,
    "gateway": GatewaySettings,
}
OPERATORS = {"migrate", "operator"}
CONTAINERS = {"postgres", "worker", *OPERATORS, *SETTINGS}
SECRET = re.compile(r"_(KEY|SECRET|PASSWORD|DATABASE_URL|KEY_SECRET)$")
# What `hub migrate` and `hub serve` read themselves, and what compose itself reads, beside the settings of processes.
OF_MIGRATE = {"HUB_DATABASE_URL", "HUB_OWNER_DATABASE_URL"}
OF_PRUNE = {"HUB_AUDIT_MONTHS", "HUB_AUDIT_MONEY_MONTHS", "HUB_OUTBOX_DAYS"}
OF_SERVE = {"HUB_GATEWAY_PROCESSES"}
OF_COMPOSE = {"HUB_IMAGE", "HUB_POSTGRES_IMAGE", "HUB_HOST", "HUB_PORT", "HUB_SUBNET_INNER", "HUB_SUBNET_EDGE"}


def names_of(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper() for name in settings.model_fields if name != "hub"}


KNOWN = names_of(HubSettings).union(*(names_of(settings) for settings in SETTINGS.values()))


def test_the_compose_file_obeys_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_check_would_find_a_fault(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(compose_text().replace("restart: unless-stopped", "restarts: unless-stopped"), "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(wrong)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_there_is_a_container_for_every_process(composed: dict[str, Service]) -> None:
    assert set(composed) == CONTAINERS
    served = {service["command"][1] for service in composed.values() if service.get("command", [""])[0] == "serve"}
    assert served == set(PROCESSES)
    for name in PROCESSES:
        assert composed[name]["command"] == ["serve", name, "--host", "0.0.0.0", "--port", "8000"]


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_each_process_starts_with_just_what_its_container_is_given(name: str, composed: dict[str, Service]) -> None:
    given: dict[str, str] = composed[name]["environment"]
    with applied_environment(given):
        SETTINGS[name]()
    for secret in (variable for variable in given if SECRET.search(variable)):
        with applied_environment({k: v for k, v in given.items() if k != secret}), pytest.raises(ValidationError):
            SETTINGS[name]()


def test_the_worker_has_the_settings_of_every_service_that_has_jobs(composed: dict[str, Service]) -> None:
    with applied_environment(composed["worker"]["environment"]):
        from services.worker.app import queues

        assert {queue.service for queue in queues()} <= set(SERVICES)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_migration_and_operators_reach_every_service(name: str, composed: dict[str, Service]) -> None:
    given: dict[str, str] = composed[name]["environment"]
    plan = plan_from_environment(given)
    for service in SERVICES:
        assert plan.url(f"hub_{service}") == given[f"HUB_{service.upper()}_DATABASE_URL"]
    with applied_environment(given):
        for service in SERVICES:
            SETTINGS[service]()


def test_the_gateway_believes_the_networks_that_only_the_hub_and_its_proxy_are_on(
    generated: dict[str, str],
) -> None:
    for chosen in ({}, {"HUB_SUBNET_INNER": "10.9.1.0/24", "HUB_SUBNET_EDGE": "10.9.2.0/24"}):
        whole = compose({**generated, **chosen})
        given = whole["services"]["gateway"]["environment"]["HUB_GATEWAY_TRUSTED_PROXIES"].split(",")
        assert given == [whole["networks"][name]["ipam"]["config"][0]["subnet"] for name in ("inner", "edge")]
        assert len(set(given)) == 2


def test_every_variable_that_is_set_is_one_that_somebody_reads(composed: dict[str, Service]) -> None:
    for name, service in composed.items():
        unknown = {v for v in service["environment"] if v.startswith("HUB_")} - KNOWN - OF_MIGRATE - OF_SERVE - OF_PRUNE
        assert not unknown, name


def test_every_variable_of_a_deployment_is_known(generated: dict[str, str]) -> None:
    mine = {name for name in references() if name.startswith("HUB_")}
    assert mine <= KNOWN | OF_MIGRATE | OF_SERVE | OF_COMPOSE | OF_PRUNE
    unread = set(generated) - set(references()) - {"HUB_ENVIRONMENT"}
    assert not unread, "hub secrets generate makes something that compose passes to nobody"


def test_no_secret_has_a_default_and_a_missing_one_is_named(generated: dict[str, str]) -> None:
    needed = {name for name, kinds in references().items() if SECRET.search(name)}
    assert needed == {name for name in generated if SECRET.search(name)}
    for name in needed:
        assert references()[name] == {":?"}
        with pytest.raises(MissingVariable, match=name):
            services_with({k: v for k, v in generated.items() if k != name})


def test_no_secret_is_written_down_in_the_compose_file(composed: dict[str, Service]) -> None:
    written = [line for line in compose_text().splitlines() if re.match(r"\s+\w+:", line)]
    for line in written:
        variable, value = line.strip().split(":", 1)
        assert not SECRET.search(variable) or value.strip().startswith("${"), line
    for secret in (v for v in composed["identity"]["environment"].values() if len(v) > 24 and "://" not in v):
        assert secret not in compose_text()


@pytest.mark.parametrize(
    ("container", "never"),
    [
        ("frontend", ("DATABASE_URL", "HUB_FILES_KEY", "PERSON_KEY", "IDENTITY_KEY")),
        ("gateway", ("DATABASE_URL", "CLIENT_SECRET", "PERSON_KEY", "IDENTITY_KEY", "SESSION_KEY")),
        ("identity", ("SUBSIDIES_", "REGISTRY_DATABASE", "OWNER", "SESSION_KEY")),
        ("targets", ("SUBSIDIES_DATABASE", "IDENTITY_KEY", "PERSON_KEY", "WEBHOOK_KEY", "OWNER")),
        ("exchange", ("SUBSIDIES_", "REGISTRY_", "TARGETS_", "IDENTITY_", "OWNER", "SESSION_KEY")),
        ("worker", ("IDENTITY_DATABASE", "IDENTITY_KEY", "OWNER", "SESSION_KEY")),
        ("postgres", ("HUB_",)),
    ],
)
def test_a_container_holds_no_secret_of_another(
    container: str, never: tuple[str, ...], composed: dict[str, Service]
) -> None:
    secrets = [variable for variable in composed[container]["environment"] if SECRET.search(variable)]
    assert secrets or container == "gateway"
    assert not [variable for variable in secrets for part in never if part in variable]


def test_only_migration_and_operators_may_administrate_the_database(composed: dict[str, Service]) -> None:
    holders = {name for name, service in composed.items() if OF_MIGRATE & set(service["environment"])}
    assert holders == OPERATORS


def test_upstreams_are_containers_of_this_file(composed: dict[str, Service]) -> None:
    for service in composed.values():
        for variable, address in service["environment"].items():
            if variable.startswith("HUB_UPSTREAM_"):
                parts = urlsplit(address)
                assert (parts.scheme, parts.port) == ("http", 8000)
                assert parts.hostname in PROCESSES
                assert variable == f"HUB_UPSTREAM_{parts.hostname.upper()}"


def test_the_database_of_generated_urls_is_the_container(
    composed: dict[str, Service], generated: dict[str, str]
) -> None:
    urls = [value for name, value in generated.items() if name.endswith("DATABASE_URL")]
    assert {urlsplit(url).hostname for url in urls} == {"postgres"}
    administrator = urlsplit(generated["HUB_DATABASE_URL"])
    given = composed["postgres"]["environment"]
    assert (administrator.username, administrator.password) == (given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])


def test_only_the_gateway_publishes_a_port_and_only_to_the_server_itself(
    composed: dict[str, Service], generated: dict[str, str]
) -> None:
    assert {name: service["ports"] for name, service in composed.items() if "ports" in service} == {
        "gateway": ["127.0.0.1:8000:8000"]
    }
    moved = services_with({**generated, "HUB_HOST": "[::1]", "HUB_PORT": "8443"})
    assert moved["gateway"]["ports"] == ["[::1]:8443:8000"]


def test_only_the_gateway_and_the_worker_are_on_networks_that_lead_out(
    composed: dict[str, Service], generated: dict[str, str]
) -> None:
    networks = compose(generated)["networks"]
    leading_out = {name for name, options in networks.items() if not options.get("internal")}
    reaching_out = {name: leading_out & set(service["networks"]) for name, service in composed.items()}
    used = {name: networks for name, networks in reaching_out.items() if networks}
    assert used == {"gateway": {"edge"}, "worker": {"outward"}}  # published there; webhooks leave there
    with_database = {name for name, service in composed.items() if "data" in service["networks"]}
    assert with_database == {"postgres", "worker", *OPERATORS, *SERVICES}


def number_of_bytes(text: str) -> int:
    return int(text[:-1]) * {"m": 2**20, "g": 2**30}[text[-1]]


Rule = Callable[[Service], bool]
HARDENED: dict[str, Rule] = {
    "is no root": lambda service: re.fullmatch(r"[1-9]\d+:[1-9]\d+", service["user"]) is not None,
    "drops every capability": lambda service: service["cap_drop"] == ["ALL"] and "cap_add" not in service,
    "gains no privilege": lambda service: service["security_opt"] == ["no-new-privileges:true"],
    "has a read-only root": lambda service: service["read_only"] is True,
    "has a bounded /tmp": lambda service: any(re.match(r"/tmp:size=\d+m", mount) for mount in service["tmpfs"]),
    "has bounded memory": lambda service: number_of_bytes(service["mem_limit"]) <= 2 * 2**30,
    "has bounded processors": lambda service: 0 < service["cpus"] <= 2,
    "has bounded processes": lambda service: service["pids_limit"] <= 400,
    "has rotated logs": lambda service: {"max-size", "max-file"} <= set(service["logging"]["options"]),
    "reaps its children": lambda service: service["init"] is True,
    "is not privileged": lambda service: not {"privileged", "network_mode", "pid", "ipc", "devices"} & set(service),
}


@pytest.mark.parametrize("rule", sorted(HARDENED))
def test_every_container(rule: str, composed: dict[str, Service]) -> None:
    assert {name for name, service in composed.items() if not HARDENED[rule](service)} == set()


def test_the_limits_of_what_runs_together_fit_a_server_of_8_gb(composed: dict[str, Service]) -> None:
    lasting = [service for name, service in composed.items() if name not in OPERATORS]
    assert sum(number_of_bytes(service["mem_limit"]) for service in lasting) < 7 * 2**30


def test_what_lasts_is_started_again_and_asked_for_its_health(composed: dict[str, Service]) -> None:
    for name in sorted(CONTAINERS - OPERATORS):
        assert composed[name]["restart"] == "unless-stopped", name
    disabled = {name for name, service in composed.items() if service.get("healthcheck", {}).get("disable")}
    assert disabled == {"worker", *OPERATORS}, "the image's own check asks all that listen"
    assert "HEALTHCHECK" in CONTAINERFILE.read_text("utf-8")


def test_services_wait_for_the_migration_and_the_gateway_for_services(composed: dict[str, Service]) -> None:
    assert composed["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in (*SERVICES, "worker", "frontend"):
        assert composed[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert set(composed["gateway"]["depends_on"]) == {*SERVICES, "frontend"}


def test_the_migration_does_each_step_and_stops_at_the_first_that_fails(composed: dict[str, Service]) -> None:
    job = composed["migrate"]
    assert job["entrypoint"] == ["sh", "-ec"]
    lines = [line.strip() for line in job["command"][0].strip().splitlines()]
    assert lines[0] == "hub migrate"
    assert 'hub policy apply "$$pack"' in lines[1]
    assert lines[2] == "hub bootstrap"


def test_volumes_are_named_and_mounted_where_the_settings_say(
    composed: dict[str, Service], generated: dict[str, str]
) -> None:
    declared = set(compose(generated)["volumes"])
    mounts = {(n, *mount.split(":")) for n, service in composed.items() for mount in service.get("volumes", [])}
    assert {volume for _, volume, _ in mounts} == declared
    for name, volume, path in mounts:
        variable = {"files": "HUB_FILES_DIR", "sessions": "HUB_FRONTEND_SESSIONS_DIR"}.get(volume)
        assert variable is None or composed[name]["environment"][variable] == path
    assert {name for name, volume, _ in mounts if volume == "sessions"} == {"frontend"}
    assert {name for name, volume, _ in mounts if volume == "database"} == {"postgres"}

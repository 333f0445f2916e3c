"""Every setting that a process reads stands in docs/operations.md, with its default; none that nobody reads."""

import re
from datetime import timedelta

import pytest
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from frontend.settings import FrontendSettings
from services.exchange.settings import ExchangeSettings
from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings
from services.kernel.settings import HubSettings
from services.registry.settings import RegistrySettings
from services.subsidies.settings import SubsidiesSettings
from services.targets.settings import TargetsSettings
from tests.deploy.files import ROOT, compose_text

CLASSES: tuple[type[BaseSettings], ...] = (
    HubSettings,
    IdentitySettings,
    RegistrySettings,
    TargetsSettings,
    SubsidiesSettings,
    ExchangeSettings,
    GatewaySettings,
    FrontendSettings,
)
NEEDED, UNSET = "needed", "none"
TABLE = ROOT / "docs" / "operations.md"
ROW = re.compile(r"^\| `(HUB_[A-Z0-9_]+)` \| ([^|]+?) \| [^|]+ \|$", re.MULTILINE)
NAME = re.compile(r"(?<![A-Z_])HUB_[A-Z0-9]+(?:_[A-Z0-9]+)*(?![A-Z0-9_{<])")
# Read from the environment without a settings class: by `hub up`, `hub audit prune` and the deployment's programs.
READ_BY_HUB = {
    "HUB_PORT": "8000",
    "HUB_HOST": "127.0.0.1",
    "HUB_DATABASE_URL": UNSET,
    "HUB_OWNER_DATABASE_URL": UNSET,
    "HUB_POSTGRES_BIN": UNSET,
    "HUB_GATEWAY_PROCESSES": "1",
    "HUB_AUDIT_MONTHS": "12",
    "HUB_AUDIT_MONEY_MONTHS": "60",
    "HUB_OUTBOX_DAYS": "90",
    "HUB_IMAGE": "alliance-hub:latest",
    "HUB_POSTGRES_IMAGE": "docker.io/library/postgres:18",
    "HUB_SUBNET_INNER": "172.29.31.0/24",
    "HUB_SUBNET_EDGE": "172.29.32.0/24",
    "HUB_ENV_FILE": "deploy/hub.env",
}


def default_of(field: FieldInfo) -> str:
    """How a default is written in the table."""
    value = field.default
    if field.is_required():
        return NEEDED
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return f"PT{int(value.total_seconds() // 60)}M"
    if isinstance(value, tuple):
        return f"[{','.join(map(str, value))}]" if value else UNSET
    return UNSET if value in (None, "") else str(value)


def expected() -> dict[str, str]:
    settings = dict(READ_BY_HUB)
    for owner in CLASSES:
        prefix = owner.model_config.get("env_prefix", "")
        own = {f"{prefix}{name}".upper(): default_of(f) for name, f in owner.model_fields.items() if name != "hub"}
        settings |= {name: default for name, default in own.items() if name not in settings}
    return settings


def documented() -> dict[str, str]:
    section = TABLE.read_text("utf-8").split("\n## All settings\n", 1)[1].split("\n## ", 1)[0]
    rows = ROW.findall(section)
    assert len(rows) == len({name for name, _ in rows}), "no setting stands there twice"
    return {name: default.strip("`") for name, default in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    assert documented() == expected()


@pytest.mark.parametrize("folder", ["hub", "services", "frontend", "deploy"])
def test_no_name_in_the_code_is_missing_from_the_table(folder: str) -> None:
    """Whatever a file names is a setting of the table."""
    texts = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".sh", ".yaml", ".md", ".conf"}]
    named = {name for path in texts for name in NAME.findall(path.read_text("utf-8"))}
    assert named
    assert named - set(documented()) == set()


def test_the_operators_guide_names_settings_that_exist() -> None:
    whole = TABLE.read_text("utf-8") + compose_text() + (ROOT / "README.md").read_text("utf-8")
    whole += (ROOT / "README.zh-CN.md").read_text("utf-8")
    assert set(NAME.findall(whole)) - set(documented()) == set()

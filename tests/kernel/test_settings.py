"""Settings refuse what must not run."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.kernel.settings import HubSettings, ServiceSettings
from tests.support.services import hub_settings


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "changeme-changeme-changeme"])
def test_weak_secrets_are_refused_and_not_repeated(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        hub_settings(tmp_path, files_key=secret)
    said = [error["msg"] for error in refusal.value.errors(include_input=False)]
    assert "hub secrets generate" in said[0]


def test_a_missing_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("HUB_")]:
        monkeypatch.delenv(name)
    with pytest.raises(ValidationError, match="client_secret"):
        ServiceSettings(database_url="postgresql+asyncpg://x", hub=hub_settings(tmp_path))  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="public_url"):
        HubSettings()


def test_production_is_served_over_tls_or_on_the_machine_itself(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="https"):
        hub_settings(tmp_path, environment="production", public_url="http://hub.example")
    for origin in ("https://hub.example", "http://127.0.0.1:8000"):
        assert hub_settings(tmp_path, environment="production", public_url=origin).public_url == origin


def test_the_environment_is_read_by_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = hub_settings(tmp_path).model_dump()
    values["files_key"] = base64.urlsafe_b64encode(os.urandom(32)).decode()
    for name, value in values.items():
        monkeypatch.setenv(f"HUB_{name.upper()}", str(value))
    assert HubSettings().files_dir == tmp_path
    assert values["files_key"] not in repr(HubSettings())

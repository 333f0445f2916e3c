"""Settings: nothing secret has a default, weak secrets are refused, production needs TLS."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from frontend.settings import FrontendSettings
from tests.frontend.conftest import KEY, SECRET

GOOD = {
    "HUB_PUBLIC_URL": "https://hub.example.cn",
    "HUB_UPSTREAM_GATEWAY": "unix:///run/hub/gateway.sock",
    "HUB_FRONTEND_CLIENT_SECRET": SECRET,
    "HUB_FRONTEND_SESSION_KEY": KEY,
}


@pytest.fixture
def environment(secret_environment: None, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_fills_them(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HUB_STATE_DIR", "/var/lib/hub")
    environment.setenv("HUB_FRONTEND_SESSION_IDLE", "PT15M")
    environment.setenv("HUB_FOOTER_ORGANISER", "某市教育体育局")
    settings = FrontendSettings()
    assert settings.callback_url == "https://hub.example.cn/login/callback"
    assert settings.sessions_dir == Path("/var/lib/hub/sessions")
    assert settings.frontend_session_idle.total_seconds() == 900
    assert settings.footer_organiser == "某市教育体育局"
    assert settings.secure_cookies
    assert not settings.demonstration


@pytest.mark.parametrize("name", sorted(GOOD))
def test_each_of_them_must_be_given(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(ValidationError, match=name.removeprefix("HUB_").lower()):
        FrontendSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_FRONTEND_CLIENT_SECRET", "short"),
        ("HUB_FRONTEND_CLIENT_SECRET", "ab" * 20),
        ("HUB_FRONTEND_SESSION_KEY", "abcdefghijklmnopqrstuvwxyz"),
        ("HUB_FRONTEND_SESSION_KEY", "A" * 43),
    ],
)
def test_a_weak_secret_is_refused_and_not_repeated(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        FrontendSettings()
    assert f"'{value}'" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hub.example.cn", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://hub.example.cn", False),
    ],
)
def test_production_needs_tls_but_for_loopback(environment: pytest.MonkeyPatch, url: str, allowed: bool) -> None:
    environment.setenv("HUB_PUBLIC_URL", url)
    if allowed:
        assert FrontendSettings().public_url == url
    else:
        with pytest.raises(ValidationError, match="https://"):
            FrontendSettings()


def test_secrets_do_not_show_in_the_representation(environment: pytest.MonkeyPatch) -> None:
    assert SECRET not in repr(FrontendSettings())
    assert KEY not in repr(FrontendSettings())

"""Any service's application with settings for a test, by name."""

import base64
import os
import secrets
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from services.kernel.settings import ServiceSettings
from tests.support.services import service_settings

UNUSED_DATABASE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


def settings_of(service: str, database_url: str, files: Path, **changes: Any) -> ServiceSettings:
    """Settings of one service, with fresh secrets of its own."""
    own: dict[str, dict[str, Any]] = {
        "identity": {"key_secret": secrets.token_urlsafe(32)},
        "subsidies": {"person_key": secrets.token_urlsafe(32)},
        "exchange": {"webhook_key": base64.urlsafe_b64encode(os.urandom(32)).decode()},
    }
    kind = getattr(import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings")
    settings: ServiceSettings = service_settings(kind, database_url, files, **own.get(service, {}), **changes)
    return settings


def app_of(service: str, files: Path, database_url: str = UNUSED_DATABASE, **options: Any) -> FastAPI:
    """The application of one service; without a database it can still say what it offers."""
    app: FastAPI = import_module(f"services.{service}.app").create_app(
        settings_of(service, database_url, files), **options
    )
    return app

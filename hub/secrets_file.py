"""`hub secrets generate`: an environment file for a deployment in containers, with fresh secrets."""

import os
from pathlib import Path
from urllib.parse import quote

from hub.database import DATABASE, OWNER, SERVICES, role_of
from hub.errors import OperatorError, explain_os_error
from hub.postgres import ADMINISTRATOR
from hub.secrets_store import ADMINISTRATOR_PASSWORD, generate, role_password_name

POSTGRES_PORT = 5432


def environment_file(*, database_host: str, public_url: str) -> str:
    """The text of an environment file: `NAME=value` lines that compose, systemd and a shell read alike."""
    values = generate()

    def url(role: str, password: str) -> str:
        return f"postgresql+asyncpg://{role}:{quote(password, safe='')}@{database_host}:{POSTGRES_PORT}/{DATABASE}"

    administrator = values.pop(ADMINISTRATOR_PASSWORD)
    lines = {
        "HUB_ENVIRONMENT": "production",
        "HUB_PUBLIC_URL": public_url.rstrip("/"),
        "POSTGRES_USER": ADMINISTRATOR,
        "POSTGRES_PASSWORD": administrator,
        "HUB_DATABASE_URL": url(ADMINISTRATOR, administrator),
        "HUB_OWNER_DATABASE_URL": url(OWNER, values.pop(role_password_name(OWNER))),
    }
    for service in SERVICES:
        role = role_of(service)
        lines[f"HUB_{service.upper()}_DATABASE_URL"] = url(role, values.pop(role_password_name(role)))
    return "".join(f"{name}={value}\n" for name, value in {**lines, **values}.items())


def write_private(path: Path, text: str) -> None:
    """Write a new file of mode 0600; refuses to replace one, because its keys may already guard data."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise OperatorError(f"{path} 已存在；为免丢失正在使用的密钥，不会覆盖它。") from None
    except OSError as error:
        raise (explain_os_error(error, path) or error) from error
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)

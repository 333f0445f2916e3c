"""Every secret of a hub: generated once from the system's random source, kept in one file of mode 0600."""

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hub.database import OWNER, SERVICES, role_of
from hub.errors import OperatorError, explain_os_error

KEY_BYTES = 32
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # no l, o, i, 0, 1: a password that a clerk types from paper
ADMINISTRATOR_PASSWORD: Final = "POSTGRES_PASSWORD"  # noqa: S105  # a name, not a password
# Besides the services the frontend is a client of its own; the worker signs in as the service whose job it runs.
CLIENTS: Final = (*SERVICES, "frontend")


def new_key() -> str:
    """32 random bytes in urlsafe base64, with padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def new_readable_password() -> str:
    """Four groups of four letters and digits: 79 bits, to be read aloud and typed."""
    return "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(4))


def role_password_name(role: str) -> str:
    return f"{role.upper()}_PASSWORD"


def _generators() -> dict[str, Callable[[], str]]:
    keys = ["HUB_FILES_KEY", "HUB_SUBSIDIES_PERSON_KEY", "HUB_IDENTITY_KEY_SECRET", "HUB_FRONTEND_SESSION_KEY"]
    keys += ["HUB_EXCHANGE_WEBHOOK_KEY"]
    keys += [f"HUB_{client.upper()}_CLIENT_SECRET" for client in CLIENTS]
    roles = [OWNER, *(role_of(service) for service in SERVICES)]
    passwords = [ADMINISTRATOR_PASSWORD, *(role_password_name(role) for role in roles)]
    return {**dict.fromkeys(passwords, lambda: secrets.token_urlsafe(24)), **dict.fromkeys(keys, new_key)}


def generate() -> dict[str, str]:
    """A fresh value for every secret, by the name of its setting."""
    return {name: make() for name, make in _generators().items()}


class SecretsStore:
    """The secrets of one state folder. Values that exist never change; names that later versions need are added."""

    def __init__(self, path: Path) -> None:
        """Read `path`, or begin it. Raises OperatorError when the file cannot be read or written."""
        self.path = path
        content = self._read()
        self._values: dict[str, str] = {**generate(), **content.get("settings", {})}
        self._accounts: dict[str, str] = dict(content.get("demonstration_accounts", {}))
        self._write()

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __repr__(self) -> str:
        return f"SecretsStore({str(self.path)!r})"

    def role_password(self, role: str) -> str:
        return self._values[role_password_name(role)]

    def settings(self, *names: str) -> dict[str, str]:
        """The named settings with their values, for a child's environment."""
        return {name: self._values[name] for name in names}

    def account_password(self, username: str) -> str:
        """The password of a demonstration account, made at the first request and kept."""
        if username not in self._accounts:
            self._accounts[username] = new_readable_password()
            self._write()
        return self._accounts[username]

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise (explain_os_error(error, self.path) or error) from error
        except ValueError:
            raise OperatorError(
                f"密钥文件 {self.path} 已损坏；请从备份恢复，不要删除，否则已有数据无法解密。"
            ) from None
        return dict(content)

    def _write(self) -> None:
        """Replace the file in one step, so that a crash or a full disk never loses the old one."""
        content = {"settings": self._values, "demonstration_accounts": self._accounts}
        draft: str | None = None
        try:
            handle, draft = tempfile.mkstemp(prefix=".secrets-", dir=self.path.parent)  # mode 0600
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(content, stream, ensure_ascii=False, indent=2)
                stream.flush()
                os.fsync(stream.fileno())
            Path(draft).replace(self.path)
        except OSError as error:
            if draft is not None:
                Path(draft).unlink(missing_ok=True)
            raise (explain_os_error(error, self.path) or error) from error

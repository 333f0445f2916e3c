"""Secrets: generated once, kept privately, never shown, strong enough for the kernel's settings."""

import base64
import json
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from hub.database import OWNER, SERVICES, role_of
from hub.errors import OperatorError
from hub.secrets_file import environment_file, write_private
from hub.secrets_store import SecretsStore, generate, new_readable_password, role_password_name
from services.kernel.settings import reject_weak_secret

NAMED_BY_THE_DESIGN = {
    "HUB_FILES_KEY",
    "HUB_SUBSIDIES_PERSON_KEY",
    "HUB_IDENTITY_KEY_SECRET",
    "HUB_EXCHANGE_WEBHOOK_KEY",
    "HUB_FRONTEND_SESSION_KEY",
    *(f"HUB_{name.upper()}_CLIENT_SECRET" for name in (*SERVICES, "frontend")),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets.json"


def test_every_secret_of_the_design_is_there_strong_and_different(path: Path) -> None:
    store = SecretsStore(path)
    values = [store[name] for name in NAMED_BY_THE_DESIGN]
    values += [store.role_password(role) for role in (OWNER, *map(role_of, SERVICES))]
    assert len(set(values)) == len(values)
    for value in values:
        reject_weak_secret(SecretStr(value))


def test_keys_are_32_bytes_in_urlsafe_base64(path: Path) -> None:
    store = SecretsStore(path)
    assert {len(base64.urlsafe_b64decode(store[name])) for name in NAMED_BY_THE_DESIGN} == {32}


def test_the_file_is_private_and_values_never_change(path: Path) -> None:
    store = SecretsStore(path)
    password = store.account_password("mishu")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = SecretsStore(path)
    assert {name: again[name] for name in generate()} == {name: store[name] for name in generate()}
    assert again.account_password("mishu") == password
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secrets.json"], "no draft is left"


def test_a_name_of_a_later_version_is_added_and_the_others_stay(path: Path) -> None:
    files_key = SecretsStore(path)["HUB_FILES_KEY"]
    content = json.loads(path.read_text())
    del content["settings"]["HUB_SUBSIDIES_PERSON_KEY"]
    path.write_text(json.dumps(content))
    store = SecretsStore(path)
    assert store["HUB_FILES_KEY"] == files_key
    assert len(store["HUB_SUBSIDIES_PERSON_KEY"]) == 44


def test_two_hubs_share_no_secret(tmp_path: Path) -> None:
    one, two = SecretsStore(tmp_path / "1"), SecretsStore(tmp_path / "2")
    assert not {one[name] for name in generate()} & {two[name] for name in generate()}


@pytest.mark.parametrize("content", ["", "not json", "[1"])
def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(OperatorError, match="已损坏"):
        SecretsStore(path)
    assert path.read_text() == content


def test_a_store_never_shows_its_values(path: Path) -> None:
    store = SecretsStore(path)
    assert store["HUB_FILES_KEY"] not in repr(store)


def test_readable_passwords_have_no_letters_that_look_alike() -> None:
    passwords = {new_readable_password() for _ in range(200)}
    assert len(passwords) == 200
    assert not set("".join(passwords)) & set("loi01")
    assert {len(password) for password in passwords} == {19}


def test_the_environment_file_holds_all_that_a_deployment_needs() -> None:
    text = environment_file(database_host="db.internal", public_url="https://hub.example.org/")
    values = dict(line.split("=", 1) for line in text.splitlines())
    assert values.keys() >= NAMED_BY_THE_DESIGN
    assert values["HUB_PUBLIC_URL"] == "https://hub.example.org"
    assert values["HUB_ENVIRONMENT"] == "production"
    assert f":{values['POSTGRES_PASSWORD']}@db.internal:5432/hub" in values["HUB_DATABASE_URL"]
    for service in SERVICES:
        assert values[f"HUB_{service.upper()}_DATABASE_URL"].startswith(f"postgresql+asyncpg://hub_{service}:")
    assert role_password_name(OWNER) not in values, "a password stands in one place only"


def test_the_environment_file_is_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "hub.env"
    write_private(path, "A=1\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(OperatorError, match="已存在"):
        write_private(path, "A=2\n")
    assert path.read_text() == "A=1\n"

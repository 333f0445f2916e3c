"""Backup and restore by the real scripts and PostgreSQL's own programs; only the containers are left out."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from hub.database import migrate, plan_from_environment
from hub.postgres import Address, temporary_postgres
from hub.postgres_binaries import find_binaries, server_account
from hub.secrets_file import environment_file
from tests.deploy.files import DEPLOY, parse_environment_file

pytestmark = pytest.mark.processes
FAKE = Path(__file__).with_name("fake_compose.py")
NOTE = "INSERT INTO identity.note (text) VALUES ('{}')"


@dataclass(frozen=True)
class Deployment:
    """One deployment: its server, its environment file and the folder that stands for the volume of files."""

    address: Address
    root: Path

    @property
    def environment_file(self) -> Path:
        return self.root / "hub.env"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def calls(self) -> str:
        return (self.root / "calls").read_text()

    def run(self, script: str, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        programs = find_binaries(server_account(), os.environ).folder
        environment = {
            "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "LC_ALL": "C.UTF-8",
            "COMPOSE": f"{sys.executable} {FAKE}",
            "HUB_ENV_FILE": str(self.environment_file),
            "FAKE_FILES": str(self.files),
            "FAKE_LOG": str(self.root / "calls"),
            "POSTGRES_USER": self.address.user,
            "POSTGRES_PASSWORD": self.address.password,
            "PGHOST": str(self.address.socket_folder),
            "PGPORT": str(self.address.port),
        }
        return subprocess.run(
            ["bash", str(DEPLOY / script), *arguments],
            env=environment,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def backed_up(self, folder: str = "backups") -> Path:
        target = self.root / folder
        done = self.run("backup.sh", str(target))
        assert done.returncode == 0, done.stderr
        (made,) = target.iterdir()
        return made

    def sql(self, statement: str, database: str = "hub") -> list[str]:
        async def ask() -> list[str]:
            connection = await asyncpg.connect(self.address.url(database).replace("+asyncpg", "", 1))
            try:
                return [str(row[0]) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def address() -> Iterator[Address]:
    """A server with a migrated hub as a pattern, to be copied for each test."""
    with temporary_postgres() as started:
        pattern = Deployment(started, Path())
        migrate(plan_from_environment(parse_environment_file(environment_of(started))))
        pattern.sql("CREATE TABLE identity.note (text text)")
        pattern.sql("ALTER TABLE identity.note OWNER TO hub_owner")
        pattern.sql(NOTE.format("before"))
        pattern.sql("ALTER DATABASE hub RENAME TO pattern", "postgres")
        yield started


def environment_of(address: Address) -> str:
    """What `hub secrets generate` writes, with the test's server in place of the container's."""
    text = environment_file(database_host="postgres", public_url="https://hub.example.org")
    where = f"@/hub?host={address.socket_folder}&port={address.port}"
    text = re.sub(r"(?m)@postgres:5432/hub$", where, text)
    return re.sub(r"(?m)^HUB_DATABASE_URL=.*$", f"HUB_DATABASE_URL={address.url('hub')}", text)


@pytest.fixture
def deployment(address: Address, tmp_path: Path) -> Deployment:
    """A migrated hub with a row of its own and an encrypted file."""
    made = Deployment(address, tmp_path)
    for database in made.sql("SELECT datname FROM pg_database WHERE datname ~ '^hub'", "postgres"):
        made.sql(f"DROP DATABASE {database}", "postgres")
    made.sql("CREATE DATABASE hub TEMPLATE pattern", "postgres")
    made.environment_file.write_text(environment_of(address))
    (made.files / "registry").mkdir(parents=True)
    (made.files / "registry" / "a.bin").write_bytes(b"\0roster")
    return made


def test_what_was_backed_up_comes_back_and_what_stood_there_is_kept(deployment: Deployment) -> None:
    backup = deployment.backed_up()
    deployment.sql(NOTE.format("after"))
    (deployment.files / "registry" / "a.bin").unlink()
    (deployment.files / "registry" / "b.bin").write_bytes(b"later")

    restored = deployment.run("restore.sh", "--yes", str(backup))

    assert restored.returncode == 0, restored.stderr
    assert deployment.sql("SELECT text FROM identity.note") == ["before"]
    assert (deployment.files / "registry" / "a.bin").read_bytes() == b"\0roster"
    assert not (deployment.files / "registry" / "b.bin").exists()
    (former,) = deployment.sql("SELECT datname FROM pg_database WHERE datname LIKE 'hub\\_before%'", "postgres")
    assert sorted(deployment.sql("SELECT text FROM identity.note", former)) == ["after", "before"]
    (aside,) = deployment.files.glob(".before-*")
    assert (aside / "registry" / "b.bin").read_bytes() == b"later"
    assert deployment.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'note'") == ["hub_owner"]
    reach = "SELECT has_schema_privilege('hub_identity', 'identity', 'USAGE')::text"
    assert deployment.sql(reach) == ["true"]
    listed = (deployment.backed_up("second") / "files.list").read_text()
    assert "registry/a.bin" in listed
    assert ".before-" not in listed, "what was set aside is not backed up again"


def test_the_hub_is_stopped_first_and_a_setting_that_guards_no_data_may_differ(deployment: Deployment) -> None:
    backup = deployment.backed_up()
    (deployment.root / "calls").unlink()
    with deployment.environment_file.open("a") as stream:
        stream.write("HUB_PORT=8443\n")
    assert deployment.run("restore.sh", str(backup), answer="恢复\n").returncode == 0
    first = deployment.calls.splitlines()[0]
    assert first.endswith(" stop gateway frontend worker exchange subsidies targets registry identity")


def test_a_backup_is_for_its_owner_only_and_keeps_secrets_apart_when_asked(deployment: Deployment) -> None:
    kept, apart = deployment.root / "data", deployment.root / "apart"
    assert deployment.run("backup.sh", str(kept), str(apart)).returncode == 0
    (backup,) = kept.iterdir()
    assert (apart / "hub.env").read_bytes() == deployment.environment_file.read_bytes()
    assert (apart / "hub.env").stat().st_mode & 0o777 == 0o600
    assert backup.stat().st_mode & 0o777 == 0o700
    secrets = [
        value
        for name, value in parse_environment_file(deployment.environment_file.read_text()).items()
        if "KEY" in name
    ]
    for part in backup.iterdir():
        content = part.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], part.name


def test_no_half_made_backup_is_left_behind(deployment: Deployment) -> None:
    shutil.rmtree(deployment.files)
    target = deployment.root / "backups"
    assert deployment.run("backup.sh", str(target)).returncode != 0
    assert list(target.iterdir()) == []


def test_a_database_without_a_service_is_no_backup(deployment: Deployment) -> None:
    deployment.sql("DROP SCHEMA subsidies CASCADE")
    done = deployment.run("backup.sh", str(deployment.root / "backups"))
    assert done.returncode == 1
    assert "没有 subsidies" in done.stderr


def test_a_backup_with_any_part_damaged_changes_nothing(deployment: Deployment) -> None:
    backup = deployment.backed_up()
    (deployment.root / "calls").unlink()
    for part in ("database.dump", "files.tar", "secrets.fingerprint"):
        whole = (backup / part).read_bytes()
        damaged = bytearray(whole)
        damaged[len(damaged) // 2] ^= 1
        (backup / part).write_bytes(damaged)
        refused = deployment.run("restore.sh", "--yes", str(backup))
        (backup / part).write_bytes(whole)
        assert refused.returncode == 1, part
        assert "备份已损坏" in refused.stderr
    assert not (deployment.root / "calls").exists()


def test_other_secrets_change_nothing(deployment: Deployment) -> None:
    backup = deployment.backed_up()
    (deployment.root / "calls").unlink()
    deployment.environment_file.write_text(
        environment_file(database_host="postgres", public_url="https://hub.example.org")
    )
    refused = deployment.run("restore.sh", "--yes", str(backup))
    assert refused.returncode == 1
    assert "不是这份备份的密钥" in refused.stderr
    assert not (deployment.root / "calls").exists()


def test_nothing_happens_until_a_person_agrees(deployment: Deployment) -> None:
    backup = deployment.backed_up()
    (deployment.root / "calls").unlink()
    refused = deployment.run("restore.sh", str(backup), answer="好\n")
    assert refused.returncode == 1
    assert "已取消" in refused.stderr
    assert not (deployment.root / "calls").exists()


@pytest.mark.parametrize(
    ("script", "arguments", "words"),
    [
        ("backup.sh", (), "用法"),
        ("backup.sh", ("a", "b", "c"), "用法"),
        ("restore.sh", ("--yes",), "用法"),
        ("restore.sh", ("--yes", "/nowhere"), "不是备份目录"),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    deployment: Deployment, script: str, arguments: tuple[str, ...], words: str
) -> None:
    refused = deployment.run(script, *arguments)
    assert refused.returncode == 1
    assert words in refused.stderr
    assert len(refused.stderr.splitlines()) == 1

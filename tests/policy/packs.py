"""A copy of the Anqing pack to break on purpose, and the line at which it was broken."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from services.kernel.policy.check import check_pack
from services.kernel.policy.problems import CheckReport, PackProblem

ROOT = Path(__file__).resolve().parents[2]
ANQING = ROOT / "policies" / "anqing-2024"


@dataclass
class PackCopy:
    """A pack in a temporary folder."""

    folder: Path

    def replace(self, file: str, old: str, new: str) -> int:
        """Replace the only occurrence of `old`; the line (from 1) on which it began."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text, encoding="utf-8")

    def append(self, file: str, text: str) -> int:
        """Add text at the end; the line on which it begins."""
        path = self.folder / file
        before = path.read_text(encoding="utf-8")
        path.write_text(before + text, encoding="utf-8")
        return before.count("\n") + 1

    def check(self) -> CheckReport:
        return check_pack(self.folder)

    def problem(self, code: str) -> PackProblem:
        """The only problem with this code."""
        found = [problem for problem in self.check().problems if problem.code == code]
        assert len(found) == 1, [(p.code, p.field, p.message) for p in self.check().errors]
        return found[0]


def copy_of(source: Path, target: Path) -> PackCopy:
    """A copy of the four files of a pack in `target`, which keeps the pack's name."""
    folder = target / source.name
    folder.mkdir()
    for file in source.glob("*.yaml"):
        shutil.copy(file, folder / file.name)
    return PackCopy(folder)

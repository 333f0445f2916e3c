"""Checks a pack beyond its schema and tells a person what is missing or in conflict, instead of guessing."""

from collections.abc import Iterator
from pathlib import Path

from services.kernel.policy.check_open import check_open
from services.kernel.policy.check_references import check_references
from services.kernel.policy.check_subsidies import check_subsidies
from services.kernel.policy.check_targets import check_targets
from services.kernel.policy.loader import Loaded, load_pack
from services.kernel.policy.models import PolicyPack
from services.kernel.policy.problems import CheckReport, PackProblem
from services.kernel.policy.vocabulary import PARTS

_FILE_ORDER = {f"{part}.yaml": index for index, part in enumerate(PARTS)}


def check_pack(path: Path) -> CheckReport:
    """Read and check the pack in this folder; never raises for a fault in the pack.

    The pack is handed back whenever it could be read, also with errors; ask `report.ok` before applying it.
    """
    folder = path.resolve()
    loaded = load_pack(folder)
    problems = list(loaded.problems)
    if loaded.pack is not None:
        problems.extend(_meaning(loaded, loaded.pack, folder.name))
    problems.sort(key=lambda problem: (_FILE_ORDER.get(problem.file, len(PARTS)), problem.line, problem.field))
    return CheckReport(folder.name, tuple(problems), loaded.pack)


def _meaning(loaded: Loaded, pack: PolicyPack, folder: str) -> Iterator[PackProblem]:
    yield from _name(loaded, pack, folder)
    yield from check_references(loaded, pack)
    yield from check_open(loaded, pack)
    if "targets" in pack.written:
        yield from check_targets(loaded, pack)
    if "subsidies" in pack.written:
        yield from check_subsidies(loaded, pack)


def _name(loaded: Loaded, pack: PolicyPack, folder: str) -> Iterator[PackProblem]:
    document = pack.document
    source = loaded.sources["document"]
    if document.pack != folder:
        yield source.problem(
            ("pack",), "pack_name_differs", f"包名“{document.pack}”与文件夹名“{folder}”不一致。请改成相同的名称"
        )
    valid = document.valid
    if valid.from_ is not None and valid.to is not None and valid.to < valid.from_:
        yield source.problem(("valid", "to"), "period_reversed", "文件的失效日期早于生效日期，请核对")

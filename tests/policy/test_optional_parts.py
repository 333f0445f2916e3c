"""A pack of document and structure alone is whole; targets and money rules come when they are written."""

from pathlib import Path

import pytest

from hub.policy import keepers_of
from services.kernel.policy.canonical import pack_parts
from services.kernel.policy.diff import diff_against
from services.kernel.policy.vocabulary import PARTS, PartName
from tests.policy.mini import mini_pack
from tests.policy.packs import PackCopy


def with_parts(folder: Path, *parts: PartName) -> PackCopy:
    """The smallest pack with no other files than those of these parts."""
    copy = mini_pack(folder, "some-pack")
    for part in PARTS:
        if part not in parts:
            (copy.folder / f"{part}.yaml").unlink()
    return copy


@pytest.mark.parametrize(
    ("parts", "keepers"),
    [
        (("document", "structure"), ["registry"]),
        (("document", "structure", "targets"), ["registry", "targets"]),
        (("document", "structure", "subsidies"), ["registry", "subsidies"]),
        (("document", "structure", "targets", "subsidies"), ["registry", "targets", "subsidies"]),
    ],
)
def test_only_what_is_written_is_stored(tmp_path: Path, parts: tuple[PartName, ...], keepers: list[str]) -> None:
    report = with_parts(tmp_path, *parts).check()
    assert report.problems == ()
    assert report.pack is not None
    assert report.pack.written == parts
    assert tuple(part.part for part in pack_parts(report.pack)) == parts
    assert keepers_of(report.pack) == keepers
    assert [change.path for change in diff_against(None, report.pack)] == [f"/{part}" for part in parts]


def test_a_part_that_is_not_written_is_empty(tmp_path: Path) -> None:
    pack = with_parts(tmp_path, "document", "structure").check().pack
    assert pack is not None
    assert (pack.targets.indicators, pack.targets.tasks) == ([], [])
    assert (pack.subsidies.budgets, pack.subsidies.rules) == ([], [])


def test_an_optional_file_that_is_there_must_be_sound(tmp_path: Path) -> None:
    copy = with_parts(tmp_path, "document", "structure", "targets")
    copy.write("targets.yaml", "indicators: []\n")
    assert copy.check().pack is None
    assert (copy.problem("missing").file, copy.problem("missing").field) == ("targets.yaml", "tasks")


def test_targets_written_later_leave_what_was_applied_unchanged(tmp_path: Path) -> None:
    copy = with_parts(tmp_path, "document", "structure")
    first = copy.check().pack
    assert first is not None
    applied = {part.part: part.payload for part in pack_parts(first)}
    copy.write("targets.yaml", "indicators: []\ntasks: []\n")
    later = copy.check().pack
    assert later is not None
    assert [(change.path, change.kind) for change in diff_against(dict(applied), later)] == [("/targets", "added")]


@pytest.mark.parametrize("part", ["targets", "subsidies"])
def test_a_lost_file_is_noticed_by_the_open_points_that_name_it(anqing: PackCopy, part: str) -> None:
    (anqing.folder / f"{part}.yaml").unlink()
    errors = anqing.check().errors
    assert {problem.code for problem in errors} >= {"open_points_nowhere"}
    assert any(f"“{part}." in problem.message for problem in errors)

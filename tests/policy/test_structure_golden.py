"""Every pack of the repository checks clean and says the structure that a person read in its document."""

from datetime import date
from pathlib import Path

import pytest

from hub.policy import POLICIES, packs_below
from services.kernel.policy.check import check_pack
from services.kernel.policy.models import PolicyPack
from services.kernel.policy.vocabulary import OPEN_KIND_LABELS
from tests.policy.packs import copy_of
from tests.policy.structure_golden import golden_structure, read_back

PACKS = packs_below(POLICIES)
DECLARED = {f"open_{kind}" for kind in OPEN_KIND_LABELS}


def loaded(name: str) -> PolicyPack:
    pack = check_pack(POLICIES / name).pack
    assert pack is not None
    return pack


def test_the_five_documents_are_there() -> None:
    alliances = {folder.name: loaded(folder.name).document.alliance for folder in PACKS}
    assert {name: (found.code, found.kind, found.division) for name, found in alliances.items()} == {
        "anqing-2024": ("anqing", "group", "3408"),
        "chenzhou-2021": ("chenzhou", "union", "4310"),
        "community-2025": ("community", "community", None),
        "enan-2021": ("enan", "group", "4212"),
        "xiaogan-2023": ("xiaogan", "consortium", "4209"),
    }


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_only_declared_open_points_remain(folder: Path) -> None:
    report = check_pack(folder)
    assert report.errors == ()
    assert {problem.code for problem in report.warnings} <= DECLARED
    assert len(report.warnings) == len(list(report.open_points()))


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_the_structure_is_as_a_person_read_it(folder: Path) -> None:
    assert read_back(loaded(folder.name).structure) == golden_structure(folder)


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_an_alias_is_nobodys_full_name(folder: Path) -> None:
    structure = loaded(folder.name).structure
    named = [*structure.units, *structure.bodies, *structure.collaborations]
    aliases = {alias for item in named for alias in item.aliases}
    assert aliases.isdisjoint({item.name for item in named})


@pytest.mark.parametrize(
    ("old", "new", "section"),
    [
        ("holder: 吴婕", "holder: 郭沙", "bodies"),
        ("post: 副秘书长", "post: 秘书长", "bodies"),
        ("holder: 李忠, since: 2023-06-01", "holder: 李忠, since: 2023-06-02", "bodies"),
        ("mode: by_post", "mode: by_notice", "bodies"),
        ("    host: 湖北职业技术学院\n", "    host: 湖北工程学院\n", "bodies"),
        ("unit: 中国航天三江集团有限公司, scope", "unit: 湖北工程学院, scope", "leads"),
        ("category: park, article: 首", "category: government, article: 首", "members"),
        ("kind: consortium\n", "kind: platform\n", "collaborations"),
    ],
)
def test_the_comparison_notices_a_slip(tmp_path: Path, old: str, new: str, section: str) -> None:
    copy = copy_of(POLICIES / "xiaogan-2023", tmp_path)
    copy.replace("structure.yaml", old, new)
    slipped = copy.check().pack
    assert slipped is not None
    read, golden = read_back(slipped.structure), golden_structure(POLICIES / "xiaogan-2023")
    assert [key for key in golden if read[key] != golden[key]] == [section]


def test_the_leading_group_of_the_notice_has_its_24_seats() -> None:
    document = loaded("xiaogan-2023").document
    group = loaded("xiaogan-2023").structure.bodies[0]
    titles = [seat.title for seat in group.seats]
    assert [titles.count(title) for title in ("组长", "副组长", "成员")] == [1, 6, 17]
    assert titles == ["组长"] + ["副组长"] * 6 + ["成员"] * 17
    assert len({seat.holder for seat in group.seats}) == 24
    assert {seat.since for seat in group.seats} == {document.issued_on} == {date(2023, 6, 1)}


def test_holders_are_named_only_by_the_notice_of_xiaogan() -> None:
    named = {
        folder.name
        for folder in PACKS
        for body in loaded(folder.name).structure.bodies
        for seat in body.seats
        if seat.holder is not None
    }
    assert named == {"xiaogan-2023"}

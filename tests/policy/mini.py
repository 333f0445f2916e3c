"""The smallest pack that checks clean, for another document than Anqing's."""

from pathlib import Path

from services.kernel.policy.canonical import pack_parts
from services.kernel.policy.models import PolicyPack, part_from_payload
from tests.policy.packs import PackCopy

DOCUMENT = """pack: {name}
number: 某政发〔2021〕1号
title: 某市实施意见
issuer: 某市人民政府
alliance: {{code: some_city, name: 某市职教联盟, kind: union, division: "4310"}}
issued_on: 2021-01-01
valid: {{from: 2021-01-01, to: 2029-12-31, article: 尾}}
articles:
  - {{id: 尾, heading: 施行, summary: 施行日期。}}
{articles}
open: {open}
"""
STRUCTURE = """units: []
formula:
  name: 成员
  roles: [{code: all, label: "N", name: 成员, members: [], open_ended: true, article: 尾}]
  article: 尾
leads: []
bodies: []
"""
TARGETS = "indicators: []\ntasks: []\n"
SUBSIDIES = "budgets: []\nrules: []\n"


def article_lines(*locators: str) -> str:
    return "\n".join(f"  - {{id: {locator}, heading: 标题, summary: 大意。}}" for locator in locators)


def open_lines(*points: tuple[str, str, str]) -> str:
    """Open points of (field, article, kind) as a YAML list."""
    return (
        "".join(
            f"\n  - {{field: {field}, article: {article}, kind: {kind}, question: 未写明。, decision: null}}"
            for field, article, kind in points
        )
        or "[]"
    )


def mini_pack(folder: Path, name: str, **files: str) -> PackCopy:
    """A pack folder of this name; `document`, `structure`, `targets` and `subsidies` replace the empty parts."""
    target = folder / name
    target.mkdir()
    pack = PackCopy(target)
    defaults = {
        "document": DOCUMENT.format(name=name, articles="", open="[]"),
        "structure": STRUCTURE,
        "targets": TARGETS,
        "subsidies": SUBSIDIES,
    }
    for part, text in (defaults | files).items():
        pack.write(f"{part}.yaml", text)
    return pack


def clean(copy: PackCopy) -> PolicyPack:
    """The pack, which has no error, and whose stored parts read back alike."""
    report = copy.check()
    assert report.errors == ()
    assert report.pack is not None
    for part in pack_parts(report.pack):
        assert part_from_payload(part.part, part.payload) == report.pack.part(part.part)
    return report.pack


def document(name: str, articles: str, *points: tuple[str, str, str]) -> str:
    """The text of a document.yaml with these articles and open points."""
    return DOCUMENT.format(name=name, articles=articles, open=open_lines(*points))


def warnings(copy: PackCopy) -> set[str]:
    return {problem.code for problem in copy.check().warnings}

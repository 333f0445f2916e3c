"""Structure: holders count from a day, collaborations name units, and a name leads to one thing."""

from pathlib import Path

import pytest

from services.kernel.policy.models import Structure
from tests.policy.mini import article_lines, clean, document, mini_pack
from tests.policy.packs import PackCopy

STRUCTURE = """units:
  - {code: college, name: 某职院, aliases: [职院], category: higher_vocational, article: 首}
  - {code: works, name: 某企业, category: enterprise, article: 首}
formula:
  name: 1+1+N
  roles:
    - {code: leader, label: "1", name: 龙头, members: [职院], article: 首}
    - {code: base, label: "1", name: 载体, members: [实训基地], article: 首}
    - {code: partners, label: "N", name: 参与, members: [], open_ended: true, article: 首}
  article: 首
leads: [{unit: 某职院, scope: 牵头, article: 首}]
bodies:
  - code: group
    name: 领导小组
    kind: leading_group
    parent: null
    seats:
      - {code: head, title: 组长, unit: 职院, post: 校长, count: 1, holder: 甲某, since: 2023-06-01, article: 首}
      - {code: deputy, title: 副组长, unit: 某企业, post: 总经理, count: 1, article: 首}
    article: 首
collaborations:
  - code: base
    kind: base
    name: 某市公共实训基地
    aliases: [实训基地]
    host: 职院
    lead: 某企业
    partners: [某企业]
    facts: {area_square_metres: 31000, centres: [智能制造, 虚拟仿真]}
    article: 首
industries:
  - {code: equipment, name: 装备制造, article: 首}
"""
HOLDER = "holder: 甲某, since: 2023-06-01"


def pack(folder: Path, *points: tuple[str, str, str]) -> PackCopy:
    text = document("some-pack", article_lines("首"), ("document.number", "尾", "missing"), *points)
    text = text.replace("number: 某政发〔2021〕1号", "number: null").replace(
        "to: 2029-12-31, article: 尾", "to: 2029-12-31, article: 首"
    )
    return mini_pack(folder, "some-pack", document=text, structure=STRUCTURE)


def structure(folder: Path) -> Structure:
    return clean(pack(folder)).structure


def test_what_is_built_together_is_read_with_its_facts(tmp_path: Path) -> None:
    found = structure(tmp_path)
    [base] = found.collaborations
    assert (base.kind, base.host, base.lead, base.partners) == ("base", "职院", "某企业", ["某企业"])
    assert base.facts == {"area_square_metres": 31000, "centres": ["智能制造", "虚拟仿真"]}
    assert [industry.name for industry in found.industries] == ["装备制造"]


def test_a_structure_without_the_new_lists_is_read_as_before(tmp_path: Path) -> None:
    found = clean(mini_pack(tmp_path, "smallest")).structure
    assert (found.collaborations, found.industries) == ([], [])


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        (HOLDER, "holder: 甲某", "holder_without_since", "bodies[0].seats[0]"),
        (HOLDER, "since: 2023-06-01", "since_without_holder", "bodies[0].seats[0]"),
        (HOLDER, "holder: 甲某, since: null", "gap_undeclared", "bodies[0].seats[0].since"),
        (HOLDER, "holder: 甲某, since: 二〇二三年", "date_type", "bodies[0].seats[0].since"),
        ("host: 职院", "host: 乙校", "unit_unknown", "collaborations[0].host"),
        ("lead: 某企业", "lead: 丙企业", "unit_unknown", "collaborations[0].lead"),
        ("partners: [某企业]", "partners: [某企业, 丙企业]", "unit_unknown", "collaborations[0].partners[1]"),
        ("host: 职院", "host: null", "gap_undeclared", "collaborations[0].host"),
        ("lead: 某企业", "lead: null", "gap_undeclared", "collaborations[0].lead"),
        ("members: [实训基地]", "members: [联合体]", "unit_unknown", "formula.roles[1].members[0]"),
        ("members: [职院]", "members: [职院, 丁校]", "unit_unknown", "formula.roles[0].members[1]"),
        ("name: 领导小组", "name: 领导小组\n    aliases: [职院]", "unit_name_repeated", "bodies[0]"),
        ("name: 领导小组", "name: 领导小组\n    host: null", "gap_undeclared", "bodies[0].host"),
        ("    kind: base", "    kind: college", "literal_error", "collaborations[0].kind"),
        ("area_square_metres: 31000", "area: 31000", "literal_error", "collaborations[0].facts.area.[key]"),
        (
            "area_square_metres: 31000",
            "area_square_metres: 0",
            "fact_value",
            "collaborations[0].facts.area_square_metres",
        ),
        (
            "area_square_metres: 31000",
            "area_square_metres: 3.1",
            "fact_value",
            "collaborations[0].facts.area_square_metres",
        ),
        ("[智能制造, 虚拟仿真]", "[]", "fact_value", "collaborations[0].facts.centres"),
        ("code: equipment, name: 装备制造", "code: equipment", "missing", "industries[0].name"),
    ],
)
def test_fault_is_reported(tmp_path: Path, old: str, new: str, code: str, field: str) -> None:
    copy = pack(tmp_path)
    copy.replace("structure.yaml", old, new)
    problem = copy.problem(code)
    assert (problem.file, problem.field, problem.severity) == ("structure.yaml", field, "error")
    assert any("\u4e00" <= character <= "\u9fff" for character in problem.message)


def test_a_host_that_the_document_does_not_give_is_declared(tmp_path: Path) -> None:
    copy = pack(tmp_path, ("structure.collaborations.base.host", "首", "missing"))
    copy.replace("structure.yaml", "host: 职院", "host: null")
    assert clean(copy).structure.collaborations[0].host is None


def test_a_declared_host_that_is_given_is_stale(tmp_path: Path) -> None:
    copy = pack(tmp_path, ("structure.collaborations.base.host", "首", "missing"))
    assert copy.problem("open_is_stale").field == "open[1].field"


@pytest.mark.parametrize("kind", ["集团", "city", "null"])
def test_the_kind_of_alliance_is_one_of_four(anqing: PackCopy, kind: str) -> None:
    anqing.replace("document.yaml", "kind: group", f"kind: {kind}")
    problem = anqing.problem("literal_error")
    assert problem.field == "alliance.kind"
    assert "group" in problem.message

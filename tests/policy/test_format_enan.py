"""Fragments of 鄂职发〔2021〕5号, paraphrased: aliases, baselines, yearly sums, shares, conflicts."""

from decimal import Decimal
from pathlib import Path

from tests.policy.mini import article_lines, clean, document, mini_pack
from tests.policy.packs import PackCopy

ENAN_STRUCTURE = """units:
  - {code: xianning_vtc, name: 咸宁职业技术学院, aliases: [咸宁职院], category: higher_vocational, article: 首}
  - {code: secondary, name: 各中职学校, category: secondary_vocational, collective: true, article: 表3}
formula: null
leads: [{unit: 咸宁职院, scope: 集团牵头, article: 首}]
bodies:
  - {code: council, name: 理事会, kind: council, parent: null, seats: [], article: 首}
  - {code: secretariat, name: 集团秘书处, aliases: [秘书处], kind: secretariat, parent: council, seats: [],
     article: 表1}
  - code: development
    name: 改革发展指导委员会
    aliases: [改革发展委员会, 集团改革发展指导委员会]
    kind: development_committee
    parent: council
    duties: [按项目推行责任与绩效管理]
    seats: []
    article: 四(一)1
  - {code: technology, name: 科技服务委员会, kind: committee, parent: council, seats: [], article: 表6}
  - {code: assembly, name: 年会, kind: assembly, parent: null, duties: [表决制度], seats: [], article: 表1}
"""
ENAN_TARGETS = """indicators:
  - code: close_enterprises
    name: 校企紧密合作企业
    unit: 个
    kind: count
    direction: at_least
    accumulation: end_value
    aspirational: false
    baseline: {value: 277, on: null, article: 三}
    milestones: [{year: 2023, value: 400, article: 三}]
    lead: []
    responsible: []
    article: 三
  - code: entities
    name: 协同创新实体
    unit: 个
    kind: count
    direction: at_least
    accumulation: end_value
    aspirational: false
    baseline: {value: 4, on: null, article: 三}
    milestones: [{year: 2023, value: 15, article: 三}]
    lead: []
    responsible: []
    article: 三
  - code: provincial_entities
    name: 省级协同创新实体
    unit: 个
    kind: count
    direction: at_least
    accumulation: end_value
    aspirational: false
    baseline: null
    milestones: [{year: 2023, value: 5, article: 三}]
    counts: {level: provincial}
    part_of: entities
    lead: []
    responsible: []
    article: 三
  - code: local_origin
    name: 本地生源占比
    unit: "%"
    kind: ratio
    direction: at_least
    accumulation: year_end_ratio
    aspirational: false
    baseline: {value: 30, on: null, article: 三}
    numerator: 本地生源新生
    denominator: 报到新生
    milestones:
      - {year: 2021, value: 35, article: 表10}
      - {year: 2022, value: 40, article: 表10}
      - {year: 2023, value: 45, article: 表10}
      - {year: 2023, value: 50, article: 三}
    lead: []
    responsible: [各中职学校]
    article: 三
  - code: colleges
    name: 产业学院签约数
    unit: 个
    kind: count
    direction: at_least
    accumulation: cumulative_total
    aspirational: false
    baseline: null
    milestones:
      - {year: 2021, value: 5, article: 表5}
      - {year: 2022, value: 5, article: 表5}
      - {year: 2023, value: 5, article: 表5}
    counts: {collaboration_kind: industry_college}
    lead: []
    responsible: []
    article: 表5
  - code: base_area
    name: 公共实训基地引企面积占比
    unit: "%"
    kind: area
    direction: at_least
    accumulation: share_of_total
    aspirational: false
    baseline: null
    milestones:
      - {year: 2021, value: 40, article: 表7}
      - {year: 2022, value: 40, article: 表7}
      - {year: 2023, value: 20, article: 表7}
    lead: []
    responsible: []
    article: 表7
tasks:
  - {code: rules, title: 修订集团制度, lead: [], responsible: [集团改革发展指导委员会, 秘书处], deliverable: 制度汇编,
     due: 2021, milestones: [{year: 2021, value: null, text: 完成, article: 表1}], article: 表1}
  - {code: platform, title: 服务一体化平台, lead: [], responsible: [集团秘书处], deliverable: 投入使用, due: 2023,
     milestones: [{year: 2023, value: null, text: 完成, article: 表2}], article: 表2}
processes:
  - {code: closed_loop, name: 闭环运行, steps: [部署, 推进, 落实, 评价, 反馈, 改进], article: 四(一)3}
"""
ENAN_ARTICLES = article_lines("首", "三", "四(一)1", "四(一)3", "表1", "表2", "表3", "表5", "表6", "表7", "表10")
ENAN_OPEN = (
    ("structure.formula", "首", "missing"),
    ("structure.bodies.*.seats", "首", "missing"),
    ("targets.indicators.*.baseline.on", "三", "missing"),
    ("targets.indicators.*.baseline", "表5", "missing"),
    ("targets.indicators.*.lead", "三", "missing"),
    ("targets.tasks.*.lead", "首", "missing"),
)
CONFLICT = ("targets.indicators.local_origin.milestones", "表10", "conflict")


def enan(folder: Path, *points: tuple[str, str, str]) -> PackCopy:
    text = document("enan-2021", ENAN_ARTICLES, *ENAN_OPEN, *points)
    return mini_pack(folder, "enan-2021", document=text, structure=ENAN_STRUCTURE, targets=ENAN_TARGETS)


class TestEnan:
    def test_aliases_yearly_sums_shares_and_parts(self, tmp_path: Path) -> None:
        pack = clean(enan(tmp_path, CONFLICT))
        found = {item.code: item for item in pack.targets.indicators}
        assert sum(m.value or 0 for m in found["colleges"].milestones) == 15
        assert found["provincial_entities"].part_of == "entities"
        assert found["close_enterprises"].baseline is not None
        assert found["close_enterprises"].baseline.value == Decimal(277)
        assert found["close_enterprises"].baseline.on is None
        assert pack.targets.processes[0].steps[0] == "部署"

    def test_text_against_table_is_a_conflict(self, tmp_path: Path) -> None:
        report = enan(tmp_path).check()
        [problem] = report.errors
        assert (problem.code, problem.field) == ("value_conflict", "indicators[3].milestones[3]")
        assert "45（表10）、50（三）" in problem.message

    def test_shares_make_one_whole(self, tmp_path: Path) -> None:
        copy = enan(tmp_path, CONFLICT)
        copy.replace("targets.yaml", "{year: 2023, value: 20, article: 表7}", "{year: 2023, value: 40, article: 表7}")
        assert copy.problem("shares_not_whole").field == "indicators[5].milestones"

    def test_a_part_needs_its_whole(self, tmp_path: Path) -> None:
        copy = enan(tmp_path, CONFLICT)
        copy.replace("targets.yaml", "part_of: entities", "part_of: entity")
        assert copy.problem("code_unknown").field == "indicators[2].part_of"

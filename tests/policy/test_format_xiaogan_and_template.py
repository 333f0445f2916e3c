"""Fragments of the Xiaogan notice and of the template for any city, paraphrased: seats, phases, no dates."""

from pathlib import Path

from tests.policy.mini import article_lines, clean, document, mini_pack, warnings
from tests.policy.packs import PackCopy


def test_smallest_pack_is_clean(tmp_path: Path) -> None:
    copy = mini_pack(tmp_path, "smallest")
    assert copy.check().problems == ()


XIAOGAN_STRUCTURE = """units:
  - {code: htdz, name: 孝感国家高新技术产业开发区, aliases: [市高新区管委会], category: park, article: 首}
  - {code: hubei_pt, name: 湖北职业技术学院, category: higher_vocational, article: 首}
  - {code: sanjiang, name: 中国航天三江集团有限公司, category: enterprise, article: 首}
  - {code: city, name: 孝感市人民政府, aliases: [市政府], category: government, article: 附件1}
  - {code: xiaonan, name: 孝南区政府, category: government, division: "420902", article: 附件1}
formula: null
leads:
  - {unit: 孝感国家高新技术产业开发区, scope: 联合体牵头, article: 首}
  - {unit: 湖北职业技术学院, scope: 联合体牵头, article: 首}
  - {unit: 中国航天三江集团有限公司, scope: 联合体牵头, article: 首}
bodies:
  - code: leading_group
    name: 建设领导小组
    kind: leading_group
    parent: null
    succession: {mode: by_post, article: 附件1}
    seats:
      - {code: head, title: 组长, unit: 市政府, post: 副市长,
       count: 1, holder: 甲某, since: 2023-06-01, article: 附件1}
      - {code: deputy_park, title: 副组长, unit: 市高新区管委会, post: 主任,
       count: 1, holder: 乙某, since: 2023-06-01, article: 附件1}
      - {code: member_xiaonan, title: 成员, unit: 孝南区政府, post: 副区长,
       count: 1, holder: 丙某, since: 2023-06-01, article: 附件1}
    article: 附件1
  - code: office
    name: 领导小组办公室
    kind: office
    parent: leading_group
    host: 湖北职业技术学院
    seats: [{code: director, title: 主任, unit: 湖北职业技术学院, post: 分管负责人, count: 1, article: 附件1}]
    article: 附件1
"""
XIAOGAN_TARGETS = """indicators:
  - code: national_level
    name: 建成国家级联合体
    unit: 个
    kind: boolean
    direction: at_least
    accumulation: end_value
    aspirational: true
    baseline: null
    milestones: [{year: 2025, value: 1, text: 力争建成, article: 附件2/二}]
    counts: {collaboration_kind: consortium, level: national}
    lead: [湖北职业技术学院]
    responsible: []
    article: 附件2/二
tasks:
  - {code: community, title: 共建社区教育学院, lead: [湖北职业技术学院], responsible: [], deliverable: null, due: null,
     article: 附件2/三(六)}
"""


class TestXiaogan:
    def pack(self, folder: Path) -> PackCopy:
        text = document(
            "xiaogan-2023",
            article_lines("首", "附件1", "附件2/二", "附件2/三(六)"),
            ("document.number", "首", "missing"),
            ("structure.formula", "首", "missing"),
            ("targets.indicators.national_level.baseline", "附件2/二", "missing"),
            ("targets.tasks.*.deliverable", "附件2/三(六)", "missing"),
            ("targets.tasks.*.due", "附件2/三(六)", "no_deadline"),
        ).replace("number: 某政发〔2021〕1号", "number: null")
        return mini_pack(folder, "xiaogan-2023", document=text, structure=XIAOGAN_STRUCTURE, targets=XIAOGAN_TARGETS)

    def test_seats_pass_to_the_successor_in_post(self, tmp_path: Path) -> None:
        pack = clean(self.pack(tmp_path))
        group = pack.structure.bodies[0]
        assert group.succession is not None
        assert group.succession.mode == "by_post"
        assert [seat.holder for seat in group.seats] == ["甲某", "乙某", "丙某"]
        assert pack.structure.bodies[1].host == "湖北职业技术学院"
        assert len(pack.structure.leads) == 3

    def test_the_missing_number_is_open_and_not_invented(self, tmp_path: Path) -> None:
        copy = self.pack(tmp_path)
        assert clean(copy).document.number is None
        assert warnings(copy) == {"open_missing", "open_no_deadline"}


TEMPLATE_STRUCTURE = """units:
  - {code: education, name: 教育局, category: government, article: 保障措施1}
  - {code: human_resources, name: 人社局, category: government, article: 保障措施1}
formula: null
leads: []
bodies:
  - {code: council, name: 共同体理事会, kind: council, parent: null, duties: [最高决策], seats: [], article: 主要任务4}
  - {code: group, name: 建设领导小组, kind: leading_group, parent: null, seats: [], article: 保障措施1}
  - {code: office, name: 办公室, kind: office, parent: group, host_options: [教育局, 人社局], seats: [],
     article: 保障措施1}
"""
TEMPLATE_TARGETS = """phases:
  - {code: start, name: 启动与试点, from: 2025, to: 2025, article: 实施步骤}
  - {code: spread, name: 推广与深化, from: 2025, to: 2026, article: 实施步骤}
  - {code: improve, name: 完善与提升, from: 2027, to: null, article: 实施步骤}
indicators:
  - code: teacher_practice
    name: 专业课教师五年内企业实践时长
    unit: 月
    kind: duration
    direction: at_least
    accumulation: cumulative_total
    aspirational: false
    scope: each_member
    baseline: null
    milestones: [{year: null, value: 6, text: 任意五年内累计, article: 主要任务2}]
    lead: []
    responsible: []
    article: 主要任务2
tasks:
  - {code: charter, title: 制定共同体章程, lead: [], responsible: [], deliverable: 章程, due: null, phase: start,
     article: 附件}
"""


class TestTemplate:
    def pack(self, folder: Path) -> PackCopy:
        text = document(
            "community-2025",
            article_lines("主要任务2", "主要任务4", "保障措施1", "实施步骤", "附件"),
            ("document.number", "尾", "missing"),
            ("document.issuer", "尾", "missing"),
            ("document.issued_on", "尾", "missing"),
            ("document.valid.*", "尾", "missing"),
            ("document.alliance.division", "尾", "missing"),
            ("structure.formula", "尾", "missing"),
            ("structure.bodies.*.seats", "主要任务4", "missing"),
            ("structure.bodies.office.host_options", "保障措施1", "ambiguous"),
            ("targets.indicators.*.baseline", "主要任务2", "missing"),
            ("targets.indicators.*.lead", "主要任务2", "missing"),
            ("targets.indicators.teacher_practice.milestones.*.year", "主要任务2", "no_deadline"),
            ("targets.tasks.*.lead", "附件", "missing"),
            ("targets.tasks.*.due", "附件", "no_deadline"),
        )
        for old, new in (
            ("number: 某政发〔2021〕1号", "number: null"),
            ("issuer: 某市人民政府", "issuer: null"),
            ("issued_on: 2021-01-01", "issued_on: null"),
            ("from: 2021-01-01, to: 2029-12-31", "from: null, to: null"),
            ('division: "4310"', "division: null"),
        ):
            assert text.count(old) == 1
            text = text.replace(old, new)
        return mini_pack(
            folder, "community-2025", document=text, structure=TEMPLATE_STRUCTURE, targets=TEMPLATE_TARGETS
        )

    def test_no_number_issuer_or_date_at_all(self, tmp_path: Path) -> None:
        found = clean(self.pack(tmp_path)).document
        assert (found.number, found.issuer, found.issued_on, found.valid.to) == (None, None, None, None)
        assert found.alliance.division is None

    def test_phases_may_overlap_and_go_on(self, tmp_path: Path) -> None:
        phases = clean(self.pack(tmp_path)).targets.phases
        assert [(phase.from_, phase.to) for phase in phases] == [(2025, 2025), (2025, 2026), (2027, None)]

    def test_a_phase_may_not_end_before_it_begins(self, tmp_path: Path) -> None:
        copy = self.pack(tmp_path)
        copy.replace("targets.yaml", "from: 2025, to: 2026", "from: 2025, to: 2024")
        assert copy.problem("period_reversed").field == "phases[1].to"

    def test_a_task_names_a_phase_that_exists(self, tmp_path: Path) -> None:
        copy = self.pack(tmp_path)
        copy.replace("targets.yaml", "phase: start", "phase: begin")
        assert copy.problem("code_unknown").field == "tasks[0].phase"

"""Fragments of the four other documents, paraphrased: the format must hold them, and say what they leave open."""

from decimal import Decimal
from pathlib import Path

from services.kernel.policy.canonical import pack_parts
from services.kernel.policy.models import PolicyPack, part_from_payload
from services.kernel.policy.scalars import fen
from tests.policy.mini import DOCUMENT, article_lines, mini_pack, open_lines
from tests.policy.packs import PackCopy

Codes = set[tuple[str, str]]


def clean(copy: PackCopy) -> PolicyPack:
    """The pack, which has no error, and whose stored parts read back alike."""
    report = copy.check()
    assert report.errors == ()
    assert report.pack is not None
    for part in pack_parts(report.pack):
        assert part_from_payload(part.part, part.payload) == report.pack.part(part.part)
    return report.pack


def warnings(copy: PackCopy) -> set[str]:
    return {problem.code for problem in copy.check().warnings}


def document(name: str, articles: str, *points: tuple[str, str, str]) -> str:
    return DOCUMENT.format(name=name, articles=articles, open=open_lines(*points))


def test_smallest_pack_is_clean(tmp_path: Path) -> None:
    copy = mini_pack(tmp_path, "smallest")
    assert copy.check().problems == ()


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
      - {code: head, title: 组长, unit: 市政府, post: 副市长, count: 1, holder: 甲某, article: 附件1}
      - {code: deputy_park, title: 副组长, unit: 市高新区管委会, post: 主任, count: 1, holder: 乙某, article: 附件1}
      - {code: member_xiaonan, title: 成员, unit: 孝南区政府, post: 副区长, count: 1, holder: 丙某, article: 附件1}
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


CHENZHOU_STRUCTURE = """units:
  - {code: education, name: 市教育局, category: government, article: 附件/表5}
  - {code: hr, name: 市人社局, category: government, article: 附件/表5}
  - {code: industry, name: 市工信局, category: government, article: 附件/表5}
  - {code: reform, name: 市发改委, category: government, article: 四(九)}
  - {code: schools, name: 市属各职业院校, category: null, collective: true, article: 附件/表5}
  - {code: counties, name: 各县市区人民政府, category: government, collective: true, article: 附件/表5}
formula: null
leads: []
bodies: []
"""
INDICATOR = """  - code: {code}
    name: {name}
    unit: {unit}
    kind: {kind}
    direction: {direction}
    accumulation: {accumulation}
    aspirational: false
    scope: {scope}
    baseline: null
    numerator: 分子
    denominator: 分母
    milestones: {milestones}
    recurrence: {recurrence}
    lead: [市教育局]
    responsible: [市属各职业院校]
    article: {article}
"""


def chenzhou_indicator(code: str, name: str, article: str, **given: str) -> str:
    defaults = {
        "unit": '"%"',
        "kind": "ratio",
        "direction": "at_least",
        "accumulation": "year_end_ratio",
        "scope": "alliance",
        "milestones": "[]",
        "recurrence": "null",
    }
    return INDICATOR.format(code=code, name=name, article=article, **(defaults | given))


CHENZHOU_TARGETS = "indicators:\n" + "".join(
    [
        chenzhou_indicator("progression", "中职升学比例", "一", milestones="[{year: null, value: 40, article: 一}]"),
        chenzhou_indicator(
            "training_multiple",
            "培训人次与在校生之比",
            "二(三)",
            unit="倍",
            kind="multiple",
            accumulation="within_year",
            scope="each_member",
            recurrence="{value: 2, per: year, from: null, to: null, article: 二(三)}",
        ),
        chenzhou_indicator(
            "fairs",
            "供需见面会",
            "三(四)",
            unit="次",
            kind="count",
            accumulation="within_year",
            recurrence="{value: 2, per: year, from: null, to: null, article: 三(四)}",
        ),
        chenzhou_indicator(
            "part_time_teachers",
            "兼职教师占比",
            "五(十二)",
            direction="at_most",
            milestones="[{year: null, value: 30, article: 五(十二)}]",
        ),
        chenzhou_indicator(
            "county_schools",
            "公办中职学校",
            "二(二)",
            unit="所",
            kind="count",
            accumulation="end_value",
            scope="each_county",
            milestones="[{year: null, value: 1, article: 二(二)}]",
        ),
        chenzhou_indicator(
            "dual_teachers", "双师比例", "五(十三)", milestones="[{year: 2025, value: 75, article: 五(十三)}]"
        ),
    ]
)
CHENZHOU_TASKS = """tasks:
  - code: annex_05
    title: 建立产教对接机制
    lead: [市工信局, 市教育局, 市人社局]
    responsible: [市属各职业院校, 各县市区人民政府]
    deliverable: null
    due: null
    indicators: [fairs]
    article: 附件/表5
assessments:
  - {code: fusion_plate, name: 产教融合型企业, subject: enterprise, assess_every_months: 12, plate_valid_months: 36,
     article: 四(九)}
"""
CHENZHOU_SUBSIDIES = """budgets: []
rules:
  - code: apprentice
    kind: per_unit_award
    name: 学徒培训补贴
    article: 四(十一)
    valid: {from: null, to: null, article: null}
    budget: null
    discretionary: false
    selective: false
    payee: enterprise
    parameters:
      amount: [{from: 2021-01-01, value: "5000", unit: 元/人年, qualifier: at_least_in_principle, article: 四(十一)}]
      counted: [{from: 2021-01-01, value: person_year, article: 四(十一)}]
  - code: special_post
    kind: per_unit_award
    name: 特岗教师经费
    article: 五(十二)
    valid: {from: null, to: null, article: null}
    budget: null
    discretionary: false
    selective: false
    payee: employing_school
    parameters:
      amount: [{from: 2021-01-01, value: "70000", unit: 元/空编年, article: 五(十二)}]
      counted: [{from: 2021-01-01, value: vacant_post_year, article: 五(十二)}]
"""
CHENZHOU_ARTICLES = article_lines(
    "一", "二(二)", "二(三)", "三(四)", "四(九)", "四(十一)", "五(十二)", "五(十三)", "附件/表5"
)


class TestChenzhou:
    def pack(self, folder: Path) -> PackCopy:
        text = document(
            "chenzhou-2021",
            CHENZHOU_ARTICLES,
            ("structure.formula", "一", "missing"),
            ("targets.indicators.*.baseline", "一", "missing"),
            ("targets.indicators.*.milestones.*.year", "一", "no_deadline"),
            ("targets.indicators.*.recurrence.*", "三(四)", "no_deadline"),
            ("targets.tasks.*.deliverable", "附件/表5", "missing"),
            ("targets.tasks.*.due", "附件/表5", "no_deadline"),
            ("subsidies.rules.*.valid.*", "四(十一)", "missing"),
            ("subsidies.rules.*.budget", "四(十一)", "missing"),
            ("subsidies.rules.apprentice.parameters.amount", "四(十一)", "ambiguous"),
        )
        return mini_pack(
            folder,
            "chenzhou-2021",
            document=text,
            structure=CHENZHOU_STRUCTURE,
            targets=CHENZHOU_TARGETS + CHENZHOU_TASKS,
            subsidies=CHENZHOU_SUBSIDIES,
        )

    def test_ceilings_events_and_values_per_school_or_county(self, tmp_path: Path) -> None:
        found = {item.code: item for item in clean(self.pack(tmp_path)).targets.indicators}
        assert found["part_time_teachers"].direction == "at_most"
        fairs = found["fairs"].recurrence
        assert fairs is not None
        assert (fairs.value, fairs.per, fairs.from_) == (Decimal(2), "year", None)
        assert found["training_multiple"].scope == "each_member"
        assert found["county_schools"].scope == "each_county"
        assert found["progression"].milestones[0].year is None

    def test_annex_task_has_several_leads(self, tmp_path: Path) -> None:
        [task] = clean(self.pack(tmp_path)).targets.tasks
        assert task.lead == ["市工信局", "市教育局", "市人社局"]
        assert task.article == "附件/表5"

    def test_assessed_yearly_and_plated_for_three_years(self, tmp_path: Path) -> None:
        [scheme] = clean(self.pack(tmp_path)).targets.assessments
        assert (scheme.assess_every_months, scheme.plate_valid_months) == (12, 36)

    def test_money_per_person_year_and_per_vacant_post(self, tmp_path: Path) -> None:
        apprentice, post = clean(self.pack(tmp_path)).subsidies.rules
        assert apprentice.kind == post.kind == "per_unit_award"
        assert fen(apprentice.parameters.amount[0].value) == 5000_00
        assert apprentice.parameters.amount[0].qualifier == "at_least_in_principle"
        assert apprentice.parameters.counted[0].value == "person_year"
        assert fen(post.parameters.amount[0].value) == 70_000_00
        assert post.parameters.counted[0].value == "vacant_post_year"
        assert post.payee == "employing_school"

    def test_every_silence_is_declared(self, tmp_path: Path) -> None:
        copy = self.pack(tmp_path)
        assert warnings(copy) == {"open_missing", "open_no_deadline", "open_ambiguous"}
        text = (copy.folder / "document.yaml").read_text(encoding="utf-8")
        bare = [line for line in text.splitlines() if "recurrence" not in line and "rules.*.budget" not in line]
        copy.write("document.yaml", "\n".join(bare) + "\n")
        fields = {problem.field for problem in copy.check().errors}
        assert fields == {
            "indicators[1].recurrence.from",
            "indicators[1].recurrence.to",
            "indicators[2].recurrence.from",
            "indicators[2].recurrence.to",
            "rules[0].budget",
            "rules[1].budget",
        }

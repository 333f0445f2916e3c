"""Fragments of 郴政发〔2021〕9号, paraphrased: ceilings, yearly events, plates, annex tasks, money per unit."""

from decimal import Decimal
from pathlib import Path

from services.kernel.policy.scalars import fen
from tests.policy.mini import article_lines, clean, document, mini_pack, warnings
from tests.policy.packs import PackCopy

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

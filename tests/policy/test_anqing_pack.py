"""The Anqing pack says what the document says, and leaves open what the document leaves open."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from services.kernel.policy.check import check_pack
from services.kernel.policy.models import Indicator, PolicyPack
from services.kernel.policy.render import render_report
from services.kernel.policy.scalars import fen
from tests.policy.packs import ANQING


@pytest.fixture(scope="module")
def pack() -> PolicyPack:
    found = check_pack(ANQING).pack
    assert found is not None
    return found


def indicator(pack: PolicyPack, code: str) -> Indicator:
    return next(item for item in pack.targets.indicators if item.code == code)


def test_only_declared_open_points_remain(pack: PolicyPack) -> None:
    report = check_pack(ANQING)
    assert report.errors == ()
    assert report.ok
    assert {problem.code for problem in report.warnings} <= {
        "open_missing",
        "open_ambiguous",
        "open_conflict",
        "open_no_deadline",
    }
    assert len(report.warnings) == len(pack.document.open) == len(list(report.open_points()))


def test_document_has_no_issue_date_and_ends_with_2027(pack: PolicyPack) -> None:
    document = pack.document
    assert document.number == "宜政秘〔2024〕91号"
    assert document.issuer == "安庆市人民政府"
    assert document.alliance.division == "3408"
    assert document.issued_on is None
    assert document.valid.from_ is None
    assert document.valid.to == date(2027, 12, 31)
    assert {"document.issued_on", "document.valid.from"} <= {point.field for point in document.open}


def test_structure_is_one_two_two_and_n(pack: PolicyPack) -> None:
    formula = pack.structure.formula
    assert formula is not None
    assert "+".join(role.label for role in formula.roles) == formula.name == "1+2+2+N"
    for role in formula.roles[:3]:
        assert len(role.members) == int(role.label)
    assert formula.roles[3].open_ended
    assert formula.roles[0].members == ["安庆职业技术学院"]
    assert formula.roles[1].members == ["安庆技师学院", "安庆工业学校"]


def test_bodies_answer_to_the_one_above(pack: PolicyPack) -> None:
    parents = {body.code: body.parent for body in pack.structure.bodies}
    assert parents == {"steering": None, "council": "steering", "secretariat": "council"}
    secretariat = pack.structure.bodies[2]
    assert (secretariat.host, secretariat.seats) == (None, [])
    steering = pack.structure.bodies[0]
    posts = {(seat.title, seat.unit) for seat in steering.seats}
    assert ("主任委员", "安庆市人民政府") in posts
    assert ("副主任委员", "市教育体育局") in posts
    assert ("副主任委员", "市人力资源社会保障局") in posts


def test_local_employment_rises_to_half(pack: PolicyPack) -> None:
    found = indicator(pack, "local_employment")
    milestones = [(m.year, m.value, m.article) for m in found.milestones]
    assert milestones == [
        (2024, Decimal(40), "二16"),
        (2025, Decimal(42), "二16"),
        (2026, Decimal(45), "二16"),
        (2027, Decimal(50), "二16"),
    ]
    assert found.kind == "ratio"
    assert found.accumulation == "year_end_ratio"
    assert found.numerator
    assert found.denominator
    assert found.baseline is None


@pytest.mark.parametrize(
    ("code", "value", "year", "accumulation", "aspirational", "article"),
    [
        ("higher_vocational_enrolment", 14000, 2027, "end_value", False, "一(三)"),
        ("secondary_vocational_enrolment", 10000, 2027, "end_value", False, "一(三)"),
        ("vocational_training", 40000, 2027, "within_year", False, "一(三)"),
        ("city_consortia", 2, 2027, "end_value", False, "一(三)"),
        ("county_fusions", None, 2027, "end_value", True, "一(三)"),
        ("national_consortium", None, 2027, "end_value", True, "一(三)"),
        ("major_coverage", 100, 2027, "end_value", True, "一(三)"),
        ("enterprise_matching", 100, 2027, "end_value", True, "一(三)"),
        ("own_hired_posts", 20, None, "year_end_ratio", False, "二12"),
    ],
)
def test_other_indicators(
    pack: PolicyPack,
    code: str,
    value: int | None,
    year: int | None,
    accumulation: str,
    aspirational: bool,
    article: str,
) -> None:
    found = indicator(pack, code)
    [milestone] = found.milestones
    assert milestone.value == (None if value is None else Decimal(value))
    assert (milestone.year, milestone.article) == (year, article)
    assert (found.direction, found.accumulation, found.aspirational) == ("at_least", accumulation, aspirational)


def test_nineteen_tasks_in_the_order_of_the_articles(pack: PolicyPack) -> None:
    tasks = pack.targets.tasks
    assert [task.article for task in tasks] == [f"二{number}" for number in range(1, 20)]
    assert [task.code for task in tasks] == [f"task_{number:02}" for number in range(1, 20)]
    assert all(task.due is None for task in tasks)


def test_six_rules_in_settlement_order(pack: PolicyPack) -> None:
    rules = pack.subsidies.rules
    table = [(r.code, fen(r.parameters.amount[0].value), r.parameters.amount[0].article, r.payee) for r in rules]
    assert table == [
        ("consortium_provincial", 500_000_00, "二9", "lead_member"),
        ("consortium_national", 1_000_000_00, "二9", "lead_member"),
        ("industry_college", 300_000_00, "二10", "host_school"),
        ("school_enterprise_class", 100_000_00, "二11", "host_school"),
        ("sending_award", 500_00, "二15", "sending_school"),
        ("cross_city_enrolment", 1000_00, "二15", "enrolling_school"),
    ]
    assert {rule.budget for rule in rules} == {"award_pool"}
    assert {(rule.valid.from_, rule.valid.to) for rule in rules} == {(date(2024, 1, 1), date(2027, 12, 31))}
    assert [rule.code for rule in rules if rule.selective] == ["school_enterprise_class"]
    assert [rule.code for rule in rules if rule.discretionary] == ["sending_award"]


def test_class_conditions(pack: PolicyPack) -> None:
    rule = pack.subsidies.rules[3]
    assert rule.kind == "class_award"
    parameters = rule.parameters
    assert parameters.min_headcount[0].value == 20
    assert parameters.formats[0].value == ["冠名", "订单"]
    assert parameters.enterprise_sizes[0].value == ["大型", "中型"]
    assert parameters.enterprise_in_city[0].value is True


def test_pool_and_operations(pack: PolicyPack) -> None:
    budgets = {budget.code: budget for budget in pack.subsidies.budgets}
    assert fen(budgets["award_pool"].amount or "") == 5_000_000_00
    assert fen(budgets["operations"].amount or "") == 500_000_00
    for budget in budgets.values():
        assert (budget.years.from_, budget.years.to, budget.article) == (2024, 2027, "三(二)")


def test_decisions_of_the_domain_guide_are_configurable(pack: PolicyPack) -> None:
    rules = {rule.code: rule for rule in pack.subsidies.rules}
    assert rules["consortium_national"].decisions["earlier_level"].value == "top_up"
    assert rules["school_enterprise_class"].decisions["headcount"].value == "inclusive_at_snapshot"
    assert rules["school_enterprise_class"].decisions["frequency"].value == "once_per_class"
    assert rules["cross_city_enrolment"].decisions["technician_schools"].value == "included"
    assert pack.subsidies.decisions["assessment_gate"].value == "passed_assessment_required"
    assert pack.subsidies.decisions["public_notice_days"].value == 5


def test_articles_are_listed_in_the_order_of_the_document(pack: PolicyPack) -> None:
    parts = ["一", "二", "三", "尾"]
    positions = [parts.index(article.id[0]) for article in pack.document.articles]
    assert all(earlier <= later for earlier, later in pairwise(positions))


def test_report_reads_as_chinese_text() -> None:
    text = render_report(check_pack(ANQING))
    assert text.startswith("政策包 anqing-2024\n")
    assert "document.yaml:36 open[0].field [open_missing]" in text
    assert text.endswith("合计：错误 0 处，提示 40 处；可以应用。")
    assert "必须改正" not in text

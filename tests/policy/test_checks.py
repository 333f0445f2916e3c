"""Faults of meaning: what a schema cannot see, each reported where it stands."""

import pytest

from services.kernel.policy.problems import PackProblem
from tests.policy.packs import PackCopy

EMPLOYMENT_2025 = "      - {year: 2025, value: 42, article: 二16}\n"
EMPLOYMENT_2027 = "      - {year: 2027, value: 50, article: 二16}\n"
CLASS_AMOUNT = '      amount: [{from: 2024-01-01, value: "100000", unit: 元/班, article: 二11}]\n'
SECOND_2027 = "      - {year: 2027, value: 55, article: 一(三)}\n"
TOP_UP = "options: [top_up, stack, none]\n\n  - code: industry_college"
BASELINES = "  - field: targets.indicators.*.baseline\n"


def with_entry(series: str, day: str) -> str:
    """The series with one more entry that begins on this day."""
    return series.replace("}]", f'}}, {{from: {day}, value: "1", unit: 元/班, article: 二11}}]')


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "field"),
    [
        ("document.yaml", "pack: anqing-2024", "pack: anqing-2025", "pack_name_differs", "pack"),
        ("structure.yaml", "parent: council", "parent: board", "code_unknown", "bodies[2].parent"),
        ("structure.yaml", "{code: member_finance,", "{code: member_industry,", "code_repeated", "bodies[0].seats[4]"),
        ("structure.yaml", "unit: 市财政局, post", "unit: 市税务局, post", "unit_unknown", "bodies[0].seats[4].unit"),
        ("structure.yaml", "{unit: 安庆高新区,", "{unit: 安庆新区,", "unit_unknown", "leads[2].unit"),
        ("structure.yaml", "aliases: [市财政局]", "aliases: [市财政局, 市工信局]", "unit_name_repeated", "units[9]"),
        (
            "targets.yaml",
            "indicators: [own_hired_posts]",
            "indicators: [hired_posts]",
            "code_unknown",
            "tasks[11].indicators[0]",
        ),
        ("targets.yaml", "{code: task_19,", "{code: task_18,", "code_repeated", "tasks[18]"),
        (
            "targets.yaml",
            "responsible: [集团, 市农业农村局]",
            "responsible: [集团, 市农业局]",
            "unit_unknown",
            "tasks[18].responsible[1]",
        ),
        (
            "targets.yaml",
            "name: 集团中职在校生规模",
            "name: 集团高职在校生规模",
            "indicator_name_repeated",
            "indicators[2].name",
        ),
        (
            "targets.yaml",
            EMPLOYMENT_2025,
            EMPLOYMENT_2025.replace("2025", "2023"),
            "milestone_order",
            "indicators[0].milestones[1].year",
        ),
        (
            "targets.yaml",
            EMPLOYMENT_2027,
            EMPLOYMENT_2027.replace("2027", "2028"),
            "milestone_outside_validity",
            "indicators[0].milestones[3].year",
        ),
        (
            "targets.yaml",
            EMPLOYMENT_2027,
            EMPLOYMENT_2027.replace("50", "500"),
            "value_out_of_range",
            "indicators[0].milestones[3].value",
        ),
        (
            "targets.yaml",
            EMPLOYMENT_2027,
            EMPLOYMENT_2027.replace("50", '"44.9"'),
            "milestone_falls",
            "indicators[0].milestones[3].value",
        ),
        ("targets.yaml", EMPLOYMENT_2025, EMPLOYMENT_2025 * 2, "milestone_repeated", "indicators[0].milestones[2]"),
        (
            "targets.yaml",
            EMPLOYMENT_2027,
            EMPLOYMENT_2027 + SECOND_2027,
            "value_conflict",
            "indicators[0].milestones[4]",
        ),
        (
            "subsidies.yaml",
            CLASS_AMOUNT,
            CLASS_AMOUNT.replace("2024-01-01", "2025-01-01"),
            "series_gap",
            "rules[3].parameters.amount[0].from",
        ),
        (
            "subsidies.yaml",
            CLASS_AMOUNT,
            with_entry(CLASS_AMOUNT, "2028-01-01"),
            "series_after_end",
            "rules[3].parameters.amount[1].from",
        ),
        (
            "subsidies.yaml",
            CLASS_AMOUNT,
            with_entry(CLASS_AMOUNT, "2024-01-01"),
            "series_order",
            "rules[3].parameters.amount[1].from",
        ),
        (
            "subsidies.yaml",
            TOP_UP,
            TOP_UP.replace("[top_up, ", "["),
            "decision_not_an_option",
            "rules[1].decisions.earlier_level.value",
        ),
        (
            "subsidies.yaml",
            "options: [5, 7, 10]",
            "options: [7, 10]",
            "decision_not_an_option",
            "decisions.public_notice_days.value",
        ),
    ],
)
def test_fault_is_reported(anqing: PackCopy, file: str, old: str, new: str, code: str, field: str) -> None:
    anqing.replace(file, old, new)
    found = [p for p in anqing.check().problems if not p.code.startswith("open_")]
    assert [(p.file, p.code, p.field) for p in found] == [(file, code, field)]
    assert "请" in found[0].message


def budget_line(rule: str) -> str:
    valid = "    valid: {from: 2024-01-01, to: 2027-12-31, article: 三(二)}"
    return f"    name: {rule}\n    article: 二15\n{valid}\n    budget: award_pool\n"


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("budget: award_pool", "budget: pool", "code_unknown", "rules[4].budget"),
        ("to: 2027-12-31", "to: 2028-12-31", "rule_outside_validity", "rules[4].valid.to"),
        ("from: 2024-01-01", "from: 2023-01-01", "rule_without_budget", "rules[4].budget"),
        ("to: 2027-12-31", "to: 2023-12-31", "period_reversed", "rules[4].valid.to"),
        ("from: 2024-01-01", "from: null", "gap_undeclared", "rules[4].valid.from"),
        ("budget: award_pool", "budget: null", "gap_undeclared", "rules[4].budget"),
    ],
)
def test_rule_fits_budget_and_validity(anqing: PackCopy, old: str, new: str, code: str, field: str) -> None:
    block = budget_line("生源输送奖励")
    anqing.replace("subsidies.yaml", block, block.replace(old, new))
    assert (code, field) in {(p.code, p.field) for p in anqing.check().errors}


def test_rule_may_not_precede_the_document(anqing: PackCopy) -> None:
    anqing.replace("document.yaml", "valid: {from: null", "valid: {from: 2024-06-01")
    errors = anqing.check().errors
    assert [p.code for p in errors].count("rule_outside_validity") == 6
    # The declaration that the first day is unknown no longer holds, and is reported too.
    assert [p.code for p in errors if p.file == "document.yaml"] == ["open_is_stale"]


def test_one_question_answered_in_two_ways_is_pointed_out(anqing: PackCopy) -> None:
    old = "        value: top_up\n        why: 已领取省级"
    line = anqing.replace("subsidies.yaml", old, old.replace("top_up", "stack"))
    problem = anqing.problem("decision_disagrees")
    assert (problem.line, problem.field) == (line, "rules[1].decisions.earlier_level.value")
    assert problem.severity == "warning"
    assert anqing.check().ok


def test_a_document_may_not_end_before_it_begins(anqing: PackCopy) -> None:
    anqing.replace("document.yaml", "valid: {from: null", "valid: {from: 2028-01-01")
    assert anqing.problem("period_reversed").field == "valid.to"


def test_budget_years_lie_within_the_document(anqing: PackCopy) -> None:
    old = "    name: 年度运转经费\n    years: {from: 2024, to: 2027}"
    anqing.replace("subsidies.yaml", old, old.replace("2027", "2028"))
    assert anqing.problem("budget_outside_validity").field == "budgets[1].years.to"


def test_budget_years_are_in_order(anqing: PackCopy) -> None:
    old = "    name: 年度运转经费\n    years: {from: 2024, to: 2027}"
    anqing.replace("subsidies.yaml", old, old.replace("2027", "2023"))
    assert anqing.problem("period_reversed").field == "budgets[1].years.to"


class TestArticles:
    def test_citation_of_an_unlisted_article(self, anqing: PackCopy) -> None:
        line = anqing.replace("targets.yaml", "value: 14000, article: 一(三)", "value: 14000, article: 一(四)")
        problem = anqing.problem("article_unknown")
        assert (problem.file, problem.line) == ("targets.yaml", line)
        assert problem.field == "indicators[1].milestones[0].article"
        assert "一(四)" in problem.message

    def test_an_article_that_nobody_cites(self, anqing: PackCopy) -> None:
        line = anqing.replace(
            "document.yaml",
            "  - {id: 三(二),",
            "  - {id: 三(一), heading: 政策支持, summary: 多渠道投入。}\n  - {id: 三(二),",
        )
        problem = anqing.problem("article_unused")
        assert (problem.line, problem.severity) == (line, "warning")
        assert anqing.check().ok

    def test_an_article_listed_twice(self, anqing: PackCopy) -> None:
        anqing.replace("document.yaml", "  - {id: 二8,", "  - {id: 二7,")
        problems = anqing.check().errors
        assert ("code_repeated", "articles[8]") in {(p.code, p.field) for p in problems}
        assert "article_unknown" in {p.code for p in problems}


class TestOpenPoints:
    def drop(self, anqing: PackCopy, field: str) -> None:
        path = anqing.folder / "document.yaml"
        head, tail = path.read_text(encoding="utf-8").split(f"  - field: {field}\n")
        rest = tail.split("  - field: ", 1)
        path.write_text(head + ("  - field: " + rest[1] if len(rest) > 1 else ""), encoding="utf-8")

    @pytest.mark.parametrize(
        ("field", "file", "shown", "count"),
        [
            ("document.issued_on", "document.yaml", "issued_on", 1),
            ("document.valid.from", "document.yaml", "valid.from", 1),
            ("structure.bodies.council.seats", "structure.yaml", "bodies[1].seats", 1),
            ("structure.bodies.steering.seats.member_others.unit", "structure.yaml", "bodies[0].seats[5].unit", 1),
            ("targets.indicators.*.baseline", "targets.yaml", "indicators[0].baseline", 10),
            ("targets.indicators.*.lead", "targets.yaml", "indicators[0].lead", 10),
            ("targets.tasks.*.due", "targets.yaml", "tasks[0].due", 19),
            ("targets.tasks.*.lead", "targets.yaml", "tasks[0].lead", 19),
            (
                "targets.indicators.own_hired_posts.milestones.0.year",
                "targets.yaml",
                "indicators[9].milestones[0].year",
                1,
            ),
            (
                "targets.indicators.county_fusions.milestones.0.value",
                "targets.yaml",
                "indicators[5].milestones[0].value",
                1,
            ),
        ],
    )
    def test_a_gap_must_be_declared(self, anqing: PackCopy, field: str, file: str, shown: str, count: int) -> None:
        self.drop(anqing, field)
        gaps = [p for p in anqing.check().errors if p.code == "gap_undeclared"]
        assert len(gaps) == count
        assert (gaps[0].file, gaps[0].field) == (file, shown)
        assert "不要推测" in gaps[0].message or "登记" in gaps[0].message

    def test_the_message_gives_the_name_to_declare(self, anqing: PackCopy) -> None:
        self.drop(anqing, "structure.bodies.council.seats")
        assert "structure.bodies.council.seats" in anqing.problem("gap_undeclared").message

    def test_a_filled_gap_makes_its_declaration_stale(self, anqing: PackCopy) -> None:
        anqing.replace("document.yaml", "issued_on: null", "issued_on: 2024-08-01")
        assert anqing.problem("open_is_stale").field == "open[0].field"

    def test_a_declaration_must_point_at_something(self, anqing: PackCopy) -> None:
        line = anqing.replace("document.yaml", BASELINES, BASELINES.replace("baseline", "basis"))
        found = [p for p in anqing.check().errors if p.code == "open_points_nowhere"]
        assert [(p.line, p.field) for p in found] == [(line, "open[13].field")]

    def test_an_undecided_point_asks_for_a_decision(self, anqing: PackCopy) -> None:
        texts = [p.message for p in anqing.check().warnings if p.field == "open[4].field"]
        assert len(texts) == 1
        assert texts[0].startswith("文件未载明（二2）：")
        assert texts[0].endswith("尚未决定，请秘书处确定后登记。")


CONFLICT = """  - field: targets.indicators.local_employment.milestones
    article: 二16
    kind: conflict
    question: 正文与附表的末年数值不同。
    decision: {decision}
"""


class TestConflicts:
    def conflicting(self, anqing: PackCopy, extra: str = "", decision: str = "null") -> list[PackProblem]:
        second = EMPLOYMENT_2027.replace("50", "55").replace("二16}", "一(三)" + extra + "}")
        anqing.replace("targets.yaml", EMPLOYMENT_2027, EMPLOYMENT_2027 + second)
        anqing.append("document.yaml", CONFLICT.format(decision=decision))
        return list(anqing.check().problems)

    def test_a_declared_conflict_keeps_both_values(self, anqing: PackCopy) -> None:
        problems = self.conflicting(anqing)
        assert [p for p in problems if p.severity == "error"] == []
        assert [p.code for p in problems].count("open_conflict") == 2

    def test_a_decided_conflict_judges_one_value(self, anqing: PackCopy) -> None:
        problems = self.conflicting(anqing, decision="按正文考核。")
        assert [p.code for p in problems if p.severity == "error"] == ["conflict_not_settled"]

    def test_a_settled_conflict_is_clean(self, anqing: PackCopy) -> None:
        problems = self.conflicting(anqing, extra=", assessed: false", decision="按正文考核。")
        assert [p for p in problems if p.severity == "error"] == []

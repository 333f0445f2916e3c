"""Broken packs: every schema fault is named with its file, line and field, in Chinese, all at once."""

from pathlib import Path

import pytest

from services.kernel.policy.check import check_pack
from services.kernel.policy.render import render_report
from services.kernel.policy.vocabulary import REQUIRED_PARTS
from tests.policy.packs import PackCopy

MONEY_LINE = '      amount: [{from: 2024-01-01, value: "300000", unit: 元/个, article: 二10}]'


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "field", "says"),
    [
        ("document.yaml", "number: 宜政秘", "numbr: 宜政秘", "extra_forbidden", "numbr", "不认识字段“numbr”"),
        ("document.yaml", 'division: "3408"', "division: 3408", "string_type", "alliance.division", "请加引号"),
        (
            "document.yaml",
            'division: "3408"',
            'division: "340800"',
            "string_pattern_mismatch",
            "alliance.division",
            "市四位",
        ),
        ("document.yaml", "issued_on: null", "issued_on: 2024年", "date_type", "issued_on", "例如 2027-12-31"),
        ("document.yaml", "id: 三(二)", "id: 三（二）", "string_pattern_mismatch", "articles[20].id", "括号用半角"),
        ("structure.yaml", "    kind: council\n", "    kind: board\n", "literal_error", "bodies[1].kind", "可以写的是"),
        ("structure.yaml", 'label: "N"', "label: 4", "string_type", "formula.roles[3].label", "写的是 4"),
        (
            "targets.yaml",
            "value: 14000",
            "value: 14000.5",
            "exact_number",
            "indicators[1].milestones[0].value",
            "浮点数",
        ),
        ("targets.yaml", "year: 2024", 'year: "2024"', "year", "indicators[0].milestones[0].year", "四位整数"),
        (
            "targets.yaml",
            "[{year: 2027, value: 2, ",
            "[{year: 2027, valu: 2, ",
            "missing",
            "indicators[4].milestones[0].value",
            "不要推测",
        ),
        ("targets.yaml", "    denominator: 核定编制总数\n", "", "ratio_parts", "indicators[9]", "分母"),
        (
            "targets.yaml",
            "[{year: null, value: 20, article: 二12}]",
            "[]",
            "nothing_to_reach",
            "indicators[9]",
            "没有任何要求",
        ),
        (
            "targets.yaml",
            "value: null, text: 建成若干个",
            "value: null",
            "milestone_empty",
            "indicators[5].milestones[0]",
            "value 或 text",
        ),
        (
            "subsidies.yaml",
            MONEY_LINE,
            MONEY_LINE.replace('"300000"', "300000"),
            "money_text",
            "rules[2].parameters.amount[0].value",
            "精确到分",
        ),
        (
            "subsidies.yaml",
            MONEY_LINE,
            MONEY_LINE.replace("300000", "300,000"),
            "money_text",
            "rules[2].parameters.amount[0].value",
            "千分位",
        ),
        (
            "subsidies.yaml",
            MONEY_LINE,
            MONEY_LINE.replace("300000", "0.005"),
            "money_text",
            "rules[2].parameters.amount[0].value",
            "两位小数",
        ),
        ("subsidies.yaml", MONEY_LINE, "      amount: []", "too_short", "rules[2].parameters.amount", "不能为空"),
        (
            "subsidies.yaml",
            "min_headcount:",
            "min_headcounts:",
            "missing",
            "rules[3].parameters.min_headcount",
            "缺少字段",
        ),
        (
            "subsidies.yaml",
            "value: 20,",
            "value: 0,",
            "greater_than_equal",
            "rules[3].parameters.min_headcount[0].value",
            "至少为 1",
        ),
        ("subsidies.yaml", "kind: class_award", "kind: class_prize", "union_tag_invalid", "rules[3]", "class_award"),
        ("subsidies.yaml", "    kind: class_award\n", "", "union_tag_not_found", "rules[3]", "缺少字段“kind”"),
        (
            "subsidies.yaml",
            "    selective: true",
            "    selective: maybe",
            "bool_type",
            "rules[3].selective",
            "true 或 false",
        ),
        (
            "subsidies.yaml",
            "value: [冠名, 订单]",
            "value: 冠名",
            "list_type",
            "rules[3].parameters.formats[0].value",
            "列表",
        ),
        (
            "subsidies.yaml",
            "    value: 5\n",
            "    value: 5.5\n",
            "decision_value",
            "decisions.public_notice_days.value",
            "决定的取值",
        ),
    ],
)
def test_fault_is_named_where_it_stands(
    anqing: PackCopy, file: str, old: str, new: str, code: str, field: str, says: str
) -> None:
    line = anqing.replace(file, old, new)
    found = [p for p in anqing.check().problems if p.code == code and p.field == field]
    assert len(found) == 1, anqing.check().errors
    [problem] = found
    assert problem.file == file
    assert says in problem.message
    assert problem.severity == "error"
    if code in ("exact_number", "year", "money_text", "string_type", "too_short", "literal_error"):
        assert problem.line == line


def test_line_is_that_of_the_field(anqing: PackCopy) -> None:
    line = anqing.replace("subsidies.yaml", "    payee: sending_school", "    payee: anybody")
    problem = anqing.problem("literal_error")
    assert (problem.line, problem.field) == (line, "rules[4].payee")


def test_missing_field_is_shown_at_its_parent(anqing: PackCopy) -> None:
    lines = (anqing.folder / "subsidies.yaml").read_text(encoding="utf-8").splitlines()
    parent = lines.index("  - code: industry_college") + 1
    anqing.replace("subsidies.yaml", "    name: 省级产业学院奖补\n", "")
    problem = anqing.problem("missing")
    assert (problem.file, problem.line, problem.field) == ("subsidies.yaml", parent, "rules[2].name")


def test_all_faults_of_all_files_come_at_once(anqing: PackCopy) -> None:
    anqing.replace("document.yaml", "title: 安庆", "titel: 安庆")
    anqing.replace("targets.yaml", "value: 14000", 'value: "many"')
    anqing.replace("subsidies.yaml", "    selective: true", "    selective: 1")
    report = anqing.check()
    assert report.pack is None
    assert not report.ok
    assert list(report.open_points()) == []
    assert [(p.file, p.code) for p in report.errors] == [
        ("document.yaml", "missing"),
        ("document.yaml", "extra_forbidden"),
        ("targets.yaml", "exact_number"),
        ("subsidies.yaml", "bool_type"),
    ]
    text = render_report(report)
    assert "错误，必须改正后才能应用（4）：" in text
    assert text.endswith("不能应用。")


@pytest.mark.parametrize("part", REQUIRED_PARTS)
def test_a_missing_file_is_named(anqing: PackCopy, part: str) -> None:
    (anqing.folder / f"{part}.yaml").unlink()
    problem = anqing.problem("file_missing")
    assert (problem.file, problem.line, problem.field) == (f"{part}.yaml", 1, "(文件)")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("budgets: []\nrules: [\n", "yaml_syntax", 3),
        ("budgets: []\nrules: []\nbudgets: []\n", "duplicate_key", 3),
        ("- one\n- two\n", "not_a_mapping", 1),
        ("", "not_a_mapping", 1),
        ("budgets: []\nrules: !!python/name:os.system x\n", "list_type", 2),
        ("budgets: \x00\n", "yaml_syntax", 1),
    ],
)
def test_unreadable_text_is_one_problem(anqing: PackCopy, text: str, code: str, line: int) -> None:
    anqing.write("subsidies.yaml", text)
    problem = anqing.problem(code)
    assert (problem.file, problem.line) == ("subsidies.yaml", line)


def test_wrong_encoding_is_one_problem(anqing: PackCopy) -> None:
    (anqing.folder / "targets.yaml").write_bytes("indicators: [指标]".encode("gb18030"))
    assert "UTF-8" in anqing.problem("file_unreadable").message


def test_an_empty_folder_lacks_document_and_structure(tmp_path: Path) -> None:
    report = check_pack(tmp_path)
    assert [(p.file, p.code) for p in report.problems] == [
        ("document.yaml", "file_missing"),
        ("structure.yaml", "file_missing"),
    ]
    assert not report.ok


def test_no_sentence_is_english(anqing: PackCopy) -> None:
    anqing.write("targets.yaml", "indicators: 3\ntasks: {a: 1}\nphases: null\nextra: 1\n")
    anqing.write("subsidies.yaml", "budgets: [1, two]\nrules: [{kind: 5}, 7]\ndecisions: []\n")
    errors = anqing.check().errors
    assert len(errors) >= 8
    for problem in errors:
        assert any("\u4e00" <= character <= "\u9fff" for character in problem.message)
        assert "should" not in problem.message

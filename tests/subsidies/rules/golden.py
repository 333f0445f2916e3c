"""Reads the golden cases of a policy pack: Chinese words a clerk knows, turned into facts and expected lines.

Words: 学生 / 班级 / 认定 hold facts, 结果 the expected lines, 合计 the expected totals in yuan. What a row does not
state is taken from 默认学生 / 默认班级 / 默认认定 of its file. `数量` repeats a row with the next numbers; `人数` of a
class makes that many members who claim nothing. 口径 takes one of our decisions otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.subsidies.rules import CLASSES, RECOGNITIONS, STUDENTS, Facts, Funding, Outcome, Reason, SubjectKind
from services.subsidies.rules.vocabulary import ENTERPRISE_SIZES, LEVEL_LABELS, SCHOOL_CATEGORIES
from tests.subsidies.rules.support import frame

CLAIMS = {"生源输送奖励": "sending_award", "跨市招生补助": "cross_city_enrolment", "不申报": None}
KINDS = {"市域产教联合体": "consortium", "产业学院": "industry_college", "县域产教融合体": "county_fusion"}
LEVELS = {label: code for code, label in LEVEL_LABELS.items()}
SUBJECTS = {"学生": SubjectKind.STUDENT, "班级": SubjectKind.CLASS, "认定": SubjectKind.RECOGNITION}
OUTCOMES = {outcome.label: outcome for outcome in Outcome}
FUNDINGS = {funding.label: funding for funding in Funding}
REASONS = {reason.sentence: reason for reason in Reason}
TRUTH = {"是": True, "否": False, "有": True, "无": False}


@dataclass(frozen=True)
class GoldenCase:
    """One case: the facts, the year and day, our decisions if they differ, and what must come out."""

    file: str
    name: str
    year: int
    snapshot_date: date
    decisions: Mapping[str, str]
    facts: Facts
    expected: list[dict[str, Any]]
    totals: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def fen(yuan: Any) -> int:
    return int(Decimal(str(yuan)) * 100)


def golden_cases(folder: Path) -> Iterator[GoldenCase]:
    for path in sorted(set(folder.glob("*.yaml")) - {folder / "structure.yaml"}):  # that one holds no settlement
        document = YAML(typ="safe").load(path)
        for entry in document["案例"]:
            yield _case(path.name, document, entry)


def _case(file: str, document: Mapping[str, Any], entry: Mapping[str, Any]) -> GoldenCase:
    classes = list(_rows(document, entry, "班级"))
    students = [_student(row) for row in _rows(document, entry, "学生")]
    members = [member for row in classes for member in _members(row, entry)]
    facts = Facts.of(
        frame(students + members, STUDENTS),
        frame(map(_class, classes), CLASSES),
        frame(map(_recognition, _rows(document, entry, "认定")), RECOGNITIONS),
    )
    return GoldenCase(
        file=file,
        name=entry["名称"],
        year=entry["结算年度"],
        snapshot_date=entry["快照日"],
        decisions=entry.get("口径", {}),
        facts=facts,
        expected=[_expected(row, step) for row in entry["结果"] for step in range(row.get("数量", 1))],
        totals={word: fen(amount) for word, amount in entry["合计"].items()},
    )


def _rows(document: Mapping[str, Any], entry: Mapping[str, Any], word: str) -> Iterator[dict[str, Any]]:
    for stated in entry.get(word, []):
        row = {**document.get(f"默认{word}", {}), **stated}
        for step in range(row.pop("数量", 1)):
            yield {**row, "编号": row["编号"] + step}


def _student(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "student_no": row["编号"],
        "person_key": str(row.get("证件", row["编号"])).encode(),
        "school": row["就读学校"],
        "school_name": row["就读学校"],
        "school_category": SCHOOL_CATEGORIES.get(row["学校类别"]),
        "class_code": row.get("班级编号"),
        "enrolment_year": row["入学年度"],
        "enrolled_on": row["入学日期"],
        "left_on": row.get("离校日期"),
        "origin_division": row["生源地"],
        "sending_school": row.get("生源学校"),
        "sending_school_in_city": TRUTH[row["生源学校在本市"]] if row.get("生源学校") else None,
        "claimed_rule": CLAIMS[row["申报"]],
        "claim_accepted": TRUTH[row["已受理"]],
        "prior_paid": TRUTH[row["以前年度已付"]],
    }


def _class(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "class_no": row["编号"],
        "school": row["办学学校"],
        "class_code": _code(row),
        "format": row["合作形式"],
        "enterprise_division": row["企业所在地"],
        "enterprise_size": ENTERPRISE_SIZES.get(row["企业规模"]),
        "has_size_evidence": TRUTH[row["佐证材料"]],
        "score": None if row["考核得分"] is None else Decimal(str(row["考核得分"])),
        "claim_accepted": TRUTH[row["已受理"]],
        "prior_paid": TRUTH[row["以前年度已付"]],
    }


def _code(row: Mapping[str, Any]) -> str:
    return str(row.get("班级编号", f"B{row['编号']:03d}"))


def _members(row: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for n in range(row["人数"]):
        yield {
            "student_no": 1_000_000 + row["编号"] * 1000 + n,
            "person_key": f"{row['编号']}/{n}".encode(),
            "school": row["办学学校"],
            "school_name": row["办学学校"],
            "class_code": _code(row),
            "enrolment_year": entry["结算年度"],
            "enrolled_on": date(2023, 9, 1),
            "claim_accepted": False,
            "prior_paid": False,
        }


def _recognition(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "recognition_no": row["编号"],
        "collaboration": row["载体"],
        "kind": KINDS[row["类型"]],
        "level": LEVELS[row["级别"]],
        "granted_on": row["认定日期"],
        "lead_member": row.get("牵头单位"),
        "host_member": row.get("办学学校"),
        "claim_accepted": TRUTH[row["已受理"]],
        "prior_paid": TRUTH[row["本级别已付"]],
        "prior_paid_fen": fen(row["该载体以前年度已付"]),
    }


def _expected(row: Mapping[str, Any], step: int) -> dict[str, Any]:
    """The stated columns of one line; a payable line must state its money, an excluded one its reason.

    `step` counts the repetitions of a row with 数量: numbers and ranks go up together.
    """
    word = next(word for word in SUBJECTS if word in row)
    outcome = OUTCOMES[row["结论"]]
    stated: dict[str, Any] = {
        "subject_kind": int(SUBJECTS[word]),
        "subject_no": row[word] + step,
        "outcome": int(outcome),
        "amount_fen": fen(row["金额"]) if outcome is Outcome.PAYABLE else 0,
        "reason": int(REASONS[row["原因"]]) if outcome is Outcome.EXCLUDED else None,
        "funding": int(FUNDINGS[row["资金"]]) if outcome is Outcome.PAYABLE else None,
    }
    if "收款单位" in row:
        stated["payee"] = row["收款单位"]
    if "名次" in row:
        stated["rank"] = row["名次"] + step
    return stated

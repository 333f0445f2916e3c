"""What the subsidies service answers, made by its own wire models, so that a change of the API breaks these tests."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from services.kernel.job_routes import JobRead
from services.subsidies.schemas.claims import ClaimRead, DecisionRead, RuleRead, RulesRead
from services.subsidies.schemas.rosters import (
    ClassRead,
    IssueRead,
    RosterImportRead,
    RosterSummaryRead,
    SchoolCountRead,
    StudentRead,
)
from services.subsidies.schemas.settlements import (
    ConditionRead,
    FactRead,
    LineExplanation,
    LineRead,
    PayeeTotal,
    PinsRead,
    PoolRead,
    ReasonTotal,
    RuleTotal,
    ScenarioRead,
    SettlementRead,
    SettlementSummary,
    VerificationRead,
)

IMPORT = "7f6c1f0e-55a5-4a4e-9a57-6f2f0a3a3b11"
JOB = "0d3f6a34-18a2-4c63-9c33-0f0a4a0f8f53"
CLAIM = "c1f7fd7c-6ad6-4e3c-8bb6-4f41a3a9b1d2"
OTHER_CLAIM = "2a6d2b39-5d0c-46a7-8a90-7a57f6f0c0aa"
SETTLEMENT = "9d8a4a0e-8f25-4a6b-9f0c-1a4a7c1d2e3f"
SCHOOL = "5b0e2f83-7a0c-4a43-a3ad-2d1f2fd0a7e5"
COLLABORATION = "e4c0a7de-3f53-4a53-9c0e-5a3b1c2d4e5f"
AT = "2025-12-01T04:00:00Z"
COUNTY = "division:340822"
HASH = "ab" * 32


def told(model: BaseModel) -> dict[str, Any]:
    """A model as it goes over the wire."""
    return model.model_dump(mode="json")


def page_of(rows: Sequence[dict[str, Any]], total: int | None = None, cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(rows), "next_cursor": cursor, "total": len(rows) if total is None else total}


def job(state: str = "running", done: int = 300, total: int = 812) -> dict[str, Any]:
    facts = {"id": JOB, "kind": "roster_import", "state": state, "done": done, "total": total, "message": "正在核对"}
    return told(JobRead(**facts, result=None, error=None, created_at=AT, finished_at=None))


def issue(line: int, field: str = "id_number", message: str = "身份证号不正确，请核对后重填。") -> IssueRead:
    header = {"id_number": "身份证号", "school": "就读学校"}[field]
    return IssueRead(line=line, field=field, header=header, code="invalid", message=message)


def roster_import(state: str = "done", **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": IMPORT,
        "kind": "students",
        "kind_label": "学生名册",
        "year": 2025,
        "owner": COUNTY,
        "owner_name": "怀宁县",
        "file_name": "340822-students-2025.xlsx",
        "state": state,
        "state_label": "已导入",
        "job": JOB,
        "format": "table",
        "mode": "accept_good",
        "bytes": 96154,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "total_rows": 812,
        "accepted_rows": 808,
        "fault_count": 4,
        "warnings": [],
        "new_rows": 805,
        "changed_rows": 2,
        "unchanged_rows": 1,
        "rejected_rows": 4,
        "issues": [
            issue(17),
            issue(9),
            issue(31, "school", "没有登记过这所学校，请核对校名。"),
            issue(44),
        ],
        "has_rejects": True,
        "rejects_until": "2025-12-31T04:00:00Z",
        "sequence": 3,
        "registry_as_of": AT,
        "registry_fresh": True,
        "failure": None,
        "created_at": AT,
        "created_by_name": "怀宁县教育局",
        "finished_at": AT,
    }
    return told(RosterImportRead(**{**facts, **changes}))


def summary(year: int = 2025) -> dict[str, Any]:
    counts = [
        {
            "owner": COUNTY,
            "owner_name": "怀宁县",
            "school": SCHOOL,
            "school_name": "怀宁县职业技术学校",
            "students": 358,
        }
        | {"left": 3, "claimed": {"sending_award": 331, "cross_city_enrolment": 12}, "classes": 4},
        {
            "owner": "division:340881",
            "owner_name": "桐城市",
            "school": CLAIM,
            "school_name": "桐城中专",
            "students": 364,
        }
        | {"left": 0, "claimed": {"sending_award": 352}, "classes": 5},
    ]
    schools = [SchoolCountRead(**count) for count in counts]
    return told(RosterSummaryRead(year=year, sequence=7, last_import_at=AT, students=722, classes=9, schools=schools))


def student(no: int = 1) -> dict[str, Any]:
    facts = {"no": no, "year": 2025, "owner": COUNTY, "owner_name": "怀宁县", "name": "王**", "enrolment_year": 2025}
    more = {"id_number": "340***********001X", "school": SCHOOL, "school_name": "怀宁县职业技术学校", "major": "机电"}
    rest = {"class_code": "25D1", "enrolled_on": "2025-09-01", "origin_division": "340822", "origin_name": "怀宁县"}
    last = {"sending_school": None, "sending_school_name": None, "status": "enrolled", "status_label": "在籍"}
    claimed = {"left_on": None, "claimed_rule": "sending_award", "claimed_rule_name": "生源输送奖励", "sequence": 3}
    return told(StudentRead(**facts, **more, **rest, **last, **claimed))


def school_class() -> dict[str, Any]:
    facts = {
        "no": 1,
        "year": 2025,
        "owner": COUNTY,
        "owner_name": "怀宁县",
        "class_code": "25D1",
        "class_name": "订单班",
    }
    more = {
        "school": SCHOOL,
        "school_name": "怀宁县职业技术学校",
        "major": "机电",
        "opening_year": 2025,
        "format": "订单",
    }
    firm = {"enterprise": "示例装备公司", "enterprise_member": None, "enterprise_uscc": "91350100M000100Y43"}
    rest = {"enterprise_division": "340822", "enterprise_division_name": "怀宁县", "enterprise_size": "large"}
    last = {"enterprise_size_label": "大型", "size_evidence": "统计局证明", "score": "91.5", "sequence": 3}
    return told(ClassRead(**facts, **more, **firm, **rest, **last, opened_on="2025-09-01"))


def rule(no: int, code: str, name: str, kind: str, article: str, amount: str, about: str | None = None) -> RuleRead:
    return RuleRead(
        no=no,
        code=code,
        name=name,
        kind=kind,
        article=article,
        article_heading="标题",
        article_summary="条文大意。",
        amount=amount,
        in_force=True,
        discretionary=False,
        selective=kind == "class_award",
        collaboration_kind=about,
        valid_from="2024-01-01",
        valid_to="2027-12-31",
    )


def rules() -> dict[str, Any]:
    listed = [
        rule(1, "industry_college", "省级产业学院奖补", "recognition_award", "二10", "123.00", "industry_college"),
        rule(2, "school_enterprise_class", "校企合作班奖补", "class_award", "二11", "77.00"),
        rule(3, "sending_award", "生源输送奖励", "student_award", "二15", "5.00"),
        rule(4, "cross_city_enrolment", "跨市招生补助", "student_award", "二15", "9.00"),
    ]
    head = {"pack": "anqing-2024", "version": 1, "sha256": HASH, "document_number": "宜政秘〔2024〕91号"}
    return told(RulesRead(**head, document_title="实施方案", year=2025, rules=listed))


def decision(action: str, label: str, before: str | None, after: str, opinion: str | None = None) -> DecisionRead:
    return DecisionRead(
        action=action,
        action_label=label,
        from_state=before,
        to_state=after,
        to_state_label=after,
        actor_name="怀宁县教育局",
        actor_role="county_clerk",
        at=AT,
        opinion=opinion,
        sequence=3,
        subjects=341,
        requested="1705.00",
    )


def claim(state: str = "submitted", actions: Sequence[str] = ("accept", "return"), **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": CLAIM,
        "year": 2025,
        "rule": "sending_award",
        "rule_name": "生源输送奖励",
        "article": "二15",
        "owner": COUNTY,
        "owner_name": "怀宁县",
        "collaboration": None,
        "collaboration_name": None,
        "state": state,
        "state_label": "待审核",
        "sequence": 3,
        "subjects": 341,
        "requested": "1705.00",
        "created_at": AT,
        "changed_at": AT,
        "created_by_name": "怀宁县教育局",
        "actions": list(actions),
        "version": 2,
        "decisions": [
            decision("open", "新建", None, "draft"),
            decision("submit", "提交", "draft", "submitted", "请审核"),
        ],
    }
    return told(ClaimRead(**{**facts, **changes}))


SUMMARY = {
    "id": SETTLEMENT,
    "no": 4,
    "year": 2025,
    "snapshot_date": "2025-11-30",
    "job": JOB,
    "created_at": AT,
    "created_by_name": "王琳",
    "version": 3,
}
COMPUTED = {
    "state_label": "已计算，待确认",
    "hash": HASH,
    "line_count": 400,
    "payable": "1300.00",
    "within": "1000.00",
    "above": "300.00",
    "failure": None,
    "computed_at": AT,
    "confirmed_at": None,
    "confirmed_by_name": None,
}
PENDING = dict.fromkeys(COMPUTED) | {"line_count": 0, "state_label": "计算中"}


def settlement_summary(state: str = "computed") -> dict[str, Any]:
    return told(SettlementSummary(**SUMMARY, **(PENDING if state == "queued" else COMPUTED), state=state))


def pins(**changes: Any) -> PinsRead:
    facts: dict[str, Any] = {
        "policy_pack": "anqing-2024",
        "policy_version": 1,
        "policy_sha256": "cd" * 32,
        "document_number": "宜政秘〔2024〕91号",
        "document_title": "实施方案",
        "registry_version": "ef" * 32,
        "registry_as_of": AT,
        "registry_fresh": True,
        "roster_sequence": 26,
        "claims": 31,
        "claims_sha256": "12" * 32,
        "prior_settlements": 0,
        "prior_payments_sha256": "34" * 32,
    }
    return PinsRead(**{**facts, **changes})


def settlement(state: str = "computed", **changes: Any) -> dict[str, Any]:
    """A settlement whose pool of 1000 yuan lacks 300; queued and failed ones know nothing but their state."""
    parts: dict[str, Any] = {
        "pins": pins(),
        "changed_inputs": [],
        "rules": [
            rule_total("sending_award", "生源输送奖励", "二15", (390, 8), ("900.00", "900.00", "0.00")),
            rule_total("school_enterprise_class", "校企合作班奖补", "二11", (4, 1), ("400.00", "100.00", "300.00")),
        ],
        "payees": [
            payee_total(SCHOOL, "怀宁中学", 390, ("900.00", "900.00", "0.00")),
            payee_total(CLAIM, "桐城中专", 4, ("400.00", "100.00", "300.00")),
        ],
        "reasons": [
            reason_total("sending_award", "生源输送奖励", "duplicate_student", "同一学生已在另一学校计入", 8),
            reason_total("school_enterprise_class", "校企合作班奖补", "headcount_below_minimum", "班级人数不足", 1),
        ],
        "pools": [pool()],
        "scenarios": [scenario("fixed_first"), scenario("carry_over")],
        "doubled_classes": 0,
        "decisions": [],
        "opinion": None,
    }
    head: dict[str, Any] = {**SUMMARY, **COMPUTED, "state": state}
    if state in ("queued", "failed"):
        head |= PENDING
        parts |= {"pins": None} | {
            name: [] for name in ("rules", "payees", "reasons", "pools", "scenarios", "decisions")
        }
    return told(SettlementRead(**{**head, **parts, **changes}))


def money_of(sums: tuple[str, str, str], to_pay: str | None, deferred: str) -> dict[str, str]:
    """What is payable, within and above; as long as nothing is decided, what lies within is paid."""
    named = dict(zip(("payable", "within", "above"), sums, strict=True))
    return {**named, "to_pay": sums[1] if to_pay is None else to_pay, "deferred": deferred}


def rule_total(
    code: str,
    name: str,
    article: str,
    counts: tuple[int, int],
    sums: tuple[str, str, str],
    to_pay: str | None = None,
    deferred: str = "0.00",
) -> RuleTotal:
    named = {"rule": code, "rule_name": name, "article": article}
    money = money_of(sums, to_pay, deferred)
    return RuleTotal(**named, payable_count=counts[0], excluded_count=counts[1], **money)


def payee_total(
    payee: str, name: str, count: int, sums: tuple[str, str, str], to_pay: str | None = None, deferred: str = "0.00"
) -> PayeeTotal:
    return PayeeTotal(payee=payee, payee_name=name, count=count, **money_of(sums, to_pay, deferred))


def reason_total(code: str, name: str, reason: str, sentence: str, count: int) -> ReasonTotal:
    return ReasonTotal(rule=code, rule_name=name, reason=reason, sentence=sentence, count=count)


def pool(**changes: str) -> PoolRead:
    named = {"budget": "award_pool", "name": "年度奖补资金", "article": "三(二)"}
    money = {"amount": "1000.00", "payable": "1300.00", "within": "1000.00", "above": "300.00", "left": "0.00"}
    return PoolRead(**{**named, **money, "carried": "0.00", "to_pay": "1000.00", **changes})


SCENARIOS = {
    "fixed_first": ("先保固定奖补，择优项目按名次", ("1000.00", "0.00", "300.00")),
    "carry_over": ("超出部分结转下年", ("1000.00", "300.00", "0.00")),
}


def scenario_facts(code: str) -> dict[str, str]:
    label, (paid, deferred, unfunded) = SCENARIOS[code]
    money = {"claimed": "1300.00", "paid": paid, "deferred": deferred, "unfunded": unfunded}
    return {"budget": "award_pool", "label": label, "explanation": f"{label}的说明。", **money}


def scenario(code: str) -> ScenarioRead:
    return ScenarioRead(code=code, **scenario_facts(code))


LINE: dict[str, Any] = {
    "no": 214,
    "rule": "sending_award",
    "rule_name": "生源输送奖励",
    "budget": "award_pool",
    "article": "二15",
    "kind": "student",
    "kind_label": "学生",
    "subject_no": 1093,
    "subject": "王**",
    "facts": [FactRead(label="就读学校", value="怀宁县职业技术学校"), FactRead(label="生源地", value="怀宁县")],
    "payee": SCHOOL,
    "payee_name": "怀宁中学",
    "outcome": "payable",
    "outcome_label": "应付",
    "reason": None,
    "sentence": "符合全部条件，资金池内",
    "rank": None,
    "funding": "within_pool",
    "funding_label": "资金池内",
    "amount": "5.00",
    "to_pay": "5.00",
}
EXCLUDED: dict[str, Any] = {
    "outcome": "excluded",
    "outcome_label": "不计奖",
    "reason": "duplicate_student",
    "sentence": "同一学生已在另一学校计入",
    "payee": None,
    "payee_name": "",
    "funding": None,
    "funding_label": None,
    "amount": "0.00",
    "to_pay": None,
}


def line(**changes: Any) -> dict[str, Any]:
    return told(LineRead(**{**LINE, **changes}))


def condition(code: str, label: str, holds: bool, *, decided: bool = False) -> ConditionRead:
    facts = {"code": code, "label": label, "article": "二15", "observed": f"{label}的实际", "required": "应当"}
    return ConditionRead(**facts, holds=holds, decided=decided)


def explained_line(*, excluded: bool = False, matches: bool = True, **changes: Any) -> dict[str, Any]:
    conditions = [
        condition("no_accepted_claim", "有已受理的申报", True, decided=True),
        condition("duplicate_student", "没有在另一学校计入", not excluded),
    ]
    formula = "不计奖，金额为 0.00 元" if excluded else "每生 5.00 元"
    sentence = "《生源输送奖励》（二15）：不计奖。" if excluded else "《生源输送奖励》（二15）：符合全部条件。"
    article = {"article_heading": "招生", "article_summary": "输送生源的学校给予奖励。"}
    account = {"conditions": conditions, "formula": formula, "explanation": sentence, "matches": matches}
    return told(LineExplanation(**{**LINE, **(EXCLUDED if excluded else {}), **account, **article, **changes}))


def verification(matches: bool = True) -> dict[str, Any]:
    recomputed = HASH if matches else "00" * 32
    return told(VerificationRead(matches=matches, kept=HASH, recomputed=recomputed, stored_lines=HASH, lines=400))

"""What the registry answers about collaborations, for the pages that show them."""

from typing import Any

from services.registry.schemas.kind_fields import kinds
from tests.frontend.fake_gateway import Handler, reply

API = "/api/registry/v1"
SCHOOL = "11111111-1111-4111-8111-111111111111"
COLLEGE = "22222222-2222-4222-8222-222222222222"
GRANT = "33333333-3333-4333-8333-333333333333"
CLASS = "55555555-5555-4555-8555-555555555555"
FIRM = "66666666-6666-4666-8666-666666666666"
PLATE = "77777777-7777-4777-8777-777777777777"
REVIEW = "88888888-8888-4888-8888-888888888888"
CONTRIBUTION = "99999999-9999-4999-8999-999999999999"
SCHOOL_REF = {"id": SCHOOL, "name": "怀宁示例职业学校"}
FIRM_REF = {"id": FIRM, "name": "示例汽车有限公司"}

RECOGNITION: dict[str, Any] = {
    "id": GRANT,
    "level": "provincial",
    "title": None,
    "granted_on": "2025-09-26",
    "document_number": "皖教高示例〔2025〕3号",
    "lapses_on": None,
    "withdrawn_on": None,
    "withdrawal_reason": None,
    "state": "standing",
}
COLLABORATION: dict[str, Any] = {
    "id": COLLEGE,
    "kind": "industry_college",
    "name": "汽车产业学院",
    "host_member": SCHOOL_REF,
    "lead_member": None,
    "participants": [{**FIRM_REF, "part": "enterprise"}],
    "founded_on": "2023-05-01",
    "status": "active",
    "ended_on": None,
    "end_reason": None,
    "details": {"industry": "新能源汽车", "majors": ["汽车检测", "汽车制造"], "signed_on": "2023-04-01"},
    "level": "provincial",
    "recognised_on": "2025-09-26",
    "recognitions": [RECOGNITION],
    "as_of": "2025-12-01",
    "row_version": 2,
    "created_at": "2025-11-01T00:00:00Z",
    "updated_at": "2025-11-02T00:00:00Z",
}
SCHOOL_CLASS: dict[str, Any] = {
    **COLLABORATION,
    "id": CLASS,
    "kind": "school_enterprise_class",
    "name": "汽车订单班",
    "details": {"format": "订单", "class_code": "QC-01", "cohort": 2024},
    "level": None,
    "recognised_on": None,
    "recognitions": [],
}
HEADCOUNT = {
    "headcount": 32,
    "day": "2025-12-01",
    "school": SCHOOL_REF,
    "class_code": "QC-01",
    "source": "学生名册（奖补服务）",
    "taken_in_at": "2025-10-08T02:00:00Z",
    "unavailable": None,
}
ENTRY = {
    "id": CONTRIBUTION,
    "member": FIRM_REF,
    "kind": "equipment",
    "description": "数控机床 6 台",
    "value": "860000.00",
    "on_date": "2024-03-01",
    "evidence": "协议第2号",
    "own": True,
    "row_version": 4,
}
CONTRIBUTIONS = {
    "items": [ENTRY, {**ENTRY, "id": GRANT, "kind": "people", "value": None, "own": False, "description": "导师 3 人"}],
    "by_kind": [
        {"kind": "equipment", "value": "860000.00", "count": 1, "unvalued": 0},
        {"kind": "people", "value": "0", "count": 1, "unvalued": 1},
    ],
    "by_member": [{"member": FIRM_REF, "value": "860000.00", "count": 2, "unvalued": 1}],
    "total": {"value": "860000.00", "count": 2, "unvalued": 1},
}
FAILED: dict[str, Any] = {
    "id": REVIEW,
    "year": 2024,
    "result": "failed",
    "reviewed_on": "2025-01-10",
    "opinion": "实训时数不足",
    "document_number": None,
    "decision": None,
    "decided_on": None,
    "decision_document": None,
    "resolution": None,
    "decision_reason": None,
    "rectify_until": None,
    "row_version": 1,
}
REVIEWS = {"items": [FAILED], "due_years": [2025]}
PLATE_ENTRY: dict[str, Any] = {
    **RECOGNITION,
    "id": PLATE,
    "granted_on": "2023-02-01",
    "lapses_on": "2026-02-01",
    "subject": {"type": "member", **FIRM_REF},
    "kind": "fusion_enterprise",
    "due_years": [2025],
    "review_due_on": "2025-12-31",
}
OF_COLLEGE = {**RECOGNITION, "subject": {"type": "collaboration", "id": COLLEGE, "name": "汽车产业学院"}}
RULES = {
    "items": [
        {
            "kind": "fusion_enterprise",
            "review_every_years": 1,
            "lapses_after_years": 3,
            "pack": "chenzhou-2021",
            "article": "四(九)",
        }
    ]
}
NOTHING: dict[str, list[Any]] = {"items": []}


def answers() -> dict[tuple[str, str], Handler]:
    """The registry's answers when nothing special happens."""
    found: dict[str, Handler] = {
        "/collaborations": reply({"items": [COLLABORATION], "next_cursor": None, "total": 1}),
        "/collaborations/kinds": reply({"items": [one.model_dump(mode="json") for one in kinds()]}),
        "/recognitions": reply({"items": [PLATE_ENTRY], "next_cursor": None, "total": 1}),
        "/recognitions/plate-rules": reply(RULES),
        f"/recognitions/{PLATE}": reply(PLATE_ENTRY),
        f"/recognitions/{PLATE}/reviews": reply(REVIEWS),
        f"/recognitions/{GRANT}": reply({**OF_COLLEGE, "kind": "industry_college", "due_years": []}),
        f"/collaborations/{CLASS}/headcount": reply(HEADCOUNT),
    }
    for record in (COLLABORATION, SCHOOL_CLASS):
        base = f"/collaborations/{record['id']}"
        found |= {
            base: reply(record, headers={"ETag": '"2"'}),
            f"{base}/contributions": reply(CONTRIBUTIONS),
            f"{base}/reviews": reply(REVIEWS),
            f"{base}/history": reply(NOTHING),
        }
    return {("GET", API + path): handler for path, handler in found.items()}

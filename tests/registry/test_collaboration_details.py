"""Each kind's own fields through HTTP: what is taken, what is refused and where, and how forms and exports see them."""

import asyncio
import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from services.kernel import registry_words as words
from services.registry.schemas.collaboration_details import DETAILS
from services.registry.schemas.kind_fields import fields_of, kinds
from tests.registry.conftest import Caller, Registry
from tests.registry.test_collaborations import college, members

FILLED: dict[str, dict[str, Any]] = {
    "consortium": {"park": "安庆经开区", "industries": ["汽车", "化工"], "founding_document": "宜政办〔2024〕1号"},
    "county_fusion": {"county": "340822", "industries": ["纺织"]},
    "industry_college": {"industry": "汽车", "majors": ["汽车检测"], "ownership": "股份制", "signed_on": "2023-05-01"},
    "school_enterprise_class": {
        "format": "订单",
        "class_code": "QC-01",
        "cohort": 2024,
        "major_code": "460701",
        "major_name": "汽车制造与试验技术",
    },
    "platform": {"platform_type": "中试基地", "field": "新材料", "researchers": 12},
    "base": {
        "area_square_metres": "31000.00",
        "centre_count": 5,
        "shared": "公共",
        "centres": [{"name": "智能制造中心", "area_square_metres": "8000.00", "enterprise_square_metres": "3200.00"}],
    },
    "internship_base": {"capacity": 60, "majors": ["护理"], "address": "安庆市"},
    "fusion_enterprise": {"industry": "化工", "listed_on": "2022-01-01", "apprentices": 80},
    "master_studio": {"master": "某大师", "trade": "焊工", "team": 6},
    "community_college": {"area_served": "迎江区", "courses": 8, "learners": 1200},
}


def test_every_kind_has_fields_of_its_own() -> None:
    assert {kind.value for kind in DETAILS} == set(words.COLLABORATION_KINDS) == set(FILLED)
    for kind in kinds():
        names = [field.name for field in kind.fields]
        assert 3 <= len(names) == len(set(names)), kind.kind
        assert set(FILLED[kind.kind]) <= set(names)
        for field in kind.fields:
            assert not field.label.isascii(), field
            assert bool(field.choices) == (field.type == "choice")
            assert bool(field.columns) == (field.type == "rows")


def test_what_a_kind_has_of_its_own_is_kept_and_read_back(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for kind, details in FILLED.items():
            made = await caller.create("/collaborations", {"kind": kind, "name": f"示例{kind}", "details": details})
            assert made["details"] == details, kind
            read = await caller.get(f"/collaborations/{made['id']}")
            assert read.json()["details"] == made["details"]
        listed = (await caller.get("/collaborations/kinds")).json()["items"]
        assert [one["kind"] for one in listed] == [kind.value for kind in DETAILS]
        assert [f["name"] for f in listed[3]["fields"]] == [f.name for f in fields_of(DETAILS[list(DETAILS)[3]])]

    registry.run(scenario)


REFUSED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"kind": "base", "name": "甲", "details": {"class_code": "1"}}, [("details.class_code", "extra_forbidden")]),
    (
        {"kind": "base", "name": "", "details": {"area_square_metres": "-1", "centres": [{"name": ""}]}},
        [
            ("name", "string_too_short"),
            ("details.area_square_metres", "greater_than_equal"),
            ("details.centres.0.name", "string_too_short"),
        ],
    ),
    (
        {"kind": "school_enterprise_class", "name": "甲", "details": {"format": "委培", "major_code": "机电"}},
        [("details.format", "literal_error"), ("details.major_code", "string_pattern_mismatch")],
    ),
    (
        {"kind": "county_fusion", "name": "甲", "details": {"county": "999999"}},
        [("details.county", "division_unknown")],
    ),
    ({"kind": "platform", "name": "甲", "details": ["x"]}, [("details", "model_type")]),
    ({"kind": "nothing", "name": "甲", "details": {"x": 1}}, [("kind", "enum")]),
    ({"kind": "base", "name": "甲", "participants": ["x"]}, [("participants.0.member", "uuid_parsing")]),
]


@pytest.mark.parametrize(("draft", "issues"), REFUSED)
def test_every_fault_is_told_at_its_field(
    registry: Registry, draft: dict[str, Any], issues: list[tuple[str, str]]
) -> None:
    async def scenario(caller: Caller) -> None:
        answer = await caller.post("/collaborations", draft)
        assert answer.status_code == 422
        assert [(issue["field"], issue["code"]) for issue in answer.json()["errors"]] == issues
        assert all(not issue["message"].isascii() for issue in answer.json()["errors"])

    registry.run(scenario)


def test_a_changed_kind_takes_the_fields_of_the_new_one(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        draft = {"kind": "platform", "name": "甲", "details": FILLED["platform"]}
        made = await caller.create("/collaborations", draft)
        path = f"/collaborations/{made['id']}"
        kept = await caller.put(path, {**draft, "kind": "base"}, '"1"')
        assert {issue["field"] for issue in kept.json()["errors"]} == {f"details.{name}" for name in FILLED["platform"]}
        moved = await caller.put(path, {"kind": "base", "name": "甲", "details": {"workplaces": 3}}, '"1"')
        assert moved.json()["details"] == {"workplaces": 3}

    registry.run(scenario)


def test_who_takes_part_as_what(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        firm = {"member": ids["enterprise"], "part": "enterprise"}
        draft = college(host_member=ids["college"], participants=[firm, ids["school"]])
        made = await caller.create("/collaborations", draft)
        parts = {one["name"]: one["part"] for one in made["participants"]}
        assert parts == {"太湖示例公司": "enterprise", "怀宁示例职业学校": "partner"}
        path = f"/collaborations/{made['id']}"
        supporting = {**draft, "participants": [{"member": ids["school"], "part": "supporter"}]}
        changed = (await caller.put(path, supporting, '"1"')).json()
        assert [(one["name"], one["part"]) for one in changed["participants"]] == [("怀宁示例职业学校", "supporter")]
        bad = {**draft, "participants": [{"member": ids["school"], "part": "boss"}]}
        answer = await caller.put(path, bad, '"2"')
        assert [(i["field"], i["code"]) for i in answer.json()["errors"]] == [("participants.0.part", "enum")]

    registry.run(scenario)


ENDS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"status": "ended"}, [("ended_on", "ended_on_missing"), ("end_reason", "end_reason_missing")]),
    (
        {"ended_on": "2025-01-01", "end_reason": "合并"},
        [("ended_on", "end_unexpected"), ("end_reason", "end_unexpected")],
    ),
    ({"status": "ended", "ended_on": "2025-12-02", "end_reason": "合并"}, [("ended_on", "date_in_future")]),
    ({"status": "ended", "ended_on": "2022-12-31", "end_reason": "合并"}, [("ended_on", "ended_before_founding")]),
    ({"founded_on": "2025-12-02"}, [("founded_on", "date_in_future")]),
    ({"status": "ended", "ended_on": "2023-01-01", "end_reason": "合并"}, []),
    ({"status": "ended", "ended_on": "2025-12-01", "end_reason": "合并"}, []),
]


@pytest.mark.parametrize(("changes", "issues"), ENDS)
def test_an_end_has_a_day_and_a_reason(
    registry: Registry, changes: dict[str, Any], issues: list[tuple[str, str]]
) -> None:
    async def scenario(caller: Caller) -> None:
        answer = await caller.post("/collaborations", college(**{"founded_on": "2023-01-01", **changes}))
        assert [(issue["field"], issue["code"]) for issue in answer.json().get("errors", [])] == issues
        assert answer.status_code == (422 if issues else 201)

    registry.run(scenario)


def test_an_export_has_the_columns_of_the_chosen_kind(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        part = [{"member": ids["enterprise"], "part": "enterprise"}]
        base = {"kind": "base", "name": "实训基地", "details": FILLED["base"], "participants": part}
        made = await caller.create("/collaborations", base)
        await caller.create("/collaborations", college("汽车产业学院", host_member=ids["college"]))
        recognition = {"level": "municipal", "granted_on": "2024-03-01", "document_number": "示例〔2024〕3号"}
        await caller.create(f"/collaborations/{made['id']}/recognitions", recognition)
        every = await rows_of(caller)
        assert [row["名称"] for row in every] == ["汽车产业学院", "实训基地"]
        assert "工位数（个）" not in every[0]
        (one,) = await rows_of(caller, kind="base", reason="年报")
        assert one["建筑面积（㎡）"] == 31000
        assert one["实训中心"] == "智能制造中心，面积（㎡） 8000.00，引企面积（㎡） 3200.00"
        assert (one["合作企业"], one["现有级别"], one["认定文号"]) == ("太湖示例公司", "市级", "示例〔2024〕3号")
        county = caller.acting("county_clerk", division="340825")
        assert [row["名称"] for row in await rows_of(county)] == ["实训基地"]
        assert [row["名称"] for row in await rows_of(county, status="ended")] == []

    registry.run(scenario)


async def rows_of(caller: Caller, **query: str) -> list[dict[str, Any]]:
    answer = await caller.get("/collaborations/export.xlsx", **query)
    assert answer.status_code == 200, answer.text
    sheet = await asyncio.to_thread(lambda: load_workbook(io.BytesIO(answer.content)).worksheets[0])
    _title, head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_what_is_missing_is_found(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        drafts: dict[str, dict[str, Any]] = {
            "联合体": {"kind": "consortium", "founded_on": "2024-01-01"},
            "学院": {"kind": "industry_college", "host_member": ids["college"], "details": {"industry": "汽车"}},
            "甲班": {"kind": "school_enterprise_class", "details": {"class_code": "1", "enterprise_name": "某公司"}},
            "乙班": {
                "kind": "school_enterprise_class",
                "host_member": ids["school"],
                "participants": [{"member": ids["enterprise"], "part": "enterprise"}],
            },
            "丙班": {"kind": "school_enterprise_class", "participants": [ids["enterprise"]]},
            "丁班": {
                "kind": "school_enterprise_class",
                "founded_on": "2024-01-01",
                "status": "ended",
                "ended_on": "2024-06-01",
                "end_reason": "毕业",
            },
        }
        for name, draft in drafts.items():
            await caller.create("/collaborations", {"name": name, **draft})
        expected = {
            "lead": {"联合体"},
            "host": {"甲班", "丙班"},
            "enterprise": {"丙班"},
            "class_code": {"乙班", "丙班"},
            "details": {"联合体", "乙班", "丙班"},
            "founded_on": {"学院", "甲班", "乙班", "丙班"},
        }
        for missing, names in expected.items():
            for as_of in ({}, {"as_of": date(2025, 12, 1).isoformat()}):
                found = (await caller.get("/collaborations", missing=missing, **as_of)).json()["items"]
                assert {item["name"] for item in found} == names, (missing, as_of)

    registry.run(scenario)

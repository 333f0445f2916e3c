"""Bulk edits of collaborations: seen before they are saved, saved as they were seen, undone as if they had not been."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm.exc import StaleDataError

from services.kernel.database import Database, WriteSession
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.changing.collaborations import CollaborationChanges
from services.registry.commands.update_collaboration import update_collaboration
from services.registry.domain.collaborations import CollaborationKind
from services.registry.queries.collaborations import find_collaboration
from services.registry.schemas.collaborations import CollaborationUpdate
from services.registry.tables import ChangeRow
from tests.registry.conftest import Caller, Registry, member

REASON = "年度调整"
COUNTS = ("total", "new", "changed", "unchanged", "rejected")
END = {"status": "ended", "ended_on": "2025-07-15", "end_reason": "学生毕业"}
RESUME = {"status": "active", "ended_on": None, "end_reason": None}
STRANGER = "11111111-1111-4111-8111-111111111111"


async def asked(caller: Caller, values: dict[str, Any], of: str = "collaborations", /, **conditions: Any) -> Any:
    body = {"kind": of, "filter": conditions, "values": values, "reason": REASON}
    return await caller.post("/change-sets/edits", body)


async def edit(caller: Caller, values: dict[str, Any], of: str = "collaborations", /, **conditions: Any) -> Any:
    """A bulk edit that the worker has checked."""
    answer = await asked(caller, values, of, **conditions)
    assert answer.status_code == 202, answer.text
    return await caller.worked(answer.json())


async def act(caller: Caller, found: dict[str, Any], verb: str, **body: Any) -> Any:
    answer = await caller.post(f"/change-sets/{found['id']}/{verb}", body, If_Match=f'"{found["row_version"]}"')
    assert answer.status_code == 202, answer.text
    return await caller.worked(answer.json())


async def rows(caller: Caller, found: dict[str, Any], **query: Any) -> dict[str, dict[str, Any]]:
    items = (await caller.get(f"/change-sets/{found['id']}/rows", limit=200, **query)).json()["items"]
    return {item["label"]: item for item in items}


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    return tuple(found[name] for name in COUNTS)


async def units(caller: Caller) -> dict[str, str]:
    made = {}
    for name, more in (
        ("甲职业学校", {}),
        ("乙公司", {"category": "enterprise"}),
        ("丙公司", {"category": "enterprise", "division": "340825"}),
    ):
        made[name] = (await caller.create("/members", member(name, **more)))["id"]
    return made


async def base(caller: Caller, name: str, **more: Any) -> str:
    return str((await caller.create("/collaborations", {"kind": "base", "name": name, **more}))["id"])


async def read(caller: Caller, one: str, **query: Any) -> dict[str, Any]:
    """A collaboration (or that there was none), without what only counts its changes."""
    found: dict[str, Any] = (await caller.get(f"/collaborations/{one}", **query)).json()
    return {name: value for name, value in found.items() if name not in ("row_version", "updated_at", "request_id")}


async def put(caller: Caller, one: str, **changes: Any) -> None:
    """Somebody else changes a collaboration on its own page."""
    path = f"/collaborations/{one}"
    found = await caller.get(path)
    now = found.json()
    holders = {name: (now[name] or {}).get("id") for name in ("host_member", "lead_member")}
    plain = {name: now[name] for name in ("kind", "name", "founded_on", "status", "ended_on", "end_reason", "details")}
    taking = [{"member": one["id"], "part": one["part"]} for one in now["participants"]]
    answer = await caller.put(path, {**plain, **holders, "participants": taking, **changes}, found.headers["ETag"])
    assert answer.status_code == 200, answer.text


def test_a_new_lead_is_seen_applied_from_its_day_and_undone(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await units(caller)
        school, firm, other = ids.values()
        taking = [{"member": firm, "part": "partner"}, {"member": other, "part": "supporter"}]
        founded = {"founded_on": "2024-09-01", "participants": taking, "details": {"workplaces": 40}}
        first = await base(caller, "基地一", lead_member=school, **founded)
        second = await base(caller, "基地二", lead_member=firm)
        third = await base(caller, "基地三", lead_member=school)
        days = [None, "2024-09-01", "2025-06-30", "2025-07-01"]
        before = [await read(caller, first, **({"as_of": day} if day else {})) for day in days]

        found = await edit(caller, {"lead_member": firm}, ids=[first, second])
        assert (found["state"], counts(found), found["title"]) == ("ready", (2, 0, 1, 1, 0), "批量修改牵头单位")
        changes = (await rows(caller, found))["基地一"]["changes"]
        assert {one["header"]: (one["before"], one["after"]) for one in changes} == {
            "牵头单位": ("甲职业学校", "乙公司"),
            "合作方": ("乙公司", None),  # who leads takes part as such
        }
        assert [await read(caller, first)] == before[:1], "a preview saves nothing"

        applied = await act(caller, found, "application", effective_on="2025-07-01")
        assert (applied["state"], applied["applied"], applied["left_out"]) == ("applied", 1, 0)
        leads = {day: (await read(caller, first, as_of=day))["lead_member"]["id"] for day in days[1:]}
        assert leads == {"2024-09-01": school, "2025-06-30": school, "2025-07-01": firm}
        now = await read(caller, first)
        assert ([one["id"] for one in now["participants"]], now["details"]) == ([other], {"workplaces": 40})
        assert (await read(caller, third))["lead_member"]["id"] == school
        history = (await caller.get(f"/collaborations/{first}/history")).json()["items"]
        assert (history[0]["action"], history[0]["reason"]) == ("collaboration.update", REASON)

        undone = await act(caller, applied, "undoing")
        assert (undone["state"], undone["undone"]) == ("undone", 1)
        assert [await read(caller, first, **({"as_of": day} if day else {})) for day in days] == before

    registry.run(scenario)


def test_a_years_classes_end_on_their_day_and_run_again(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await units(caller)
        made = {}
        for name, founded_on in (("一班", "2022-09-01"), ("二班", "2025-07-16"), ("三班", None)):
            draft = {"kind": "school_enterprise_class", "name": name, "founded_on": founded_on}
            made[name] = str(
                (await caller.create("/collaborations", {**draft, "host_member": ids["甲职业学校"]}))["id"]
            )
        await base(caller, "基地")
        ahead = await edit(caller, {**END, "ended_on": "2025-12-02"}, kind="school_enterprise_class")
        assert {(i["field"], i["code"]) for r in (await rows(caller, ahead)).values() for i in r["issues"]} == {
            ("ended_on", "date_in_future")
        }
        found = await edit(caller, END, kind="school_enterprise_class")
        assert counts(found) == (3, 0, 2, 0, 1)
        (issue,) = (await rows(caller, found))["二班"]["issues"]
        assert (issue["header"], issue["code"]) == ("终止日期", "ended_before_founding")
        applied = await act(caller, found, "application")
        assert applied["applied"] == 2
        one = made["一班"]
        for day, status in (("2025-07-14", "active"), ("2025-07-15", "ended"), ("2025-12-01", "ended")):
            assert (await read(caller, one, as_of=day))["status"] == status, day
        left = await edit(caller, {"ended_on": "2025-07-10"}, kind="school_enterprise_class", status="ended")
        assert counts(left) == (2, 0, 2, 0, 0)
        alone = await edit(caller, {"ended_on": "2025-07-10"}, ids=[made["二班"]])
        assert (await rows(caller, alone))["二班"]["issues"][0]["code"] == "end_unexpected"
        again = await act(caller, await edit(caller, RESUME, status="ended"), "application")
        assert again["applied"] == 2
        assert (await read(caller, one))["status"] == "active"
        assert (await read(caller, one, as_of="2025-11-30"))["status"] == "ended"
        kept = await act(caller, applied, "undoing")
        assert (kept["undone"], {row["result"] for row in (await rows(caller, kept)).values()}) == (0, {"kept", None})
        await act(caller, again, "undoing")
        assert (await read(caller, one))["end_reason"] == "学生毕业"

    registry.run(scenario)


def test_what_somebody_changed_meanwhile_stays_and_a_renamed_unit_is_the_same(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await units(caller)
        school, firm, other = ids.values()
        made = [await base(caller, f"基地{number}", lead_member=school) for number in range(3)]
        found = await edit(caller, {"lead_member": firm}, ids=made)
        await put(caller, made[0], lead_member=other)
        applied = await act(caller, found, "application")
        assert (applied["applied"], applied["left_out"]) == (2, 1)
        assert "预览之后已被他人修改" in (await rows(caller, applied))["基地0"]["note"]
        await put(caller, made[1], lead_member=None)
        for name, one, new in (("乙公司", firm, "乙集团"), ("甲职业学校", school, "甲职业学院")):
            etag = (await caller.get(f"/members/{one}")).headers["ETag"]
            category = "enterprise" if one == firm else "secondary_vocational"
            renamed = await caller.put(f"/members/{one}", member(new, category=category), etag)
            assert renamed.status_code == 200, (name, renamed.text)
        undone = await act(caller, applied, "undoing")
        assert (undone["applied"], undone["undone"]) == (2, 1)
        assert "又被修改" in (await rows(caller, undone, result="kept"))["基地1"]["note"]
        assert [(await read(caller, one))["lead_member"] for one in made] == [
            {"id": other, "name": "丙公司"},
            None,
            {"id": school, "name": "甲职业学院"},
        ]

    registry.run(scenario)


REFUSED: list[tuple[dict[str, Any], dict[str, Any], set[tuple[str, str]]]] = [
    ({"name": "新名"}, {}, {("values.name", "field_not_editable")}),
    ({"kind": "base"}, {}, {("values.kind", "field_not_editable")}),
    ({"founded_on": "2024-01-01"}, {}, {("values.founded_on", "field_not_editable")}),
    ({"participants": ""}, {}, {("values.participants", "field_not_editable")}),
    ({"status": "paused"}, {}, {("values.status", "value_not_allowed")}),
    ({"status": None}, {}, {("values.status", "value_not_allowed")}),
    ({"ended_on": "去年"}, {}, {("values.ended_on", "value_not_allowed")}),
    ({"end_reason": "长" * 201}, {}, {("values.end_reason", "value_not_allowed")}),
    ({"lead_member": "甲职业学校"}, {}, {("values.lead_member", "value_not_allowed")}),
    ({"lead_member": STRANGER}, {}, {("values.lead_member", "member_unknown")}),
    (END, {"category": "enterprise"}, {("filter.category", "filter_not_applicable")}),
    (END, {"structure_role": "lead"}, {("filter.structure_role", "filter_not_applicable")}),
    (END, {"missing": "uscc"}, {("filter.missing", "filter_not_applicable")}),
    (
        {"name": "新名", "host_member": STRANGER},
        {"category": "park"},
        {
            ("values.name", "field_not_editable"),
            ("values.host_member", "member_unknown"),
            ("filter.category", "filter_not_applicable"),
        },
    ),
]


def test_what_cannot_be_edited_in_bulk_is_refused_at_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for values, conditions, faults in REFUSED:
            answer = await asked(caller, values, **conditions)
            assert answer.status_code == 422, answer.text
            assert {(one["field"], one["code"]) for one in answer.json()["errors"]} == faults
        own = await asked(caller, END, "base", kind="base")
        assert [(one["field"], one["code"]) for one in own.json()["errors"]] == [
            ("filter.kind", "filter_not_applicable")
        ]
        of_members = await asked(caller, {"division": "340822"}, "members", partner="甲", missing="lead")
        assert {one["field"] for one in of_members.json()["errors"]} == {"filter.partner", "filter.missing"}
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        elsewhere = (await other.create("/members", member("别处公司", division="420922")))["id"]
        answer = await asked(caller, {"lead_member": elsewhere})
        assert [one["code"] for one in answer.json()["errors"]] == ["member_unknown"]
        assert (await caller.get("/change-sets")).json()["total"] == 0

    registry.run(scenario)


def test_a_condition_left_empty_is_none(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await units(caller)
        await base(caller, "基地")
        words = ("q", "category", "division", "kind", "level", "partner", "missing", "status", "structure_role")
        for of, values, total in (
            ("members", {"division": "340826"}, len(ids)),
            ("collaborations", {"host_member": ids["乙公司"]}, 1),
        ):
            found = await edit(caller, values, of, **dict.fromkeys(words, ""))
            assert (found["state"], found["total"]) == ("ready", total), of

    registry.run(scenario)


def test_conditions_choose_what_the_list_shows_under_them(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await units(caller)
        alone = await base(caller, "无主联合体", kind="consortium")
        led = await base(caller, "有主联合体", kind="consortium", lead_member=ids["丙公司"])
        await base(caller, "太湖基地", participants=[ids["丙公司"]])
        grant = {"level": "municipal", "granted_on": "2024-05-01", "document_number": "示例〔2024〕1号"}
        await caller.create(f"/collaborations/{led}/recognitions", grant)
        conditions: list[dict[str, Any]] = [
            {}, {"kind": "consortium"}, {"missing": "lead"}, {"division": "340825"}, {"partner": "丙"},
            {"level": "municipal"}, {"q": "基地"}, {"status": "ended"}, {"kind": "base", "partner": "丙"},
        ]  # fmt: skip
        for asked_for in conditions:
            shown = {one["name"] for one in (await caller.get("/collaborations", **asked_for)).json()["items"]}
            found = await edit(caller, {"host_member": ids["甲职业学校"]}, **asked_for)
            assert {*await rows(caller, found)} == shown, asked_for
        ticked = await edit(caller, {"host_member": ids["甲职业学校"]}, ids=[alone, STRANGER])
        assert {*await rows(caller, ticked)} == {"无主联合体"}
        of_kind = await edit(caller, {"host_member": ids["甲职业学校"]}, "consortium")
        assert {*await rows(caller, of_kind)} == {"无主联合体", "有主联合体"}

    registry.run(scenario)


def test_a_bulk_edit_stays_within_the_alliance_and_the_county_of_its_caller(registry: Registry) -> None:
    async def scenario(caller: Caller) -> tuple[dict[str, str], dict[str, str]]:
        ids = await units(caller)
        made = {
            "怀宁基地": await base(caller, "怀宁基地", host_member=ids["甲职业学校"]),
            "太湖基地": await base(caller, "太湖基地", host_member=ids["丙公司"]),
        }
        for role, claims in (("county_clerk", {"division": "340822"}), ("leader", {}), ("system_admin", {})):
            assert (await asked(caller.acting(role, **claims), END)).status_code == 403
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert counts(await edit(other, END)) == (0, 0, 0, 0, 0)
        assert counts(await edit(other, END, ids=list(made.values()))) == (0, 0, 0, 0, 0)
        return ids, made

    ids, made = registry.run(scenario)
    adapter, county = CollaborationChanges(), Scope("anqing", division="340822")

    async def of_county(session: WriteSession) -> None:
        wanted = {"filter": {"ids": list(made.values())}, "values": {"lead_member": ids["乙公司"]}}
        plans = await adapter.plan_edit(session, registry.clock, county, wanted)
        assert [plan.label for plan in plans] == ["怀宁基地"]
        kept = [ChangeRow(object_id=UUID(one)) for one in made.values()]
        loaded = await adapter.prepare(session, registry.clock, county, kept)
        assert {str(one) for one in loaded.standing} == {made["怀宁基地"]}

    written(registry, of_county)


def written(registry: Registry, work: Callable[[WriteSession], Awaitable[None]]) -> None:
    """Work on the database as a job does."""

    async def run() -> None:
        database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
        try:
            async with database.write("anqing") as session:
                await work(session)
        finally:
            await database.close()

    asyncio.run(run())


UNITS = st.sampled_from(["甲职业学校", "乙公司", "丙公司", None])
DAYS = st.dates(date(2023, 1, 1), date(2025, 12, 1))
KINDS = st.sampled_from(sorted(kind.value for kind in CollaborationKind))


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A collaboration, running or ended, with whoever may take part in it."""
    founded = draw(st.one_of(st.none(), DAYS))
    ended = draw(st.one_of(st.none(), st.dates(founded or date(2023, 1, 1), date(2025, 12, 1))))
    parts = draw(st.dictionaries(UNITS.filter(bool), st.sampled_from(["enterprise", "partner", "supporter"])))
    end = {"status": "ended", "ended_on": ended.isoformat(), "end_reason": "合作期满"} if ended else {}
    return {
        "kind": draw(KINDS),
        "host_member": draw(UNITS),
        "lead_member": draw(UNITS),
        "founded_on": founded.isoformat() if founded else None,
        "participants": parts,
        **end,
    }


QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example runs the service and its jobs: a failing one is told as it is found."""
EDITS = st.one_of(
    st.fixed_dictionaries({"lead_member": UNITS}),
    st.fixed_dictionaries({"host_member": UNITS, "lead_member": UNITS}),
    st.builds(lambda day: {**END, "ended_on": day.isoformat()}, DAYS),
    st.just(RESUME),
)


@given(st.lists(records(), min_size=1, max_size=4), EDITS, st.one_of(st.none(), DAYS))
@settings(max_examples=10, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_applied_and_undone_leaves_every_day_as_it_was(
    registry: Registry, drafts: list[dict[str, Any]], values: dict[str, Any], effective_on: date | None
) -> None:
    """And what is applied is what the preview showed, but for what it would write over; nothing else is changed."""

    async def scenario(caller: Caller) -> None:
        mark = uuid4().hex[:8]
        ids: dict[str | None, str | None] = {None: None}
        for name in ("甲职业学校", "乙公司", "丙公司"):
            ids[name] = (await caller.create("/members", member(f"{name}{mark}")))["id"]
        made = []
        for number, draft in enumerate(drafts):
            taking = [{"member": ids[name], "part": part} for name, part in draft["participants"].items()]
            holders = {field: ids[draft[field]] for field in ("host_member", "lead_member")}
            body = {**draft, **holders, "name": f"载体{number}{mark}", "participants": taking}
            made.append(str((await caller.create("/collaborations", body))["id"]))
        days = ["2023-01-01", "2024-06-01", "2025-06-01", "2025-11-30", "2025-12-01"]

        async def picture() -> list[Any]:
            past = [await read(caller, one, as_of=day) for one in made for day in days]
            return [await read(caller, one) for one in made] + past

        before = await picture()
        sent = {name: ids[value] if name in ("host_member", "lead_member") else value for name, value in values.items()}
        found = await edit(caller, sent, ids=made)
        assert (found["new"], found["total"]) == (0, len(made))
        assert await picture() == before
        if not found["changed"]:
            return
        wanted = {"effective_on": effective_on.isoformat()} if effective_on else {}
        applied = await act(caller, found, "application", **wanted)
        told = await rows(caller, applied)
        assert applied["applied"] + applied["left_out"] == found["changed"], told
        ends = {f"载体{number}{mark}": draft.get("ended_on") for number, draft in enumerate(drafts)}
        for name, row in told.items():  # only what ended after the day was something else since then
            assert row["result"] != "left_out" or (effective_on and effective_on.isoformat() < ends[name]), row
        for one in made:
            now = await read(caller, one)
            touched = told[now["name"]]["result"] == "applied"
            assert touched == (now != next(then for then in before if then["id"] == one))
        undone = await act(caller, applied, "undoing")
        assert undone["undone"] == applied["applied"], await rows(caller, undone)
        assert await picture() == before

    registry.run(scenario)


def test_of_two_who_change_one_record_at_once_the_later_is_refused(registry: Registry) -> None:
    """Many rows are written without comparing versions, for they are locked; a single one is not, and is compared."""

    async def scenario(caller: Caller) -> str:
        return await base(caller, "基地")

    one, scope = UUID(registry.run(scenario)), Scope("anqing")
    clerk = Principal("clerk", "经办", Role.SECRETARIAT_CLERK, "anqing", frozenset())
    draft = CollaborationUpdate.model_validate({"kind": "base", "name": "新基地", "status": "active"})

    async def run() -> None:
        database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
        try:
            with pytest.raises(StaleDataError):
                async with database.write("anqing") as session:
                    seen = await find_collaboration(session, scope, one)
                    async with database.write("anqing") as other:
                        await update_collaboration(other, registry.clock, clerk, one, draft, '"1"')
                    renamed = draft.model_copy(update={"name": "别名"})
                    await update_collaboration(session, registry.clock, clerk, seen.id, renamed, '"1"')
        finally:
            await database.close()

    asyncio.run(run())

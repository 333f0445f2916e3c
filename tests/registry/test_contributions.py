"""What members put into collaborations through HTTP: who may, what is summed, what stays in the audit."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.collaborations import ContributionKind, sum_of, sums
from tests.registry.conftest import Caller, Registry
from tests.registry.test_collaborations import college, members
from tests.registry.test_outbox import last, told

MACHINES = {
    "kind": "equipment",
    "description": "数控机床 6 台",
    "value": "860000.00",
    "on_date": "2024-03-01",
    "evidence": "协议第2号",
}


async def made(caller: Caller) -> tuple[str, dict[str, str]]:
    """The contributions of a college that the school of Huaining runs with the enterprise of Taihu."""
    ids = await members(caller)
    firm = {"member": ids["enterprise"], "part": "enterprise"}
    draft = college(host_member=ids["school"], participants=[firm], founded_on="2022-01-01")
    found = await caller.create("/collaborations", draft)
    return f"/collaborations/{found['id']}/contributions", ids


async def removed(caller: Caller, path: str, etag: str | None, **query: str) -> Any:
    headers = {**caller.headers, **({"If-Match": etag} if etag else {})}
    return await caller.http.delete(f"/api/registry/v1{path}", params=query, headers=headers)


def test_contributions_are_listed_with_sums_by_kind_and_by_member(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        path, ids = await made(caller)
        empty = (await caller.get(path)).json()
        assert empty == {
            "items": [],
            "by_kind": [],
            "by_member": [],
            "total": {"value": "0", "count": 0, "unvalued": 0},
        }
        firm, school = {"member": ids["enterprise"]}, {"member": ids["school"]}
        one = await caller.post(path, {**MACHINES, **firm})
        assert (one.status_code, one.headers["ETag"], one.json()["own"]) == (201, '"1"', True)
        people = {"kind": "people", "description": "导师 3 人", "value": None, "on_date": "2024-09-01"}
        await caller.create(path, {**people, **firm})
        await caller.create(path, {**MACHINES, **school, "value": "0.10", "on_date": "2023-01-01"})
        listed = (await caller.get(path)).json()
        assert [item["description"] for item in listed["items"]] == ["数控机床 6 台", "数控机床 6 台", "导师 3 人"]
        assert [(s["kind"], s["value"], s["count"], s["unvalued"]) for s in listed["by_kind"]] == [
            ("equipment", "860000.10", 2, 0),
            ("people", "0", 1, 1),
        ]
        by_member = {s["member"]["name"]: (s["value"], s["count"], s["unvalued"]) for s in listed["by_member"]}
        assert by_member == {"怀宁示例职业学校": ("0.10", 1, 0), "太湖示例公司": ("860000.00", 2, 1)}
        assert listed["total"] == {"value": "860000.10", "count": 3, "unvalued": 1}
        earlier = (await caller.get(path, as_of="2024-08-31")).json()
        assert (len(earlier["items"]), earlier["total"]["value"]) == (2, "860000.10")
        assert (await caller.get(path, as_of="2022-12-31")).json()["items"] == []
        assert (await caller.get(path, as_of="2021-12-31")).status_code == 404  # before the college was founded

    registry.run(scenario)


FAULTY: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"value": "-1"}, [("value", "greater_than_equal")]),
    ({"value": "1.005"}, [("value", "decimal_max_places")]),
    ({"value": "NaN", "description": ""}, [("description", "string_too_short"), ("value", "finite_number")]),
    ({"kind": "love"}, [("kind", "enum")]),
    ({"on_date": "2025-12-02"}, [("on_date", "date_in_future")]),
    ({"on_date": "2025-12-01"}, []),
    ({"member": "11111111-1111-4111-8111-111111111111"}, [("member", "member_without_part")]),
    ({"extra": 1}, [("extra", "extra_forbidden")]),
]


@pytest.mark.parametrize(("changes", "issues"), FAULTY)
def test_a_contribution_is_checked(registry: Registry, changes: dict[str, Any], issues: list[tuple[str, str]]) -> None:
    async def scenario(caller: Caller) -> None:
        path, ids = await made(caller)
        answer = await caller.post(path, {**MACHINES, "member": ids["enterprise"], **changes})
        found = [(issue["field"], issue["code"]) for issue in answer.json().get("errors", [])]
        assert sorted(found) == sorted(issues)
        assert answer.status_code == (422 if issues else 201)

    registry.run(scenario)


def test_a_unit_or_county_speaks_for_its_own_alone(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        path, ids = await made(caller)
        firm = {**MACHINES, "member": ids["enterprise"]}
        school = {**MACHINES, "member": ids["school"]}
        unit = caller.acting("unit_reporter", member=ids["enterprise"])
        county = caller.acting("county_clerk", division="340822")
        own = (await unit.post(path, firm)).json()
        other = (await county.post(path, school)).json()
        for who, draft in ((unit, school), (county, firm)):
            answer = await who.post(path, draft)
            assert [issue["code"] for issue in answer.json()["errors"]] == ["member_not_own"]
        seen = {item["id"]: item["own"] for item in (await unit.get(path)).json()["items"]}
        assert seen == {own["id"]: True, other["id"]: False}
        assert (await unit.put(f"{path}/{other['id']}", school, '"1"')).json()["code"] == "contribution_not_found"
        assert (await removed(county, f"{path}/{own['id']}", '"1"', reason="误")).status_code == 404
        assert (await unit.put(f"{path}/{own['id']}", school, '"1"')).status_code == 422
        stranger = caller.acting("county_clerk", division="340881")
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(path, firm)).status_code == 404
        leader = caller.acting("leader")
        assert (await leader.post(path, firm)).status_code == 403
        assert all(not item["own"] for item in (await leader.get(path)).json()["items"])
        outside = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await outside.get(path)).status_code == 404

    registry.run(scenario)


def test_a_change_and_a_correction_are_recorded_with_what_stood_before(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        path, ids = await made(caller)
        draft = {**MACHINES, "member": ids["enterprise"]}
        one = await caller.create(path, draft)
        place = f"{path}/{one['id']}"
        before = await last(caller)
        changed = await caller.put(place, {**draft, "value": "900000"}, '"1"')
        assert (changed.status_code, changed.headers["ETag"], changed.json()["value"]) == (200, '"2"', "900000.00")
        same = await caller.put(place, {**draft, "value": "900000"}, '"2"')
        assert same.headers["ETag"] == '"2"'
        assert (await caller.put(place, draft, '"1"')).status_code == 412
        assert (await caller.put(place, draft, None)).status_code == 428
        assert (await removed(caller, place, '"2"')).status_code == 422  # without a reason
        assert (await removed(caller, place, None, reason="误")).status_code == 428
        assert (await removed(caller, place, '"1"', reason="误")).status_code == 412
        gone = await removed(caller, place, '"2"', reason="重复登记")
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await removed(caller, place, '"2"', reason="误")).status_code == 404
        assert (await caller.get(path)).json()["items"] == []
        events = await told(caller, before)
        assert {event["type"] for event in events} == {"contribution.changed", "contribution.removed"}
        assert all(event["object_id"] == one["id"] for event in events)
        history = (await caller.get(path.replace("/contributions", "/history"))).json()["items"]
        assert [(entry["action"], entry["reason"]) for entry in history[:3]] == [
            ("contribution.remove", "重复登记"),
            ("contribution.change", None),
            ("contribution.add", None),
        ]

    registry.run(scenario)


class Entry:
    """A contribution as the sums see it."""

    def __init__(self, value: Decimal | None) -> None:
        self.value = value


yuan = st.none() | st.integers(0, 10**14).map(lambda fen: Decimal(fen).scaleb(-2))
entries = st.lists(st.tuples(st.sampled_from([*ContributionKind]), yuan), max_size=40)


@given(entries)
def test_sums_lose_no_fen_and_the_parts_make_the_whole(given_: list[tuple[str, Decimal | None]]) -> None:
    rows = [(kind, Entry(value)) for kind, value in given_]
    parts, whole = sums(rows), sum_of(None, [entry for _, entry in rows])
    assert whole.value == Decimal(sum(int(v.scaleb(2)) for _, v in given_ if v is not None)).scaleb(-2)
    assert whole.value == sum((part.value for part in parts), Decimal(0))
    assert (whole.count, whole.unvalued) == (sum(p.count for p in parts), sum(p.unvalued for p in parts))
    assert whole.unvalued == sum(1 for _, value in given_ if value is None)
    assert [part.key for part in parts] == [*dict.fromkeys(kind for kind, _ in given_)]

"""Members as of a day: who belonged, what they were called, and what each state changed."""

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.registry.conftest import Caller, Registry, member, services_of, uscc

START = date(2025, 11, 1)


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


async def put(caller: Caller, made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await caller.put(f"/members/{made['id']}", member(**{"name": made["name"], **changes}), "*")
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def on(caller: Caller, number: int, **query: Any) -> dict[str, str]:
    page = (await caller.get("/members", as_of=day(number), limit=200, **query)).json()
    assert page["total"] == len(page["items"])
    return {item["name"]: item["status"] for item in page["items"]}


def test_a_list_a_record_and_an_export_show_the_day_that_is_asked_for(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member("甲校", joined_on=day(0)))
        await put(caller, made, name="乙校", joined_on=day(0), division="340825", effective_on=day(10))
        assert (await on(caller, 9), await on(caller, 10)) == ({"甲校": "active"}, {"乙校": "active"})
        assert (await on(caller, -1)) == {}
        assert await on(caller, 5, q="jiaxiao") == {"甲校": "active"}
        assert await on(caller, 5, q="yixiao") == {}
        assert await on(caller, 5, division="340822") == {"甲校": "active"}
        assert await on(caller, 10, division="340822") == {}
        then = await caller.get(f"/members/{made['id']}", as_of=day(5))
        assert (then.json()["name"], then.json()["row_version"], "ETag" in then.headers) == ("甲校", None, False)
        now = await caller.get(f"/members/{made['id']}")
        assert now.json()["former_names"] == [{"name": "甲校", "until": day(10)}]
        assert now.headers["ETag"] == '"2"'
        assert (await caller.get(f"/members/{made['id']}", as_of=day(-1))).status_code == 404
        huaining, taihu = (caller.acting("county_clerk", division=code) for code in ("340822", "340825"))
        seen = [[*await on(county, number)] for county in (huaining, taihu) for number in (5, 15)]
        assert seen == [["甲校"], [], [], ["乙校"]]
        export = await caller.get("/members/export.xlsx", as_of=day(5))
        assert export.headers["Content-Disposition"].count("2025-11-06") == 1
        assert (await caller.get("/members", as_of="2025-02-30")).status_code == 422

    registry.run(scenario)


def test_who_enters_as_exited_belonged_between_its_two_days(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        gone = member("旧校", status="exited", joined_on="2020-01-01", left_on="2023-01-01", uscc=uscc(1))
        await caller.create("/members", gone)
        await caller.create("/members", member("无入会日", status="exited", left_on="2023-01-01"))
        seen = {}
        for asked in ("2019-12-31", "2020-01-01", "2022-12-31", "2023-01-01", "2025-12-01"):
            items = (await caller.get("/members", as_of=asked, q="旧校")).json()["items"]
            belonging = (await caller.get("/members", as_of=asked, belonging=True)).json()["total"]
            seen[asked] = ([item["status"] for item in items], belonging)
        assert seen == {
            "2019-12-31": ([], 0),
            "2020-01-01": (["active"], 1),
            "2022-12-31": (["active"], 1),
            "2023-01-01": (["exited"], 0),
            "2025-12-01": (["exited"], 0),
        }
        for query, total in (({"belonging": True}, 0), ({"status": "exited"}, 2), ({}, 2)):
            assert (await caller.get("/members", **query)).json()["total"] == total
        ahead = await caller.post("/members", member("将退校", status="exited", left_on="2025-12-02"))
        assert [(i["field"], i["code"]) for i in ahead.json()["errors"]] == [("left_on", "day_ahead")]

    registry.run(scenario)


def test_a_status_is_not_changed_by_an_edit(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member("甲校"))
        for changes, code in (
            ({"status": "exited", "left_on": day(0)}, "status_by_steps"),
            ({"status": "suspended"}, "status_by_steps"),
        ):
            answer = await caller.put(f"/members/{made['id']}", member("甲校", **changes), "*")
            assert [i["code"] for i in answer.json()["errors"]] == [code]
        for status in ("suspended", "rectifying"):
            assert (await caller.post("/members", member("乙校", status=status))).status_code == 422
        gone = await caller.create("/members", member("丙校", status="exited", left_on=day(0)))
        moved = member("丙校", status="exited", left_on=day(1))
        answer = await caller.put(f"/members/{gone['id']}", moved, "*")
        assert [(i["field"], i["code"]) for i in answer.json()["errors"]] == [("left_on", "status_by_steps")]

    registry.run(scenario)


def test_states_tell_what_changed_and_of_a_contact_only_that_it_did(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member("甲校", joined_on=day(0)))
        await put(caller, made, joined_on=day(0), contact_person="张三", effective_on=day(3))
        await put(caller, made, name="乙校", joined_on=day(0), contact_person="张三", effective_on=day(5))
        items = (await caller.get(f"/members/{made['id']}/states")).json()["items"]
        assert [(item["valid_from"], item["valid_until"]) for item in items] == [
            (day(5), None),
            (day(3), day(5)),
            (day(0), day(3)),
        ]
        changed = [{one["field"]: (one["before"], one["after"]) for one in item["changed"]} for item in items]
        assert changed[0]["name"] == ("甲校", "乙校")
        assert changed[1] == {"contact_person": (None, "（已变更）")}
        assert changed[2]["name"] == (None, "甲校")
        other = caller.acting("unit_reporter", member="00000000-0000-4000-8000-000000000001")
        shown = (await other.get(f"/members/{made['id']}/states")).json()["items"]
        assert [item["valid_from"] for item in shown] == [day(5), day(0)]
        assert "张三" not in str(items)

    registry.run(scenario)


def test_days_on_which_a_change_cannot_hold(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for given_day, code in (("2025-12-02", "day_ahead"), ("1949-09-30", "day_too_early")):
            answer = await caller.post("/members", member(effective_on=given_day))
            assert [(i["field"], i["code"]) for i in answer.json()["errors"]] == [("effective_on", code)]
        assert (await caller.post("/members", member(effective_on="2025-12-01"))).status_code == 201

    registry.run(scenario)


def test_units_and_the_snapshot_answer_as_of_a_day(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member("甲校", joined_on=day(0), aliases=["甲"]))
        await caller.create("/members", member("乙校", joined_on=day(10)))
        service = services_of(caller)
        early = await service.get("/snapshot", as_of=day(5))
        assert [item["name"] for item in early.json()["members"]] == ["甲校"]
        assert early.json()["as_of"].startswith(day(5))
        await put(caller, made, name="新甲校", joined_on=day(0), aliases=["甲"])
        again = await service.get("/snapshot", headers={"If-None-Match": early.headers["ETag"]}, as_of=day(5))
        assert again.status_code == 304
        now = (await service.get("/snapshot")).json()["members"]
        assert {item["name"]: item["aliases"] for item in now} == {"新甲校": ["甲", "甲校"], "乙校": []}
        units = {
            asked: [item["name"] for item in (await caller.get("/units", **query)).json()["items"]]
            for asked, query in (("then", {"as_of": day(5)}), ("now", {}))
        }
        assert units == {"then": ["甲校"], "now": ["新甲校", "乙校"]}

    registry.run(scenario)


STEP = st.tuples(st.integers(0, 20), st.sampled_from(["division", "category", "name"]), st.integers(0, 2))
VALUES = {
    "division": ["340822", "340825", None],
    "category": ["secondary_vocational", "technician", "sending_school"],
    "name": ["一校", "二校", "三校"],
}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=st.lists(STEP, min_size=1, max_size=6))
def test_filters_of_a_day_agree_with_a_calendar(registry: Registry, taken: list[tuple[int, str, int]]) -> None:
    """A calendar holds for each day what each field was; the list must find the member by it, and by nothing else."""

    async def scenario(caller: Caller) -> None:
        names = (await caller.get("/members", limit=1)).json()["total"]
        standing = {"division": "340822", "category": "secondary_vocational", "name": f"一校{names}"}
        made = await caller.create("/members", member(**standing, joined_on=day(0)))
        calendar = {number: dict(standing) for number in range(25)}
        for number, field, choice in taken:
            value = VALUES[field][choice]
            value = f"{value}{names}" if field == "name" else value
            if standing[field] == value:
                continue
            standing[field] = value  # type: ignore[assignment]
            sent = member(**standing, joined_on=day(0), effective_on=day(number))
            assert (await caller.put(f"/members/{made['id']}", sent, "*")).status_code == 200
            for later in range(number, 25):
                calendar[later][field] = value  # type: ignore[assignment]
        for number in (0, 5, 12, 20, 24):
            held = calendar[number]
            for field in ("division", "category"):
                for value in VALUES[field]:
                    found = await on(caller, number, ids=made["id"], **({field: value} if value else {}))
                    expected = {held["name"]} if value in (held[field], None) else set()
                    assert {*found} == expected, (number, field, value)

    registry.run(scenario)

"""Agreements: recorded, changed, renewed, ended and exported; who sees them; how they stood on a day."""

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st

from services.kernel.ids import new_id
from services.registry.domain.agreements import Phase, phase_on
from tests.registry.conftest import Caller, Registry, member, services_of
from tests.registry.test_agreement_rules import Days

TODAY = date(2025, 12, 1)


async def units(office: Caller, *divisions: str, called: str = "学校") -> list[str]:
    """Ids of new members, one for each division."""
    made = [await office.create("/members", member(f"第{n}{called}", division=d)) for n, d in enumerate(divisions)]
    return [one["id"] for one in made]


def agreement(parties: list[str], **changes: Any) -> dict[str, Any]:
    """What a create sends."""
    return {
        "kind": "framework",
        "number": "宜职教协〔2025〕3号",
        "title": "产教融合战略合作框架协议",
        "parties": parties,
        "signed_on": "2024-09-01",
        "from_date": "2024-09-01",
        "until_date": "2026-09-01",
        "terms": "共建产业学院。",
        "subjects": ["共建实训基地"],
        **changes,
    }


async def found(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    answer = await caller.get("/agreements", **query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def names(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(party["label"], party["id"]) for party in record["parties"]]


def test_an_agreement_is_recorded_with_its_parties_and_what_it_covers(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        first, second, third = await units(office, "340822", "340825", "340826")
        college = await office.create("/collaborations", {"kind": "industry_college", "name": "汽车产业学院"})
        made = await office.create("/agreements", agreement([second, first, third], collaborations=[college["id"]]))
        read = (await office.get(f"/agreements/{made['id']}")).json()
        assert names(read) == [("甲方", second), ("乙方", first), ("丙方", third)]
        assert read["collaborations"] == [{"id": college["id"], "name": "汽车产业学院"}]
        assert read["subjects"] == ["共建实训基地"]
        assert (read["phase"], read["days_left"]) == ("in_force", 274)
        assert [one["id"] for one in await found(office, collaboration=college["id"])] == [made["id"]]
        told = [event["type"] for event in (await services_of(office).get("/outbox", after=0)).json()["items"]]
        assert "agreement.created" in told

    registry.run(scenario)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"parties": 1}, {"parties_too_few"}),
        ({"parties": "twice"}, {"parties_too_few"}),
        ({"parties": "unknown"}, {"member_unknown"}),
        ({"signed_on": "2025-12-02"}, {"day_ahead"}),
        ({"until_date": "2024-09-01"}, {"until_before_from"}),
        ({"collaborations": ["0b9d2f6e-2f5e-4a63-9f0c-0c8a51a6f001"]}, {"collaboration_unknown"}),
        ({"title": " "}, {"string_too_short"}),
        (
            {"parties": 1, "signed_on": "2026-01-01", "until_date": "2020-01-01"},
            {"parties_too_few", "day_ahead", "until_before_from"},
        ),
    ],
)
def test_every_fault_is_told_at_once(registry: Registry, changes: dict[str, Any], codes: set[str]) -> None:
    async def scenario(office: Caller) -> None:
        first, second = await units(office, "340822", "340825")
        several = {1: [first], "twice": [first, first], "unknown": [first, "0b9d2f6e-2f5e-4a63-9f0c-0c8a51a6f001"]}
        sent = {**changes, "parties": several.get(changes.get("parties", ""), [first, second])}
        answer = await office.post("/agreements", agreement(**sent))
        assert answer.status_code == 422, answer.text
        assert {issue["code"] for issue in answer.json()["errors"]} == codes

    registry.run(scenario)


def test_a_number_is_used_once_and_none_any_number_of_times(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        await office.create("/agreements", agreement(parties))
        again = await office.post("/agreements", agreement(parties))
        assert again.json()["errors"][0]["code"] == "number_taken"
        for _ in range(2):
            await office.create("/agreements", agreement(parties, number=""))

    registry.run(scenario)


def test_a_change_needs_the_version_and_holds_from_its_day(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        first, second, third = await units(office, "340822", "340825", "340826")
        made = await office.create("/agreements", agreement([first, second]))
        path = f"/agreements/{made['id']}"
        etag = (await office.get(path)).headers["ETag"]
        changed = agreement([third, first], title="新名称", subjects=["共建专业"], effective_on="2025-06-01")
        assert (await office.put(path, changed, None)).status_code == 428
        answer = await office.put(path, changed, etag)
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] != etag
        assert (await office.put(path, changed, etag)).status_code == 412
        for day, title, parties, subjects in (
            ("2025-05-31", "产教融合战略合作框架协议", [("甲方", first), ("乙方", second)], ["共建实训基地"]),
            ("2025-06-01", "新名称", [("甲方", third), ("乙方", first)], ["共建专业"]),
        ):
            then = (await office.get(path, as_of=day)).json()
            assert (then["title"], names(then), then["subjects"]) == (title, parties, subjects), day
        assert (await office.get(path, as_of="2024-08-31")).status_code == 404
        assert (await office.get(path, as_of="2024-09-01")).status_code == 200
        same = await office.put(path, {**changed, "effective_on": None}, answer.headers["ETag"])
        assert same.headers["ETag"] == answer.headers["ETag"]

    registry.run(scenario)


def test_an_earlier_signing_takes_along_who_was_there(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        made = await office.create("/agreements", agreement(parties))
        path = f"/agreements/{made['id']}"
        await office.put(path, agreement(parties, signed_on="2024-03-01", from_date="2024-03-01"), "*")
        then = (await office.get(path, as_of="2024-03-01")).json()
        assert [party["id"] for party in then["parties"]] == parties
        assert then["subjects"] == ["共建实训基地"]

    registry.run(scenario)


def test_a_renewal_is_the_next_of_a_chain(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        first, second = await units(office, "340822", "340825")
        made = await office.create("/agreements", agreement([second, first]))
        draft = {
            "number": "宜职教协〔2026〕1号",
            "title": "续签协议",
            "signed_on": "2025-12-01",
            "from_date": "2026-09-01",
            "until_date": "2028-09-01",
        }
        path = f"/agreements/{made['id']}"
        early = await office.post(f"{path}/renewal", {**draft, "from_date": "2024-09-01"})
        assert early.json()["errors"][0]["code"] == "begins_before_former"
        renewed = await office.create(f"{path}/renewal", draft)
        assert names(renewed) == [("甲方", second), ("乙方", first)]
        assert (renewed["subjects"], renewed["kind"], renewed["phase"]) == (["共建实训基地"], "framework", "upcoming")
        assert renewed["renews"] == {"id": made["id"], "name": "产教融合战略合作框架协议"}
        assert (await office.get(path)).json()["renewal"] == {"id": renewed["id"], "name": "续签协议"}
        again = await office.post(f"{path}/renewal", {**draft, "number": None})
        assert (again.status_code, again.json()["code"]) == (409, "already_renewed")
        assert [one["id"] for one in await found(office, unrenewed=True)] == [renewed["id"]]
        assert (await office.get(path, as_of="2025-11-30")).json()["renewal"] is None

    registry.run(scenario)


def test_an_early_end_has_a_day_and_a_reason(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        made = await office.create("/agreements", agreement(parties))
        path = f"/agreements/{made['id']}"
        draft = {"ended_on": "2025-06-01", "reason": "甲方停办相关专业"}
        assert (await office.post(f"{path}/ending", draft)).status_code == 428
        late = await office.post(f"{path}/ending", {**draft, "ended_on": "2025-12-02"}, If_Match="*")
        assert late.json()["errors"][0]["code"] == "day_ahead"
        ended = await office.post(f"{path}/ending", draft, If_Match="*")
        assert (ended.json()["phase"], ended.json()["days_left"]) == ("ended", None)
        again = await office.post(f"{path}/ending", draft, If_Match="*")
        assert (again.status_code, again.json()["code"]) == (409, "agreement_ended")
        assert (await office.get(path, as_of="2025-05-31")).json()["phase"] == "in_force"
        assert (await office.get(path, as_of="2025-06-01")).json()["phase"] == "ended"
        refused = await office.put(path, agreement(parties, until_date="2025-01-01"), "*")
        assert refused.json()["errors"][0]["code"] == "until_before_end"
        history = (await office.get(f"{path}/history")).json()["items"]
        assert (history[0]["action"], history[0]["reason"]) == ("agreement.end", "甲方停办相关专业")

    registry.run(scenario)


def test_a_county_and_a_unit_see_what_they_are_party_to(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        first, second, third = await units(office, "340822", "340825", "340826")
        ours = await office.create("/agreements", agreement([first, second]))
        theirs = await office.create("/agreements", agreement([second, third], number="2"))
        for caller, seen in (
            (office.acting("county_clerk", division="340822"), {ours["id"]}),
            (office.acting("county_clerk", division="340825"), {ours["id"], theirs["id"]}),
            (office.acting("unit_reporter", member=third), {theirs["id"]}),
            (office.acting("leader"), {ours["id"], theirs["id"]}),
            (office.acting("secretariat_clerk", alliance="xuancheng"), set()),
        ):
            assert {one["id"] for one in await found(caller)} == seen
            for one in (ours["id"], theirs["id"]):
                assert (await caller.get(f"/agreements/{one}")).status_code == (200 if one in seen else 404)
            assert (await caller.get("/attachments", subject_kind="agreement", subject=theirs["id"])).status_code == (
                200 if theirs["id"] in seen else 404
            )
        unit = office.acting("unit_reporter", member=first)
        assert (await unit.post("/agreements", agreement([first, second], number="3"))).status_code == 403

    registry.run(scenario)


def test_the_export_is_the_list(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        first, second = await units(office, "340822", "340825")
        await office.create("/agreements", agreement([first, second]))
        await office.create(
            "/agreements", agreement([first, second], number="2", title="乙", kind="project", until_date=None)
        )
        answer = await office.get("/agreements/export.xlsx", kind="framework", reason="年度检查")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        assert rows[1][:4] == ["协议编号", "协议名称", "类型", "签约单位"]
        assert rows[2][:4] == [
            "宜职教协〔2025〕3号",
            "产教融合战略合作框架协议",
            "框架协议",
            "甲方：第0学校；乙方：第1学校",
        ]
        assert str(rows[2][6])[:10] == "2026-08-31"
        assert rows[2][7:10] == ["履行中", 274, "共建实训基地"]
        assert len([row for row in rows if row[1]]) == 2
        audited = (await office.acting("audit_admin").get("/audit-entries", object_kind="agreement")).text
        assert "agreement.exported" in audited

    registry.run(scenario)


def test_a_list_is_searched_sorted_and_paged(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        first, second, third = await units(office, "340822", "340825", "340826")
        for number, (title, until, party) in enumerate(
            (("丙协议", None, second), ("甲协议", "2026-01-01", second), ("乙协议", "2025-12-20", third))
        ):
            draft = agreement([first, party], number=str(number), title=title, until_date=until)
            await office.create("/agreements", draft)
        assert [one["title"] for one in await found(office)] == ["乙协议", "甲协议", "丙协议"]
        assert [one["title"] for one in await found(office, sort="title")] == ["丙协议", "甲协议", "乙协议"]
        assert [one["title"] for one in await found(office, q="jiaxieyi")] == ["甲协议"]
        assert [one["title"] for one in await found(office, party=third)] == ["乙协议"]
        assert [one["title"] for one in await found(office, expiring_within=19)] == ["乙协议"]
        assert await found(office, expiring_within=18) == []
        page = (await office.get("/agreements", limit=2)).json()
        rest = (await office.get("/agreements", limit=2, cursor=page["next_cursor"])).json()
        assert (page["total"], [one["title"] for one in rest["items"]]) == (3, ["丙协议"])

    registry.run(scenario)


OFFSET = st.integers(-400, 400)


ON_ONE_DATABASE = settings(
    max_examples=6,
    deadline=None,
    phases=[Step.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@ON_ONE_DATABASE
@given(
    drawn=st.lists(st.tuples(OFFSET, st.none() | st.integers(1, 500), st.none() | OFFSET), min_size=1, max_size=5),
    asked=st.lists(st.integers(-300, 300), min_size=1, max_size=4),
)
def test_the_list_of_each_phase_is_what_the_rule_says(
    registry: Registry, drawn: list[tuple[int, int | None, int | None]], asked: list[int]
) -> None:
    """The condition in the database against the pure rule, on days before, within and after."""

    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825", called=str(new_id()))
        model: dict[str, Days] = {}
        for begins, length, ended in drawn:
            start = TODAY + timedelta(days=begins)
            until = start + timedelta(days=length) if length else None
            signed = date(2020, 1, 1)
            sent = {"number": None, "signed_on": str(signed), "from_date": str(start)}
            made = await office.create(
                "/agreements", agreement(parties, **sent, until_date=str(until) if until else None)
            )
            end = TODAY + timedelta(days=ended) if ended is not None else None
            if end is not None and signed <= end <= TODAY and (until is None or end < until):
                draft = {"ended_on": str(end), "reason": "x"}
                answer = await office.post(f"/agreements/{made['id']}/ending", draft, If_Match="*")
                assert answer.status_code == 200, answer.text
                model[made["id"]] = Days(start, until, end)
            else:
                model[made["id"]] = Days(start, until)
        for day in [TODAY + timedelta(days=offset) for offset in (0, *asked)]:
            then = {"as_of": str(day)} if day != TODAY else {}
            for phase in Phase:
                got = {one["id"] for one in await found(office, phase=phase.value, party=parties[0], **then)}
                assert got == {key for key, days in model.items() if phase_on(days, day) is phase}, (day, phase)

    registry.run(scenario)

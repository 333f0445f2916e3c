"""Meetings, attendance with proxies, resolutions and votes through HTTP."""

import asyncio
from typing import Any

import pytest

from tests.registry.conftest import Caller, Registry, services_of
from tests.registry.governance_world import HELD_ON, attended, body, changed, convened, council, hands, voted

DAY = HELD_ON.isoformat()


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(issue["field"], issue["code"]) for issue in answer.json()["errors"]]


def by_name(meeting: dict[str, Any], *votes: str) -> dict[str, Any]:
    """One vote for each of the first seats."""
    rows = meeting["attendance"]
    return {
        "method": "by_name",
        "votes": [{"seat": row["seat"], "vote": vote} for row, vote in zip(rows, votes, strict=False)],
    }


def test_a_meeting_goes_from_plan_to_archive(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 3)
        draft = {
            "body": made["id"],
            "title": "第一次会议",
            "held_on": DAY,
            "agenda": [{"title": "甲"}, {"title": "乙"}],
        }
        meeting = await caller.create("/meetings", draft)
        path = f"/meetings/{meeting['id']}"
        assert (meeting["state"], [item["title"] for item in meeting["agenda"]]) == ("planned", ["甲", "乙"])
        early = await changed(caller, "put", f"{path}/attendance", {"entries": []}, path)
        assert (early.status_code, early.json()["code"]) == (409, "meeting_planned")
        kept = {"id": meeting["agenda"][1]["id"], "title": "乙（修改）", "proposer": "秘书处"}
        moved = {name: draft[name] for name in ("title", "held_on")} | {"agenda": [kept, {"title": "丙"}]}
        answer = await changed(caller, "put", path, moved, path)
        assert [(item["title"], item["position"]) for item in answer.json()["agenda"]] == [("乙（修改）", 1), ("丙", 2)]
        assert answer.json()["agenda"][0]["id"] == kept["id"]
        assert (await changed(caller, "post", f"{path}/convening", {}, path)).json()["state"] == "convened"
        other_day = await changed(caller, "put", path, {**moved, "held_on": "2025-11-21"}, path)
        assert ("held_on", "already_held") in codes(other_day)
        resolution = await caller.create(
            "/resolutions", {"meeting": meeting["id"], "title": "关于甲", "content": "同意"}
        )
        minutes = {"minutes": "会议纪要。"}
        open_vote = await changed(caller, "post", f"{path}/archiving", minutes, path)
        assert (open_vote.status_code, open_vote.json()["code"]) == (409, "votes_pending")
        shown = (await caller.get(path)).json()
        await attended(caller, shown, ["present"] * 3)
        vote = f"/resolutions/{resolution['id']}"
        assert (await changed(caller, "put", f"{vote}/vote", hands(3, 0, 0), vote)).status_code == 200
        done = await changed(caller, "post", f"{path}/archiving", minutes, path)
        assert (done.json()["state"], done.json()["minutes"]) == ("archived", "会议纪要。")
        for method, way, sent in (
            ("put", "", moved),
            ("put", "/attendance", {"entries": []}),
            ("post", "/archiving", minutes),
            ("post", "/cancellation", {"reason": "误登"}),
        ):
            late = await changed(caller, method, path + way, sent, path)
            assert (late.status_code, late.json()["code"]) == (409, "meeting_archived"), way
        again = await changed(caller, "put", f"{vote}/vote", hands(0, 3, 0), vote)
        assert (again.status_code, again.json()["code"]) == (409, "meeting_archived")
        history = [entry["action"] for entry in (await caller.get(f"{path}/history")).json()["items"]]
        assert history == [
            "meeting.archive",
            "meeting.attendance",
            "meeting.convene",
            "meeting.update",
            "meeting.plan",
        ]

    registry.run(scenario)


def test_a_planned_meeting_is_cancelled_and_one_ahead_is_not_convened(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 1)
        draft = {"body": made["id"], "title": "下次会议", "held_on": "2026-01-15"}
        meeting = await caller.create("/meetings", draft)
        path = f"/meetings/{meeting['id']}"
        assert codes(await changed(caller, "post", f"{path}/convening", {}, path)) == [("held_on", "date_in_future")]
        gone = await changed(caller, "post", f"{path}/cancellation", {"reason": "改期"}, path)
        assert (gone.json()["state"], gone.json()["cancel_reason"]) == ("cancelled", "改期")
        answer = await changed(caller, "post", f"{path}/convening", {}, path)
        assert (answer.status_code, answer.json()["code"]) == (409, "meeting_cancelled")
        stranger = "00000000-0000-4000-8000-000000000000"
        assert codes(await caller.post("/meetings", {**draft, "body": stranger})) == [("body", "body_unknown")]
        assert (await caller.get("/meetings", year=2026)).json()["total"] == 1
        assert (await caller.get("/meetings", as_of="2026-01-14")).json()["total"] == 0
        assert (await caller.get("/meetings", state="planned")).json()["total"] == 0

    registry.run(scenario)


def test_attendance_counts_seats_with_a_vote_and_names_proxies(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 4)
        silent = {"title": "列席", "unit_name": "观察单位", "succession": "by_post", "votes": False, "position": 9}
        await caller.create(f"/bodies/{made['id']}/seats", {**silent, "established_on": "2024-01-01"})
        meeting = await convened(caller, made["id"])
        before = meeting["quorum"]
        assert (before["seats"], before["present"], before["needed"], before["met"]) == (4, 0, 3, False)
        shown = await attended(caller, meeting, ["present", "proxy", "absent", "absent", "present"])
        assert (shown["quorum"]["present"], shown["quorum"]["proxies"], shown["quorum"]["met"]) == (2, 1, False)
        taken = [(row["presence"], row["attendee"]) for row in shown["attendance"]]
        assert taken[:2] == [("present", "理事0"), ("proxy", "受托人")]
        shown = await attended(caller, shown, ["present", "proxy", "present", "absent", "present"])
        assert (shown["quorum"]["present"], shown["quorum"]["met"]) == (3, True)

    registry.run(scenario)


def test_a_faulty_attendance_is_refused_by_line(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 2)
        meeting = await convened(caller, made["id"])
        first, second = (row["seat"] for row in meeting["attendance"])
        entries = [
            {"seat": first, "presence": "proxy"},
            {"seat": first, "presence": "present", "authorisation": "委托书"},
            {"seat": second, "presence": "proxy", "attendee": "某", "proxy_seat": second},
            {"seat": "00000000-0000-4000-8000-000000000000", "presence": "present"},
        ]
        path = f"/meetings/{meeting['id']}"
        answer = await changed(caller, "put", f"{path}/attendance", {"entries": entries}, path)
        assert codes(answer) == [
            ("entries", "seat_repeated"),
            ("entries.0.attendee", "proxy_unnamed"),
            ("entries.1.presence", "proxy_unexpected"),
            ("entries.2.proxy_seat", "proxy_seat_unknown"),
            ("entries.3.seat", "seat_unknown"),
        ]

    registry.run(scenario)


def test_seats_are_those_of_the_day_of_the_meeting(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, seats = await council(caller, 3)
        meeting = await convened(caller, made["id"])
        path = f"/seats/{seats[2]['id']}"
        await changed(caller, "post", f"{path}/abolition", {"abolished_on": "2025-11-25", "reason": "调整"}, path)
        await caller.create(f"/seats/{seats[0]['id']}/succession", {"holder": "后任", "from_date": "2025-11-21"})
        shown = (await caller.get(f"/meetings/{meeting['id']}")).json()
        assert [row["holder"] for row in shown["attendance"]] == ["理事0", "理事1", "理事2"]
        assert shown["quorum"]["seats"] == 3

    registry.run(scenario)


OUTCOMES = [
    (["present"] * 6, hands(4, 2, 0), "passed", False),
    (["present"] * 6, hands(3, 3, 0), "rejected", True),
    (["present"] * 4 + ["absent"] * 2, hands(4, 0, 0), "passed", False),
    (["present"] * 3 + ["absent"] * 3, hands(3, 0, 0), "inquorate", False),
    (["present", "proxy", "proxy", "proxy", "absent", "absent"], hands(1, 0, 3), "passed", False),
    (["present"] * 6, hands(0, 0, 6), "rejected", False),
]


@pytest.mark.parametrize(("presences", "record", "outcome", "tie"), OUTCOMES)
def test_a_show_of_hands_comes_out_by_the_rules_of_the_body(
    registry: Registry, presences: list[str], record: dict[str, Any], outcome: str, tie: bool
) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 6, number_prefix="示集")
        meeting = await convened(caller, made["id"])
        await attended(caller, meeting, presences)
        shown = (await voted(caller, meeting["id"], record)).json()
        assert (shown["outcome"], shown["tie"]) == (outcome, tie)
        assert shown["number"] == ("示集〔2025〕1号" if outcome == "passed" else None)
        assert (shown["seats_total"], shown["resolved_on"], shown["rules_source"]) == (6, DAY, "章程第十条")

    registry.run(scenario)


def test_a_vote_by_name_is_one_vote_a_seat_and_proxies_are_told(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 4)
        meeting = await convened(caller, made["id"])
        await attended(caller, meeting, ["present", "proxy", "present", "absent"])
        record = by_name(meeting, "for", "for", "against")
        shown = (await voted(caller, meeting["id"], record)).json()
        assert (shown["outcome"], shown["in_favour"], shown["against"], shown["abstained"]) == ("passed", 2, 1, 0)
        assert [(vote["vote"], vote["cast_by"], vote["by_proxy"]) for vote in shown["votes"]] == [
            ("for", "理事0", False),
            ("for", "受托人", True),
            ("against", "理事2", False),
        ]
        twice = {**record, "votes": [record["votes"][0], record["votes"][0]]}
        assert codes(await voted(caller, meeting["id"], twice)) == [("votes", "seat_repeated")]
        absent = by_name(meeting, "for", "for", "for", "for")
        assert codes(await voted(caller, meeting["id"], absent)) == [("votes.3.seat", "seat_not_voting")]

    registry.run(scenario)


def test_what_is_missing_for_a_vote_is_told_and_never_guessed(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 2, quorum=None)
        meeting = await convened(caller, made["id"])
        await attended(caller, meeting, ["present", "present"])
        answer = await voted(caller, meeting["id"], hands(2, 0, 0))
        assert (answer.status_code, answer.json()["code"]) == (409, "rules_missing")
        ruled, _ = await council(caller, 2, name="另一个理事会")
        other = await convened(caller, ruled["id"])
        answer = await voted(caller, other["id"], hands(2, 0, 0))
        assert (answer.status_code, answer.json()["code"]) == (409, "attendance_missing")
        await attended(caller, other, ["present", "absent"])
        assert codes(await voted(caller, other["id"], hands(2, 0, 0))) == [("in_favour", "votes_above_present")]
        half = {"method": "show_of_hands", "in_favour": 1}
        assert codes(await voted(caller, other["id"], half))[0][1] == "counts_missing"
        both = {**hands(1, 0, 0), "method": "by_name", "votes": []}
        assert codes(await voted(caller, other["id"], both))[0][1] == "votes_missing"

    registry.run(scenario)


def test_a_record_is_put_right_until_the_meeting_is_archived_and_keeps_its_number(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 3)
        meeting = await convened(caller, made["id"])
        await attended(caller, meeting, ["present"] * 3)
        first = (await voted(caller, meeting["id"], hands(3, 0, 0))).json()
        path = f"/resolutions/{first['id']}"
        late = await changed(caller, "put", path, {"title": "改", "content": "改"}, path)
        assert (late.status_code, late.json()["code"]) == (409, "resolution_voted")
        sheet = await changed(
            caller, "put", f"/meetings/{meeting['id']}/attendance", {"entries": []}, f"/meetings/{meeting['id']}"
        )
        assert (sheet.status_code, sheet.json()["code"]) == (409, "votes_counted")
        righted = (await changed(caller, "put", f"{path}/vote", hands(1, 2, 0), path)).json()
        assert (righted["outcome"], righted["number"]) == ("rejected", first["number"])
        second = (await voted(caller, meeting["id"], hands(2, 1, 0), "另一决议")).json()
        assert (first["number"], second["number"]) == ("〔2025〕1号", "〔2025〕2号")
        body_path = f"/bodies/{made['id']}"
        strict = body(founded_on="2024-01-01", majority={"numerator": 1, "denominator": 1, "strict": False})
        assert (await changed(caller, "put", body_path, strict, body_path)).status_code == 200
        kept = (await caller.get(f"/resolutions/{second['id']}")).json()
        assert (kept["outcome"], kept["majority"]["denominator"]) == ("passed", 2)  # the rules of its day

    registry.run(scenario)


def test_numbers_are_given_once_even_when_two_meetings_end_together(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        papers = []
        for name in ("甲理事会", "乙理事会", "丙理事会"):
            made, _ = await council(caller, 1, name=name)
            meeting = await convened(caller, made["id"])
            await attended(caller, meeting, ["present"])
            draft = {"meeting": meeting["id"], "title": f"{name}的决议", "content": "同意"}
            papers.append((await caller.create("/resolutions", draft))["id"])
        answers = await asyncio.gather(
            *(caller.put(f"/resolutions/{one}/vote", hands(1, 0, 0), '"1"') for one in papers)
        )
        assert sorted(answer.json()["number"] for answer in answers) == ["〔2025〕1号", "〔2025〕2号", "〔2025〕3号"]

    registry.run(scenario)


def test_resolutions_are_found_cited_and_exported(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 3, number_prefix="示集")
        meeting = await convened(caller, made["id"], "审议预算")
        await attended(caller, meeting, ["present"] * 3)
        await voted(caller, meeting["id"], hands(3, 0, 0), "关于预算的决议")
        await voted(caller, meeting["id"], hands(0, 3, 0), "关于章程的决议")
        item = {"meeting": meeting["id"], "title": "草案", "content": "待议", "agenda_item": meeting["agenda"][0]["id"]}
        await caller.create("/resolutions", item)
        for query, count in (
            ({}, 3),
            ({"q": "yusuan"}, 1),
            ({"q": "〔2025〕1号"}, 1),
            ({"outcome": "rejected"}, 1),
            ({"year": "2025"}, 1),
            ({"year": "2024"}, 0),
            ({"as_of": DAY}, 2),
            ({"as_of": "2025-11-19"}, 0),
            ({"meeting": meeting["id"]}, 3),
        ):
            assert (await caller.get("/resolutions", **query)).json()["total"] == count, query
        options = (await caller.get("/resolutions/options", q="预算")).json()["items"]
        assert [one["label"] for one in options] == ["示集〔2025〕1号 关于预算的决议"]
        assert (await caller.get("/resolutions/options", q="章程")).json()["items"] == []
        answer = await caller.get("/resolutions/export.xlsx", reason="年度归档")
        assert answer.content.startswith(b"PK")
        wrong = await caller.post("/resolutions", {**item, "agenda_item": "00000000-0000-4000-8000-000000000000"})
        assert codes(wrong) == [("agenda_item", "agenda_unknown")]
        dropped = {"title": meeting["title"], "held_on": DAY, "agenda": []}
        path = f"/meetings/{meeting['id']}"
        assert codes(await changed(caller, "put", path, dropped, path)) == [("agenda", "agenda_in_use")]

    registry.run(scenario)


def test_what_a_meeting_decided_is_told(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 1)
        meeting = await convened(caller, made["id"])
        await attended(caller, meeting, ["present"])
        await voted(caller, meeting["id"], hands(1, 0, 0))
        events = (await services_of(caller).get("/outbox", after=0, limit=50)).json()["items"]
        told = [(event["type"], event["division"]) for event in events[3:]]
        assert told == [
            ("meeting.planned", None),
            ("meeting.held", None),
            ("meeting.updated", "-"),
            ("resolution.proposed", "-"),
            ("resolution.passed", None),
        ]
        assert events[-1]["data"]["number"] == 1
        assert "理事0" not in str(events)

    registry.run(scenario)

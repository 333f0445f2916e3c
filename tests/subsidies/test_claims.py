"""Claims: every transition, who may make it, what pins it, and what undoes an approval."""

from typing import Any

import pytest

from services.subsidies.domain import CLAIM_TRANSITIONS, ClaimAction, ClaimState
from tests.subsidies.world import API, COUNTY, OTHER_COUNTY, World, cross, school_class, student, unit_id

pytestmark = pytest.mark.anyio

PATHS = {
    ClaimAction.SUBMIT: "submission",
    ClaimAction.ACCEPT: "acceptance",
    ClaimAction.RETURN: "return",
    ClaimAction.WITHDRAW: "withdrawal",
}
ROADS: dict[ClaimState, list[ClaimAction]] = {
    ClaimState.DRAFT: [],
    ClaimState.SUBMITTED: [ClaimAction.SUBMIT],
    ClaimState.ACCEPTED: [ClaimAction.SUBMIT, ClaimAction.ACCEPT],
    ClaimState.RETURNED: [ClaimAction.SUBMIT, ClaimAction.RETURN],
    ClaimState.WITHDRAWN: [ClaimAction.WITHDRAW],
}


async def act(world: World, claim: Any, action: ClaimAction, *, who: str | None = None, match: Any = None) -> Any:
    reviewing = action in (ClaimAction.ACCEPT, ClaimAction.RETURN)
    caller = who or ("secretariat" if reviewing else COUNTY)
    body = {"opinion": "请补充材料"} if action is ClaimAction.RETURN else None
    version = match if match is not None else claim["version"]
    return await world.post(caller, f"/claims/{claim['id']}/{PATHS[action]}", body, match=version)


async def fresh(world: World, claim: Any) -> Any:
    return await world.read("secretariat", f"/claims/{claim['id']}")


async def drafted(world: World, year: int) -> Any:
    answer = await world.post(COUNTY, "/claims", {"year": year, "rule": "sending_award"})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_every_transition_is_as_the_table_says(world: World) -> None:
    for year, (state, road) in enumerate(ROADS.items(), start=2024):
        for offset, action in enumerate(PATHS):
            claim_year = year + 5 * offset
            await world.students(COUNTY, student(1), year=claim_year)
            claim = await drafted(world, claim_year)
            for step in road:
                answer = await act(world, claim, step)
                assert answer.status_code == 200, answer.text
                claim = answer.json()
            assert claim["state"] == state.value
            answer = await act(world, claim, action)
            after = CLAIM_TRANSITIONS.get((state, action))
            if after is None:
                assert (answer.status_code, answer.json()["code"]) == (409, "claim_transition_refused")
                assert await fresh(world, claim) == {**claim, **await shown(world, claim)}
            else:
                assert (answer.status_code, answer.json()["state"]) == (200, after.value)


async def shown(world: World, claim: Any) -> dict[str, Any]:
    """What the secretariat sees besides: its own actions, and the steps."""
    read = await fresh(world, claim)
    return {"actions": read["actions"], "decisions": read["decisions"]}


async def test_a_claim_tells_its_steps_and_sums(world: World) -> None:
    await world.students(COUNTY, student(1), student(2), cross(3))
    claim = await world.claim(COUNTY, "sending_award")
    read = await world.read(COUNTY, f"/claims/{claim['id']}")
    assert (read["subjects"], read["requested"], read["sequence"], read["article"]) == (2, "1000.00", 1, "二15")
    assert [(d["action"], d["from_state"], d["to_state"]) for d in read["decisions"]] == [
        ("open", None, "draft"),
        ("submit", "draft", "submitted"),
        ("accept", "submitted", "accepted"),
    ]
    assert {d["requested"] for d in read["decisions"]} == {"1000.00"}
    await world.classes(COUNTY, school_class("C1"))
    classes = await world.claim(COUNTY, "school_enterprise_class")
    assert (classes["subjects"], classes["requested"]) == (1, "100000.00")


async def test_updates_need_the_version_that_was_read(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await drafted(world, 2025)
    without = await world.post(COUNTY, f"/claims/{claim['id']}/submission")
    assert (without.status_code, without.json()["code"]) == (428, "precondition_missing")
    stale = await act(world, claim, ClaimAction.SUBMIT, match=99)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    answer = await act(world, claim, ClaimAction.SUBMIT)
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    assert (await world.get(COUNTY, f"/claims/{claim['id']}")).headers["etag"] == answer.headers["etag"]


async def test_new_rows_return_accepted_claims_to_review_and_unchanged_rows_do_not(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.students(OTHER_COUNTY, student(9, school="桐城市示例职业学校"))
    claim = await world.claim(COUNTY, "sending_award")
    others = await world.claim(OTHER_COUNTY, "sending_award")
    await world.students(COUNTY, student(1))
    assert (await fresh(world, claim))["state"] == "accepted"
    await world.students(COUNTY, student(2), year=2026)
    assert (await fresh(world, claim))["state"] == "accepted"
    await world.students(COUNTY, student(2))
    read = await fresh(world, claim)
    assert (read["state"], read["subjects"], read["requested"], read["sequence"]) == ("submitted", 2, "1000.00", 4)
    last = read["decisions"][-1]
    assert (last["action"], last["opinion"]) == ("reopen", "学生名册有变动：新增 1 行、修改 0 行，请重新审核。")
    assert (await fresh(world, others))["state"] == "accepted"


async def test_a_review_of_sums_that_changed_meanwhile_is_refused(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await world.claim(COUNTY, "sending_award", accept=False)
    await world.students(COUNTY, student(2))
    stale = await act(world, claim, ClaimAction.ACCEPT)
    assert stale.status_code == 412
    read = await fresh(world, claim)
    assert (read["state"], read["subjects"], read["decisions"][-1]["action"]) == ("submitted", 2, "refresh")
    assert (await act(world, read, ClaimAction.ACCEPT)).status_code == 200


async def test_claims_for_a_collaboration_do_not_rest_on_rosters(world: World) -> None:
    claim = await world.claim("azy", "industry_college", collaboration=str(unit_id("college")))
    await world.students("azy", student(1))
    assert (await fresh(world, claim))["state"] == "accepted"


async def test_only_the_owner_submits_and_only_the_secretariat_decides(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await drafted(world, 2025)
    assert (await act(world, claim, ClaimAction.SUBMIT, who="secretariat")).status_code == 403
    assert (await act(world, claim, ClaimAction.SUBMIT, who=OTHER_COUNTY)).status_code == 404
    claim = (await act(world, claim, ClaimAction.SUBMIT)).json()
    assert claim["actions"] == ["withdraw"]
    assert (await fresh(world, claim))["actions"] == ["accept", "return"]
    assert (await act(world, claim, ClaimAction.ACCEPT, who=COUNTY)).status_code == 403
    assert (await world.get(OTHER_COUNTY, f"/claims/{claim['id']}")).status_code == 404
    assert (await world.read(OTHER_COUNTY, "/claims"))["total"] == 0
    assert (await act(world, claim, ClaimAction.WITHDRAW, who="secretariat")).status_code == 403


async def test_a_return_says_why(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await world.claim(COUNTY, "sending_award", accept=False)
    silent = await world.post("secretariat", f"/claims/{claim['id']}/return", {"opinion": "  "}, match=claim["version"])
    assert (silent.status_code, silent.json()["errors"][0]["field"]) == (422, "opinion")
    returned = (await act(world, claim, ClaimAction.RETURN)).json()
    todo = {item["kind"]: item["detail"] for item in (await world.read(COUNTY, "/todos"))["items"]}
    assert (returned["state"], todo) == ("returned", {"claims_returned": "1 项退回修改"})


async def test_a_claim_stands_once_until_it_is_withdrawn(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await drafted(world, 2025)
    twice = await world.post(COUNTY, "/claims", {"year": 2025, "rule": "sending_award"})
    assert (twice.status_code, twice.json()["code"], twice.json()["claim"]) == (409, "claim_exists", claim["id"])
    missing = await world.get(COUNTY, f"/claims/{unit_id('none')}")
    assert set(twice.json()) - set(missing.json()) == {"claim"}
    await act(world, claim, ClaimAction.WITHDRAW)
    again = await world.post(COUNTY, "/claims", {"year": 2025, "rule": "sending_award"}, **{"Idempotency-Key": "k"})
    same = await world.post(COUNTY, "/claims", {"year": 2025, "rule": "sending_award"}, **{"Idempotency-Key": "k"})
    assert (again.status_code, same.json()) == (201, again.json())
    assert again.headers["location"] == f"{API}/claims/{again.json()['id']}"


@pytest.mark.parametrize(
    ("who", "body", "code"),
    [
        (COUNTY, {"rule": "no_such_rule"}, "rule_unknown"),
        (COUNTY, {"rule": "sending_award", "collaboration": str(unit_id("college"))}, "collaboration_not_wanted"),
        ("azy", {"rule": "industry_college"}, "field_missing"),
        ("azy", {"rule": "industry_college", "collaboration": str(unit_id("base"))}, "collaboration_unknown"),
        ("azy", {"rule": "industry_college", "collaboration": str(unit_id("nothing"))}, "collaboration_unknown"),
        ("hn", {"rule": "industry_college", "collaboration": str(unit_id("college"))}, "collaboration_of_others"),
        (COUNTY, {"rule": "industry_college", "collaboration": str(unit_id("college"))}, "collaboration_of_others"),
    ],
)
async def test_a_claim_that_makes_no_sense_is_refused(world: World, who: str, body: Any, code: str) -> None:
    answer = await world.post(who, "/claims", {"year": 2025, **body})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


async def test_a_claim_over_nothing_cannot_be_submitted(world: World) -> None:
    claim = await drafted(world, 2025)
    answer = await act(world, claim, ClaimAction.SUBMIT)
    assert (answer.status_code, answer.json()["code"]) == (409, "claim_empty")


async def test_todos_and_filters_of_claims(world: World) -> None:
    await world.students(COUNTY, student(1), student(2, name=None), cross(3))
    await world.claim(COUNTY, "sending_award", accept=False)
    await world.claim(COUNTY, "cross_city_enrolment")
    await world.post(COUNTY, "/claims", {"year": 2025, "rule": "school_enterprise_class"})
    kinds = {item["kind"]: item["detail"] for item in (await world.read(COUNTY, "/todos"))["items"]}
    rejected = "1 次导入共退回 1 行，请改正后重新导入"
    assert kinds == {"claims_in_draft": "1 项草稿", "roster_rows_rejected": rejected}
    assert [(item["state"], item["href"]) for item in (await world.read(COUNTY, "/todos"))["items"]] == [
        ("open", "/subsidies/claims?state=draft"),
        ("open", "/subsidies/rosters"),
    ]
    theirs = await world.read("secretariat", "/todos")
    told = [(item["kind"], item["state"], item["detail"]) for item in theirs["items"]]
    assert told == [("claims_to_review", "open", "1 项待审核"), ("claims_accepted", "done", "1 项已受理")]
    assert theirs["items"][0]["href"] == "/subsidies/claims?state=submitted"
    totals = [
        (await world.read("secretariat", "/claims", **wanted))["total"]
        for wanted in (
            {},
            {"state": "accepted"},
            {"rule": "sending_award"},
            {"year": 2024},
            {"owner": "division:340822"},
        )
    ]
    assert totals == [3, 1, 1, 0, 3]
    page = await world.read("secretariat", "/claims", sort="-requested", limit=1)
    assert (page["items"][0]["rule"], page["total"]) == ("cross_city_enrolment", 3)


async def test_the_rules_are_those_of_the_pack_with_their_articles(world: World) -> None:
    read = await world.read(COUNTY, "/rules", year=2025)
    assert read["document_number"] == "宜政秘〔2024〕91号"
    amounts = {rule["code"]: (rule["amount"], rule["article"], rule["in_force"]) for rule in read["rules"]}
    assert amounts == {
        "consortium_provincial": ("500000.00", "二9", True),
        "consortium_national": ("1000000.00", "二9", True),
        "industry_college": ("300000.00", "二10", True),
        "school_enterprise_class": ("100000.00", "二11", True),
        "sending_award": ("500.00", "二15", True),
        "cross_city_enrolment": ("1000.00", "二15", True),
    }
    late = await world.read(COUNTY, "/rules", year=2028)
    assert {rule["in_force"] for rule in late["rules"]} == {False}

"""Applying without an account: the form's protection, the receipt, and what its holder may do."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.kernel.database import Database
from services.registry.receipts import FormTokens
from tests.registry.conftest import Caller, Registry, uscc
from tests.registry.life_cycle_world import ALLIANCE, APPLICATION, FakeNeighbours, Office


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.neighbours = FakeNeighbours()
    return registry


async def rows(registry: Registry, statement: str) -> list[Any]:
    """What stands in the database, as the service sees it."""
    database = Database(registry.settings.database_url.get_secret_value())
    try:
        async with database.read(ALLIANCE) as session:
            return list((await session.execute(text(statement))).all())
    finally:
        await database.close()


def test_a_stranger_applies_and_gets_a_receipt(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        names = (await stranger.get("/alliances")).json()
        assert names == [{"code": "anqing", "name": "安庆职教联盟"}, {"code": "xiaogan", "name": "孝感职教联盟"}]
        answer = await stranger.send()
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        receipt = answer.json()
        assert (receipt["number"], receipt["submitted_on"]) == ("2025-0001", "2025-12-01")
        assert len(receipt["code"].replace("-", "")) == 16
        seen = (await stranger.ask(receipt)).json()
        assert (seen["state"], seen["may_complete"], seen["may_withdraw"]) == ("submitted", False, True)
        assert seen["fields"]["name"] == APPLICATION["name"]
        assert [step["step"] for step in seen["steps"]] == ["submit"]

    registry.run(scenario)


def test_the_code_is_stored_as_a_hash_only(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        receipt = await Office.of(clerk).stranger().apply()
        for table in ("membership_application", "application_step", "audit_entry", "outbox_event", "row_history"):
            for row in await rows(registry, f"SELECT row_to_json(kept)::text FROM {table} AS kept"):
                assert receipt["code"] not in row[0]
                assert receipt["code"].replace("-", "") not in row[0]
        for table in ("audit_entry", "outbox_event"):
            for row in await rows(registry, f"SELECT row_to_json(kept)::text FROM {table} AS kept"):
                assert APPLICATION["contact_person"] not in row[0]
                assert APPLICATION["contact_phone"] not in row[0]

    registry.run(scenario)


def test_a_form_sent_twice_is_one_application(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        token = await stranger.open_form()
        first, second = await asyncio.gather(stranger.send(form_token=token), stranger.send(form_token=token))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        other = await stranger.send(form_token=token, name="另一家单位")
        assert (other.status_code, other.json()["code"]) == (409, "form_used")
        assert (await clerk.get("/applications")).json()["total"] == 1

    registry.run(scenario)


@pytest.mark.parametrize(
    ("seconds", "code"), [(0, "form_too_fast"), (2, "form_too_fast"), (3, None), (14400, None), (14401, "form_expired")]
)
def test_a_form_has_a_least_and_a_most_age(registry: Registry, seconds: int, code: str | None) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        form = (await stranger.get("/applications/form", alliance=ALLIANCE)).json()
        registry.clock.advance(timedelta(seconds=seconds))
        answer = await stranger.send(form_token=form["form_token"])
        if code is None:
            assert answer.status_code == 201, answer.text
        else:
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)

    registry.run(scenario)


def test_a_form_that_is_not_ours_is_refused(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        elsewhere = FormTokens("another secret of the same kind, long enough", registry.clock, seconds=0, hours=4)
        token = await stranger.open_form()
        for wrong in ("x", "é" * 20, token[:-4] + "AAAA", elsewhere.issue(ALLIANCE)):
            answer = await stranger.send(form_token=wrong)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "form_expired"), wrong
        other = await stranger.post("/applications", {**APPLICATION, "alliance": "xiaogan", "form_token": token})
        assert other.json()["errors"][0]["code"] == "form_expired", "a form is for one alliance"
        unknown = await stranger.post("/applications", {**APPLICATION, "alliance": "nowhere", "form_token": token})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "alliance_unknown")
        assert (await stranger.get("/applications/form", alliance="anqing-practice")).status_code == 404

    registry.run(scenario)


def test_the_trap_catches_who_fills_every_field(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        answer = await Office.of(clerk).stranger().send(website="https://example.com")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "form_refused")
        assert (await clerk.get("/applications")).json()["total"] == 0

    registry.run(scenario)


def test_every_fault_of_the_fields_is_told_at_once(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        wrong = {"name": "", "uscc": "91350100M000100Y4Z", "category": "club", "division": "12", "reason": "长" * 1001}
        answer = await stranger.send(**wrong, contact_phone="call me", contact_person="")
        assert answer.status_code == 422
        assert {issue["field"] for issue in answer.json()["errors"]} == {
            "name", "uscc", "category", "division", "reason", "contact_phone", "contact_person",
        }  # fmt: skip
        answer = await stranger.send(division="999999")
        assert [issue["code"] for issue in answer.json()["errors"]] == ["division_unknown"]
        answer = await stranger.send(state="admitted")
        assert answer.status_code == 422, "nobody sets what is not asked for"

    registry.run(scenario)


def test_one_open_application_for_a_name_or_code(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger = office.stranger()
        receipt = await stranger.apply(uscc=uscc(1))
        same_name = await stranger.send()
        same_code = await stranger.send(name="安庆另名机械有限公司", uscc=uscc(1))
        assert [issue["field"] for issue in same_name.json()["errors"]] == ["name"]
        assert [issue["field"] for issue in same_code.json()["errors"]] == ["uscc"]
        assert "正在办理" in same_name.json()["errors"][0]["message"]
        assert (await stranger.ask(receipt, "withdrawal")).status_code == 200
        assert (await stranger.send(uscc=uscc(1))).status_code == 201, "an application that ended blocks nobody"

    registry.run(scenario)


def test_nobody_learns_whether_a_unit_is_a_member(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        unit = {"name": APPLICATION["name"], "category": "enterprise", "uscc": uscc(1)}
        await clerk.create("/members", unit)
        answer = await Office.of(clerk).stranger().send(uscc=uscc(1))
        assert answer.status_code == 201, answer.text

    registry.run(scenario)


def test_an_address_and_an_alliance_have_their_day_s_measure(registry: Registry) -> None:
    registry.settings = registry.settings.model_copy(update={"applications_an_address": 2, "applications_a_day": 4})

    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)

        async def sent(address: str, number: int) -> int:
            return (await office.stranger(address).send(name=f"示例单位{number}")).status_code

        assert [await sent("203.0.113.7", n) for n in (1, 2, 3)] == [201, 201, 429]
        assert [await sent("2001:db8::1", n) for n in (4,)] == [201]
        assert [await sent("2001:db8::ffff", n) for n in (5,)] == [201]
        assert await sent("198.51.100.1", 6) == 429, "four are the alliance's day"
        answer = await office.stranger("198.51.100.1").send(name="示例单位7")
        assert int(answer.headers["Retry-After"]) > 0
        registry.clock.advance(timedelta(days=1))
        assert [await sent("2001:db8::1", n) for n in (8, 9)] == [201, 201]
        assert await sent("2001:db8::2", 10) == 429, "a /64 is one subscriber"

    registry.run(scenario)


def test_a_wrong_code_says_no_more_than_a_wrong_number(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        receipt = await stranger.apply()
        lower = {**receipt, "code": f" {receipt['code'].lower().replace('-', ' ')} "}
        assert (await stranger.ask(lower)).status_code == 200, "how it is typed makes no difference"
        other = await stranger.apply(name="安庆示例纺织有限公司")
        answers = []
        wrongs = (
            {**receipt, "code": other["code"]},
            {**receipt, "number": "2025-0099"},
            {**receipt, "code": "x"},
            {**receipt, "number": other["number"]},
        )
        for wrong in wrongs:
            for path, more in (("inquiry", {}), ("withdrawal", {}), ("completion", {"fields": APPLICATION})):
                answer = await stranger.ask(wrong, path, **more)
                told = answer.json()
                answers.append((answer.status_code, told["code"], told["detail"]))
        assert set(answers) == {(404, "receipt_unknown", "编号或查询码不正确，请核对回执后重试。")}
        elsewhere = await stranger.post("/applications/inquiry", {**pick(receipt), "alliance": "xiaogan"})
        assert elsewhere.status_code == 404

    registry.run(scenario)


def pick(receipt: dict[str, Any]) -> dict[str, Any]:
    return {"number": receipt["number"], "code": receipt["code"]}


def test_a_returned_application_is_completed_and_goes_on(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger = office.stranger()
        receipt = await stranger.apply()
        early = await stranger.ask(receipt, "completion", fields=APPLICATION)
        assert (early.status_code, early.json()["code"]) == (409, "application_step_refused")
        application = await office.found(receipt["number"])
        silent = await office.step(application, "first-review", {"outcome": "returned"})
        assert silent.json()["errors"][0]["field"] == "opinion"
        await office.done(application, "first-review", {"outcome": "returned", "opinion": "请补充信用代码。"})
        seen = (await stranger.ask(receipt)).json()
        assert (seen["state"], seen["may_complete"]) == ("returned", True)
        assert seen["steps"][-1]["opinion"] == "请补充信用代码。"
        wrong = await stranger.ask(receipt, "completion", fields={**APPLICATION, "division": "999999"})
        assert [issue["field"] for issue in wrong.json()["errors"]] == ["division"]
        done = await stranger.ask(receipt, "completion", fields={**APPLICATION, "uscc": uscc(1)})
        assert (done.status_code, done.json()["state"]) == (200, "submitted")
        after = await office.found(receipt["number"])
        assert (after["uscc"], after["state"]) == (uscc(1), "submitted")
        assert [step["step"] for step in after["steps"]] == ["submit", "return", "complete"]
        assert after["steps"][-1]["actor_name"] == "申请单位"

    registry.run(scenario)


def test_a_withdrawn_application_is_over(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger = office.stranger()
        receipt = await stranger.apply()
        done = await stranger.ask(receipt, "withdrawal", reason="暂不参加")
        assert done.json()["state"] == "withdrawn"
        again = await stranger.ask(receipt, "withdrawal")
        assert (again.status_code, again.json()["code"]) == (409, "application_step_refused")
        refused = await office.step(await office.found(receipt["number"]), "first-review", {"outcome": "endorsed"})
        assert refused.status_code == 409

    registry.run(scenario)


def test_the_applicant_sees_no_objection_and_no_clerk(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        receipt = await office.stranger().apply()
        application = await office.found(receipt["number"])
        await office.done(application, "first-review", {"outcome": "endorsed"})
        await office.done(application, "deliberation", {"outcome": "approved", "opinion": "同意。"})
        await office.done(application, "publicity", {"working_days": 5})
        await office.done(application, "objections", {"opinion": "某人反映的情况。"})
        seen = await office.stranger().ask(receipt)
        assert "某人反映" not in seen.text
        assert "测试人员" not in seen.text
        assert [step["step"] for step in seen.json()["steps"]] == ["submit", "endorse", "approve", "publish"]

    registry.run(scenario)


def test_without_identity_nobody_can_apply_and_is_told_so(registry: Registry) -> None:
    assert isinstance(registry.neighbours, FakeNeighbours)
    registry.neighbours.down = True

    async def scenario(clerk: Caller) -> None:
        answer = await Office.of(clerk).stranger().get("/alliances")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")

    registry.run(scenario)

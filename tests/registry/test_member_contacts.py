"""Contacts by post: who keeps and sees them, since when they stand, and what is recorded of it."""

from typing import Any
from uuid import uuid4

from sqlalchemy import select

from services.kernel.database import Database
from services.kernel.shared_tables import audit_entry
from tests.registry.conftest import Caller, Registry, member
from tests.registry.test_outbox import told

LIAISON: dict[str, Any] = {"post": "联络员", "person": "张三", "phone": "0556-1234567"}


async def contacts(caller: Caller, made: dict[str, Any], **query: Any) -> list[str]:
    answer = await caller.get(f"/members/{made['id']}/contacts", **query)
    assert answer.status_code == 200, answer.text
    return [item["person"] for item in answer.json()["items"]]


def test_a_contact_is_entered_changed_and_taken_away_and_its_past_stays(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        path = f"/members/{made['id']}/contacts"
        entered = await caller.post(path, {**LIAISON, "effective_on": "2025-10-01"}, Idempotency_Key="k")
        assert (entered.status_code, entered.headers["ETag"]) == (201, '"1"')
        again = await caller.post(path, {**LIAISON, "effective_on": "2025-10-01"}, Idempotency_Key="k")
        assert again.json() == entered.json()
        one = f"{path}/{entered.json()['id']}"
        assert entered.headers["Location"].endswith(one)
        assert (await caller.put(one, LIAISON, None)).status_code == 428
        changed = await caller.put(one, {**LIAISON, "person": "李四", "effective_on": "2025-11-01"}, '"1"')
        assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
        assert (await caller.put(one, LIAISON, '"1"')).status_code == 412
        days = ("2025-09-30", "2025-10-01", "2025-10-31", "2025-11-01")
        seen = [await contacts(caller, made, as_of=day) for day in days]
        assert seen == [[], ["张三"], ["张三"], ["李四"]]
        assert (await caller.get(one)).json()["person"] == "李四"
        gone = await delete(caller, one, '"2"')
        assert gone.status_code == 204
        assert (await delete(caller, one, '"2"')).status_code == 404
        assert (await contacts(caller, made), await contacts(caller, made, as_of="2025-11-30")) == ([], ["李四"])

    registry.run(scenario)


async def delete(caller: Caller, path: str, etag: str) -> Any:
    headers = {**caller.headers, "If-Match": etag}
    return await caller.http.delete(f"/api/registry/v1{path}", headers=headers)


def test_the_unit_its_county_and_the_secretariat_keep_contacts_and_nobody_else(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        path = f"/members/{made['id']}/contacts"
        itself = caller.acting("unit_reporter", member=made["id"])
        county = caller.acting("county_clerk", division="340822")
        for one in (caller, itself, county):
            assert (await one.post(path, LIAISON)).status_code == 201
        for other, status in (
            (caller.acting("unit_reporter", member=str(uuid4())), 404),
            (caller.acting("county_clerk", division="340825"), 404),
            (caller.acting("secretariat_clerk", alliance="xiaogan"), 404),
            (caller.acting("joint_reviewer", department="finance"), 403),
            (caller.acting("leader"), 403),
        ):
            assert ((await other.get(path)).status_code, (await other.post(path, LIAISON)).status_code) == (
                status,
                status,
            )
        assert len(await contacts(itself, made)) == 3

    registry.run(scenario)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"phone": None}, "phone", "contact_unreachable"),
    ({"phone": " "}, "phone", "contact_unreachable"),
    ({"email": "a@b"}, "email", "string_pattern_mismatch"),
    ({"phone": "abc"}, "phone", "string_pattern_mismatch"),
    ({"post": " "}, "post", "string_too_short"),
    ({"effective_on": "2025-12-02"}, "effective_on", "day_ahead"),
]


def test_what_a_contact_needs(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        path = f"/members/{made['id']}/contacts"
        for changes, field, _code in REFUSED:
            answer = await caller.post(path, {**LIAISON, **changes})
            assert (answer.status_code, [i["field"] for i in answer.json()["errors"]]) == (422, [field]), changes
        by_mail = {"post": "财务", "person": "李四", "email": "cw@example.org"}
        assert (await caller.post(path, by_mail)).status_code == 201

    registry.run(scenario)


def test_reading_is_recorded_and_what_is_told_holds_no_names(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        await caller.create(f"/members/{made['id']}/contacts", LIAISON)
        await contacts(caller, made)
        event = (await told(caller))[-1]
        assert (event["type"], event["division"], event["member"]) == ("member_contact.created", "340822", made["id"])
        assert event["data"] == {"member": made["id"], "post": "联络员", "changed": ["person", "phone", "post"]}
        database = Database(registry.settings.database_url.get_secret_value())
        try:
            async with database.read("anqing") as session:
                entries = (await session.execute(select(audit_entry).order_by(audit_entry.c.entry_no))).all()
        finally:
            await database.close()
        actions = [entry.action for entry in entries if entry.action.startswith("member_contact")]
        assert actions == ["member_contact.create", "member_contact.read"]
        assert not any(secret in str(entry) for entry in entries for secret in ("张三", "1234567"))

    registry.run(scenario)

"""Attachments: kept as they came, refused when they are not what they claim, seen by whoever sees their subject."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from services.kernel.database import Database
from services.kernel.shared_tables import audit_entry
from services.kernel.storage import Storage
from services.registry.commands.sweep_attachments import sweep_attachments
from services.registry.settings import RegistrySettings
from tests.registry import sample_files as make
from tests.registry.conftest import BASE, Caller, Registry, member, services_of
from tests.registry.life_cycle_world import APPLICATION

FOLDER = "registry-attachments"


async def send(
    caller: Caller, kind: str, subject: Any, name: str = "协议.pdf", content: bytes | None = None, **headers: str
) -> httpx.Response:
    """Send a file as the body itself."""
    query = {"subject_kind": kind, "subject": str(subject), "file_name": name}
    named = {"Content-Type": "application/octet-stream", **{k.replace("_", "-"): v for k, v in headers.items()}}
    body = make.pdf() if content is None else content
    return await caller.http.post(
        f"{BASE}/attachments", params=query, content=body, headers={**caller.headers, **named}
    )


async def listed(caller: Caller, kind: str, subject: Any, **query: Any) -> dict[str, Any]:
    answer = await caller.get("/attachments", subject_kind=kind, subject=str(subject), **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def remove(caller: Caller, attachment: str, reason: str = "传错了文件") -> httpx.Response:
    return await caller.http.delete(
        f"{BASE}/attachments/{attachment}", params={"reason": reason}, headers=caller.headers
    )


def stored_files(registry: Registry) -> list[Path]:
    return [path for path in (registry.settings.hub.files_dir / FOLDER).rglob("*") if path.is_file()]


@pytest.mark.parametrize("ending", make.SAMPLES)
def test_a_file_comes_back_as_it_was_sent(registry: Registry, ending: str) -> None:
    content = make.SAMPLES[ending]

    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        made = await send(office, "member", unit["id"], f"扫描 件.{ending}", content)
        assert made.status_code == 201, made.text
        kept = made.json()
        assert kept["sha256"] == hashlib.sha256(content).hexdigest()
        assert (kept["size"], kept["file_name"]) == (len(content), f"扫描 件.{ending}")
        answer = await office.http.get(made.headers["Location"], headers=office.headers)
        assert answer.content == content
        assert answer.headers["content-type"] == kept["content_type"]
        assert int(answer.headers["content-length"]) == len(content)
        found = (await listed(office, "member", unit["id"]))["items"]
        assert [one["id"] for one in found] == [kept["id"]]

    registry.run(scenario)
    assert len(stored_files(registry)) == 1
    assert content[:20] not in stored_files(registry)[0].read_bytes()


def test_a_browser_can_only_save_what_it_gets(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        made = (await send(office, "member", unit["id"], '年检 "2025"\r\nX: y.pdf')).json()
        answer = await office.get(f"/attachments/{made['id']}/content")
        told = answer.headers
        assert told["content-disposition"].startswith('attachment; filename="attachment.pdf"; filename*=UTF-8')
        assert unquote(told["content-disposition"].split("''")[1]) == "年检 ＂2025＂X： y.pdf"
        assert told["x-content-type-options"] == "nosniff"
        assert told["content-security-policy"].startswith("sandbox")
        assert told["cache-control"] == "no-store"

    registry.run(scenario)


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("协议.pdf", make.docx(), 415, "file_type_differs"),
        ("协议.exe", make.pdf(), 415, "file_type_refused"),
        ("协议.pdf", b"MZ" + bytes(90), 415, "file_type_refused"),
        ("协议.pdf", b"<html></html>", 415, "file_type_refused"),
        ("协议.docx", make.docx({"word/vbaProject.bin": b"x"}), 415, "file_has_macros"),
        ("协议.pdf", make.encrypted_pdf(), 415, "file_encrypted"),
        ("协议.pdf", b"", 415, "file_empty"),
        ("", make.pdf(), 422, "invalid_input"),
        ("../..", make.pdf(), 422, "invalid_input"),
        ("x" * 501, make.pdf(), 422, "invalid_input"),
        ("大.pdf", make.pdf() + bytes(2_000), 413, "file_too_large"),
    ],
)
def test_refusals_say_why_and_leave_nothing(
    registry: Registry, name: str, content: bytes, status: int, code: str
) -> None:
    registry.settings = registry.settings.model_copy(update={"attachment_limit_bytes": 2_000})

    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        for answer in (
            await send(office, "member", unit["id"], name, content),
            await in_a_form(office, unit["id"], name, content),
        ):
            if "form" in str(answer.request.headers.get("content-type")) and not (name and content):
                continue  # a form without a name holds no file at all
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
            assert answer.headers["content-type"].startswith("application/problem+json")
        assert (await listed(office, "member", unit["id"]))["total"] == 0

    if len(name) > 500:  # bounded as a query; in a form a long name is shortened
        return registry.run(long_name)
    registry.run(scenario)
    assert stored_files(registry) == []
    return None


async def long_name(office: Caller) -> None:
    unit = await office.create("/members", member())
    assert (await send(office, "member", unit["id"], "x" * 501)).status_code == 422
    answer = await in_a_form(office, unit["id"], "长" * 300 + ".pdf", make.pdf())
    assert answer.status_code == 201, answer.text
    assert answer.json()["file_name"].endswith("….pdf")


async def in_a_form(caller: Caller, subject: str, name: str, content: bytes) -> httpx.Response:
    query = {"subject_kind": "member", "subject": subject}
    return await caller.http.post(
        f"{BASE}/attachments", params=query, files={"file": (name, content, "text/html")}, headers=caller.headers
    )


def test_the_limit_is_met_to_the_byte(registry: Registry) -> None:
    content = make.pdf()
    registry.settings = registry.settings.model_copy(update={"attachment_limit_bytes": len(content)})

    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        assert (await send(office, "member", unit["id"], content=content)).status_code == 201
        assert (await in_a_form(office, unit["id"], "a.pdf", content)).status_code == 201
        assert (await send(office, "member", unit["id"], content=b"%" + content)).status_code == 413

    registry.run(scenario)


def test_a_form_is_taken_by_its_content_whatever_type_it_says(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        answer = await in_a_form(office, unit["id"], "照片.JPG", make.jpeg())
        assert answer.json()["content_type"] == "image/jpeg"
        broken = await office.http.post(
            f"{BASE}/attachments",
            params={"subject_kind": "member", "subject": unit["id"]},
            content=b"--b\r\n",
            headers={**office.headers, "Content-Type": "multipart/form-data"},
        )
        assert broken.status_code == 422

    registry.run(scenario)


def test_an_upload_that_breaks_off_leaves_nothing(registry: Registry) -> None:
    async def cut_off(office: Caller, subject: str) -> list[dict[str, Any]]:
        """What the application answers to a sender that goes away in the middle."""
        begun = {"type": "http.request", "body": make.pdf()[:100], "more_body": True}
        messages: list[dict[str, Any]] = [begun, {"type": "http.disconnect"}]
        answered: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send_back(message: dict[str, Any]) -> None:
            answered.append(message)

        path = f"{BASE}/attachments"
        query = f"subject_kind=member&subject={subject}&file_name=a.pdf".encode()
        sent = [(name.lower().encode(), value.encode()) for name, value in office.headers.items()]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "headers": sent}
        scope |= {"http_version": "1.1", "scheme": "http", "server": ("test", 80), "client": ("127.0.0.1", 1)}
        await office.http._transport.app(scope, receive, send_back)  # type: ignore[attr-defined]
        return answered

    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        answered = await cut_off(office, unit["id"])
        assert answered[0]["status"] == 400
        assert b"upload_incomplete" in answered[1]["body"]
        cut = await send(office, "member", unit["id"], content=make.pdf()[:-20])
        assert (cut.status_code, cut.json()["code"]) == (415, "file_damaged")
        assert (await listed(office, "member", unit["id"]))["total"] == 0

    registry.run(scenario)
    assert stored_files(registry) == []


def test_too_many_are_refused_also_when_they_come_at_once(registry: Registry) -> None:
    registry.settings = registry.settings.model_copy(update={"attachments_per_subject": 3})

    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        answers = await asyncio.gather(*(send(office, "member", unit["id"], f"{n}.pdf") for n in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert refused.json()["code"] == "too_many_attachments"
        first = (await listed(office, "member", unit["id"]))["items"][0]
        assert (await remove(office, first["id"])).status_code == 204
        assert (await send(office, "member", unit["id"])).status_code == 201

    registry.run(scenario)
    assert len(stored_files(registry)) == 4


def test_the_same_key_keeps_one_file(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        first = await send(office, "member", unit["id"], Idempotency_Key="k1")
        again = await send(office, "member", unit["id"], Idempotency_Key="k1")
        assert first.json() == again.json()
        other = await send(office, "member", unit["id"], content=make.pdf(b" "), Idempotency_Key="k1")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
        assert (await listed(office, "member", unit["id"]))["total"] == 1

    registry.run(scenario)


def test_who_sees_the_subject_sees_its_attachments_and_nobody_else(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        own = await office.create("/members", member())
        far = await office.create("/members", member("另县学校", division="340826"))
        kept = {unit["id"]: (await send(office, "member", unit["id"])).json()["id"] for unit in (own, far)}
        county = office.acting("county_clerk", division="340822")
        assert (await listed(county, "member", own["id"]))["total"] == 1
        assert (await county.get(f"/attachments/{kept[own['id']]}/content")).status_code == 200
        assert (await county.get("/attachments", subject_kind="member", subject=far["id"])).status_code == 404
        assert (await county.get(f"/attachments/{kept[far['id']]}/content")).status_code == 404
        elsewhere = office.acting("secretariat_clerk", alliance="xuancheng")
        assert (await elsewhere.get(f"/attachments/{kept[own['id']]}/content")).status_code == 404
        assert (await office.get(f"/attachments/{uuid4()}/content")).status_code == 404
        unknown = await office.get("/attachments", subject_kind="nonsense", subject=own["id"])
        assert unknown.json()["errors"][0]["code"] == "subject_kind_unknown"

    registry.run(scenario)


def test_units_and_counties_keep_the_files_of_their_own(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        own = await office.create("/members", member())
        other = await office.create("/members", member("另一学校"))
        far = await office.create("/members", member("另县学校", division="340826"))
        unit = office.acting("unit_reporter", member=own["id"])
        county = office.acting("county_clerk", division="340822")
        assert (await send(unit, "member", own["id"])).status_code == 201
        assert (await listed(unit, "member", own["id"]))["may_add"] is True
        assert (await listed(unit, "member", other["id"]))["may_add"] is False
        refused = await send(unit, "member", other["id"])
        assert (refused.status_code, refused.json()["code"]) == (404, "subject_not_own")
        assert (await send(county, "member", other["id"])).status_code == 201
        assert (await send(county, "member", far["id"])).status_code == 404
        leader = office.acting("leader")
        assert (await listed(leader, "member", own["id"]))["may_add"] is False
        assert (await send(leader, "member", own["id"])).status_code == 403

    registry.run(scenario)


def test_removal_keeps_the_record_and_what_was_there_on_a_day(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        kept = (await send(office, "member", unit["id"])).json()["id"]
        day = registry.clock.now().date()
        registry.clock.advance(timedelta(days=3))
        assert (await remove(office, kept, " ")).status_code == 422
        assert (await remove(office, kept)).status_code == 204
        again = await remove(office, kept)
        assert (again.status_code, again.json()["code"]) == (404, "attachment_removed")
        assert (await listed(office, "member", unit["id"]))["items"] == []
        assert (await office.get(f"/attachments/{kept}/content")).status_code == 404
        for offset, stood in ((-1, 0), (0, 1), (2, 1), (3, 0), (4, 0)):
            then = (day + timedelta(days=offset)).isoformat()
            assert (await listed(office, "member", unit["id"], as_of=then))["total"] == stood, offset
            answer = await office.get(f"/attachments/{kept}/content", as_of=then)
            assert answer.status_code == (200 if stood else 404)

    registry.run(scenario)


def test_a_unit_removes_what_it_sent_and_not_what_the_office_sent(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        own = await office.create("/members", member())
        unit = office.acting("unit_reporter", member=own["id"])
        by_office = (await send(office, "member", own["id"])).json()["id"]
        by_unit = (await send(unit, "member", own["id"])).json()["id"]
        refused = await remove(unit, by_office)
        assert (refused.status_code, refused.json()["code"]) == (403, "attachment_of_others")
        assert (await remove(unit, by_unit)).status_code == 204
        assert (await remove(office, by_office)).status_code == 204

    registry.run(scenario)


def test_what_was_done_is_audited_and_told_without_the_file_s_name(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        kept = (await send(office, "member", unit["id"], "王小明的协议.pdf")).json()["id"]
        await remove(office, kept)
        entries = (await office.acting("audit_admin").get("/audit-entries", object_kind="attachment")).text
        assert '"attachment.add"' in entries
        assert '"attachment.remove"' in entries
        assert "传错了文件" in entries
        told = (await services_of(office).get("/outbox", after=0)).text
        assert '"attachment.added"' in told
        assert '"attachment.removed"' in told
        assert "王小明" not in entries + told

    registry.run(scenario)


def test_a_harmed_or_missing_file_is_refused_before_the_answer_begins(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        kept = (await send(office, "member", unit["id"])).json()["id"]
        lying = stored_files(registry)[0]
        lying.write_bytes(lying.read_bytes()[:-1])
        answer = await office.get(f"/attachments/{kept}/content")
        assert (answer.status_code, answer.json()["code"]) == (404, "file_damaged")
        lying.unlink()
        answer = await office.get(f"/attachments/{kept}/content")
        assert (answer.status_code, answer.json()["code"]) == (404, "file_gone")

    registry.run(scenario)


def test_what_a_failed_transaction_left_is_swept_and_nothing_else(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        kept = (await send(office, "member", unit["id"])).json()["id"]
        storage = registry.settings.attachments()
        orphan = await storage.save("anqing", b"left behind")
        database = Database(registry.settings.database_url.get_secret_value())
        try:
            now = datetime.now(UTC)  # the store writes its times, not the test's clock
            assert await sweep_attachments(database, storage, now) == 0  # an upload may still be under way
            assert await sweep_attachments(database, storage, now + timedelta(days=2)) == 1
        finally:
            await database.close()
        assert str(orphan) not in {path.stem for path in stored_files(registry)}
        assert (await office.get(f"/attachments/{kept}/content")).status_code == 200

    registry.run(scenario)


def test_settings_of_the_store(registry: Registry) -> None:
    values = registry.settings.model_dump(exclude={"hub"}) | {"hub": registry.settings.hub}
    s3 = {"attachments_url": "s3://bucket/x", "attachments_s3_endpoint": "http://127.0.0.1:9"}
    with pytest.raises(ValueError, match="SECRET"):
        RegistrySettings(**{**values, **s3})
    keyed = {**s3, "attachments_s3_key_id": "id", "attachments_s3_secret": "secret"}
    with pytest.raises(ValueError, match="ALLOW_HTTP"):
        RegistrySettings(**{**values, **keyed})
    allowed = RegistrySettings(**{**values, **keyed, "attachments_s3_allow_http": True})
    assert isinstance(allowed.attachments(), Storage)
    with pytest.raises(ValueError, match="attachments_url"):
        RegistrySettings(**{**values, "attachments_url": "ftp://x/y"})


def test_what_hangs_on_an_application_is_personal_and_each_reading_is_recorded(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        body = {**APPLICATION, "received_on": "2025-10-09"}
        application = (await office.create("/applications", body))["id"]
        kept = await send(office, "application", application)
        assert kept.status_code == 201, kept.text
        assert (await listed(office, "application", application))["href"] == f"/applications/{application}"
        assert (await office.http.get(kept.headers["Location"], headers=office.headers)).status_code == 200
        elsewhere = office.acting("county_clerk", division="340825")
        hidden = await elsewhere.get("/attachments", subject_kind="application", subject=application)
        assert hidden.status_code == 404
        assert await readings(registry) == [
            {"rows": 1, "query": {"application": application}},
            {"subject": application},
        ]

    registry.run(scenario)


async def readings(registry: Registry) -> list[dict[str, Any]]:
    """What the audit says was read of attachments, in order; of a download only on what it hangs."""
    database = Database(registry.settings.database_url.get_secret_value())
    wanted = select(audit_entry.c.after).where(audit_entry.c.action == "attachment.read")
    async with database.read("anqing") as session:
        found = list((await session.scalars(wanted.order_by(audit_entry.c.entry_no))).all())
    await database.close()
    return [{name: value for name, value in one.items() if name != "subject_kind"} for one in found]


def test_a_step_of_a_member_takes_its_document(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member(joined_on="2024-09-01"))
        order = {"effective_on": "2025-11-03", "opinion": "请整改。", "deadline": "2025-12-31"}
        etag = (await office.get(f"/members/{unit['id']}")).headers["ETag"]
        made = await office.post(f"/members/{unit['id']}/rectification", order, If_Match=etag)
        assert made.status_code in (200, 201), made.text
        step = (await office.get(f"/members/{unit['id']}/steps")).json()["items"][0]["id"]
        kept = await send(office, "member_step", step, "整改通知.pdf")
        assert kept.status_code == 201, kept.text
        assert (await listed(office, "member_step", step))["href"] == f"/members/{unit['id']}"
        missing = await office.get("/attachments", subject_kind="member_step", subject=str(uuid4()))
        assert missing.status_code == 404

    registry.run(scenario)

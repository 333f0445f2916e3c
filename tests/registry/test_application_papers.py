"""Papers of applicants: taken by content and in small numbers, with the receipt alone, and forgotten in time."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.kernel.database import Database
from services.kernel.errors import Conflict, Unavailable
from services.kernel.storage import Storage
from services.registry.commands.forget_applications import forget_applications
from services.registry.domain.application_papers import (
    FORGOTTEN,
    PAPERS_OPEN,
    PaperLimits,
    check_paper_fits,
    papers_open,
)
from services.registry.domain.life_cycle import OPEN_STATES, ApplicationState
from services.registry.receipts import FormTokens
from tests.registry import sample_files as make
from tests.registry.conftest import BASE, Caller, Registry
from tests.registry.life_cycle_world import ALLIANCE, APPLICATION, FakeNeighbours, Office, Stranger

UNKNOWN = (404, "receipt_unknown", "编号或查询码不正确，请核对回执后重试。")
DAYS = 180
Scenario = Callable[[Caller], Awaitable[None]]


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.neighbours = FakeNeighbours()
    return registry


def with_settings(registry: Registry, **changes: int) -> None:
    registry.settings = registry.settings.model_copy(update=changes)


def pdf(number: int = 0) -> bytes:
    """Each number is another file."""
    return make.pdf(b"/Number %d " % number)


async def token_of(stranger: Stranger, receipt: dict[str, Any]) -> str:
    return str((await stranger.ask(receipt)).json()["papers"]["token"])


async def upload(
    stranger: Stranger, token: str, name: str = "营业执照.pdf", content: bytes | None = None, *, form: bool = False
) -> httpx.Response:
    """Send a paper, as the body itself or as browsers do."""
    address, content = f"{BASE}/public/applications/papers", pdf() if content is None else content
    headers = {**stranger.headers, "Papers-Token": token}
    if form:
        return await stranger.http.post(address, files={"file": (name, content)}, headers=headers)
    headers["Content-Type"] = "application/octet-stream"
    return await stranger.http.post(address, params={"file_name": name}, content=content, headers=headers)


async def added(stranger: Stranger, receipt: dict[str, Any], name: str = "营业执照.pdf", number: int = 0) -> Any:
    answer = await upload(stranger, await token_of(stranger, receipt), name, pdf(number))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def applied(clerk: Caller) -> tuple[Stranger, dict[str, Any], dict[str, Any]]:
    """An applicant with its receipt, and the application as the office finds it."""
    office = Office.of(clerk)
    stranger = office.stranger()
    receipt = await stranger.apply()
    return stranger, receipt, await office.found(receipt["number"])


async def added_by_office(clerk: Caller, application: dict[str, Any]) -> Any:
    """A paper of the office's own, beside those of the applicant."""
    about = {"subject_kind": "application", "subject": application["id"], "file_name": "走访记录.pdf"}
    headers = {**clerk.headers, "Content-Type": "application/octet-stream"}
    answer = await clerk.http.post(f"{BASE}/attachments", params=about, content=pdf(7), headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def shown(stranger: Stranger, receipt: dict[str, Any]) -> Any:
    answer = await stranger.ask(receipt)
    assert answer.status_code == 200, answer.text
    return answer.json()["papers"]


async def seen_by(caller: Caller, application: Any) -> list[Any]:
    answer = await caller.get("/attachments", subject_kind="application", subject=application["id"])
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def stored_files(registry: Registry) -> list[Path]:
    folder = registry.settings.hub.files_dir / "registry-attachments"
    return [path for path in folder.rglob("*") if path.is_file()]


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def with_database(registry: Registry, work: Callable[[Database], Awaitable[Any]]) -> Any:
    database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
    try:
        return await work(database)
    finally:
        await database.close()


async def rows(registry: Registry, statement: str) -> list[str]:
    async def read(database: Database) -> list[str]:
        async with database.read(ALLIANCE) as session:
            return [str(row[0]) for row in await session.execute(text(statement))]

    found: list[str] = await with_database(registry, read)
    return found


async def forget(registry: Registry) -> int:
    """One round of what the worker does."""
    storage = registry.settings.attachments()
    count: int = await with_database(
        registry, lambda database: forget_applications(database, storage, registry.clock, ALLIANCE, DAYS)
    )
    return count


@pytest.mark.parametrize("form", [False, True])
def test_a_paper_goes_from_the_applicant_to_the_office(registry: Registry, form: bool) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger, receipt, application = await applied(clerk)
        desk = await shown(stranger, receipt)
        assert (desk["items"], desk["limit_files"], desk["endings"]) == ([], 10, ["pdf", "jpg", "jpeg", "png"])
        for name, content in (("执照.PDF", pdf()), ("法人.jpg", make.jpeg()), ("章程.png", make.png())):
            answer = await upload(stranger, desk["token"], name, content, form=form)
            assert answer.status_code == 201, answer.text
            registry.clock.advance(timedelta(seconds=1))
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()
        names = [paper["file_name"] for paper in (await shown(stranger, receipt))["items"]]
        assert names == ["执照.PDF", "法人.jpg", "章程.png"]
        found = await seen_by(clerk, application)
        assert [(one["file_name"], one["uploaded_by_name"]) for one in found] == [(n, "申请单位") for n in names]
        read = await clerk.get(f"/attachments/{found[0]['id']}/content")
        assert read.content == pdf()
        assert "attachment;" in read.headers["content-disposition"]

    registry.run(scenario)
    kept = [path.read_bytes() for path in stored_files(registry)]
    assert len(kept) == 3
    assert not any(b"%PDF" in one for one in kept), "what lies in the store is encrypted"


def test_what_was_added_and_read_is_on_record_without_a_name(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger, receipt, application = await applied(clerk)
        paper = await added(stranger, receipt, "李四的证明.pdf")
        await seen_by(clerk, application)
        await clerk.get(f"/attachments/{paper['id']}/content")
        entries = await rows(registry, "SELECT row_to_json(e)::text FROM audit_entry AS e ORDER BY entry_no")
        events = await rows(registry, "SELECT row_to_json(e)::text FROM outbox_event AS e")
        assert not any("李四" in entry for entry in entries + events)
        of_papers = [entry for entry in entries if '"attachment' in entry]
        assert [f'"application:{receipt["number"]}"' in entry for entry in of_papers] == [True, False, False]
        assert sum('"attachment.read"' in entry for entry in of_papers) >= 1

    registry.run(scenario)


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("执照.docx", make.docx(), 415, "file_type_refused"),
        ("执照.xlsx", make.xlsx(), 415, "file_type_refused"),
        ("执照.ofd", make.ofd(), 415, "file_type_refused"),
        ("执照.doc", make.doc(), 415, "file_type_refused"),
        ("执照.pdf", make.docx(), 415, "file_type_differs"),
        ("执照.png", make.jpeg(), 415, "file_type_differs"),
        ("执照.pdf", b"MZ" + bytes(90), 415, "file_type_refused"),
        ("执照.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "file_type_refused"),
        ("执照.pdf", make.encrypted_pdf(), 415, "file_encrypted"),
        ("执照.pdf", pdf()[:-20], 415, "file_damaged"),
        ("执照.pdf", b"", 415, "file_empty"),
        ("执照", pdf(), 415, "file_type_refused"),
        ("", pdf(), 422, "invalid_input"),
        ("执照.pdf", pdf() + b" " * 2_000, 413, "file_too_large"),
    ],
)
def test_what_is_no_scan_is_refused_with_its_reason(
    registry: Registry, name: str, content: bytes, status: int, code: str
) -> None:
    with_settings(registry, application_paper_limit_bytes=2_000 + 8_000 * (status != 413))

    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        receipt = await stranger.apply()
        answer = await upload(stranger, await token_of(stranger, receipt), name, content)
        assert told(answer) == (status, code), answer.text
        assert "Word" not in answer.json()["detail"] or code == "file_type_differs"
        assert (await shown(stranger, receipt))["items"] == []

    registry.run(scenario)
    assert stored_files(registry) == []


def test_the_number_and_the_sum_have_bounds_also_at_once(registry: Registry) -> None:
    with_settings(registry, application_papers=3, application_papers_limit_bytes=5 * len(pdf()) // 2)

    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        receipt = await stranger.apply()
        token = await token_of(stranger, receipt)
        answers = await asyncio.gather(*(upload(stranger, token, f"{n}.pdf", pdf(n)) for n in range(5)))
        assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
        assert {told(one) for one in answers if one.status_code == 409} == {(409, "papers_too_large")}
        small = await upload(stranger, token, "小.png", make.png())
        assert small.status_code == 201, small.text
        assert told(await upload(stranger, token, "照.jpg", make.jpeg())) == (409, "too_many_papers")
        first = (await shown(stranger, receipt))["items"][0]
        done = await stranger.ask(receipt, "papers/removal", paper=first["id"])
        assert first["id"] not in [paper["id"] for paper in done.json()["papers"]["items"]]
        assert (await upload(stranger, token, "照.jpg", make.jpeg())).status_code == 201

    registry.run(scenario)
    assert len(stored_files(registry)) == 3, "what the applicant removed is gone for good"


def test_papers_of_one_application_are_counted_without_the_office_s(registry: Registry) -> None:
    with_settings(registry, application_papers=1)

    async def scenario(clerk: Caller) -> None:
        stranger, receipt, application = await applied(clerk)
        kept = await added_by_office(clerk, application)
        assert (await shown(stranger, receipt))["items"] == [], "what the office added is not the applicant's to see"
        not_own = await stranger.ask(receipt, "papers/removal", paper=kept["id"])
        assert told(not_own) == (404, "paper_not_found")
        await added(stranger, receipt)
        assert len(await seen_by(clerk, application)) == 2

    registry.run(scenario)


def test_the_same_content_again_is_the_same_paper(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        receipt = await stranger.apply()
        token = await token_of(stranger, receipt)
        answers = await asyncio.gather(*(upload(stranger, token) for _ in range(3)))
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len((await shown(stranger, receipt))["items"]) == 1

    registry.run(scenario)
    assert len(stored_files(registry)) == 1


def test_without_the_right_receipt_nothing_is_read_added_or_removed(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        receipt = await stranger.apply()
        other = await stranger.apply(name="安庆示例纺织有限公司")
        paper = await added(stranger, receipt)
        elsewhere = FormTokens("another secret of the same kind, long enough", registry.clock, seconds=0, hours=4)
        token = await token_of(stranger, receipt)
        wrong_tokens = [
            "x",
            "%00",
            token[:-6] + "AAAAA=",
            await stranger.open_form(),  # a form to apply is none to add papers
            elsewhere.issue_for_papers(ALLIANCE, paper["id"]),
        ]
        for wrong in wrong_tokens:
            answer = await upload(stranger, wrong)
            assert (*told(answer), answer.json()["detail"]) == UNKNOWN, wrong
        assert told(await upload(stranger, "")) == UNKNOWN[:2]
        for wrong_receipt in ({**receipt, "code": other["code"]}, {**receipt, "number": "2025-0099"}):
            for path, more in (("inquiry", {}), ("papers/removal", {"paper": paper["id"]})):
                answer = await stranger.ask(wrong_receipt, path, **more)
                assert (*told(answer), answer.json()["detail"]) == UNKNOWN
        theirs = await stranger.ask(other, "papers/removal", paper=paper["id"])
        assert told(theirs) == (404, "paper_not_found"), "each receipt has its own papers"
        far = Stranger(registry, clerk.http, alliance="xiaogan")
        assert told(await far.ask(receipt, "papers/removal", paper=paper["id"])) == UNKNOWN[:2]
        nowhere = Stranger(registry, clerk.http, alliance="nowhere")
        assert told(await nowhere.ask(receipt, "papers/removal", paper=paper["id"])) == (404, "alliance_unknown")
        assert (await clerk.http.get(f"{BASE}/attachments/{paper['id']}/content")).status_code == 401
        assert (await shown(stranger, receipt))["items"] == [paper]

    registry.run(scenario)


def test_a_token_holds_for_the_hours_of_a_form(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        token = await token_of(stranger, await stranger.apply())
        registry.clock.advance(timedelta(hours=4))
        assert (await upload(stranger, token)).status_code == 201
        registry.clock.advance(timedelta(seconds=1))
        late = await upload(stranger, token, content=pdf(1))
        assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "form_expired")

    registry.run(scenario)


def test_papers_are_open_until_the_first_review_has_passed(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger, receipt, application = await applied(clerk)
        paper = await added(stranger, receipt)
        await office.done(application, "first-review", {"outcome": "returned", "opinion": "请补充执照。"})
        await added(stranger, receipt, "执照.pdf", 1)
        done = await stranger.ask(receipt, "completion", fields=APPLICATION)
        assert len(done.json()["papers"]["items"]) == 2
        token = await token_of(stranger, receipt)
        await office.done(application, "first-review", {"outcome": "endorsed"})
        assert (await shown(stranger, receipt))["token"] is None
        assert told(await upload(stranger, token, content=pdf(2))) == (409, "papers_closed")
        assert told(await stranger.ask(receipt, "papers/removal", paper=paper["id"])) == (409, "papers_closed")
        assert len(await seen_by(clerk, application)) == 2

    registry.run(scenario)


def test_a_reviewer_learns_that_the_papers_changed_meanwhile(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger, receipt, application = await applied(clerk)
        seen = (await clerk.get(f"/applications/{application['id']}")).headers["ETag"]
        registry.clock.advance(timedelta(seconds=1))
        await added(stranger, receipt)
        path = f"/applications/{application['id']}/first-review"
        assert told(await clerk.post(path, {"outcome": "endorsed"}, If_Match=seen)) == (412, "stale_version")

    registry.run(scenario)


def test_no_papers_are_taken_where_they_are_switched_off(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stranger = Office.of(clerk).stranger()
        token = await token_of(stranger, await stranger.apply())
        clerk.http._transport.app.state.settings = registry.settings.model_copy(  # type: ignore[attr-defined]
            update={"application_papers": 0}
        )
        assert told(await upload(stranger, token)) == (409, "papers_closed")

    registry.run(scenario)


def test_who_reads_them(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger, receipt, application = await applied(clerk)
        paper = await added(stranger, receipt)
        place = f"/attachments/{paper['id']}/content"
        for reader in (clerk, office.head, clerk.acting("county_clerk", division="340822")):
            assert (await reader.get(place)).status_code == 200
            assert len(await seen_by(reader, application)) == 1
        for stranger_to_it in (
            clerk.acting("county_clerk", division="340826"),
            clerk.acting("unit_reporter", member="00000000-0000-7000-8000-000000000001"),
            clerk.acting("secretariat_clerk", alliance="xiaogan"),
        ):
            assert (await stranger_to_it.get(place)).status_code == 404
        leader = clerk.acting("leader")
        assert (await leader.get(f"/applications/{application['id']}")).json()["contact_phone"] is None
        assert (await leader.get(place)).status_code == 404, "a leader sees neither contact nor papers"
        assert await seen_by(leader, application) == []

    registry.run(scenario)


def test_a_member_s_papers_stay_with_its_application(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger, receipt, application = await applied(clerk)
        paper = await added(stranger, receipt)
        await office.done(application, "first-review", {"outcome": "endorsed"})
        await office.done(application, "deliberation", {"outcome": "approved", "opinion": "同意。"})
        await office.done(application, "publicity", {"working_days": 5})
        registry.clock.advance(timedelta(days=8))
        done = await office.done(application, "admission", {"opinion": "准予入会。"})
        steps = (await clerk.get(f"/members/{done['member']}/steps")).json()["items"]
        assert [step["application"] for step in steps] == [application["id"]]
        unit = clerk.acting("unit_reporter", member=done["member"])
        assert [one["id"] for one in await seen_by(unit, application)] == [paper["id"]]
        registry.clock.advance(timedelta(days=DAYS * 20))
        assert await forget(registry) == 0
        assert (await clerk.get(f"/attachments/{paper['id']}/content")).content == pdf()
        assert (await office.found(receipt["number"]))["contact_person"] == APPLICATION["contact_person"]

    registry.run(scenario)


# --- what is forgotten ---


async def ended(office: Office, stranger: Stranger, state: str) -> dict[str, Any]:
    """The receipt of an application with a paper that came to this end."""
    receipt = await stranger.apply()
    await added(stranger, receipt)
    if state == "withdrawn":
        await stranger.ask(receipt, "withdrawal")
    else:
        outcome = {"rejected": "declined", "returned": "returned", "deliberation": "endorsed"}[state]
        application = await office.found(receipt["number"])
        await office.done(application, "first-review", {"outcome": outcome, "opinion": "材料不符。"})
    return receipt


@pytest.mark.parametrize("state", ["rejected", "withdrawn", "returned"])
def test_what_came_to_nothing_is_forgotten_when_its_time_is_over(registry: Registry, state: str) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        receipt = await ended(office, office.stranger(), state)
        application = await office.found(receipt["number"])
        day_before = registry.clock.now().date().isoformat()
        registry.clock.advance(timedelta(days=DAYS))
        assert await forget(registry) == 0, "the last day still counts"
        assert len(await seen_by(clerk, application)) == 1
        registry.clock.advance(timedelta(seconds=1))
        assert await forget(registry) == 1
        assert await forget(registry) == 0
        after = await office.found(receipt["number"])
        assert (after["contact_person"], after["contact_phone"]) == ("", "")
        assert (after["name"], after["state"], after["reason"]) == (APPLICATION["name"], state, APPLICATION["reason"])
        then = (await clerk.get(f"/applications/{application['id']}", as_of=day_before)).json()
        assert (then["contact_person"], then["contact_phone"]) == ("", ""), "nor by looking back"
        assert await seen_by(clerk, application) == []
        for table in ("membership_application", "row_history", "attachment", "audit_entry", "outbox_event"):
            for row in await rows(registry, f"SELECT row_to_json(kept)::text FROM {table} AS kept"):
                assert APPLICATION["contact_person"] not in row
                assert APPLICATION["contact_phone"] not in row
        assert any(
            "membership_application.forget" in row for row in await rows(registry, "SELECT action FROM audit_entry")
        )
        seen = await office.stranger().ask(receipt)
        assert (seen.status_code, seen.json()["fields"]["contact_person"]) == (200, "")

    registry.run(scenario)
    assert stored_files(registry) == []


def test_what_still_goes_on_is_kept(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        receipt = await ended(office, office.stranger(), "deliberation")
        registry.clock.advance(timedelta(days=DAYS * 2))
        assert await forget(registry) == 0
        application = await office.found(receipt["number"])
        assert application["contact_person"] == APPLICATION["contact_person"]
        assert len(await seen_by(clerk, application)) == 1

    registry.run(scenario)


def test_a_paper_counts_as_life_and_the_office_s_own_stays(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger = office.stranger()
        receipt = await ended(office, stranger, "returned")
        application = await office.found(receipt["number"])
        kept = await added_by_office(clerk, application)
        registry.clock.advance(timedelta(days=DAYS - 1))
        await added(stranger, receipt, "执照.pdf", 1)
        registry.clock.advance(timedelta(days=DAYS))
        assert await forget(registry) == 0
        first = (await shown(stranger, receipt))["items"][0]
        gone = await clerk.http.delete(
            f"{BASE}/attachments/{first['id']}", params={"reason": "传错"}, headers=clerk.headers
        )
        assert gone.status_code == 204
        registry.clock.advance(timedelta(seconds=1))
        assert await forget(registry) == 1
        assert [one["id"] for one in await seen_by(clerk, application)] == [kept["id"]]
        await added(stranger, receipt, "新执照.pdf", 3)
        done = await stranger.ask(receipt, "completion", fields=APPLICATION)
        assert done.json()["fields"]["contact_person"] == APPLICATION["contact_person"], "it can still be completed"
        registry.clock.advance(timedelta(days=DAYS * 2))
        assert await forget(registry) == 0, "it goes on again"

    registry.run(scenario)
    assert len(stored_files(registry)) == 2


def test_a_store_that_is_away_keeps_nobody_from_forgetting(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise Unavailable("文件存储暂时无法连接。")

    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        stranger = office.stranger()
        receipt = await ended(office, stranger, "rejected")
        registry.clock.advance(timedelta(days=DAYS + 1))
        monkeypatch.setattr(Storage, "delete", away)
        assert await forget(registry) == 1
        assert await seen_by(clerk, await office.found(receipt["number"])) == []

    registry.run(scenario)
    assert len(stored_files(registry)) == 1, "the sweep takes what no record names"


def test_the_service_forgets_no_history_that_still_counts(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        receipt = await ended(office, office.stranger(), "rejected")
        application = await office.found(receipt["number"])

        async def call(database: Database) -> None:
            async with database.write(ALLIANCE) as session:
                await session.execute(text("SELECT forget_contact_history(:id)"), {"id": application["id"]})

        await with_database(registry, call)
        kept = await rows(registry, "SELECT data ->> 'contact_person' FROM row_history WHERE data ? 'contact_person'")
        assert set(kept) == {APPLICATION["contact_person"]}

    registry.run(scenario)


# --- the rules alone ---


@pytest.mark.parametrize("state", ApplicationState)
def test_the_states_in_which_papers_are_open(state: ApplicationState) -> None:
    limits = PaperLimits(1, 1, 1)
    assert papers_open(state, limits) is (state in {"submitted", "returned"})
    assert papers_open(state, PaperLimits(0, 1, 1)) is False


def test_nothing_that_goes_on_is_forgotten_but_what_waits_for_its_applicant() -> None:
    assert {ApplicationState.RETURNED} == FORGOTTEN & OPEN_STATES
    assert PAPERS_OPEN <= OPEN_STATES
    assert ApplicationState.ADMITTED not in FORGOTTEN | PAPERS_OPEN


@given(
    sizes=st.lists(st.integers(1, 50), max_size=6),
    size=st.integers(1, 50),
    files=st.integers(1, 6),
    together=st.integers(1, 200),
)
def test_whatever_fits_stays_within_both_bounds(sizes: list[int], size: int, files: int, together: int) -> None:
    limits = PaperLimits(files, 50, together)
    if len(sizes) < files and sum(sizes) + size <= together:
        check_paper_fits(sizes, size, limits)
        return
    with pytest.raises(Conflict) as refused:
        check_paper_fits(sizes, size, limits)
    assert refused.value.code == ("too_many_papers" if len(sizes) >= files else "papers_too_large")

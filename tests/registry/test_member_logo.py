"""The logo of a member: a picture among its own attachments, or nothing."""

import asyncio
from typing import Any
from uuid import uuid4

from tests.registry import sample_files as make
from tests.registry.conftest import Caller, Registry, member
from tests.registry.test_attachments import remove, send


async def kept(caller: Caller, subject: str, ending: str = "png", kind: str = "member") -> str:
    """The id of a file that is kept with a record."""
    made = await send(caller, kind, subject, f"标识.{ending}", make.SAMPLES[ending])
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def choose(caller: Caller, unit: dict[str, Any], logo: str | None, **more: Any) -> tuple[int, Any]:
    """Save the unit with a logo: the status, and the logo that stands or the faults told of fields."""
    answer = await caller.put(f"/members/{unit['id']}", member(**{"logo": logo, **more}), "*")
    told = answer.json()
    if answer.status_code == 200:
        return 200, told["logo"]
    return answer.status_code, {(issue["field"], issue["code"]) for issue in told["errors"]}


def test_a_logo_is_a_picture_of_the_unit_itself(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        other = await office.create("/members", member("另一学校"))
        elsewhere = office.acting("secretariat_clerk", alliance="xuancheng")
        abroad = await elsewhere.create("/members", member())
        meant = {"kind": "base", "name": "实训基地", "host_member": unit["id"]}
        base = await office.create("/collaborations", meant)
        gone = await kept(office, unit["id"])
        assert (await remove(office, gone)).status_code == 204
        not_own = {
            "nothing": str(uuid4()),
            "another unit's": await kept(office, other["id"]),
            "another alliance's": await kept(elsewhere, abroad["id"]),
            "its base's": await kept(office, base["id"], kind="collaboration"),
            "removed": gone,
        }
        for name, logo in not_own.items():
            assert await choose(office, unit, logo) == (422, {("logo", "logo_not_own")}), name
        for ending in sorted(set(make.SAMPLES) - {"png", "jpg", "jpeg"}):
            logo = await kept(office, unit["id"], ending)
            assert await choose(office, unit, logo) == (422, {("logo", "logo_not_picture")}), ending
        for ending in ("png", "jpg"):
            logo = await kept(office, unit["id"], ending)
            assert await choose(office, unit, logo) == (200, logo)
        assert await choose(office, unit, "") == (200, None)

    registry.run(scenario)


def test_a_unit_that_is_entered_has_no_logo_yet(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        other = await office.create("/members", member())
        answer = await office.post("/members", member("新学校", logo=await kept(office, other["id"])))
        assert answer.status_code == 422
        assert [issue["code"] for issue in answer.json()["errors"]] == ["logo_not_own"]

    registry.run(scenario)


def test_faults_of_the_logo_are_told_with_the_others(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        await office.create("/members", member("另一学校"))
        told = await choose(office, unit, str(uuid4()), name="另一学校")
        assert told == (422, {("name", "name_taken"), ("logo", "logo_not_own")})

    registry.run(scenario)


def test_the_logo_in_use_is_not_removed(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        logo = await kept(office, unit["id"])
        assert await choose(office, unit, logo) == (200, logo)
        refused = await remove(office, logo)
        assert (refused.status_code, refused.json()["code"]) == (409, "attachment_is_logo")
        assert await choose(office, unit, logo, address="甲路 1 号") == (200, logo)
        assert await choose(office, unit, None) == (200, None)
        assert (await remove(office, logo)).status_code == 204
        assert await choose(office, unit, logo) == (422, {("logo", "logo_not_own")})

    registry.run(scenario)


def test_a_picture_that_is_chosen_and_removed_at_once_is_one_of_both(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        for _ in range(12):
            logo = await kept(office, unit["id"])
            (chosen, _), removed = await asyncio.gather(choose(office, unit, logo), remove(office, logo))
            assert (chosen, removed.status_code) in {(200, 409), (422, 204)}

    registry.run(scenario)


def test_a_logo_does_not_go_to_practice_where_its_file_is_not(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        unit = await office.create("/members", member())
        logo = await kept(office, unit["id"])
        assert await choose(office, unit, logo) == (200, logo)
        assert (await office.post("/practice/members", {})).status_code == 200
        practice = office.acting("secretariat_clerk", alliance="anqing-practice")
        assert (await practice.get(f"/members/{unit['id']}")).json()["logo"] is None
        assert (await office.get(f"/members/{unit['id']}")).json()["logo"] == logo

    registry.run(scenario)

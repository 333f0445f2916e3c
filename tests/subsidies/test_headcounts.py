"""The headcount of a class on a day, as the registry asks for it: the people whom a settlement of that day counts."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from services.subsidies.clients.registry import RegistryFacts
from services.subsidies.rules.bulk_classes import headcounts
from services.subsidies.rules.facts import Facts
from tests.subsidies.world import API, World, student, unit_id

pytestmark = pytest.mark.anyio
SCHOOL = str(unit_id("hn"))
IN_CLASS = {"class_code": "QC-01", "claimed_rule": "不申报"}


async def ask(world: World, day: str | None = None, **changes: Any) -> Any:
    headers = {**world.signer.headers("service", alliance=None), "Hub-Alliance": "anqing"}
    asked = {"school": SCHOOL, "class_code": "QC-01", **({"day": day} if day else {}), **changes}
    return await world.client.get(f"{API}/class-headcounts", params=asked, headers=headers)


async def test_who_enrolled_by_the_day_and_had_not_left_before_counts(world: World) -> None:
    await world.students(
        "340822",
        student(1, **IN_CLASS, enrolled_on="2025-09-01"),
        student(2, **IN_CLASS, enrolled_on="2025-09-01", status="离校", left_on="2025-11-10"),
        student(3, **IN_CLASS, enrolled_on="2025-10-08"),
        student(4, claimed_rule="不申报", class_code="QC-02"),
        student(5, claimed_rule="不申报"),
    )
    for day, count in (
        ("2025-08-31", 0),
        ("2025-09-01", 2),
        ("2025-10-07", 2),
        ("2025-10-08", 3),
        ("2025-11-10", 3),
        ("2025-11-11", 2),
    ):
        answer = (await ask(world, day)).json()
        assert (answer["headcount"], answer["day"]) == (count, day)
        assert (answer["taken_in_at"] is not None) is (count > 0)
    today = (await ask(world)).json()
    assert (today["headcount"], today["school"], today["class_code"]) == (2, SCHOOL, "QC-01")
    assert (await ask(world, school=str(unit_id("azy")))).json()["headcount"] == 0


async def test_a_person_on_two_rosters_counts_once_and_as_the_settlement_counts(world: World) -> None:
    rows = [student(n, **IN_CLASS, enrolled_on=str(date(2025, 9, 1) + timedelta(n))) for n in range(1, 8)]
    rows[2] |= {"status": "离校", "left_on": "2025-10-01"}
    await world.students("340822", *rows)
    await world.students("secretariat", *rows[:4], year=2024)
    table = await world.sql(
        "SELECT person_key, enrolled_on, left_on FROM student WHERE superseded_seq IS NULL AND class_code = 'QC-01'"
    )
    people = pl.DataFrame(
        [(bytes(r.person_key), r.enrolled_on, r.left_on, "s", "c") for r in table],
        schema={
            "person_key": pl.Binary,
            "enrolled_on": pl.Date,
            "left_on": pl.Date,
            "school": pl.String,
            "class_code": pl.String,
        },
        orient="row",
    )
    classes = pl.DataFrame({"class_no": [1], "school": ["s"], "class_code": ["c"]})
    for back in range(0, 90, 3):
        day = date(2025, 11, 29) - timedelta(back)
        facts = Facts(students=people, classes=classes, recognitions=pl.DataFrame())
        settled = headcounts(facts, day)["headcount"].item()
        assert (await ask(world, day.isoformat())).json()["headcount"] == settled, day


async def test_it_is_for_services_and_of_one_alliance(world: World) -> None:
    await world.students("340822", student(1, **IN_CLASS))
    asked = {"school": SCHOOL, "class_code": "QC-01"}
    for who in ("secretariat", "340822", "leader"):
        assert (await world.get(who, "/class-headcounts", **asked)).status_code == 403
    elsewhere = {**world.signer.headers("service", alliance=None), "Hub-Alliance": "xiaogan"}
    answer = await world.client.get(f"{API}/class-headcounts", params=asked, headers=elsewhere)
    assert answer.json()["headcount"] == 0
    bad = await ask(world, class_code="")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "class_code")


async def test_the_lapse_of_a_recognition_does_not_reach_a_settlement() -> None:
    """The snapshot tells when a plate lapses; the rules of 2024 know grants and withdrawals alone."""
    grant = {"id": str(unit_id("g")), "level": "provincial", "granted_on": "2025-01-01", "document_number": "x"}
    content = {"as_of": "2025-12-01T00:00:00Z", "members": []}
    base = {"id": str(unit_id("c")), "kind": "industry_college", "name": "甲"}
    plain = RegistryFacts.read("1", {**content, "collaborations": [{**base, "recognitions": [grant]}]})
    lapsing = {**grant, "lapses_on": "2025-06-01"}
    told = RegistryFacts.read("1", {**content, "collaborations": [{**base, "recognitions": [lapsing]}]})
    assert told == plain

"""Taking in rosters: faults at the right lines, nothing twice, nothing raw, past rosters readable."""

import pytest

from services.subsidies.domain import RosterKind
from tests.subsidies.world import COUNTY, World, school_class, student

pytestmark = pytest.mark.anyio


async def test_a_sound_roster_is_taken_in(world: World) -> None:
    done = await world.students(COUNTY, student(1), None, student(2, school="怀宁职校"), student(3))
    assert done["state"] == "done", done
    assert (done["total_rows"], done["new_rows"], done["rejected_rows"], done["sequence"]) == (3, 3, 0, 1)
    page = await world.read(COUNTY, "/students", year=2025)
    assert page["total"] == 3
    classes = await world.classes(COUNTY, school_class("C1"))
    assert classes["new_rows"] == 1
    again = await world.upload(COUNTY, RosterKind.STUDENTS, b"not a workbook \x00")
    assert again.status_code == 202

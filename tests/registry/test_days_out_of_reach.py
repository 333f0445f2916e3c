"""Every route that takes a day refuses one that no record reaches, and counts on from the last that it takes."""

import re
from typing import Any, Final
from uuid import uuid4

from services.registry.schemas.coverage import EARLIEST_DAY, LATEST_DAY
from tests.registry.conftest import Caller, Registry, services_of

BEYOND: Final = ("0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31")
ABOUT: Final = {"subject_kind": "member", "subject": str(uuid4()), "year": "2025"}
"""What some of these routes want to know besides."""


def asking_for_a_day(document: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Each such route with some id in its path, and with every condition switched on that is a yes or no."""
    found = []
    for path, operations in document["paths"].items():
        parameters = {one["name"]: one for one in operations.get("get", {}).get("parameters", [])}
        if "as_of" in parameters:
            flags = [name for name, one in parameters.items() if one["schema"].get("type") == "boolean"]
            known = {name: value for name, value in ABOUT.items() if name in parameters}
            place = re.sub(r"\{[^}]*\}", str(uuid4()), path.replace("{kind}", "majors"))
            found.append((place, {**known, **dict.fromkeys(flags, "true")}))
    return found


def test_a_day_that_no_record_reaches_is_refused_and_the_last_one_is_taken(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        app = caller.http._transport.app  # type: ignore[attr-defined]
        routes = asking_for_a_day(app.openapi())
        assert len(routes) > 40, "the routes of the registry that look back"
        for path, query in routes:
            headers = (services_of(caller) if path.endswith("/snapshot") else caller).headers
            for day in BEYOND:
                refused = await caller.http.get(path, params={**query, "as_of": day}, headers=headers)
                assert refused.status_code == 422, (path, day, refused.text)
                told = {(issue["field"], issue["code"]) for issue in refused.json()["errors"]}
                assert told == {("as_of", "day_out_of_range")}, (path, day)
            for last in (EARLIEST_DAY, LATEST_DAY):
                params = {**query, "as_of": last.isoformat()}
                taken = await caller.http.get(path, params=params, headers=headers)
                assert taken.status_code in (200, 404), (path, last, taken.text)

    registry.run(scenario)

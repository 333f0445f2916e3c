"""The demonstration's files, written once for all of these tests, and the settlement worked out by hand."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hub.demo.alliance import MEMBERS
from hub.demo.rosters import RosterFile, write_rosters
from tests.demo.reading import Facts, Taken, take_in


@pytest.fixture(scope="session")
def rosters(tmp_path_factory: pytest.TempPathFactory) -> list[RosterFile]:
    return write_rosters(tmp_path_factory.mktemp("rosters"))


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    text = Path(__file__).with_name("expected_2025.yaml").read_text(encoding="utf-8")
    return dict(YAML(typ="safe").load(text))


@pytest.fixture(scope="session")
def taken(rosters: list[RosterFile]) -> dict[str, Taken]:
    """What the plain reader takes in and sends back, by file name."""
    schools = {text for member in MEMBERS for text in (member.name, member.alias, member.uscc)}
    return {file.path.name: take_in(file.path, schools) for file in rosters}


@pytest.fixture(scope="session")
def facts(taken: dict[str, Taken]) -> Facts:
    members = {
        text: (member.name, member.category, member.division)
        for member in MEMBERS
        for text in (member.name, member.alias, member.uscc)
    }
    found = Facts(members, [], [])
    for name, part in taken.items():
        target = found.students if "-students-" in name else found.classes
        for _, row in part.rows:
            row["school"] = members[row["school"]][0]
            if "id_number" in row:
                row["id_number"] = row["id_number"].upper()
            target.append(row)
    return found

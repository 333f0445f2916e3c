"""Each policy document's structure, adopted into an empty registry and read back as its golden file states it."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.kernel import registry_words as words
from services.kernel.policy.vocabulary import BODY_KIND_LABELS, SUCCESSION_LABELS
from tests.policy.packs import copy_of
from tests.registry.conftest import Caller, Registry
from tests.registry.governance_world import POLICIES, apply_pack

PACKS = sorted(path.parents[1].name for path in POLICIES.glob("*/golden/structure.yaml"))
KINDS = {str(kind): label for kind, label in BODY_KIND_LABELS.items()}
SUCCESSIONS = {str(mode): label for mode, label in SUCCESSION_LABELS.items()}


def golden(pack: str) -> dict[str, Any]:
    """The golden file of a pack, with what it leaves out filled in as nothing."""
    stated: dict[str, Any] = YAML(typ="safe").load(POLICIES / pack / "golden" / "structure.yaml")
    return stated


def alliance_of(pack: str) -> str:
    document: dict[str, Any] = YAML(typ="safe").load(POLICIES / pack / "document.yaml")
    code: str = document["alliance"]["code"]
    return code


def as_stated(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """The named facts in the golden file's way: what is not known is left out, dates are dates."""
    return {name: found[name] for name in names if found.get(name) not in (None, [], "")}


def stated_seat(seat: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {name: value for name, value in seat.items() if name != "since"}
    return {**facts, "since": seat["since"].isoformat()} if "since" in seat else facts


def stated_body(body: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "aliases", "kind", "parent", "host", "host_options", "succession")
    seats = [stated_seat(seat) for seat in body.get("seats", [])]
    return {**as_stated(body, *names), **({"seats": seats} if seats else {})}


def read_body(body: dict[str, Any]) -> dict[str, Any]:
    shown = {**body, "kind": KINDS[body["kind"]], "succession": SUCCESSIONS.get(body["succession"] or "")}
    seats = [as_stated(seat, "title", "unit", "post", "holder", "count", "since") for seat in body["seats"]]
    names = ("name", "aliases", "kind", "parent", "host", "host_options", "succession")
    return {**as_stated(shown, *names), **({"seats": seats} if seats else {})}


def read_collaboration(one: dict[str, Any]) -> dict[str, Any]:
    shown = {**one, "kind": words.COLLABORATION_KINDS[one["kind"]], "partners": sorted(one["partners"])}
    return as_stated(shown, "kind", "name", "host", "lead", "partners")


def stated_collaboration(one: dict[str, Any]) -> dict[str, Any]:
    return as_stated({**one, "partners": sorted(one.get("partners", []))}, "kind", "name", "host", "lead", "partners")


async def adopted(registry: Registry, caller: Caller, pack: str) -> Caller:
    """The pack applied and its structure adopted; answers the secretariat of the pack's alliance."""
    alliance = alliance_of(pack)
    await apply_pack(registry, pack, alliance)
    office = caller.acting("secretariat_clerk", alliance=alliance)
    answer = await office.post("/structure/adoption", {"pack": pack})
    assert answer.status_code == 200, answer.text
    assert answer.json()["skipped"] == 0, [one for one in answer.json()["items"] if one["outcome"] == "skipped"]
    return office


def test_all_five_documents_have_a_golden_structure() -> None:
    assert PACKS == ["anqing-2024", "chenzhou-2021", "community-2025", "enan-2021", "xiaogan-2023"]


@pytest.mark.parametrize("pack", PACKS)
def test_the_structure_reads_back_as_the_document_states_it(registry: Registry, pack: str) -> None:
    stated = golden(pack)

    async def scenario(caller: Caller) -> None:
        office = await adopted(registry, caller, pack)
        found = (await office.get("/structure")).json()
        assert [read_body(body) for body in found["bodies"]] == [stated_body(body) for body in stated["bodies"]]
        leads = [as_stated(lead, "unit", "scope") for lead in found["leads"]]
        assert leads == stated["leads"]
        members = {one["name"]: words.MEMBER_CATEGORIES[one["category"]] for one in found["members"]}
        assert set(members) == {one["name"] for one in stated["members"]}
        said = {one["name"]: one["category"] for one in stated["members"] if "category" in one}
        assert {name: members[name] for name in said} == said
        built = [stated_collaboration(one) for one in stated.get("collaborations", [])]
        key = lambda one: (one["kind"], one["name"])  # noqa: E731
        assert sorted(map(read_collaboration, found["collaborations"]), key=key) == sorted(built, key=key)

    registry.run(scenario)


@pytest.mark.parametrize("pack", PACKS)
def test_the_formula_reads_back_with_those_that_hold_its_places(registry: Registry, pack: str) -> None:
    stated = golden(pack).get("formula")

    async def scenario(caller: Caller) -> None:
        office = await adopted(registry, caller, pack)
        formula = (await office.get("/structure")).json()["formula"]
        if stated is None:
            assert formula is None
            return
        assert formula["name"] == stated["name"]
        roles = [as_stated(role, "label", "name", "members") for role in formula["roles"]]
        assert roles == stated["roles"]

    registry.run(scenario)


@pytest.mark.parametrize("pack", PACKS)
def test_a_second_adoption_changes_nothing(registry: Registry, pack: str) -> None:
    async def scenario(caller: Caller) -> None:
        office = await adopted(registry, caller, pack)
        before = (await office.get("/structure")).json()
        again = (await office.post("/structure/adoption", {"pack": pack})).json()
        assert (again["made"], again["changed"], again["skipped"]) == (0, 0, 0)
        assert again["found"] > 5
        assert (await office.get("/structure")).json() == before

    registry.run(scenario)


@pytest.mark.parametrize(("said", "entered"), [({}, None), ({"湖北工程学院": "university"}, "university")])
def test_a_unit_without_a_category_is_a_member_only_if_the_secretariat_says_which(
    registry: Registry, tmp_path: Path, said: dict[str, str], entered: str | None
) -> None:
    pack = "xiaogan-2023"
    unstated = copy_of(POLICIES / pack, tmp_path)
    unstated.replace("structure.yaml", "name: 湖北工程学院, category: university", "name: 湖北工程学院, category: null")

    async def scenario(caller: Caller) -> None:
        await apply_pack(registry, pack, alliance_of(pack), tmp_path)
        office = caller.acting("secretariat_clerk", alliance=alliance_of(pack))
        answer = (await office.post("/structure/adoption", {"pack": pack, "categories": said})).json()
        left_out = [one["name"] for one in answer["items"] if one["outcome"] == "skipped"]
        assert left_out == ([] if entered else ["湖北工程学院"])
        found = (await office.get("/structure")).json()
        assert {one["name"]: one["category"] for one in found["members"]}.get("湖北工程学院") == entered
        deputies = [seat for seat in found["bodies"][0]["seats"] if seat["unit"] == "湖北工程学院"]
        assert [seat["holder"] for seat in deputies] == ["丁远坤"]

    registry.run(scenario)


def test_the_facts_of_a_base_are_kept_with_it(registry: Registry) -> None:
    stated = golden("enan-2021")["collaborations"][-1]

    async def scenario(caller: Caller) -> None:
        office = await adopted(registry, caller, "enan-2021")
        built = (await office.get("/structure")).json()["collaborations"]
        base = next(one for one in built if one["name"] == stated["name"])
        assert float(base["details"]["area_square_metres"]) == stated["facts"]["area_square_metres"]
        assert [centre["name"] for centre in base["details"]["centres"]] == stated["facts"]["centres"]

    registry.run(scenario)

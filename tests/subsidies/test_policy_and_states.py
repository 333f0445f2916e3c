"""Applying a pack, transitions as tables, masks, and the narrow models of the registry."""

import copy
from typing import Any

import pytest

from services.kernel.errors import Conflict, InvalidInput
from services.kernel.policy.canonical import pack_parts, sha256_of
from services.kernel.policy.loader import load_pack
from services.kernel.policy_versions import AppliedVersion
from services.subsidies.commands.apply_policy import apply_policy
from services.subsidies.domain import (
    CLAIM_TRANSITIONS,
    SETTLEMENT_TRANSITIONS,
    ClaimAction,
    ClaimState,
    SettlementAction,
    SettlementState,
    mask_name,
    next_claim_state,
    next_settlement_state,
)
from services.subsidies.queries.policy import current_policy, policy_at
from tests.subsidies.world import PACK, World, apply_anqing, clerk

anyio = pytest.mark.anyio


def parts() -> dict[str, dict[str, Any]]:
    loaded = load_pack(PACK)
    assert loaded.pack is not None
    return {part.part: copy.deepcopy(part.payload) for part in pack_parts(loaded.pack)}


async def apply(world: World, content: dict[str, dict[str, Any]]) -> AppliedVersion:
    hashes = {name: sha256_of(part) for name, part in content.items()}
    async with world.database.write("anqing") as session:
        return await apply_policy(session, world.clock, clerk(), "anqing-2024", content, hashes)


@anyio
async def test_the_same_pack_again_is_no_new_version_and_a_changed_one_is(world: World) -> None:
    again = await apply_anqing(world.database, world.clock)
    assert (again.version, again.changed) == (1, False)
    changed = parts()
    changed["subsidies"]["rules"][4]["parameters"]["amount"][0]["value"] = "600"
    applied = await apply(world, changed)
    assert (applied.version, applied.changed) == (2, True)
    renamed = copy.deepcopy(changed)
    renamed["document"]["title"] = "修订后的标题"
    assert (await apply(world, renamed)).version == 3
    async with world.database.read("anqing") as session:
        now = await current_policy(session, "anqing")
        first = await policy_at(session, "anqing", "anqing-2024", 1)
    assert (now.version, now.document["title"]) == (3, "修订后的标题")
    amounts = [policy.book.terms(2025, world.clock.now().date()).rules[4].amount_fen for policy in (first, now)]
    assert amounts == [50_000, 60_000]


@anyio
async def test_rules_that_cannot_be_settled_are_not_applied(world: World) -> None:
    wrong = parts()
    wrong["subsidies"]["rules"][0]["budget"] = "no_such_budget"
    with pytest.raises(InvalidInput) as caught:
        await apply(world, wrong)
    assert caught.value.issues[0].code == "rules_unusable"
    nowhere = parts()
    nowhere["document"]["alliance"]["division"] = None
    with pytest.raises(InvalidInput):
        await apply(world, nowhere)
    async with world.database.read("anqing") as session:
        assert (await current_policy(session, "anqing")).version == 1
    async with world.database.read("xiaogan") as session:
        with pytest.raises(Conflict) as missing:
            await current_policy(session, "xiaogan")
    assert missing.value.code == "policy_missing"


@anyio
async def test_without_a_policy_nothing_begins(world: World) -> None:
    world.alliance = "xiaogan"
    answers = [
        await world.post("secretariat", "/settlements", {"year": 2025, "snapshot_date": "2025-11-30"}),
        await world.post("secretariat", "/claims", {"year": 2025, "rule": "sending_award"}),
        await world.get("secretariat", "/rules"),
        await world.get("secretariat", "/rosters/template.xlsx", kind="students"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "policy_missing")] * 4


@pytest.mark.parametrize("state", ClaimState)
@pytest.mark.parametrize("action", ClaimAction)
def test_a_claim_moves_only_as_the_table_says(state: ClaimState, action: ClaimAction) -> None:
    if (state, action) in CLAIM_TRANSITIONS:
        assert next_claim_state(state, action) is CLAIM_TRANSITIONS[state, action]
        return
    with pytest.raises(Conflict) as caught:
        next_claim_state(state, action)
    assert state.label in caught.value.detail


@pytest.mark.parametrize("state", SettlementState)
@pytest.mark.parametrize("action", SettlementAction)
def test_a_settlement_moves_only_as_the_table_says(state: SettlementState, action: SettlementAction) -> None:
    if (state, action) in SETTLEMENT_TRANSITIONS:
        assert next_settlement_state(state, action) is SETTLEMENT_TRANSITIONS[state, action]
        return
    with pytest.raises(Conflict):
        next_settlement_state(state, action)


def test_nothing_leaves_withdrawn_and_nothing_leaves_confirmed() -> None:
    assert not [key for key in CLAIM_TRANSITIONS if key[0] is ClaimState.WITHDRAWN]
    assert not [key for key in SETTLEMENT_TRANSITIONS if key[0] is SettlementState.CONFIRMED]


@pytest.mark.parametrize(("name", "masked"), [("王小明", "王**"), ("王䶮", "王*"), ("王", "王"), ("欧阳修远", "欧***")])
def test_names_are_masked_after_their_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@anyio
async def test_the_description_of_the_api_names_every_path_with_examples(world: World) -> None:
    answer = await world.client.get("/api/subsidies/v1/openapi.json")
    described = answer.json()
    paths = {path.removeprefix("/api/subsidies/v1") for path in described["paths"]}
    assert {
        "/roster-imports",
        "/roster-imports/{import_id}/errors.xlsx",
        "/rosters/template.xlsx",
        "/rosters/summary",
        "/students",
        "/classes",
        "/rules",
        "/claims/{claim_id}/submission",
        "/claims/{claim_id}/acceptance",
        "/claims/{claim_id}/return",
        "/claims/{claim_id}/withdrawal",
        "/todos",
        "/settlements/{settlement_id}/lines/{line_no}",
        "/settlements/{settlement_id}/confirmation",
        "/settlements/{settlement_id}/verification",
        "/settlements/{settlement_id}/payment-table.xlsx",
    } <= paths
    form = described["paths"]["/api/subsidies/v1/roster-imports"]["post"]["requestBody"]["content"]
    assert set(form["multipart/form-data"]["schema"]["required"]) == {"kind", "year", "file"}
    for name in ("ClaimCreate", "SettlementCreate", "ReturnOpinion"):
        assert described["components"]["schemas"][name]["examples"]
    untold = [
        f"{method} {path}"
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api") and not operation.get("summary")
    ]
    assert untold == []

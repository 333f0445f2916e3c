"""Merged documents: what an audience may call and nothing else, under names that mean one thing."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.reference.audiences import AUDIENCES, Audience, Flow
from services.gateway.reference.merging import SCHEMAS, clashing, merged, references
from services.kernel.openapi import PROBLEM, problem_answer
from services.kernel.permissions import GRANTS, Permission, Role

COUNTY, MEMBER, INTERNAL = (AUDIENCES[code] for code in ("county", "member", "internal"))
PARTS = ("identity", "registry", "targets", "subsidies", "exchange")


def operation(schema: str, *ways: list[str], **more: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": SCHEMAS + schema}}}
    told = {"summary": "读取", "responses": {"200": {"description": "Successful Response", "content": content}}, **more}
    return {**told, "x-permissions": list(ways)} if ways else told


def service(name: str, schemas: dict[str, Any], **paths: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1"},
        "paths": {f"/api/{name}/v1/{path}": {"get": item} for path, item in paths.items()},
        "components": {"schemas": schemas, "securitySchemes": {"HTTPBearer": {"type": "http", "scheme": "bearer"}}},
    }


def whole(audience: Audience, **parts: dict[str, Any]) -> dict[str, Any]:
    empty = {name: service(name, {}) for name in PARTS}
    return merged({**empty, **parts}, audience, "https://hub.example")


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def test_an_audience_sees_what_one_of_its_roles_may_call() -> None:
    document = service(
        "subsidies",
        {"A": TEXT, "B": NUMBER, "C": TEXT, "D": TEXT},
        everyone=operation("A"),
        submit=operation("B", ["subsidies:submit"]),
        confirm=operation("C", ["subsidies:confirm"]),
        either=operation("D", ["subsidies:confirm"], ["clients:own"]),
        both=operation("D", ["subsidies:submit", "audit:read"]),
    )

    def seen(audience: Audience) -> set[str]:
        return {path.rpartition("/")[2] for path in whole(audience, subsidies=document)["paths"]}

    assert seen(COUNTY) == {"everyone", "submit", "either"}
    assert seen(MEMBER) == {"everyone", "submit"}
    assert seen(INTERNAL) == {"everyone", "submit", "confirm", "either"}, "no one role holds both"
    assert set(whole(MEMBER, subsidies=document)["components"]["schemas"]) == {"A", "B", "Problem"}


def test_one_role_must_hold_a_whole_alternative() -> None:
    """County clerk and reviewer together hold more than either; an operation is for one caller, not for a pair."""
    only_reviewer = GRANTS[Role.COUNTY_REVIEWER] - GRANTS[Role.COUNTY_CLERK]
    assert only_reviewer == {Permission.UNIT_MANAGE}
    pair = Audience("x", "x", (Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN), (), "")
    assert pair.may_use([["audit:read"]])
    assert not pair.may_use([["audit:read", "accounts:manage"]])


def test_schemas_of_one_name_are_told_apart_when_they_differ() -> None:
    list_of = {"type": "array", "items": {"$ref": SCHEMAS + "Item"}}
    registry = service(
        "registry", {"List": list_of, "Item": TEXT, "Same": TEXT}, a=operation("List"), s=operation("Same")
    )
    targets = service(
        "targets", {"List": list_of, "Item": NUMBER, "Same": TEXT}, a=operation("List"), s=operation("Same")
    )
    document = whole(COUNTY, registry=registry, targets=targets)
    schemas = document["components"]["schemas"]
    assert set(schemas) == {"Problem", "Same", *(f"{p}_{n}" for p in ("registry", "targets") for n in ("Item", "List"))}
    assert schemas["targets_List"]["items"]["$ref"] == SCHEMAS + "targets_Item"
    answer = document["paths"]["/api/registry/v1/a"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"] == SCHEMAS + "registry_List"


def test_a_discriminator_follows_the_new_name() -> None:
    kinds = {"oneOf": [{"$ref": SCHEMAS + "Item"}], "discriminator": {"mapping": {"x": SCHEMAS + "Item"}}}
    one = service("registry", {"Kinds": kinds, "Item": TEXT}, a=operation("Kinds"))
    other = service("targets", {"Item": NUMBER}, a=operation("Item"))
    schemas = whole(COUNTY, registry=one, targets=other)["components"]["schemas"]
    assert schemas["Kinds"]["discriminator"]["mapping"] == {"x": SCHEMAS + "registry_Item"}


def test_schemas_that_refer_to_themselves_are_taken_once() -> None:
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": SCHEMAS + "Tree"}}}}
    document = whole(COUNTY, registry=service("registry", {"Tree": tree}, a=operation("Tree")))
    assert document["components"]["schemas"]["Tree"] == tree


@given(
    st.dictionaries(st.sampled_from("ABCD"), st.tuples(st.integers(0, 2), st.sampled_from(["", *"ABCD"]))), st.data()
)
def test_equal_services_never_clash_and_a_clash_spreads_to_whoever_refers_to_it(
    shape: dict[str, tuple[int, str]], data: st.DataObject
) -> None:
    def schema(maximum: int, ref: str) -> dict[str, Any]:
        return {"maximum": maximum, **({"$ref": SCHEMAS + ref} if ref else {})}

    one = {name: schema(*content) for name, content in shape.items()}
    assert clashing({"a": one, "b": dict(one)}) == set()
    if one:
        changed = data.draw(st.sampled_from(sorted(one)))
        other = {**one, changed: {**one[changed], "maximum": 9}}
        found = clashing({"a": one, "b": other})
        assert changed in found
        assert all(name in found for name in one if any(ref in found for ref in references(one[name])))


def test_a_part_that_cannot_be_read_is_named() -> None:
    parts: dict[str, Any] = {name: service(name, {"A": TEXT}, a=operation("A")) for name in PARTS}
    info = merged({**parts, "subsidies": None}, COUNTY, "https://hub.example")["info"]
    assert info["x-missing-parts"] == ["subsidies"]
    assert "奖补资金暂时无法读取" in info["description"]
    assert "x-missing-parts" not in merged(parts, COUNTY, "https://hub.example")["info"]


def test_how_a_caller_signs_in() -> None:
    schemes = {code: whole(audience)["components"]["securitySchemes"]["hub"] for code, audience in AUDIENCES.items()}
    program = schemes["county"]["flows"][Flow.PROGRAM]
    assert program["tokenUrl"] == "https://hub.example/oauth/token"
    assert program["scopes"]["subsidies:submit"] == "报送名册、提出申报"
    assert "subsidies:confirm" not in program["scopes"]
    assert set(schemes["member"]["flows"]) == {Flow.PERSON}
    asked = operation("A", ["subsidies:submit"], ["clients:own"])
    document = whole(COUNTY, subsidies=service("subsidies", {"A": TEXT}, a=asked))
    security = document["paths"]["/api/subsidies/v1/a"]["get"]["security"]
    assert security == [{"hub": ["subsidies:submit"]}, {"hub": ["clients:own"]}]


def test_what_the_framework_says_in_english_is_left_out() -> None:
    record = {
        "type": "object",
        "title": "Record",
        "description": "One row as engineers see it.",
        "properties": {
            "title": {"type": "string", "description": "名称", "title": "Title"},
            "description": {"type": "string"},
        },
        "example": {"title": "English stays in an example", "description": "x"},
    }
    asked = operation("Record", description="Return it.")
    asked["responses"] |= {status: problem_answer("填写内容有误") for status in ("404", "422")}
    schemas = {"Record": record, "Problem": PROBLEM}
    document = whole(COUNTY, registry=service("registry", schemas, a=asked))
    found = document["components"]["schemas"]
    assert set(found) == {"Record", "Problem"}
    assert found["Record"] == {
        "type": "object",
        "properties": {"title": {"type": "string", "description": "名称"}, "description": {"type": "string"}},
        "example": record["example"],
    }
    answers = document["paths"]["/api/registry/v1/a"]["get"]["responses"]
    assert set(answers) == {"200", "422", "default"}, "the other failures are told once, as the default"
    assert answers["200"]["description"] == "成功"
    for status in ("422", "default"):
        assert list(answers[status]["content"]) == ["application/problem+json"]
    assert "description" not in document["paths"]["/api/registry/v1/a"]["get"]


@pytest.mark.parametrize("path", ["/internal/revocations", "/api/targets/v1/x", "/metrics", "/api/nothing/v1/x"])
def test_what_the_gateway_does_not_route_to_a_service_is_not_offered(path: str) -> None:
    document = service("registry", {"A": TEXT})
    document["paths"][path] = {"get": operation("A")}
    assert whole(INTERNAL, registry=document)["paths"] == {}


def strings(node: Any, key: str) -> Iterator[str]:
    """Every text under `key`, wherever it stands."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                yield value
            yield from strings(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value, key)

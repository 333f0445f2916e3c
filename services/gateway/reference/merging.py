"""One OpenAPI document for an audience, merged from those of the services. Pure.

Each service describes itself in a FastAPI document whose operations carry `x-permissions` (`kernel/openapi.py`). Here
operations that the audience may not call are left out, with every schema that only they use; schemas of one name that
differ between services get the service before their name; and what FastAPI writes in English is left out or said in
Chinese, because docstrings are for engineers.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.gateway.reference.audiences import CONVENTIONS, Audience, Flow
from services.gateway.routes import API_SERVICES, PART_LABELS, route_of
from services.kernel.openapi import PROBLEM, problem_answer
from services.kernel.permissions import PERMISSION_LABELS, Permission

Document = dict[str, Any]
ORDER = sorted(API_SERVICES, key="identity".__eq__)  # the services in their order, one's own account last
SCHEMAS = "#/components/schemas/"
METHODS = ("get", "post", "put", "patch", "delete")
SCHEME = "hub"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
VALUES = frozenset({"example", "examples", "default", "enum", "const", "required"})
"""Keywords that hold values and no schemas."""
STATUS_SENTENCES = {
    "200": "成功",
    "201": "已新建",
    "202": "已受理，进度见 Location",
    "204": "成功，没有内容",
    "303": "转到别处",
    "304": "没有变化",
    "422": "填写内容有误，errors 列出每一处",
}


def merged(parts: Mapping[str, Document | None], audience: Audience, public_url: str) -> Document:
    """The document of an audience; a part that is None could not be read, and the document says so."""
    read = {name: document for name in ORDER if (document := parts.get(name)) is not None}
    cut = {name: _cut(name, document, audience) for name, document in read.items()}
    schemas = _renamed_apart({name: document["components"]["schemas"] for name, document in cut.items()}, cut)
    missing = [name for name in API_SERVICES if name not in read]
    paths = {path: item for document in cut.values() for path, item in document["paths"].items()}
    return {
        "openapi": "3.1.0",
        "info": _info(audience, missing),
        "servers": [{"url": public_url, "description": "本中枢"}],
        "tags": [{"name": PART_LABELS[name]} for name, document in cut.items() if document["paths"]],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "securitySchemes": {SCHEME: _security_scheme(audience, public_url)},
        },
    }


def _info(audience: Audience, missing: list[str]) -> Document:
    paragraphs = [audience.opening, *CONVENTIONS]
    info: Document = {"title": f"职教联盟信息交换中枢接口（{audience.label}）", "version": "1"}
    if missing:
        labels = "、".join(PART_LABELS[name] for name in missing)
        paragraphs.append(f"注意：{labels}暂时无法读取，本文档缺少这些部分的接口，稍后再看。")
        info["x-missing-parts"] = missing
    return {**info, "description": "\n\n".join(paragraphs)}


def _security_scheme(audience: Audience, public_url: str) -> Document:
    scopes = {str(p): PERMISSION_LABELS[p] for p in Permission if p in audience.permissions}
    token = {"tokenUrl": f"{public_url}/oauth/token", "scopes": scopes}
    flows = {Flow.PROGRAM: token, Flow.PERSON: {"authorizationUrl": f"{public_url}/oauth/authorize", **token}}
    return {
        "type": "oauth2",
        "description": "由本中枢签发的访问令牌",
        "flows": {str(flow): flows[flow] for flow in audience.flows},
    }


# --- one service's part ---


def _cut(part: str, document: Document, audience: Audience) -> Document:
    """A service's document with only what the audience may call, and the schemas that this uses."""
    paths: Document = {}
    for path, item in document.get("paths", {}).items():
        route = route_of(path)
        if route is None or route.part != part:  # what the gateway does not route is not offered
            continue
        kept = {
            method: _operation(part, item[method])
            for method in METHODS
            if method in item and audience.may_use(item[method].get("x-permissions"))
        }
        if kept:
            paths[path] = kept
    schemas = {name: _without_english(schema) for name, schema in _schemas_of(document).items()}
    return {"paths": paths, "components": {"schemas": _used(paths, schemas)}}


def _schemas_of(document: Document) -> Document:
    found: Document = document.get("components", {}).get("schemas", {})
    return {name: schema for name, schema in found.items() if name != "Problem"}


def _operation(part: str, operation: Document) -> Document:
    """An operation in the hub's terms: its part as tag, what it asks for, and how it fails."""
    ways = operation.get("x-permissions") or [[]]
    told = {**_without_english(operation), "tags": [PART_LABELS[part]], "security": [{SCHEME: way} for way in ways]}
    responses = {
        status: _response(status, answer)
        for status, answer in operation.get("responses", {}).items()
        if status == "422" or "Problem" not in references(answer)  # the others fail as `default` says
    }
    return {**told, "responses": {**responses, "default": problem_answer("没有成功，detail 说明原因和办法")}}


def _response(status: str, answer: Document) -> Document:
    cleaned = _without_english(answer)
    return {"description": STATUS_SENTENCES.get(status, "另见说明"), **cleaned}


def _without_english(node: Any) -> Any:
    """A copy without descriptions and titles that hold no Chinese; properties' names, and values, stay as they are."""
    if isinstance(node, list):
        return [_without_english(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: value
        for key, value in node.items()
        if not (key in ("description", "title") and isinstance(value, str) and not CHINESE.search(value))
    }
    return {key: value if key in VALUES else _below(key, value) for key, value in kept.items()}


def _below(key: str, value: Any) -> Any:
    if key == "properties" and isinstance(value, dict):
        return {name: _without_english(schema) for name, schema in value.items()}
    return _without_english(value)


# --- schemas of several services ---


def references(node: Any) -> Iterator[str]:
    """The names of the schemas that a node refers to."""
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str) and target.startswith(SCHEMAS):
            yield target.removeprefix(SCHEMAS)
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def _used(paths: Document, schemas: Document) -> Document:
    """The schemas that these paths need, directly or through others."""
    wanted: set[str] = set()
    waiting = list(references(paths))
    while waiting:
        name = waiting.pop()
        if name in schemas and name not in wanted:
            wanted.add(name)
            waiting += references(schemas[name])
    return {name: schema for name, schema in schemas.items() if name in wanted}


def clashing(schemas: Mapping[str, Document]) -> set[str]:
    """The names that mean different things in different services, by what they hold or by what they refer to."""
    owners: dict[str, list[str]] = {}
    for part, found in schemas.items():
        for name in found:
            owners.setdefault(name, []).append(part)
    shared = {name: parts for name, parts in owners.items() if len(parts) > 1}
    clash = {name for name, parts in shared.items() if any(schemas[p][name] != schemas[parts[0]][name] for p in parts)}
    while True:
        more = {
            name
            for name, parts in shared.items()
            if name not in clash and any(ref in clash for part in parts for ref in references(schemas[part][name]))
        }
        if not more:
            return clash
        clash |= more


def _renamed_apart(schemas: Mapping[str, Document], documents: Mapping[str, Document]) -> Document:
    """All schemas under one roof; the services' paths are rewritten to the names that these have there."""
    clash = clashing(schemas)
    together: Document = {}
    for part, found in schemas.items():
        names = {name: f"{part}_{name}" for name in found if name in clash}
        together |= {names.get(name, name): _pointing_to(schema, names) for name, schema in found.items()}
        documents[part]["paths"] = _pointing_to(documents[part]["paths"], names)
    return dict(sorted(together.items()))


def _pointing_to(node: Any, names: Mapping[str, str]) -> Any:
    """A copy whose references use the new names, in `$ref` and in the mapping of a discriminator."""
    if isinstance(node, list):
        return [_pointing_to(item, names) for item in node]
    if isinstance(node, dict):
        return {key: _pointing_to(value, names) for key, value in node.items()}
    if isinstance(node, str) and node.startswith(SCHEMAS):
        name = node.removeprefix(SCHEMAS)
        return SCHEMAS + names.get(name, name)
    return node

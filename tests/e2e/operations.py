"""The operations of a service, read from its OpenAPI document, and something to send to each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

NOTHING: Final = "00000000-0000-4000-8000-000000000000"
WORDS: Final = {"line_no": "1", "form": "csv", "code": "local_employment", "pack": "anqing-2024", "article": "二9"}
"""What stands in a path where no id of a row is asked for."""
QUERIES: Final = {
    "kind": "students",
    "year": "2025",
    "pack": "anqing-2024",
    "alliance": "anqing",
    "reason": "测试",
    "school": NOTHING,
    "class_code": "2025-1",
    "member": NOTHING,
    "into": NOTHING,
    "subject_kind": "member",
    "subject": NOTHING,
    "resolution": NOTHING,
}
METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one path: what it asks for, and the shape of what it takes."""

    method: str
    path: str
    alternatives: list[list[str]] | None
    required_queries: tuple[str, ...]
    body: dict[str, Any] | None = field(repr=False)
    schemas: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def places(self) -> list[str]:
        """The names of what varies in the path."""
        return re.findall(r"\{(\w+)\}", self.path)

    def address(self, **ids: str) -> str:
        """The path with `ids` in their places, words where a word is asked for, and else an id of nothing."""
        return re.sub(r"\{(\w+)\}", lambda place: ids.get(place[1]) or WORDS.get(place[1], NOTHING), self.path)

    @property
    def queries(self) -> dict[str, str]:
        return {name: QUERIES[name] for name in self.required_queries}

    def example(self) -> Any:
        """The smallest JSON body that the operation takes; None where it takes none."""
        return None if self.body is None else example_of(self.body, self.schemas)


def operations_of(document: dict[str, Any]) -> Iterator[Operation]:
    """The operations of one service's document."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                told = item[method]
                queries = [p["name"] for p in told.get("parameters", ()) if p["in"] == "query" and p.get("required")]
                content = told.get("requestBody", {}).get("content", {})
                body = content.get("application/json", {}).get("schema")
                yield Operation(method, path, told.get("x-permissions"), tuple(queries), body, schemas)


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The smallest value of a schema: required members only, the first of every choice."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return example_of(choices[0], schemas)
    if schema.get("type") == "object":
        return {name: example_of(schema["properties"][name], schemas) for name in schema.get("required", ())}
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)] * schema.get("minItems", 0)
    plain: dict[str, Any] = {"integer": schema.get("minimum", 1), "number": 1, "boolean": True, "null": None}
    return plain[schema["type"]] if schema.get("type") in plain else _text(schema)


def _text(schema: dict[str, Any]) -> str:
    formats = {"date": "2025-12-01", "date-time": "2025-12-01T00:00:00Z", "uuid": NOTHING}
    return formats.get(schema.get("format", ""), "测试" * max(1, schema.get("minLength", 1)))

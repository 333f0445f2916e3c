"""A merged document as the reference page shows it: words instead of JSON Schema. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from services.gateway.reference.merging import METHODS, SCHEMAS, Document
from services.kernel.permissions import PERMISSION_LABELS, Permission

FORMATS = {"date": "日期", "date-time": "时间", "uuid": "标识（UUID）", "binary": "文件", "decimal": "数值（文本）"}
TYPES = {"string": "文本", "integer": "整数", "number": "数值", "boolean": "是或否", "object": "对象", "null": "空"}
PLACES = {"path": "路径", "query": "查询", "header": "请求头", "cookie": "Cookie"}
BOUNDS = (
    ("minLength", "至少 {} 字"),
    ("maxLength", "至多 {} 字"),
    ("minimum", "不小于 {}"),
    ("maximum", "不大于 {}"),
    ("exclusiveMinimum", "大于 {}"),
    ("exclusiveMaximum", "小于 {}"),
    ("minItems", "至少 {} 项"),
    ("maxItems", "至多 {} 项"),
    ("pattern", "格式 {}"),
)


@dataclass(frozen=True)
class Kind:
    """What a value is, in words; `refs` are the schemas that the words name."""

    text: str
    refs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One parameter or property."""

    name: str
    kind: Kind
    required: bool
    note: str
    place: str = ""


@dataclass(frozen=True)
class Content:
    """A body in one media type."""

    media_type: str
    kind: Kind
    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True)
class Answer:
    """One status that an operation may answer with."""

    status: str
    sentence: str
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class Operation:
    """One method on one path."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    permissions: str
    parameters: tuple[Field, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Part:
    """The operations of one service."""

    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Shape:
    """A named schema."""

    name: str
    kind: Kind
    note: str
    fields: tuple[Field, ...]


def parts_of(document: Document) -> list[Part]:
    """The operations by service, in the order of the document."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                found[item[method]["tags"][0]].append(_operation(method, path, item[method]))
    return [Part(name, tuple(operations)) for name, operations in found.items()]


def shapes_of(document: Document) -> list[Shape]:
    """The named schemas, by name."""
    schemas: Document = document["components"]["schemas"]
    return [
        Shape(name, kind_of(schema), str(schema.get("description", "")), tuple(_properties(schema)))
        for name, schema in sorted(schemas.items())
    ]


def _operation(method: str, path: str, operation: Document) -> Operation:
    return Operation(
        anchor=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=str(operation.get("summary", path)),
        description=str(operation.get("description", "")),
        permissions=permissions_in_words(operation.get("x-permissions") or []),
        parameters=tuple(_parameter(parameter) for parameter in operation.get("parameters", [])),
        bodies=tuple(_contents(operation.get("requestBody", {}))),
        answers=tuple(
            Answer(status, str(answer.get("description", "")), tuple(_contents(answer)))
            for status, answer in operation.get("responses", {}).items()
        ),
    )


def permissions_in_words(ways: list[list[str]]) -> str:
    """`[[a, b], [c]]` as 甲并且乙，或者丙; empty when any signed-in caller may."""
    return "，或者".join("并且".join(PERMISSION_LABELS[Permission(name)] for name in way) for way in ways)


def _parameter(parameter: Document) -> Field:
    schema = parameter.get("schema", {})
    note = str(parameter.get("description") or schema.get("description", ""))
    place = PLACES.get(str(parameter["in"]), "")
    return Field(parameter["name"], kind_of(schema), bool(parameter.get("required")), note, place)


def _contents(holder: Document) -> Iterator[Content]:
    for media_type, content in holder.get("content", {}).items():
        schema = content.get("schema", {})
        example = content.get("example", schema.get("example", schema.get("items", {}).get("example")))
        shown = orjson.dumps(example, option=orjson.OPT_INDENT_2).decode() if example is not None else ""
        yield Content(media_type, kind_of(schema), tuple(_properties(schema)), shown)


def _properties(schema: Document) -> Iterator[Field]:
    required = set(schema.get("required", []))
    for name, inner in schema.get("properties", {}).items():
        yield Field(name, kind_of(inner), name in required, str(inner.get("description", "")))


def kind_of(schema: Any) -> Kind:
    """What a value of this schema is, in words."""
    if not isinstance(schema, dict) or not schema:
        return Kind("任意值")
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMAS)
        return Kind(name, (name,))
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _either([kind_of(one) for one in schema[several]])
    plain = _plain(schema)
    limits = [words.format(schema[key]) for key, words in BOUNDS if key in schema]
    limits += [f"默认 {_shown(schema['default'])}"] if schema.get("default") is not None else []
    return Kind("，".join([plain.text, *limits]), plain.refs)


def _either(kinds: list[Kind]) -> Kind:
    nullable = any(kind.text == TYPES["null"] for kind in kinds)
    others = [kind for kind in kinds if kind.text != TYPES["null"]]
    text = " 或 ".join(kind.text for kind in others) + ("，可为空" if nullable else "")
    return Kind(text, tuple(ref for kind in others for ref in kind.refs))


def _plain(schema: Document) -> Kind:
    if "const" in schema:
        return Kind(f"固定为 {_shown(schema['const'])}")
    if "enum" in schema:
        return Kind("取值：" + "、".join(_shown(value) for value in schema["enum"]))
    kind: Any = schema.get("type", "object")
    if isinstance(kind, list):
        return _either([Kind(TYPES.get(str(one), str(one))) for one in kind])
    if kind == "array":
        items = kind_of(schema.get("items", {}))
        return Kind(f"{items.text} 的列表", items.refs)
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        values = kind_of(schema["additionalProperties"])
        return Kind(f"对象，每个值为 {values.text}", values.refs)
    return Kind(FORMATS.get(str(schema.get("format", "")), TYPES.get(str(kind), str(kind))))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()

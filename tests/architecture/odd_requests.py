"""Odd requests to every route of an OpenAPI document: mostly what the schema asks for, with something wrong in it.

The same seed makes the same requests, so what fails once can be looked at again.
"""

import base64
import json
import random
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "长" * 3000,
    "{0} {name!r} %s",
    "' OR 1=1 --",
    "../../etc/passwd",
    "\u202e\u200b\ufeff",
    "😀",
    "１２３４",
    "-0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "2025-02-30",
    "NaN",
    "1e999999",
    "9" * 40,
)
ODD_NUMBERS = (-1, 0, 1, 2**31, -(2**63), 2**63, 10**40, 0.1, 1e308, -1e308)
ODD_VALUES: tuple[Any, ...] = (None, True, [], {}, [[[]]], {"": None}, *ODD_TEXTS, *ODD_NUMBERS)
ODD_BODIES = (b"", b"{", b"\xff\xfe", b'"\\ud800"', b"[" * 20_000, b"nul", b"NaN", b"{}" * 2, b"\x00")
ODD_HEADERS = (b'""', b"*", b'W/"1"', b'"1', b"\xe9\xff", b'"' + b"9" * 500 + b'"', b",,,", b'"1", "2"')
CONTENT_TYPES = (
    "application/json",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=b; charset=nonsense",
    "application/x-www-form-urlencoded",
    "",
)
UNSAFE = ("post", "put", "patch", "delete")


def cursor(*tagged: Any) -> str:
    """A cursor as the service makes them, around values that it never made."""
    return base64.urlsafe_b64encode(json.dumps(tagged).encode()).decode().rstrip("=")


ODD_CURSORS = (
    "%%%",
    "é",
    base64.urlsafe_b64encode(b"[" * 2_900).decode(),
    cursor(),
    cursor(["str", "a\x00"], ["UUID", "x"]),
    cursor(["str", "\x00"], ["UUID", str(UUID(int=0))]),
    cursor(["str", "\ud800"], ["UUID", str(UUID(int=0))]),
    cursor(["int", "9" * 60], ["int", "9" * 60]),
    cursor(["int", "9" * 60], ["UUID", str(UUID(int=0))]),
    cursor(["datetime", "2025-01-01"], ["UUID", str(UUID(int=0))]),
    cursor(["datetime", "0001-01-01T00:00:00+23:59"], ["UUID", str(UUID(int=0))]),
    cursor(["date", "9999-12-31"], ["int", "1"]),
    cursor(1, 2),
    cursor({"a": 1}),
)


@dataclass(frozen=True)
class OddRequest:
    """One request, ready to be sent."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: list[tuple[str, bytes]]
    content: bytes

    @property
    def url(self) -> str:
        """Path and query, percent-encoded."""
        return self.path + ("?" + "&".join(f"{quote(n)}={quote(v)}" for n, v in self.query) if self.query else "")


@dataclass
class Oddities:
    """Makes requests for one OpenAPI document; `ids` are of things that exist, so that some requests get far."""

    document: dict[str, Any]
    ids: Sequence[str]
    seed: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # to vary tests, not to keep secrets

    def requests(self, each: int) -> Iterator[OddRequest]:
        """`each` requests to every operation."""
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                for _ in range(each):
                    yield self._request(method, path, operation)

    def _request(self, method: str, path: str, operation: dict[str, Any]) -> OddRequest:
        query: list[tuple[str, str]] = []
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", quote(self._path_value(parameter), safe=""))
            elif parameter["in"] == "query" and (parameter.get("required") or self.chance.random() < 0.4):
                query.append((parameter["name"], self._query_value(parameter)))
        headers = self._headers(method, operation)
        content_type, content = self._content(operation) if method in UNSAFE else ("", b"")
        if content_type:
            headers.append(("Content-Type", content_type.encode()))
        return OddRequest(method.upper(), path, query, headers, content)

    def _path_value(self, parameter: dict[str, Any]) -> str:
        kind = self.chance.random()
        if self.ids and kind < 0.6:
            return self.chance.choice(self.ids)
        return str(self._sample(parameter["schema"], 0.0)) if kind < 0.8 else self._odd_text() or "0"

    def _query_value(self, parameter: dict[str, Any]) -> str:
        if parameter["name"] == "cursor":
            return self.chance.choice(ODD_CURSORS)
        value = self._sample(parameter["schema"], 0.4)
        return value if isinstance(value, str) else json.dumps(value)

    def _headers(self, method: str, operation: dict[str, Any]) -> list[tuple[str, bytes]]:
        named = {p["name"].lower() for p in operation.get("parameters", []) if p["in"] == "header"}
        headers = []
        for name in sorted(named):
            if name == "idempotency-key":
                if self.chance.random() < 0.3:
                    headers.append((name, self.chance.choice((b"k", b"\xe9", b"x" * 300, b"one more"))))
            elif method in UNSAFE:
                headers.append((name, b"*" if self.chance.random() < 0.6 else self.chance.choice(ODD_HEADERS)))
        return headers

    def _content(self, operation: dict[str, Any]) -> tuple[str, bytes]:
        described = operation.get("requestBody", {}).get("content", {})
        if self.chance.random() < 0.15:
            return self.chance.choice(CONTENT_TYPES), self.chance.choice(ODD_BODIES)
        if "multipart/form-data" in described:
            return self._form(described["multipart/form-data"]["schema"])
        schema = described.get("application/json", {}).get("schema", {})
        return "application/json", json.dumps(self._sample(schema, 0.15)).encode()

    def _form(self, schema: dict[str, Any]) -> tuple[str, bytes]:
        parts = []
        for name, of in self._resolved(schema).get("properties", {}).items():
            value = str(self._sample(of, 0.3)).encode("utf-8", "replace")
            file = '; filename="名\x00册.csv"' if name == "file" and self.chance.random() < 0.8 else ""
            head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
            parts.append(
                head.encode() + (self.chance.choice((b"a,b\r\n1,\x00", b"PK\x03\x04", value)) if file else value)
            )
        return "multipart/form-data; boundary=b", b"\r\n".join(parts) + b"\r\n--b--\r\n"

    def _odd_text(self) -> str:
        return self.chance.choice(ODD_TEXTS)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            found: dict[str, Any] = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
            return found
        return schema

    def _sample(self, schema: dict[str, Any], oddness: float) -> Any:
        """Something of a schema's shape; each part is replaced by something odd with this chance."""
        schema = self._resolved(schema)
        if self.chance.random() < oddness:
            return self.chance.choice(ODD_VALUES)
        if "anyOf" in schema:
            return self._sample(self.chance.choice(schema["anyOf"]), oddness)
        if "examples" in schema and self.chance.random() < 0.7:
            return self.chance.choice(schema["examples"])
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type")
        if kind == "object":
            return {name: self._sample(of, oddness) for name, of in schema.get("properties", {}).items()}
        if kind == "array":
            return [self._sample(schema.get("items", {}), oddness) for _ in range(self.chance.randrange(3))]
        return self._scalar(kind, schema)

    def _scalar(self, kind: str | None, schema: dict[str, Any]) -> Any:
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", 0), schema.get("maximum", 100)
            return self.chance.randint(int(low), int(max(low, high)))
        if kind == "null":
            return None
        texts = {
            "uuid": self.chance.choice([*self.ids, str(UUID(int=self.chance.getrandbits(128)))]),
            "date": f"2025-{self.chance.randint(1, 12):02d}-{self.chance.randint(1, 28):02d}",
        }
        length = max(schema.get("minLength", 0), self.chance.randint(0, 8))
        return texts.get(schema.get("format", ""), "".join(self.chance.choices(string.ascii_letters, k=length)))

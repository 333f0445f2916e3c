"""The files of `deploy/`, read as a compose program reads them."""

import io
import re
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
CONTAINERFILE = DEPLOY / "Containerfile"
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<word>[^}]*))?\}")
Service = dict[str, Any]


class MissingVariable(Exception):
    """What `${NAME:?words}` does when NAME is not set."""


@cache
def compose_text() -> str:
    return COMPOSE.read_text("utf-8")


def compose(environment: dict[str, str]) -> dict[str, Any]:
    """The compose file with its merge keys resolved and its references replaced from `environment`."""
    resolved = _interpolated(_loaded(), environment)
    assert isinstance(resolved, dict)
    return resolved


@cache
def _loaded() -> Any:
    return YAML(typ="safe").load(io.StringIO(compose_text()))


def services(environment: dict[str, str]) -> dict[str, Service]:
    found: dict[str, Service] = compose(environment)["services"]
    return found


def references() -> dict[str, set[str]]:
    """Every variable that the compose file refers to, with the ways in which it does (`:-`, `:?`)."""
    found: dict[str, set[str]] = {}
    for match in REFERENCE.finditer(compose_text()):
        found.setdefault(match["name"], set()).add(match["kind"] or "")
    return found


def parse_environment_file(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def _interpolated(node: Any, environment: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _interpolated(value, environment) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value, environment) for value in node]
    return REFERENCE.sub(lambda match: _value(match, environment), node) if isinstance(node, str) else node


def _value(match: re.Match[str], environment: dict[str, str]) -> str:
    value = environment.get(match["name"], "")
    if value or match["kind"] is None:
        return value
    if match["kind"] == ":?":
        raise MissingVariable(match["word"])
    return str(match["word"])

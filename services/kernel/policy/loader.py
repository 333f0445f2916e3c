"""Reads a pack's folder into typed models; every problem comes with its file, line and field."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.kernel.policy.messages import sentence
from services.kernel.policy.models import PART_MODELS, Part, PolicyPack
from services.kernel.policy.problems import PackProblem
from services.kernel.policy.source import Path_, Source, read_source
from services.kernel.policy.vocabulary import PARTS, REQUIRED_PARTS, PartName


@dataclass(frozen=True, slots=True)
class Loaded:
    """What could be read: the sources, the pack when every part that is written is sound, and the problems."""

    sources: dict[PartName, Source]
    pack: PolicyPack | None
    problems: tuple[PackProblem, ...]


def load_pack(folder: Path) -> Loaded:
    """Read and validate the files of a pack; all problems of all files at once.

    Targets and money rules may be absent: a document's structure can be carried out before they are written.
    """
    sources: dict[PartName, Source] = {}
    parts: dict[PartName, Part] = {}
    problems: list[PackProblem] = []
    for name in PARTS:
        if name not in REQUIRED_PARTS and not (folder / f"{name}.yaml").exists():
            continue
        source = read_source(folder, name)
        if isinstance(source, PackProblem):
            problems.append(source)
            continue
        sources[name] = source
        part, found = validate_source(source)
        problems.extend(found)
        if part is not None:
            parts[name] = part
    pack = None if problems else PolicyPack.model_validate(parts)
    return Loaded(sources, pack, tuple(problems))


def validate_source(source: Source) -> tuple[Part | None, list[PackProblem]]:
    """The typed part, or every schema problem of its file."""
    try:
        return PART_MODELS[source.part].model_validate(source.data), []
    except ValidationError as error:
        return None, [_problem(source, detail) for detail in error.errors(include_url=False)]


def _problem(source: Source, detail: ErrorDetails) -> PackProblem:
    path = _in_file(source, detail["loc"])
    return source.problem(path, detail["type"], sentence(detail))


def _in_file(source: Source, location: Path_) -> Path_:
    """The error's place in the file. A union's tag is part of pydantic's location but of no file, so it is left out."""
    path: list[str | int] = []
    node: object = source.data
    for index, step in enumerate(location):
        inside = _step_into(node, step)
        if inside is _NOWHERE and index < len(location) - 1:
            continue
        path.append(step)
        node = inside
    return tuple(path)


_NOWHERE = object()


def _step_into(node: object, step: str | int) -> object:
    if isinstance(node, dict):
        return node.get(step, _NOWHERE)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return _NOWHERE

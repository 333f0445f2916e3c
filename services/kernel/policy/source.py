"""A YAML file as plain data with the line of every key and item, read by ruamel.yaml's round-trip loader."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from services.kernel.policy.problems import PackProblem
from services.kernel.policy.vocabulary import PartName

Step = str | int
Path_ = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One part's file: its plain data and the lines (from 1) of its keys and items."""

    part: PartName
    file: str
    data: dict[str, Any]
    lines: dict[Path_, int] = field(default_factory=dict)

    def line(self, path: Path_) -> int:
        """The line of this path, or of the nearest parent that stands in the file."""
        for length in range(len(path), 0, -1):
            found = self.lines.get(path[:length])
            if found is not None:
                return found
        return 1

    def problem(self, path: Path_, code: str, message: str) -> PackProblem:
        """An error at this path."""
        return PackProblem(self.file, self.line(path), field_path(path), code, message)

    def warning(self, path: Path_, code: str, message: str) -> PackProblem:
        """A warning at this path."""
        return PackProblem(self.file, self.line(path), field_path(path), code, message, "warning")


def field_path(path: Path_) -> str:
    """`("rules", 3, "amount")` as `rules[3].amount`; the file itself is `(文件)`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "(文件)"


def read_source(folder: Path, part: PartName) -> Source | PackProblem:
    """The part's file, or the one problem that kept it from being read."""
    path = folder / f"{part}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _unreadable(
            path, 1, "file_missing", "缺少这个文件。政策包至少要有 document.yaml 和 structure.yaml，请补上"
        )
    except (OSError, UnicodeDecodeError) as error:
        return _unreadable(
            path, 1, "file_unreadable", f"文件读不出来（{type(error).__name__}），请检查权限并存为 UTF-8"
        )
    return parse_source(part, path.name, text)


def parse_source(part: PartName, file: str, text: str) -> Source | PackProblem:
    """The part's text as data with lines, or the one problem that kept it from being parsed."""
    try:
        loaded = YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        return _unreadable(Path(file), _error_line(error), "duplicate_key", "同一层里这个字段写了两次，请删去一处")
    except YAMLError as error:
        line = _error_line(error) if isinstance(error, MarkedYAMLError) else 1
        return _unreadable(Path(file), line, "yaml_syntax", "不是合法的 YAML，请检查本行前后的缩进、冒号、引号和括号")
    if not isinstance(loaded, CommentedMap):
        return _unreadable(Path(file), 1, "not_a_mapping", "文件最外层必须是“字段: 值”的形式")
    lines: dict[Path_, int] = {}
    return Source(part, file, _plain(loaded, (), lines), lines)


def _unreadable(path: Path, line: int, code: str, message: str) -> PackProblem:
    return PackProblem(path.name, line, field_path(()), code, message)


def _error_line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return 1 if mark is None else int(mark.line) + 1


def _plain(node: Any, path: Path_, lines: dict[Path_, int]) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _child(node, key, (*path, str(key)), lines) for key in node}
    if isinstance(node, CommentedSeq):
        return [_child(node, index, (*path, index), lines) for index in range(len(node))]
    return _scalar(node)


def _child(parent: Any, key: Any, path: Path_, lines: dict[Path_, int]) -> Any:
    position = (parent.lc.data or {}).get(key)
    if position is not None:
        lines[path] = int(position[0]) + 1
    return _plain(parent[key], path, lines)


def _scalar(node: Any) -> Any:
    # Round-trip scalars are subclasses that remember their notation; the models want the plain types.
    if isinstance(node, bool) or node is None:
        return node
    for plain_type in (int, float, str):
        if isinstance(node, plain_type):
            return plain_type(node)
    return node

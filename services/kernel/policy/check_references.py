"""Whether what a pack refers to exists: articles, units, bodies, budgets, indicators, phases; and codes are unique."""

from collections.abc import Iterator

from services.kernel.policy.loader import Loaded
from services.kernel.policy.models import Body, Indicator, PolicyPack, Task, Unit
from services.kernel.policy.nodes import item_name, walk
from services.kernel.policy.problems import PackProblem
from services.kernel.policy.source import Path_
from services.kernel.policy.vocabulary import PartName


def check_references(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    """Every reference that leads nowhere, every article nobody cites, every code used twice."""
    yield from _articles(loaded, pack)
    yield from _duplicate_codes(loaded)
    yield from _units(loaded, pack)
    yield from _codes(loaded, pack)
    yield from _unit_names(loaded, pack)


def _articles(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    listed = {article.id for article in pack.document.articles}
    cited: set[str] = set()
    for source in loaded.sources.values():
        for node in walk(source):
            if not node.path or node.path[-1] != "article" or not isinstance(node.value, str):
                continue
            cited.add(node.value)
            if node.value not in listed:
                yield source.problem(
                    node.path,
                    "article_unknown",
                    f"引用的条款“{node.value}”不在 document.yaml 的 articles 中。请核对条款号，或补登该条款及其大意",
                )
    document = loaded.sources["document"]
    for index, article in enumerate(pack.document.articles):
        if article.id not in cited:
            yield document.warning(
                ("articles", index, "id"),
                "article_unused",
                f"条款“{article.id}”没有被任何内容引用。请确认是否漏登了它的指标、任务或规则，或删去",
            )


def _duplicate_codes(loaded: Loaded) -> Iterator[PackProblem]:
    for source in loaded.sources.values():
        for node in walk(source):
            if not isinstance(node.value, list) or not all(isinstance(item, dict) for item in node.value):
                continue
            seen: set[str] = set()
            for index, item in enumerate(node.value):
                name = item_name(item, index)
                if name in seen:
                    yield source.problem(
                        (*node.path, index),
                        "code_repeated",
                        f"“{name}”在同一列表里出现两次。请改用不同的代码或删去一处",
                    )
                seen.add(name)


def _known_units(pack: PolicyPack) -> set[str]:
    units = pack.structure.units
    # A governance body can carry a task too, as the secretariat does in a task table.
    named: list[Unit | Body] = [*units, *pack.structure.bodies]
    return {name for item in named for name in [item.name, *item.aliases]}


def _units(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    known = _known_units(pack)
    for part, path, name in _unit_references(pack):
        if name not in known:
            yield loaded.sources[part].problem(
                path,
                "unit_unknown",
                f"单位“{name}”不在 structure.yaml 的 units 中，也不是别名。请补登单位或别名，或改正名称",
            )
    yield from _role_members(loaded, pack, known)


def _role_members(loaded: Loaded, pack: PolicyPack, units: set[str]) -> Iterator[PackProblem]:
    """Whoever has a place in the formula is a unit, or a consortium that units make up."""
    known = units | {name for item in pack.structure.collaborations for name in [item.name, *item.aliases]}
    roles = [] if pack.structure.formula is None else pack.structure.formula.roles
    for index, role in enumerate(roles):
        for place, name in enumerate(role.members):
            if name not in known:
                yield loaded.sources["structure"].problem(
                    ("formula", "roles", index, "members", place),
                    "unit_unknown",
                    f"“{name}”既不在 units 中，也不在 collaborations 中。请补登，或改正名称",
                )


def _unit_references(pack: PolicyPack) -> Iterator[tuple[PartName, Path_, str]]:
    for index, lead in enumerate(pack.structure.leads):
        yield "structure", ("leads", index, "unit"), lead.unit
    for index, body in enumerate(pack.structure.bodies):
        hosts = [] if body.host is None else [body.host]
        for name in [*hosts, *body.host_options]:
            yield "structure", ("bodies", index, "host"), name
        for place, seat in enumerate(body.seats):
            if seat.unit is not None:
                yield "structure", ("bodies", index, "seats", place, "unit"), seat.unit
    for index, item in enumerate(pack.structure.collaborations):
        for key, wanted in (("host", item.host), ("lead", item.lead)):
            if wanted is not None:
                yield "structure", ("collaborations", index, key), wanted
        for place, name in enumerate(item.partners):
            yield "structure", ("collaborations", index, "partners", place), name
    for index, indicator in enumerate(pack.targets.indicators):
        yield from _assigned(("indicators", index), indicator)
    for index, task in enumerate(pack.targets.tasks):
        yield from _assigned(("tasks", index), task)


def _assigned(path: Path_, item: Indicator | Task) -> Iterator[tuple[PartName, Path_, str]]:
    for place, name in enumerate(item.lead):
        yield "targets", (*path, "lead", place), name
    for place, name in enumerate(item.responsible):
        yield "targets", (*path, "responsible", place), name


def _codes(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    bodies = {body.code for body in pack.structure.bodies}
    indicators = {indicator.code for indicator in pack.targets.indicators}
    phases = {phase.code for phase in pack.targets.phases}
    budgets = {budget.code for budget in pack.subsidies.budgets}
    references: list[tuple[PartName, Path_, str | None, set[str], str]] = []
    for index, body in enumerate(pack.structure.bodies):
        references.append(("structure", ("bodies", index, "parent"), body.parent, bodies, "机构"))
    for index, indicator in enumerate(pack.targets.indicators):
        references.append(("targets", ("indicators", index, "part_of"), indicator.part_of, indicators, "指标"))
    for index, task in enumerate(pack.targets.tasks):
        references.append(("targets", ("tasks", index, "phase"), task.phase, phases, "阶段"))
        for place, code in enumerate(task.indicators):
            references.append(("targets", ("tasks", index, "indicators", place), code, indicators, "指标"))
    for index, rule in enumerate(pack.subsidies.rules):
        references.append(("subsidies", ("rules", index, "budget"), rule.budget, budgets, "预算"))
    for part, path, wanted, known, label in references:
        if wanted is not None and wanted not in known:
            yield loaded.sources[part].problem(
                path, "code_unknown", f"{label}“{wanted}”没有定义。请先定义它，或改成已有的代码"
            )


def _unit_names(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    """A reference by name must lead to one unit or body only."""
    owner: dict[str, tuple[str, str]] = {}
    named: list[tuple[str, int, Unit | Body]] = [
        *(("units", index, unit) for index, unit in enumerate(pack.structure.units)),
        *(("bodies", index, body) for index, body in enumerate(pack.structure.bodies)),
    ]
    for part, index, item in named:
        for name in [item.name, *item.aliases]:
            first = owner.setdefault(name, (part, item.code))
            if first != (part, item.code):
                yield loaded.sources["structure"].problem(
                    (part, index),
                    "unit_name_repeated",
                    f"名称“{name}”同时属于 {first[1]} 和 {item.code}，无法判断所指。请只留一处",
                )

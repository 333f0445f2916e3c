"""What the pages of collaborations share: labels, the fields of a kind, and forms in the words of the service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from frontend.forms import payload
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.pages.registry_words import API, options
from services.kernel import registry_words as words

LABELS: Final = {
    "kind": "载体类型",
    "name": "名称",
    "host_member": "办学（承办）单位",
    "lead_member": "牵头单位",
    "participants": "参与单位",
    "founded_on": "成立日期",
    "status": "状态",
    "ended_on": "终止日期",
    "end_reason": "终止原因",
    "details": "类型内容",
    "effective_on": "生效日期",
}
PLAIN: Final = ("kind", "name", "host_member", "lead_member", "founded_on", "status", "ended_on", "end_reason")
CHOICES: Final = {
    "kinds": options(words.COLLABORATION_KINDS),
    "statuses": options(words.COLLABORATION_STATUSES),
    "levels": options(words.RECOGNITION_LEVELS),
    "parts": options(words.COLLABORATION_PARTS),
}
PREFIX: Final = "details."
BLANK_ROWS: Final = 2
NOT_FOUND: Final = "没有登记这家单位，请从提示的名称中选择。"


@dataclass(frozen=True)
class Taking:
    """A row of the form: the unit as written, and as what it takes part."""

    name: str
    part: str


async def fields_of(gateway: BoundGateway, kind: str) -> list[dict[str, Any]]:
    """The fields that a kind has of its own, with the options of choices; none while no kind is chosen."""
    kinds = (await gateway.get(f"{API}/collaborations/kinds")).data["items"]
    fields: list[dict[str, Any]] = next((one["fields"] for one in kinds if one["kind"] == kind), [])
    return [{**field, "options": [(choice, choice) for choice in field["choices"]]} for field in fields]


def several(value: Any) -> list[str]:
    """The values of a field that may stand several times in a form."""
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]


def takings(values: Mapping[str, Any]) -> list[Taking]:
    """The rows of participants that are filled in."""
    names, parts = several(values.get("participant")), several(values.get("participant_part"))
    return [Taking(name, part or "partner") for name, part in zip(names, parts, strict=False) if name]


def rows_of(values: Mapping[str, Any], field: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of a field of several columns that are filled in."""
    names = [column["name"] for column in field["columns"]]
    cells = [several(values.get(f"{PREFIX}{field['name']}.{name}")) for name in names]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=False)]
    return [row for row in rows if any(row.values())]


def body(values: Mapping[str, Any], fields: Sequence[Mapping[str, Any]], members: Mapping[str, str]) -> dict[str, Any]:
    """What the service takes: empty texts as null, participants by id, the kind's own fields together.

    A participant that is not on record is sent as it is written, for the service to refuse; see `by_place`.
    """
    ids = {name: member for member, name in members.items()}
    plain = payload(values, *PLAIN)
    taking = [{"member": ids.get(one.name, one.name), "part": one.part} for one in takings(values)]
    details = {field["name"]: _value(values, field) for field in fields}
    given = {name: value for name, value in details.items() if value not in (None, "", [])}
    return {
        **plain,
        "status": plain["status"] or "active",
        "participants": taking,
        "details": given,
        "effective_on": values.get("effective_on") or None,
    }


def _value(values: Mapping[str, Any], field: Mapping[str, Any]) -> Any:
    if field["type"] == "rows":
        return rows_of(values, field)
    given = values.get(PREFIX + field["name"])
    if field["type"] == "lines":
        return [line.strip() for line in str(given or "").splitlines() if line.strip()]
    return given


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the form shows it."""
    members = {name: (record[name] or {}).get("id") for name in ("host_member", "lead_member")}
    plain = {name: record.get(name) for name in PLAIN if name not in members}
    taking = record["participants"]
    details: dict[str, Any] = {}
    for name, value in record["details"].items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            for column in {key for row in value for key in row}:
                details[f"{PREFIX}{name}.{column}"] = [str(row.get(column) or "") for row in value]
        else:
            details[PREFIX + name] = "\n".join(value) if isinstance(value, list) else value
    parts = {"participant": [one["name"] for one in taking], "participant_part": [one["part"] for one in taking]}
    return {**plain, **members, **parts, **details}


def by_place(problem: ApiProblem) -> ApiProblem:
    """The problem with each issue at a field that the form has: `details.centres.0.name` at `details.centres`."""
    issues = []
    for issue in problem.errors:
        first, *rest = issue.field.split(".")
        unknown = first == "participants" and issue.code == "uuid_parsing"
        place = ".".join([first, *rest[:1]]) if first == "details" else first
        issues.append(replace(issue, field=place, message=NOT_FOUND if unknown else issue.message))
    return ApiProblem(
        problem.status, problem.code, problem.title, problem.detail, errors=issues, request_id=problem.request_id
    )


def in_words(
    values: Mapping[str, Any], fields: Sequence[Mapping[str, Any]], members: Mapping[str, str]
) -> dict[str, str]:
    """The fields of a form as people read them, for telling two versions apart."""
    told = {name: str(values.get(name) or "") for name in ("name", "founded_on", "ended_on", "end_reason")}
    told["kind"] = words.COLLABORATION_KINDS.get(str(values.get("kind")), "")
    told["status"] = words.COLLABORATION_STATUSES.get(str(values.get("status")), "")
    for field in ("host_member", "lead_member"):
        told[field] = members.get(str(values.get(field) or ""), "")
    told["participants"] = "、".join(
        sorted(f"{one.name}（{words.COLLABORATION_PARTS.get(one.part, one.part)}）" for one in takings(values))
    )
    for own in fields:
        told[PREFIX + own["name"]] = value_in_words(own, _value(values, own))
    return told


def value_in_words(field: Mapping[str, Any], value: Any) -> str:
    """The value of one of the kind's own fields as text."""
    if value in (None, "", []):
        return ""
    if field["type"] == "rows":
        return "；".join("，".join(str(cell) for cell in row.values() if cell) for row in value)
    if field["type"] == "lines":
        return "、".join(value)
    return str(value)


def labels_with(fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Labels for the summary of faults."""
    return {**LABELS, **{PREFIX + field["name"]: field["label"] for field in fields}}

"""From the bytes of a roster file to rows for the tables and faults for people. Pure but for the CPU it takes.

An identity number leaves this module only as its keyed hash and its masked form.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from services.kernel.identifiers import mask_id_number, person_key
from services.kernel.workbooks import (
    CellIssue,
    CheckedTable,
    Row,
    Table,
    TableSpec,
    check_table,
    read_table,
    write_rejects,
)
from services.subsidies.clients.registry import Member, RegistryFacts
from services.subsidies.domain import RosterKind, StudentStatus, mask_name
from services.subsidies.rosters.columns import NO_RULE, choices_of, spec_of

PERSON_KEY_BYTES: Final = 16
"""128 bits of the HMAC: no two people meet by chance, and the narrow key keeps a roster of a million rows small."""

# The kernel's codes that this service's contract (docs/design.md §8) names otherwise.
_CODES: Final = {
    "uscc_invalid": "enterprise_uscc_invalid",
    "number_invalid": "value_not_allowed",
    "code_invalid": "value_not_allowed",
    "text_too_long": "value_not_allowed",
}

Record = dict[str, Any]
Issues = list[CellIssue]


@dataclass(frozen=True)
class CheckedRoster:
    """What a file held: rows for the tables, every fault of the others, and the workbook that returns them."""

    total_rows: int
    records: list[Record]
    issues: list[CellIssue]
    rejects: bytes | None

    @property
    def rejected_rows(self) -> int:
        return len({issue.line for issue in self.issues})


def check_roster(
    kind: RosterKind, content: bytes, rules: Mapping[str, str], registry: RegistryFacts, key: bytes
) -> CheckedRoster:
    """Read and check one file; `rules` are the student rules' names and codes, `key` that of the person HMAC.

    Raises UnsupportedMedia, TooLarge or InvalidInput when the file is no roster of this kind.
    """
    spec = spec_of(kind, choices_of(rules))
    table = read_table(content, spec)
    checked = check_table(spec, table)
    issues = [replace(issue, code=_CODES.get(issue.code, issue.code)) for issue in checked.issues]
    schools = _Schools(registry)
    if kind is RosterKind.STUDENTS:
        records = _students(spec, checked, schools, key, issues)
    else:
        records = _classes(spec, checked, schools, issues)
    return CheckedRoster(len(table.rows), records, sorted(issues, key=lambda i: i.line), _rejects(spec, table, issues))


def _rejects(spec: TableSpec, table: Table, issues: Issues) -> bytes | None:
    return write_rejects(spec, table.rows, issues) if issues else None


class _Schools:
    """Looks each spelling of a unit up once: a roster repeats few schools many times."""

    def __init__(self, registry: RegistryFacts) -> None:
        self._registry = registry
        self._known: dict[str, Member | None] = {}

    def find(self, name: str) -> Member | None:
        if name not in self._known:
            self._known[name] = self._registry.find(name)
        return self._known[name]


def _students(spec: TableSpec, checked: CheckedTable, schools: _Schools, key: bytes, issues: Issues) -> list[Record]:
    header = {column.field: column.header for column in spec.columns}
    return list(_sound(checked.rows, issues, header, lambda row: _student(row.values, schools, key), _same_student))


def _classes(spec: TableSpec, checked: CheckedTable, schools: _Schools, issues: Issues) -> list[Record]:
    header = {column.field: column.header for column in spec.columns}
    return list(_sound(checked.rows, issues, header, lambda row: _class(row.values, schools), _same_class))


Complaint = tuple[str, str, str]  # field, code, sentence


def _sound(
    rows: list[Row],
    issues: Issues,
    header: Mapping[str, str],
    make: Callable[[Row], tuple[Record, list[Complaint]]],
    identity: Callable[[Record], tuple[str, tuple[Any, ...]]],
) -> Iterator[Record]:
    """The records without complaint, each subject once; everything else goes to `issues`."""
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        record, complaints = make(row)
        if not complaints:
            field, same = identity(record)
            first = seen.setdefault(same, row.line)
            if first != row.line:
                complaints = [(field, "duplicate_in_file", f"与第 {first} 行重复，请只保留一行。")]
        if complaints:
            issues.extend(CellIssue(row.line, field, header[field], code, text) for field, code, text in complaints)
        else:
            yield {**record, "line": row.line}


def _same_student(record: Record) -> tuple[str, tuple[Any, ...]]:
    return "id_number", (record["school"], record["person_key"])


def _same_class(record: Record) -> tuple[str, tuple[Any, ...]]:
    return "class_code", (record["school"], record["class_code"])


def _student(values: Mapping[str, Any], schools: _Schools, key: bytes) -> tuple[Record, list[Complaint]]:
    school = schools.find(values["school"])
    sending = schools.find(values["sending_school"]) if values["sending_school"] else None
    complaints = _unknown_school(school) + _wrong_departure(values)
    record = {
        "person_key": person_key(values["id_number"], key)[:PERSON_KEY_BYTES],
        "name_masked": mask_name(values["name"]),
        "id_masked": mask_id_number(values["id_number"]),
        "enrolment_year": values["enrolment_year"],
        "school": school.id if school else None,
        "school_name": school.name if school else None,
        "major": values["major"],
        "class_code": values["class_code"],
        "enrolled_on": values["enrolled_on"],
        "origin_division": values["origin_division"],
        "sending_school": sending.id if sending else None,
        "sending_school_name": sending.name if sending else values["sending_school"],
        "status": values["status"],
        "left_on": values["left_on"],
        "claimed_rule": None if values["claimed_rule"] == NO_RULE else values["claimed_rule"],
    }
    return record, complaints


def _unknown_school(school: Member | None) -> list[Complaint]:
    if school is not None:
        return []
    text = "成员单位中没有这所学校，或名称对应多个单位；请核对名称，或改填统一社会信用代码。"
    return [("school", "school_unknown", text)]


def _wrong_departure(values: Mapping[str, Any]) -> list[Complaint]:
    left, day = values["status"] == StudentStatus.LEFT, values["left_on"]
    if left and day is None:
        return [("left_on", "left_on_missing", "在籍状态为离校的，请填写离校日期。")]
    if day is not None and not left:
        return [("status", "value_not_allowed", "填写了离校日期，在籍状态应为离校；未离校的请清空离校日期。")]
    if day is not None and day < values["enrolled_on"]:
        return [("left_on", "date_invalid", "离校日期早于入学日期，请核对。")]
    return []


def _class(values: Mapping[str, Any], schools: _Schools) -> tuple[Record, list[Complaint]]:
    school = schools.find(values["school"])
    enterprise = schools.find(values["enterprise_uscc"]) or schools.find(values["enterprise"])
    same = enterprise is not None and enterprise.uscc in (None, values["enterprise_uscc"])
    record = {
        "class_code": values["class_code"],
        "class_name": values["class_name"],
        "school": school.id if school else None,
        "school_name": school.name if school else None,
        "major": values["major"],
        "opening_year": values["year"],
        "opened_on": values["opened_on"],
        "format": values["format"],
        "enterprise": enterprise.name if enterprise and same else values["enterprise"],
        "enterprise_member": enterprise.id if enterprise and same else None,
        "enterprise_uscc": values["enterprise_uscc"],
        "enterprise_division": values["enterprise_division"],
        "enterprise_size": values["enterprise_size"],
        "size_evidence": values["size_evidence"],
        "score": values["score"],
    }
    return record, _unknown_school(school)

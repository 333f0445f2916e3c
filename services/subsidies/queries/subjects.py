"""What lines are about, for people: the subject's name and its facts, read in batches by number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, any_, cast, select

from services.kernel.database import AnySession
from services.kernel.divisions import division_name
from services.subsidies.clients.registry import Collaboration, Recognition, RegistryFacts
from services.subsidies.queries.names import Names
from services.subsidies.rules.vocabulary import LEVEL_LABELS, SIZE_LABELS, SubjectKind
from services.subsidies.tables import RecognitionNumber, SchoolClass, SettlementLine, Student


@dataclass(frozen=True)
class Subject:
    """A subject's name, whose submission it is, and its facts as label and text, in reading order."""

    title: str
    owner: str | None
    facts: dict[str, str]


NOBODY = Subject("（记录已不在登记信息中）", None, {})
Key = tuple[int, int]


async def subjects_of(
    session: AnySession, alliance: str, registry: RegistryFacts, lines: Iterable[SettlementLine]
) -> dict[Key, Subject]:
    """The subjects of some lines by (kind, number)."""
    numbers: dict[int, list[int]] = {int(kind): [] for kind in SubjectKind}
    for line in lines:
        numbers[line.subject_kind].append(line.subject_no)
    names = Names(registry)
    found: dict[Key, Subject] = {}
    for student in await _rows(session, Student, alliance, numbers[SubjectKind.STUDENT]):
        found[int(SubjectKind.STUDENT), student.no] = _student(student, names)
    for school_class in await _rows(session, SchoolClass, alliance, numbers[SubjectKind.CLASS]):
        found[int(SubjectKind.CLASS), school_class.no] = _class(school_class, names)
    for number in await _rows(session, RecognitionNumber, alliance, numbers[SubjectKind.RECOGNITION]):
        subject = _recognition(registry, number.recognition)
        if subject is not None:
            found[int(SubjectKind.RECOGNITION), number.no] = subject
    return found


def people_on(lines: Iterable[SettlementLine]) -> int:
    """How many of these lines are about a person."""
    return sum(line.subject_kind == SubjectKind.STUDENT for line in lines)


T = TypeVar("T", Student, SchoolClass, RecognitionNumber)


async def _rows(session: AnySession, table: type[T], alliance: str, numbers: list[int]) -> list[T]:
    if not numbers:
        return []
    # One array, not a parameter for each number: a payment table may name more lines than a statement has parameters.
    among = table.no == any_(cast(numbers, ARRAY(BigInteger)))
    return list((await session.scalars(select(table).where(table.alliance == alliance, among))).all())


def _day(value: date | None) -> str:
    return f"{value.year}年{value.month}月{value.day}日" if value else ""


def _filled(facts: dict[str, str | None]) -> dict[str, str]:
    return {label: text for label, text in facts.items() if text}


def _student(row: Student, names: Names) -> Subject:
    facts = {
        "证件号": row.id_masked,
        "就读学校": row.school_name,
        "专业": row.major,
        "班级": row.class_code,
        "入学日期": _day(row.enrolled_on),
        "生源地": division_name(row.origin_division) or row.origin_division,
        "生源学校": row.sending_school_name,
        "离校日期": _day(row.left_on),
        "报送单位": names.owner(row.owner),
    }
    return Subject(row.name_masked, row.owner, _filled(facts))


def _class(row: SchoolClass, names: Names) -> Subject:
    facts = {
        "办学学校": row.school_name,
        "班级编号": row.class_code,
        "合作形式": row.format,
        "合作企业": row.enterprise,
        "企业所在地": division_name(row.enterprise_division) or row.enterprise_division,
        "企业规模": SIZE_LABELS.get(row.enterprise_size or ""),
        "规模佐证材料": row.size_evidence,
        "考核得分": str(row.score) if row.score is not None else None,
        "报送单位": names.owner(row.owner),
    }
    return Subject(row.class_name, row.owner, _filled(facts))


def _recognition(registry: RegistryFacts, recognition: UUID) -> Subject | None:
    found = _find(registry, recognition)
    if found is None:
        return None
    collaboration, granted = found
    facts = {
        "级别": LEVEL_LABELS.get(granted.level, granted.level),
        "认定日期": _day(granted.granted_on),
        "认定文号": granted.document_number,
        "牵头单位": registry.name_of(collaboration.lead_member) if collaboration.lead_member else None,
        "办学单位": registry.name_of(collaboration.host_member) if collaboration.host_member else None,
    }
    return Subject(collaboration.name, None, _filled(facts))


def _find(registry: RegistryFacts, recognition: UUID) -> tuple[Collaboration, Recognition] | None:
    for collaboration in registry.collaborations.values():
        for granted in collaboration.recognitions:
            if granted.id == recognition:
                return collaboration, granted
    return None

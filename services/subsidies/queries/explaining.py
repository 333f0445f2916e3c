"""The full account of one line: its case and its rivals are gathered from the pins, the rules explain them."""

from typing import Any

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.subsidies.queries.facts import Inputs, class_frame, recognition_frame, student_frame
from services.subsidies.queries.lines import ahead_of
from services.subsidies.queries.prior import PriorPayments, prior_payments
from services.subsidies.rules.bulk_classes import headcounts
from services.subsidies.rules.cases import ClassCase, RecognitionCase, StudentCase
from services.subsidies.rules.explain import explain_class, explain_recognition, explain_student
from services.subsidies.rules.explanation import Explanation
from services.subsidies.rules.facts import Facts
from services.subsidies.rules.terms import ClassTerms, RecognitionTerms
from services.subsidies.rules.vocabulary import SubjectKind
from services.subsidies.tables import Settlement, SettlementLine, Student


async def explain_line(
    session: AnySession, inputs: Inputs, settlement: Settlement, line: SettlementLine
) -> Explanation:
    """Explain one line from the pinned inputs alone; the outcome is computed anew, not read from the line."""
    terms = inputs.terms
    rule = next(rule for rule in terms.rules if rule.no == line.rule_no)
    ahead = await ahead_of(session, settlement, terms, rule, line.line_no)
    prior = await prior_payments(session, inputs.pinned)
    if line.subject_kind == SubjectKind.STUDENT:
        students = await _students(session, inputs, prior, line.subject_no)
        return explain_student(terms, _pick(students, "student_no", line.subject_no), students, ahead)
    if isinstance(rule, ClassTerms):
        classes = await _classes(session, inputs, prior)
        return explain_class(terms, rule, _pick(classes, "class_no", line.subject_no), classes, ahead)
    if not isinstance(rule, RecognitionTerms):
        raise NotFound("这一行的项目无法说明。", code="line_not_explained")
    recognitions = _recognitions(inputs, prior)
    case = _pick(recognitions, "recognition_no", line.subject_no)
    return explain_recognition(terms, rule, case, recognitions, ahead)


def _pick(cases: list[Any], key: str, number: int) -> Any:
    return next(case for case in cases if getattr(case, key) == number)


async def _students(session: AnySession, inputs: Inputs, prior: PriorPayments, number: int) -> list[StudentCase]:
    """The row and every other row of the same person on the pinned rosters."""
    row = await session.get_one(Student, (inputs.pinned.pins.alliance, number))
    same_person = "AND person_key = $4"
    frame = await student_frame(session, inputs, prior, same_person, row.person_key)
    facts = Facts.of(students=frame)
    return [StudentCase(**record) for record in facts.students.to_dicts()]


async def _classes(session: AnySession, inputs: Inputs, prior: PriorPayments) -> list[ClassCase]:
    """Every class of the settlement, with its headcount: they compete for ranks."""
    classes, _ = await class_frame(session, inputs, prior)
    students = await student_frame(session, inputs, prior, "AND class_code IS NOT NULL")
    facts = Facts.of(students, classes)
    counted = facts.classes.join(headcounts(facts, inputs.pinned.pins.snapshot_date), on="class_no")
    return [ClassCase(**record) for record in counted.to_dicts()]


def _recognitions(inputs: Inputs, prior: PriorPayments) -> list[RecognitionCase]:
    facts = Facts.of(recognitions=recognition_frame(inputs, prior))
    return [RecognitionCase(**record) for record in facts.recognitions.to_dicts()]

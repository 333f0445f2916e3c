"""The student and class rules as an OpenFisca country writes them: entities, dated parameters, variables, formulas.

Amounts are 32-bit floats in 元 (`Variable.value_type = float`), as in every OpenFisca country. Imported only where
requirements/bench.lock is installed.
"""

from typing import Any

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from services.subsidies.rules.terms import ClassTerms, StudentTerms, YearTerms
from services.subsidies.rules.vocabulary import Origin, PayeeRole, Reason

FEN = 100
"""分 in a 元: OpenFisca's amounts are in the currency's main unit."""

Student = build_entity(key="student", plural="students", label="a row of a student roster", is_person=True)
SchoolClass = build_entity(
    key="school_class", plural="school_classes", label="a class", roles=[{"key": "pupil", "plural": "pupils"}]
)
Person = build_entity(
    key="person", plural="persons", label="who stands on a roster", roles=[{"key": "row", "plural": "rows"}]
)


def system_of(terms: YearTerms) -> TaxBenefitSystem:
    """The year's rules as OpenFisca takes them."""
    system = TaxBenefitSystem([Student, SchoolClass, Person])
    system.parameters = _parameters(terms)
    for variable in [*_inputs(), *_formulas(terms)]:
        system.add_variable(variable)
    return system


def _parameters(terms: YearTerms) -> ParameterNode:
    """The pack's amounts in 元 and the least headcount, dated from the beginning of the year."""

    def dated(value: float) -> dict[str, Any]:
        return {"values": {f"{terms.year}-01-01": {"value": value}}}

    rules = {rule.code: {"amount": dated(rule.amount_fen / FEN)} for rule in (*terms.student_rules, *terms.class_rules)}
    for rule in terms.class_rules:
        rules[rule.code]["min_headcount"] = dated(rule.min_headcount)
    return ParameterNode("", data=rules)


def _variable(name: str, entity: Any, kind: type, formula: Any = None) -> type[Variable]:
    body = {"value_type": kind, "entity": entity, "definition_period": DateUnit.YEAR, "label": name}
    return type(name, (Variable,), {**body, **({"formula": formula} if formula else {})})


def _inputs() -> list[type[Variable]]:
    flags = ("accepted", "this_year", "gone", "present", "school_fits", "from_city", "sender_in_city", "paid_before")
    class_flags = ("class_accepted", "class_paid", "format_fits", "enterprise_near", "size_shown", "size_fits")
    return [
        _variable("claimed_rule", Student, int),
        _variable("turn", Student, int),
        *(_variable(name, Student, bool) for name in flags),
        *(_variable(name, SchoolClass, bool) for name in class_flags),
    ]


def class_rule(terms: YearTerms) -> ClassTerms:
    """The one class rule that the bench's pack has."""
    (rule,) = terms.class_rules
    return rule


def _first(conditions: list[tuple[Reason, Any]], otherwise: Any = 0) -> Any:
    return np.select([holds for _, holds in conditions], [int(reason) for reason, _ in conditions], otherwise)


def _formulas(terms: YearTerms) -> list[type[Variable]]:
    return [
        _variable("own_reason", Student, int, _own_reason(terms)),
        _variable("student_reason", Student, int, _student_reason),
        _variable("student_amount", Student, float, _student_amount(terms)),
        _variable("headcount", SchoolClass, int, _headcount),
        _variable("class_reason", SchoolClass, int, _class_reason(terms)),
        _variable("class_amount", SchoolClass, float, _class_amount(terms)),
    ]


def _own_reason(terms: YearTerms) -> Any:
    def formula(student: Any, period: Any) -> Any:
        claimed, from_city = student("claimed_rule", period), student("from_city", period)

        def of(rules: list[StudentTerms]) -> Any:
            return np.isin(claimed, [rule.no for rule in rules])

        local = of([rule for rule in terms.student_rules if rule.origin is Origin.IN_CITY])
        pays_sender = of([rule for rule in terms.student_rules if rule.payee is PayeeRole.SENDING_SCHOOL])
        return _first(
            [
                (Reason.RULE_NOT_IN_FORCE, of([rule for rule in terms.student_rules if not rule.in_force])),
                (Reason.NO_ACCEPTED_CLAIM, ~student("accepted", period)),
                (Reason.ENROLMENT_YEAR_DIFFERS, ~student("this_year", period)),
                (Reason.LEFT_BEFORE_SNAPSHOT, student("gone", period)),
                (Reason.SCHOOL_NOT_ELIGIBLE, ~student("school_fits", period)),
                (Reason.ORIGIN_OTHER_CITY, local & ~from_city),
                (Reason.ORIGIN_IN_CITY, ~local & from_city),
                (Reason.SENDING_SCHOOL_MISSING, pays_sender & ~student("sender_in_city", period)),
                (Reason.ALREADY_PAID, student("paid_before", period)),
            ]
        )

    return formula


def _student_reason(student: Any, period: Any) -> Any:
    own = student("own_reason", period)
    competing = (own == 0) & (student("claimed_rule", period) > 0)
    turn = student("turn", period).astype(np.float64)
    place = student.get_rank(student.person, turn, condition=competing)
    return np.where(competing & (place > 0), int(Reason.DUPLICATE_STUDENT), own)


def _student_amount(terms: YearTerms) -> Any:
    def formula(student: Any, period: Any, parameters: Any) -> Any:
        claimed, payable = student("claimed_rule", period), student("student_reason", period) == 0
        nodes = parameters(period)
        full = np.select(
            [claimed == rule.no for rule in terms.student_rules],
            [nodes[rule.code].amount for rule in terms.student_rules],
            0,
        )
        return payable * full

    return formula


def _headcount(school_class: Any, period: Any) -> Any:
    return school_class.sum(school_class.members("present", period))


def _class_reason(terms: YearTerms) -> Any:
    rule = class_rule(terms)

    def formula(school_class: Any, period: Any, parameters: Any) -> Any:
        few = school_class("headcount", period) < parameters(period)[rule.code].min_headcount
        return _first(
            [
                (Reason.RULE_NOT_IN_FORCE, np.full(school_class.count, not rule.in_force)),
                (Reason.NO_ACCEPTED_CLAIM, ~school_class("class_accepted", period)),
                (Reason.ALREADY_PAID, school_class("class_paid", period) & rule.once_per_class),
                (Reason.FORMAT_NOT_ELIGIBLE, ~school_class("format_fits", period)),
                (Reason.ENTERPRISE_NOT_IN_CITY, ~school_class("enterprise_near", period) & rule.enterprise_in_city),
                (Reason.ENTERPRISE_SIZE_MISSING, ~school_class("size_shown", period)),
                (Reason.ENTERPRISE_TOO_SMALL, ~school_class("size_fits", period)),
                (Reason.HEADCOUNT_BELOW_MINIMUM, few),
            ]
        )

    return formula


def _class_amount(terms: YearTerms) -> Any:
    rule = class_rule(terms)

    def formula(school_class: Any, period: Any, parameters: Any) -> Any:
        return (school_class("class_reason", period) == 0) * parameters(period)[rule.code].amount

    return formula

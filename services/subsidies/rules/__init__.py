"""The money rules of a policy document: facts in, explained lines out. Pure: no I/O, no database, no settings.

`RuleBook.from_part` reads a pack's rules, `Facts.of` checks the facts, `settle` makes the lines of a year,
`settlement_hash` pins them, `explain_*` tells one case, and `scenarios` shows what a shortfall leaves to decide.
"""

from services.subsidies.rules.bulk import LINES, TOTALS, Pool, Settled, settle, settle_under
from services.subsidies.rules.cases import ClassCase, RecognitionCase, StudentCase
from services.subsidies.rules.explain import (
    Condition,
    Explanation,
    explain_class,
    explain_recognition,
    explain_student,
)
from services.subsidies.rules.facts import CLASSES, RECOGNITIONS, STUDENTS, Facts, FactsError
from services.subsidies.rules.model import Rule, RuleBook
from services.subsidies.rules.pins import Pins, settlement_hash
from services.subsidies.rules.scenarios import FUNDING, Scenario, ScenarioCode, scenarios
from services.subsidies.rules.series import RuleBookError
from services.subsidies.rules.terms import ClassTerms, RecognitionTerms, RuleTerms, StudentTerms, YearTerms
from services.subsidies.rules.vocabulary import Funding, Outcome, Reason, RuleKind, SubjectKind

__all__ = [
    "CLASSES",
    "FUNDING",
    "LINES",
    "RECOGNITIONS",
    "STUDENTS",
    "TOTALS",
    "ClassCase",
    "ClassTerms",
    "Condition",
    "Explanation",
    "Facts",
    "FactsError",
    "Funding",
    "Outcome",
    "Pins",
    "Pool",
    "Reason",
    "RecognitionCase",
    "RecognitionTerms",
    "Rule",
    "RuleBook",
    "RuleBookError",
    "RuleKind",
    "RuleTerms",
    "Scenario",
    "ScenarioCode",
    "Settled",
    "StudentCase",
    "StudentTerms",
    "SubjectKind",
    "YearTerms",
    "explain_class",
    "explain_recognition",
    "explain_student",
    "scenarios",
    "settle",
    "settle_under",
    "settlement_hash",
]

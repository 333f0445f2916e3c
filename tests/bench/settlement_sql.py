"""The same year settled by one INSERT … SELECT: an independent checker, written without the product's rule code.

It shares with the product the numbers that lines store (`rules/vocabulary.py`) and the parameters of the pack. It knows
no earlier settlements, no doubled classes and no recognitions, which the bench's world does not have.
"""

from typing import Any, Final

from services.kernel.registry_words import TAKES_PART
from services.subsidies.clients.registry import RegistryFacts
from services.subsidies.rules.terms import YearTerms
from services.subsidies.rules.vocabulary import Funding, Origin, Outcome, PayeeRole, Reason, SubjectKind
from tests.bench.data import ALLIANCE

MEMBERS: Final = """
CREATE TEMP TABLE bench_member
    (id uuid PRIMARY KEY, name text COLLATE "C", category text, active boolean, division text) ON COMMIT DROP
"""
STANDING: Final = "alliance = $1 AND year = $2 AND superseded_seq IS NULL"

STUDENTS: Final = f"""
student_rule AS (
    SELECT * FROM unnest($4::int[], $5::text[], $6::bigint[], $7::text[], $8::boolean[], $9::boolean[], $10::boolean[])
        AS r (no, code, amount, categories, in_force, from_city, pays_sender)
), judged AS (
    SELECT r.no AS rule_no, s.no AS subject_no, s.person_key, s.enrolled_on, m.name AS school_name, r.amount,
           CASE WHEN r.pays_sender THEN s.sending_school ELSE s.school END AS payee,
           CASE WHEN NOT r.in_force THEN {Reason.RULE_NOT_IN_FORCE:d}
                WHEN a.owner IS NULL THEN {Reason.NO_ACCEPTED_CLAIM:d}
                WHEN s.enrolment_year <> $2 THEN {Reason.ENROLMENT_YEAR_DIFFERS:d}
                WHEN s.left_on < $3 THEN {Reason.LEFT_BEFORE_SNAPSHOT:d}
                WHEN NOT coalesce(m.active AND m.category = ANY (string_to_array(r.categories, ',')), false)
                    THEN {Reason.SCHOOL_NOT_ELIGIBLE:d}
                WHEN r.from_city AND NOT starts_with(s.origin_division, $11) THEN {Reason.ORIGIN_OTHER_CITY:d}
                WHEN NOT r.from_city AND starts_with(s.origin_division, $11) THEN {Reason.ORIGIN_IN_CITY:d}
                WHEN r.pays_sender AND NOT coalesce(starts_with(f.division, $11), false)
                    THEN {Reason.SENDING_SCHOOL_MISSING:d}
           END AS own_reason
    FROM subsidies.student s
    JOIN student_rule r ON r.code = s.claimed_rule
    LEFT JOIN accepted a ON a.owner = s.owner AND a.rule = s.claimed_rule
    LEFT JOIN bench_member m ON m.id = s.school
    LEFT JOIN bench_member f ON f.id = s.sending_school
    WHERE s.{STANDING.replace(" AND ", " AND s.")}
), turns AS (
    SELECT *, CASE WHEN own_reason IS NULL THEN row_number() OVER
        (PARTITION BY person_key, own_reason IS NULL ORDER BY enrolled_on, school_name, subject_no) END AS turn
    FROM judged
), student_line AS (
    SELECT {SubjectKind.STUDENT:d} AS kind, rule_no, subject_no, payee, NULL::bigint AS rank, amount,
           CASE WHEN turn > 1 THEN {Reason.DUPLICATE_STUDENT:d} ELSE own_reason END AS reason
    FROM turns
)"""

CLASSES: Final = f"""
present AS (
    SELECT school, class_code, count(DISTINCT person_key) AS heads FROM subsidies.student
    WHERE {STANDING} AND class_code IS NOT NULL AND enrolled_on <= $3 AND (left_on IS NULL OR left_on >= $3)
    GROUP BY school, class_code
), class_judged AS (
    SELECT r.no AS rule_no, c.no AS subject_no, c.school, c.class_code, c.score, coalesce(p.heads, 0) AS heads,
           r.amount,
           CASE WHEN NOT r.in_force THEN {Reason.RULE_NOT_IN_FORCE:d}
                WHEN a.owner IS NULL THEN {Reason.NO_ACCEPTED_CLAIM:d}
                WHEN c.format <> ALL (string_to_array(r.formats, ',')) THEN {Reason.FORMAT_NOT_ELIGIBLE:d}
                WHEN r.in_city AND NOT starts_with(c.enterprise_division, $11) THEN {Reason.ENTERPRISE_NOT_IN_CITY:d}
                WHEN c.enterprise_size IS NULL OR c.size_evidence IS NULL THEN {Reason.ENTERPRISE_SIZE_MISSING:d}
                WHEN c.enterprise_size <> ALL (string_to_array(r.sizes, ',')) THEN {Reason.ENTERPRISE_TOO_SMALL:d}
                WHEN coalesce(p.heads, 0) < r.minimum THEN {Reason.HEADCOUNT_BELOW_MINIMUM:d}
           END AS reason
    FROM subsidies.school_class c
    CROSS JOIN unnest($12::int[], $13::text[], $14::bigint[], $15::text[], $16::text[], $17::boolean[], $18::int[],
                      $19::boolean[])
        AS r (no, code, amount, formats, sizes, in_city, minimum, in_force)
    LEFT JOIN accepted a ON a.owner = c.owner AND a.rule = r.code
    LEFT JOIN present p ON p.school = c.school AND p.class_code = c.class_code
    WHERE c.{STANDING.replace(" AND ", " AND c.")}
), class_line AS (
    SELECT {SubjectKind.CLASS:d} AS kind, rule_no, subject_no, school AS payee,
           CASE WHEN reason IS NULL THEN row_number() OVER (PARTITION BY rule_no ORDER BY (reason IS NULL) DESC,
               score DESC NULLS LAST, heads DESC, class_code COLLATE "C", subject_no) END AS rank,
           amount, reason
    FROM class_judged
)"""

SETTLE: Final = f"""
INSERT INTO {{table}}
    (line_no, rule_no, subject_kind, subject_no, payee, outcome, reason, rank, funding, amount_fen)
WITH accepted AS (
    SELECT DISTINCT owner, rule FROM subsidies.claim WHERE alliance = $1 AND year = $2 AND state = 'accepted'
), {STUDENTS}, {CLASSES}, line AS (
    SELECT row_number() OVER (ORDER BY kind, rule_no, rank NULLS LAST, subject_no) AS line_no, rule_no, kind,
           subject_no, payee, reason, rank, CASE WHEN reason IS NULL THEN amount ELSE 0 END AS amount
    FROM (SELECT * FROM student_line UNION ALL SELECT * FROM class_line) AS both_kinds
), funded AS (
    -- Fixed awards reach the pool first; ranked ones stand behind all of them, which the line order already says.
    SELECT *, sum(amount) OVER (ORDER BY line_no ROWS UNBOUNDED PRECEDING) <= $20 AS within FROM line
)
SELECT line_no, rule_no, kind, subject_no, payee,
       CASE WHEN reason IS NULL THEN {Outcome.PAYABLE:d} ELSE {Outcome.EXCLUDED:d} END, reason, rank,
       CASE WHEN reason IS NOT NULL THEN NULL WHEN within THEN {Funding.WITHIN_POOL:d}
            ELSE {Funding.ABOVE_POOL:d} END, amount
FROM funded ORDER BY line_no
"""


async def settle_in_sql(connection: Any, table: str, terms: YearTerms, registry: RegistryFacts) -> None:
    """Fill `table` with the year's lines, inside the caller's transaction.

    Raises ValueError for a pack whose shape the statement does not know: ranked awards before fixed ones, or two pools.
    """
    settled = [*terms.student_rules, *terms.class_rules]
    pools = {terms.budgets_fen[rule.budget] for rule in settled}
    if len(pools) != 1 or any(rule.selective for rule in terms.student_rules):
        raise ValueError("the checker's statement knows one pool, and students before ranked classes")
    await connection.execute(MEMBERS)
    await connection.copy_records_to_table("bench_member", records=_members(registry))
    await connection.execute("ANALYZE bench_member")
    arguments = (ALLIANCE, terms.year, terms.snapshot_date, *_student_terms(terms), *_class_terms(terms), pools.pop())
    await connection.execute(SETTLE.format(table=table), *arguments)


def _members(registry: RegistryFacts) -> list[tuple[Any, ...]]:
    return [(m.id, m.name, m.category, m.status in TAKES_PART, m.division) for m in registry.members.values()]


def _student_terms(terms: YearTerms) -> tuple[Any, ...]:
    rules = terms.student_rules
    return (
        [rule.no for rule in rules],
        [rule.code for rule in rules],
        [rule.amount_fen for rule in rules],
        [",".join(rule.enrolling_categories) for rule in rules],
        [rule.in_force for rule in rules],
        [rule.origin is Origin.IN_CITY for rule in rules],
        [rule.payee is PayeeRole.SENDING_SCHOOL for rule in rules],
        terms.city_prefix,
    )


def _class_terms(terms: YearTerms) -> tuple[Any, ...]:
    rules = terms.class_rules
    return (
        [rule.no for rule in rules],
        [rule.code for rule in rules],
        [rule.amount_fen for rule in rules],
        [",".join(rule.formats) for rule in rules],
        [",".join(rule.enterprise_sizes) for rule in rules],
        [rule.enterprise_in_city for rule in rules],
        [rule.min_headcount for rule in rules],
        [rule.in_force for rule in rules],
    )

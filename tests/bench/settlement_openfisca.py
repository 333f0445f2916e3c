"""The year settled by OpenFisca: arrays in, arrays out.

Its facts come from the product's own loader and its lines leave by the same COPY, so that the engine is what differs.
What OpenFisca has no notion of, the ranking of classes and the reach of the pool, is added with polars.
"""

import io
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from openfisca_core.simulations import Simulation, SimulationBuilder

from services.subsidies.queries.facts import load_facts
from services.subsidies.rules.bulk import LINES
from services.subsidies.rules.facts import Facts
from services.subsidies.rules.terms import YearTerms
from services.subsidies.rules.vocabulary import Funding, Outcome, PayeeRole, SubjectKind
from tests.bench.contenders_settlement import Stage, Written, fresh_table, keyed
from tests.bench.data import ALLIANCE
from tests.bench.openfisca_rules import FEN, class_rule, system_of


@dataclass(frozen=True)
class Answer:
    """The lines, in the columns of the product's, and the total in 元 as OpenFisca's own sum has it."""

    lines: pl.DataFrame
    total_yuan: float


def settle_in_openfisca(terms: YearTerms, facts: Facts) -> Answer:
    """Settle the students and classes of the facts; recognitions are left out, the bench's world has none."""
    students = facts.students.sort("student_no")
    classes = facts.classes.sort("class_no")
    simulation = _simulation(terms, students, classes)
    year = str(terms.year)
    results = {
        name: simulation.calculate(name, year)
        for name in ("student_reason", "student_amount", "class_reason", "class_amount", "headcount")
    }
    lines = pl.concat([_student_lines(students, terms, results), _class_lines(classes, terms, results)])
    total = float(results["student_amount"].sum() + results["class_amount"].sum())
    return Answer(_funded(lines, terms), total)


def _simulation(terms: YearTerms, students: pl.DataFrame, classes: pl.DataFrame) -> Simulation:
    system = system_of(terms)
    builder = SimulationBuilder()
    builder.create_entities(system)
    populations = builder.populations
    # One class more than there are, for those in none; it stands last so that every class has its place.
    members = _class_places(students, classes)
    for name, count, ids in (
        ("student", students.height, None),
        ("school_class", classes.height + 1, members),
        ("person", int(students["person_key"].n_unique()), _person_places(students)),
    ):
        populations[name].count, populations[name].ids = count, np.arange(count)
        if ids is not None:
            populations[name].members_entity_id = ids
    simulation = builder.build(system)
    for name, values in {**_student_inputs(students, terms), **_class_inputs(classes, terms)}.items():
        simulation.set_input(name, str(terms.year), values)
    return simulation


def _class_places(students: pl.DataFrame, classes: pl.DataFrame) -> Any:
    place = classes.select("school", "class_code").with_row_index("place")
    joined = students.select("school", "class_code").join(
        place, on=["school", "class_code"], how="left", maintain_order="left"
    )
    return joined["place"].fill_null(classes.height).cast(pl.Int64).to_numpy()


def _person_places(students: pl.DataFrame) -> Any:
    return (students["person_key"].rank("dense").cast(pl.Int64) - 1).to_numpy()


def _student_inputs(students: pl.DataFrame, terms: YearTerms) -> dict[str, Any]:
    numbers = {rule.code: rule.no for rule in terms.student_rules}
    fits = [
        pl.when(pl.col("claimed_rule") == rule.code).then(pl.col("school_category").is_in(rule.enrolling_categories))
        for rule in terms.student_rules
    ]
    snapshot = terms.snapshot_date
    gone = (pl.col("left_on") < snapshot).fill_null(value=False)
    columns = students.select(
        claimed_rule=pl.col("claimed_rule").replace_strict(numbers, default=0, return_dtype=pl.Int32).fill_null(0),
        # A whole number that says whose turn comes first; 32-bit floats could not hold it, so it is an int.
        turn=pl.struct("enrolled_on", "school_name", "student_no").rank("ordinal").cast(pl.Int32),
        accepted="claim_accepted",
        this_year=pl.col("enrolment_year") == terms.year,
        gone=gone,
        present=(pl.col("enrolled_on") <= snapshot) & gone.not_(),
        school_fits=pl.coalesce(fits).fill_null(value=False),
        from_city=pl.col("origin_division").str.starts_with(terms.city_prefix).fill_null(value=False),
        sender_in_city=pl.col("sending_school_in_city").fill_null(value=False),
        paid_before="prior_paid",
    )
    return {column.name: column.to_numpy() for column in columns}


def _class_inputs(classes: pl.DataFrame, terms: YearTerms) -> dict[str, Any]:
    rule = class_rule(terms)
    columns = classes.select(
        class_accepted="claim_accepted",
        class_paid="prior_paid",
        format_fits=pl.col("format").is_in(rule.formats),
        enterprise_near=pl.col("enterprise_division").str.starts_with(terms.city_prefix),
        size_shown=pl.col("enterprise_size").is_not_null() & pl.col("has_size_evidence"),
        size_fits=pl.col("enterprise_size").is_in(rule.enterprise_sizes).fill_null(value=False),
    )
    return {column.name: np.append(column.fill_null(value=False).to_numpy(), False) for column in columns}


def _drafted(frame: pl.DataFrame, reason: Any, amount: Any) -> pl.DataFrame:
    return frame.with_columns(
        reason=pl.Series(reason).replace(0, None).cast(pl.Int16),
        amount_fen=(pl.Series(amount) * FEN).round().cast(pl.Int64),
    )


def _student_lines(students: pl.DataFrame, terms: YearTerms, results: dict[str, Any]) -> pl.DataFrame:
    senders = [rule.code for rule in terms.student_rules if rule.payee is PayeeRole.SENDING_SCHOOL]
    numbers = {rule.code: rule.no for rule in terms.student_rules}
    payee = pl.when(pl.col("claimed_rule").is_in(senders)).then(pl.col("sending_school")).otherwise(pl.col("school"))
    return (
        _drafted(students, results["student_reason"], results["student_amount"])
        .filter(pl.col("claimed_rule").is_not_null())
        .select(
            rule_no=pl.col("claimed_rule").replace_strict(numbers, return_dtype=pl.Int16),
            subject_kind=pl.lit(int(SubjectKind.STUDENT), dtype=pl.Int16),
            subject_no="student_no",
            payee=payee,
            reason="reason",
            rank=pl.lit(None, dtype=pl.Int32),
            amount_fen="amount_fen",
        )
        .sort("rule_no", "subject_no")
    )


def _class_lines(classes: pl.DataFrame, terms: YearTerms, results: dict[str, Any]) -> pl.DataFrame:
    own = slice(0, classes.height)
    judged = _drafted(classes, results["class_reason"][own], results["class_amount"][own])
    by = ["score", "headcount", "class_code", "class_no"]
    best = (
        judged.with_columns(headcount=pl.Series(results["headcount"][own]))
        .filter(pl.col("reason").is_null())
        .sort(by, descending=[True, True, False, False], nulls_last=True)
        .select("class_no", rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32))
    )
    return (
        judged.join(best, on="class_no", how="left")
        .select(
            rule_no=pl.lit(class_rule(terms).no, dtype=pl.Int16),
            subject_kind=pl.lit(int(SubjectKind.CLASS), dtype=pl.Int16),
            subject_no="class_no",
            payee="school",
            reason="reason",
            rank="rank",
            amount_fen="amount_fen",
        )
        .sort("rank", "subject_no", nulls_last=True)
    )


def _funded(lines: pl.DataFrame, terms: YearTerms) -> pl.DataFrame:
    pool = terms.pool_fen(class_rule(terms))
    reached = pl.when(pl.col("amount_fen").cum_sum() <= pool).then(int(Funding.WITHIN_POOL))
    payable = pl.col("reason").is_null()
    numbered = lines.with_columns(
        line_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
        outcome=pl.when(payable).then(int(Outcome.PAYABLE)).otherwise(int(Outcome.EXCLUDED)),
        funding=pl.when(payable).then(reached.otherwise(int(Funding.ABOVE_POOL))),
    )
    return numbered.select(pl.col(name).cast(kind) for name, kind in LINES.items())


async def openfisca(stage: Stage) -> Written:
    """One turn: facts by the product's loader, OpenFisca, COPY, key and commit."""
    inputs = await stage.inputs()
    started = time.perf_counter()
    async with stage.database.read(ALLIANCE) as session:
        facts = (await load_facts(session, inputs)).facts
    answer = settle_in_openfisca(inputs.terms, facts)
    source = io.BytesIO(answer.lines.write_csv(None, include_header=False).encode())
    async with stage.admin.transaction():
        await fresh_table(stage.admin, "bench.calculated")
        await stage.admin.copy_to_table(
            "calculated", schema_name="bench", source=source, columns=answer.lines.columns, format="csv", freeze=True
        )
        await keyed(stage.admin, "bench.calculated")
    return Written(time.perf_counter() - started, "bench.calculated", answer.total_yuan)

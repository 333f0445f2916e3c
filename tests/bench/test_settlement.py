"""The SQL checker and the product come to the same lines, and a difference between them cannot pass unseen."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from services.subsidies.rules.vocabulary import Outcome, Reason
from tests.bench.contenders_settlement import (
    COLUMNS,
    Run,
    Stage,
    Tally,
    TotalsDiffer,
    demand_equal,
    differing_lines,
    limit,
    measured,
    prepared,
    product,
    sql,
    stage,
    tally_of,
)
from tests.bench.data import SCHOOLS, class_rows, student_rows
from tests.bench.settlement import LIMIT, OPENFISCA, PRODUCT, exactness, settlement_table
from tests.bench.settlement_sql import settle_in_sql
from tests.support.databases import TestServer

STUDENTS = 3000
NOT_IN_A_FIRST_YEAR = {Reason.RULE_NOT_IN_FORCE, Reason.ALREADY_PAID}
ONLY_RECOGNITIONS = {Reason.PAYEE_MISSING, Reason.RECOGNISED_OUTSIDE_YEAR, Reason.HIGHER_LEVEL_COUNTS}

Staged = Callable[[Callable[[Stage], Awaitable[object]]], None]


@pytest.fixture
def staged(server: TestServer) -> Staged:
    """Run something on a small loaded world; what the contenders made besides is removed."""
    url = server.service_url("subsidies")

    async def run(act: Callable[[Stage], Awaitable[object]]) -> None:
        async with stage(server, url, STUDENTS) as ready:
            try:
                await act(ready)
            finally:
                await ready.admin.execute("DROP SCHEMA IF EXISTS bench CASCADE")

    return lambda act: asyncio.run(run(act))


def test_the_checker_and_the_product_agree_line_by_line(staged: Staged) -> None:
    async def act(ready: Stage) -> None:
        lines, tally = await prepared(ready)  # compares every column of every line
        assert tally.lines == lines.count(b"\n") > STUDENTS * 0.9
        assert tally.payable_fen == sum(amount for *_, amount in tally.by_rule) > 0
        turns = (lambda: limit(ready, lines), lambda: product(ready), lambda: sql(ready))
        for turn in turns:
            run = await measured(ready, turn)()
            demand_equal("a contender", run.tally, tally)
            assert run.seconds > 0

    staged(act)


def test_the_small_world_has_every_reason_that_a_first_year_can_have(staged: Staged) -> None:
    async def act(ready: Stage) -> None:
        await prepared(ready)
        written = await sql(ready)
        rows = await ready.admin.fetch(f"SELECT outcome, reason, rank FROM {written.table}")
        found = {Reason(row["reason"]) for row in rows if row["outcome"] == Outcome.EXCLUDED}
        assert found == {*Reason} - NOT_IN_A_FIRST_YEAR - ONLY_RECOGNITIONS
        ranks = sorted(row["rank"] for row in rows if row["rank"] is not None)
        assert ranks == list(range(1, len(ranks) + 1))
        assert ranks

    staged(act)


def test_a_changed_line_is_found_and_stops_the_bench(staged: Staged) -> None:
    async def act(ready: Stage) -> None:
        await prepared(ready)
        ours, theirs = (await product(ready)).table, (await sql(ready)).table
        assert await differing_lines(ready.admin, ours, theirs) == 0
        await ready.admin.execute(f"UPDATE {theirs} SET amount_fen = amount_fen + 1 WHERE line_no = 7")
        assert await differing_lines(ready.admin, ours, theirs) == 2
        with pytest.raises(TotalsDiffer, match="不一致"):
            demand_equal("SQL", await tally_of(ready.admin, theirs), await tally_of(ready.admin, ours))

    staged(act)


def test_a_pack_that_the_statement_does_not_know_is_refused(staged: Staged) -> None:
    async def act(ready: Stage) -> None:
        terms = (await ready.inputs()).terms
        ranked = tuple(replace(rule, selective=True) for rule in terms.rules)
        with pytest.raises(ValueError, match="students before ranked classes"):
            await settle_in_sql(ready.admin, "bench.none", replace(terms, rules=ranked), ready.world.registry)

    staged(act)


def test_synthetic_rows_follow_from_their_number_and_share_few_people() -> None:
    rows = student_rows(0, 4000, 100)
    assert rows.equals(student_rows(0, 4000, 100))
    assert rows["person_key"].slice(2000).to_list() == student_rows(2000, 2000, 100)["person_key"].to_list()
    repeats = Counter(rows["person_key"].to_list())
    twice = [key for key, count in repeats.items() if count > 1]
    assert 0 < len(twice) < 40
    assert max(repeats.values()) == 2
    assert rows.select("school", "person_key").is_unique().all()  # nobody twice on one school's roster


def test_two_schools_may_use_one_class_code_but_no_school_uses_it_twice() -> None:
    rows = class_rows(SCHOOLS * 2)
    assert rows["class_code"].n_unique() == 2
    assert rows.select("school", "class_code").is_unique().all()


def test_the_limit_copies_the_columns_that_the_product_writes(staged: Staged) -> None:
    async def act(ready: Stage) -> None:
        lines, _ = await prepared(ready)
        assert lines.split(b"\n", 1)[0].count(b",") == len(COLUMNS) - 1
        copied = (await limit(ready, lines)).table
        written = (await product(ready)).table
        assert await differing_lines(ready.admin, copied, written) == 0

    staged(act)


def test_openfiscas_own_sum_is_shown_with_its_error() -> None:
    tally = Tally(2, 50_705_850_000, ((5, 2, 50_705_850_000),))
    told = exactness(Run(1.0, tally, reported=507_058_496.0), tally)
    assert "误差 -4.00 元" in told
    assert "与产品相同" in told
    wrong = exactness(Run(1.0, replace(tally, payable_fen=50_705_849_900), reported=507_058_499.0), tally)
    assert "与产品不同（507,058,499.00 元）" in wrong
    with pytest.raises(TotalsDiffer):
        exactness(Run(1.0, tally), tally)


def test_the_table_divides_by_the_limit_and_by_the_product() -> None:
    tally = Tally(0, 0, ())
    runs = {name: [Run(seconds, tally)] for name, seconds in ((LIMIT, 2.0), (PRODUCT, 3.0), (OPENFISCA, 9.0))}
    last = settlement_table(runs).splitlines()[-1].split()
    assert last[-5:] == ["4.50", "9.00", "9.00", "9.00", "3.00"]

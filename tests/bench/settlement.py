"""The settlement section: load a world, run the contenders in turn, check that all came to the same, print."""

import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec

from tests.bench.contenders_settlement import (
    Run,
    Stage,
    Tally,
    TotalsDiffer,
    demand_equal,
    limit,
    measured,
    prepared,
    product,
    sql,
    stage,
)
from tests.bench.machine import server_line
from tests.bench.report import Row, compared, interleaved, ratio_table
from tests.support.databases import TestServer

LIMIT, PRODUCT, SQL, OPENFISCA = "COPY 同样的明细（下限）", "本产品", "INSERT … SELECT（核对）", "OpenFisca + COPY"
Say = Callable[[str], None]


async def compare(server: TestServer, url: str, students: int, rounds: int, say: Say) -> None:
    """Print the comparison for one size. Raises TotalsDiffer when an exact contender came to other lines."""
    say(f"\n== 结算：{students:,} 名学生，从数据库的行到已提交的逐条明细 ==")
    started = time.perf_counter()
    async with stage(server, url, students) as ready:
        say(f"  {await server_line(ready.admin)}（装入数据用时 {time.perf_counter() - started:.0f} 秒，不计）")
        lines, tally = await prepared(ready)
        runs = await interleaved(contenders(ready, lines, say), rounds)
    exact = [name for name in runs if name != OPENFISCA]
    for name in exact:
        for run in runs[name]:
            demand_equal(name, run.tally, tally)
    say(f"  {tally.lines:,} 行，应付 {tally.payable_fen / 100:,.2f} 元；各家逐分相同，SQL 与产品逐行逐列相同。")
    say(settlement_table(runs))
    if OPENFISCA in runs:
        say(exactness(runs[OPENFISCA][0], tally))


def contenders(ready: Stage, lines: bytes, say: Say) -> Mapping[str, Callable[[], Awaitable[Run]]]:
    """By name, the limit first: it is what the others are divided by."""
    found = {
        LIMIT: measured(ready, lambda: limit(ready, lines)),
        PRODUCT: measured(ready, lambda: product(ready)),
        SQL: measured(ready, lambda: sql(ready)),
    }
    if find_spec("openfisca_core") is None:
        say("  注意：没有安装 openfisca-core（requirements/bench.lock），缺少与它的比较；请用 make bench 运行。")
        return found
    from tests.bench.settlement_openfisca import openfisca

    return {**found, OPENFISCA: measured(ready, lambda: openfisca(ready))}


def settlement_table(runs: Mapping[str, list[Run]]) -> str:
    """Ratios to the limit, and the product's share in each contender's time."""
    rows = compared({name: [run.seconds for run in found] for name, found in runs.items()}, LIMIT)
    product_ratio = next(row.ratio for row in rows if row.name == PRODUCT)
    noted = [Row(**{**vars(row), "notes": (f"{row.ratio / product_ratio:.2f}",)}) for row in rows]
    return ratio_table(noted, "秒", digits=2, note_headers=("与本产品之比",))


def exactness(run: Run, tally: Tally) -> str:
    """What OpenFisca's own sum says beside the exact total, in 元, and whether its lines add up to it."""
    if run.reported is None:
        raise TotalsDiffer("OpenFisca 没有报告合计")
    exact = tally.payable_fen / 100
    by_lines = "与产品相同" if run.tally == tally else f"与产品不同（{run.tally.payable_fen / 100:,.2f} 元）"
    return (
        f"  OpenFisca 的金额是 32 位浮点数：它自己合计 {run.reported:,.2f} 元，误差 {run.reported - exact:+,.2f} 元；"
        f"逐行化为整数分后再相加，{by_lines}。"
    )

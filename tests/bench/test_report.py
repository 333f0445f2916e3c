"""The arithmetic of the report: interleaving, medians, ratios, percentiles and tables."""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.__main__ import arguments
from tests.bench.load import LoadFailed, read_wrk
from tests.bench.report import compared, interleaved, percentile, ratio_table, table, width

SECONDS = st.lists(st.floats(0.001, 1000), min_size=1, max_size=30)


def test_every_round_runs_every_contender_and_begins_with_another() -> None:
    order: list[str] = []

    def contender(name: str) -> Callable[[], Awaitable[int]]:
        async def run() -> int:
            order.append(name)
            return len(order)

        return run

    found = asyncio.run(interleaved({name: contender(name) for name in "abc"}, 4))
    assert "".join(order) == "abc" + "bca" + "cab" + "abc"
    assert found == {"a": [1, 6, 8, 10], "b": [2, 4, 9, 11], "c": [3, 5, 7, 12]}


def test_no_rounds_compare_nothing() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        asyncio.run(interleaved(dict[str, Callable[[], Awaitable[int]]](), 0))


def test_ratios_are_of_medians() -> None:
    rows = compared({"limit": [1.0, 1.2, 50.0], "ours": [3.0, 2.4, 1.8]}, "limit", {"ours": ("x",)})
    assert [(row.name, round(row.ratio, 6), row.value, row.low, row.high, row.notes) for row in rows] == [
        ("limit", 1.0, 1.2, 1.0, 50.0, ()),
        ("ours", 2.0, 2.4, 1.8, 3.0, ("x",)),
    ]


def test_a_base_that_measured_nothing_is_no_base() -> None:
    with pytest.raises(ValueError, match="measured nothing"):
        compared({"limit": [0.0], "ours": [1.0]}, "limit")


@given(SECONDS, SECONDS, st.floats(0.5, 100))
def test_a_ratio_does_not_depend_on_the_unit(base: list[float], ours: list[float], factor: float) -> None:
    plain = compared({"base": base, "ours": ours}, "base")[1]
    scaled = compared({"base": [v * factor for v in base], "ours": [v * factor for v in ours]}, "base")[1]
    assert scaled.ratio == pytest.approx(plain.ratio)
    assert plain.low <= plain.value <= plain.high


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.05, 1), (0.5, 10), (0.95, 19), (0.951, 20), (1.0, 20)])
def test_percentiles_are_nearest_rank(share: float, expected: int) -> None:
    assert percentile([float(n) for n in reversed(range(1, 21))], share) == expected


@given(SECONDS, st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_and_grows_with_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert percentile(values, 0.0) <= found <= percentile(values, 1.0)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6 * len(values)


def test_an_odd_number_of_values_has_its_median_at_one_half() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.5) == median([5.0, 1.0, 3.0])


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 1.1), ([1.0], -0.1)])
def test_a_percentile_of_nothing_or_beyond_the_ends_is_refused(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="a percentile needs"):
        percentile(values, share)


def test_chinese_takes_two_columns_so_that_tables_stand_straight() -> None:
    assert (width("ab"), width("中位数"), width("（秒）")) == (2, 6, 6)
    lines = table(("", "比值"), [("直接", "1.00"), ("gateway", "12.50")]).splitlines()
    assert len({width(line) for line in lines}) == 1
    assert lines[-1] == "  gateway  12.50"


def test_ratios_come_before_seconds() -> None:
    shown = ratio_table(compared({"base": [2.0], "ours": [3000.0]}, "base"), "秒", digits=2)
    assert shown.splitlines()[0].split() == ["比值", "中位数（秒）", "最小", "最大"]
    assert shown.splitlines()[-1].split() == ["ours", "1500.00", "3,000.00", "3,000.00", "3,000.00"]


def test_what_wrk_measured_is_read_in_milliseconds() -> None:
    load = read_wrk("Running 3s test\nHUB 12000 3000000 2500 7125 0\n")
    assert (load.per_second, load.p50, load.p95) == (4000.0, 2.5, 7.125)


@pytest.mark.parametrize("out", ["unable to connect", "HUB 100 3000000 1 2 1", "HUB 0 3000000 0 0 0"])
def test_a_load_with_refused_or_no_requests_says_nothing(out: str) -> None:
    with pytest.raises(LoadFailed):
        read_wrk(out)


def test_the_bench_runs_everything_unless_told_otherwise() -> None:
    assert vars(arguments([])) == {"rounds": 5, "only": None, "students": None, "seconds": 3}
    told = arguments(["--only", "pages", "--only", "gateway", "--students", "10", "--rounds", "1"])
    assert (told.only, told.students, told.rounds) == (["pages", "gateway"], [10], 1)


@pytest.mark.parametrize("given", [["--rounds", "0"], ["--only", "weather"], ["--students", "-5"]])
def test_what_cannot_be_measured_is_refused(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        arguments(given)
    assert refusal.value.code == 2
    assert given[0] in capsys.readouterr().err

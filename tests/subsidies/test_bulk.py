"""COPY in parts: what is cut, read and refined part by part is what one whole would be."""

import csv
import io
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidies.queries import bulk
from services.subsidies.queries.bulk import copy_csv, end_of_rows, frame_of
from tests.subsidies.world import World

SCHEMA = {"no": pl.Int64(), "word": pl.String()}
ROWS = "SELECT no, repeat(E'a\"\\n,', no % 4) FROM generate_series(1, $1::int) AS no ORDER BY no"
words = st.text(alphabet='a",\n', max_size=6)


@given(st.lists(st.tuples(words, words), min_size=1), st.integers(min_value=0, max_value=80))
def test_a_cut_never_falls_inside_a_row(rows: list[tuple[str, str]], length: int) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    whole = written.getvalue()
    end = end_of_rows(bytearray(whole.encode()[:length]))
    assert end <= length
    both = [*csv.reader(io.StringIO(whole[:end], newline="")), *csv.reader(io.StringIO(whole[end:], newline=""))]
    assert both == [list(row) for row in rows]


@pytest.mark.anyio
async def test_rows_read_in_many_parts_are_the_rows_of_the_query(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heights: list[int] = []

    def refine(part: pl.DataFrame) -> pl.DataFrame:
        heights.append(part.height)
        return part.with_columns(double=pl.col("no") * 2)

    monkeypatch.setattr(bulk, "PART_BYTES", 1000)
    async with world.database.read(world.alliance) as session:
        frame = await frame_of(session, ROWS, 20_000, schema=SCHEMA, refine=refine)
    assert frame["no"].to_list() == list(range(1, 20_001))
    assert frame["word"].to_list() == [('a"\n,' * (no % 4)) for no in range(1, 20_001)]
    assert frame["double"].sum() == 2 * frame["no"].sum()
    assert len(heights) > 1
    assert sum(heights) == 20_000


@pytest.mark.anyio
async def test_no_rows_are_an_empty_frame_with_its_columns(world: World) -> None:
    async with world.database.read(world.alliance) as session:
        frame = await frame_of(session, ROWS, 0, schema=SCHEMA, refine=lambda part: part.with_columns(x=pl.lit(1)))
    assert frame.columns == ["no", "word", "x"]
    assert frame.is_empty()


@pytest.mark.anyio
@pytest.mark.parametrize("count", [0, 1, 5])
async def test_parts_arrive_in_their_order(world: World, count: int) -> None:
    def parts() -> Iterator[bytes]:
        for number in range(count):
            yield b"".join(b"%d,w%d\n" % (number * 100 + n, n) for n in range(100))

    async with world.database.write(world.alliance) as session:
        connection = await session.connection()
        await connection.exec_driver_sql("CREATE TEMPORARY TABLE taken (no integer, word text) ON COMMIT DROP")
        await copy_csv(session, "taken", list(SCHEMA), parts())
        rows = (await connection.exec_driver_sql("SELECT no FROM taken ORDER BY ctid")).scalars().all()
    assert list(rows) == list(range(count * 100))


@pytest.mark.anyio
async def test_a_part_that_cannot_be_made_stops_the_copy(world: World) -> None:
    def parts() -> Iterator[bytes]:
        yield b"1,a\n"
        raise ValueError("broken part")

    with pytest.raises(ValueError, match="broken part"):
        async with world.database.write(world.alliance) as session:
            connection = await session.connection()
            await connection.exec_driver_sql("CREATE TEMPORARY TABLE taken (no integer, word text) ON COMMIT DROP")
            await copy_csv(session, "taken", list(SCHEMA), parts())

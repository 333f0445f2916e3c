"""A synthetic year for settlements of any size: rosters, classes, claims and the registry's facts.

Everything follows from the number of students (one version of polars gives the same rows each time). Most rows are
sound; every reason for which a student or a class is excluded occurs, but for earlier payments: it is the first year.
"""

import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg
import polars as pl

from services.kernel.divisions import CITY_SUFFIX
from services.subsidies.clients.registry import RegistryFacts

ALLIANCE: Final = "anqing"
YEAR: Final = 2025
SNAPSHOT_DATE: Final = date(2025, 11, 30)
NOW: Final = datetime(2025, 12, 1, 4, 0, tzinfo=UTC)
SPACE: Final = UUID("0d8f4f0e-62c7-4c4b-9a56-5d0c6f3b7a11")
CITY: Final = "3408"
COUNTIES: Final = (
    "340802",
    "340803",
    "340811",
    "340822",
    "340825",
    "340826",
    "340827",
    "340828",
    "340881",
    "340882",
)
OTHER_CITIES: Final = ("341702", "340121", "340207", "420281", "360429")
SCHOOLS, SENDERS = 120, 200
SENDING, CROSS, CLASS_RULE = "sending_award", "cross_city_enrolment", "school_enterprise_class"
STUDENTS_PER_CLASS: Final = 40  # of whom some six in ten are in one, so that many classes lie just below the minimum
CHUNK: Final = 200_000
IMPORT: Final = str(uuid5(SPACE, "import"))


@dataclass(frozen=True)
class World:
    """What was loaded: how many rows, and the registry's facts that go with them."""

    students: int
    classes: int
    registry: RegistryFacts


async def load_world(connection: "asyncpg.Connection[asyncpg.Record]", students: int) -> World:
    """Fill the empty tables of the subsidies schema; the connection bypasses row-level security, as an owner does."""
    classes = max(1, students // STUDENTS_PER_CLASS)
    async with without_indexes(connection, "student"):
        for start in range(0, students, CHUNK):
            await _copy(connection, "student", student_rows(start, min(CHUNK, students - start), classes))
    await _copy(connection, "school_class", class_rows(classes))
    await _copy(connection, "claim", claim_rows())
    await connection.execute("INSERT INTO subsidies.roster_sequence (alliance, last) VALUES ($1, 1)", ALLIANCE)
    await connection.execute("ANALYZE subsidies.student, subsidies.school_class, subsidies.claim")
    return World(students, classes, registry_facts())


@asynccontextmanager
async def without_indexes(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> AsyncIterator[None]:
    """Take a table's indexes away, all but its key, and make them again: a million rows load several times faster."""
    named = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'subsidies' AND tablename = $1"
    indexes = [row for row in await connection.fetch(named, table) if not row["indexname"].startswith("pk_")]
    for index in indexes:
        await connection.execute(f"DROP INDEX subsidies.{index['indexname']}")
    yield
    await connection.execute("SET maintenance_work_mem = '256MB'")
    for index in indexes:
        await connection.execute(index["indexdef"])


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", table: str, rows: pl.DataFrame) -> None:
    source = io.BytesIO(rows.write_csv(None, include_header=False).encode())
    await connection.copy_to_table(table, schema_name="subsidies", source=source, columns=rows.columns, format="csv")


def school_id(number: int) -> str:
    return str(uuid5(SPACE, f"school {number}"))


def sender_id(number: int) -> str:
    return str(uuid5(SPACE, f"sender {number}"))


def registry_facts() -> RegistryFacts:
    """Schools of three categories, one of which has left, and sending schools, a few of them in another city."""
    members = [_school(number) for number in range(SCHOOLS)] + [_sender(number) for number in range(SENDERS)]
    content = {"as_of": NOW.isoformat(), "members": members, "collaborations": []}
    return RegistryFacts.read(hashlib.sha256(repr(members).encode()).hexdigest(), content)


def _school(number: int) -> dict[str, Any]:
    category = {0: "higher_vocational", 1: "technician", 2: "technician"}.get(number % 15, "secondary_vocational")
    status = "left" if number == SCHOOLS - 1 else "active"
    division = COUNTIES[number % len(COUNTIES)]
    return {
        "id": school_id(number),
        "name": f"示例职业学校{number:03d}",
        "category": category,
        "division": division,
        "status": status,
    }


def _sender(number: int) -> dict[str, Any]:
    division = OTHER_CITIES[0] if number >= SENDERS - 4 else COUNTIES[number % len(COUNTIES)]
    return {
        "id": sender_id(number),
        "name": f"示例中学{number:03d}",
        "category": "sending_school",
        "division": division,
        "status": "active",
    }


def _draw(number: pl.Expr, salt: int, below: int) -> pl.Expr:
    """An even draw from 0 to `below` − 1 that depends on the row's number and the salt only."""
    return (number.hash(salt) % below).cast(pl.Int64)


def _chosen(number: pl.Expr, values: list[str]) -> pl.Expr:
    """`values[number]` for every row."""
    return number.replace_strict(list(range(len(values))), values, return_dtype=pl.String)


def student_rows(start: int, count: int, classes: int) -> pl.DataFrame:
    """Rows `start` … of 学生名册 as they are stored."""
    no = pl.col("no")
    frame = pl.DataFrame({"no": pl.int_range(start, start + count, eager=True)})
    with_school = frame.with_columns(class_no=_draw(no, 1, classes), in_class=_draw(no, 2, 10) < 6).with_columns(
        school_no=_school_of(no)
    )
    # A student on two rosters: the row takes the person of the row seven before it, where that is another school.
    earlier = (no - 7).alias("no")
    twice = (_draw(no, 4, 200) == 0) & (no >= 7)
    keyed = with_school.with_columns(
        person=pl.when(twice & (_school_number(earlier, classes) != pl.col("school_no"))).then(no - 7).otherwise(no),
        in_city=_draw(no, 5, 10) < 7,
        claims=_draw(no, 6, 100),
    )
    return _finished(keyed)


def _school_of(no: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("in_class")).then(pl.col("class_no") % SCHOOLS).otherwise(_draw(no, 3, SCHOOLS))


def _school_number(no: pl.Expr, classes: int) -> pl.Expr:
    return pl.when(_draw(no, 2, 10) < 6).then(_draw(no, 1, classes) % SCHOOLS).otherwise(_draw(no, 3, SCHOOLS))


def _finished(keyed: pl.DataFrame) -> pl.DataFrame:
    no = pl.col("no")
    in_city, claims = pl.col("in_city"), pl.col("claims")
    county = _chosen(_draw(no, 7, len(COUNTIES)), list(COUNTIES))
    elsewhere = _chosen(_draw(no, 7, len(OTHER_CITIES)), list(OTHER_CITIES))
    fitting = pl.when(in_city).then(pl.lit(SENDING)).otherwise(pl.lit(CROSS))
    wrong = pl.when(in_city).then(pl.lit(CROSS)).otherwise(pl.lit(SENDING))
    left = _draw(no, 8, 50) == 0
    days = pl.lit(date(YEAR, 9, 20)) + pl.duration(days=_draw(no, 9, 100))
    claimed = pl.when(claims < 96).then(fitting).when(claims < 98).then(wrong)
    sender = _chosen(_draw(no, 10, SENDERS), [sender_id(number) for number in range(SENDERS)])
    return keyed.select(
        alliance=pl.lit(ALLIANCE),
        no=no + 1,
        owner=pl.lit("division:") + _chosen(pl.col("school_no") % len(COUNTIES), list(COUNTIES)),
        year=pl.lit(YEAR),
        person_key=pl.Series(["\\x" + _person(person) for person in keyed["person"].to_list()]),
        name_masked=pl.lit("王**"),
        id_masked=pl.lit("340***********") + (no % 10000).cast(pl.String).str.zfill(4),
        enrolment_year=YEAR - (_draw(no, 11, 33) == 0).cast(pl.Int64),
        school=_chosen(pl.col("school_no"), [school_id(number) for number in range(SCHOOLS)]),
        school_name=pl.lit("示例职业学校") + pl.col("school_no").cast(pl.String).str.zfill(3),
        major=pl.lit("机电技术应用"),
        class_code=pl.when(pl.col("in_class")).then(_class_code(pl.col("class_no"))),
        enrolled_on=(pl.lit(date(YEAR, 8, 25)) + pl.duration(days=_draw(no, 12, 20))).dt.to_string("%Y-%m-%d"),
        origin_division=pl.when(in_city).then(county).otherwise(elsewhere),
        sending_school=pl.when((claimed == SENDING) & (_draw(no, 13, 33) > 0)).then(sender),
        status=pl.when(left).then(pl.lit("left")).otherwise(pl.lit("enrolled")),
        left_on=pl.when(left).then(days.dt.to_string("%Y-%m-%d")),
        claimed_rule=claimed,
        recorded_seq=pl.lit(1),
        import_id=pl.lit(IMPORT),
        line=no + 2,
    )


def _person(number: int) -> str:
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).hexdigest()


def _class_code(number: pl.Expr) -> pl.Expr:
    """Unique in its school only: every school begins at 0001."""
    return pl.lit(f"{YEAR}-") + (number // SCHOOLS + 1).cast(pl.String).str.zfill(4)


def class_rows(classes: int) -> pl.DataFrame:
    """Rows of 校企合作班名册 as they are stored."""
    no = pl.col("no")
    formats = ["冠名"] * 12 + ["订单"] * 6 + ["学徒制", "其他"]
    sizes = ["large"] * 6 + ["medium"] * 11 + ["small", "micro", "micro"]
    sized = _draw(no, 23, 40) > 0
    school = no % SCHOOLS
    divisions = [*COUNTIES, *COUNTIES, OTHER_CITIES[0], CITY + CITY_SUFFIX]
    return pl.DataFrame({"no": pl.int_range(classes, eager=True)}).select(
        alliance=pl.lit(ALLIANCE),
        no=no + 1,
        owner=pl.lit("division:") + _chosen(school % len(COUNTIES), list(COUNTIES)),
        year=pl.lit(YEAR),
        class_code=_class_code(no),
        class_name=pl.lit("示例冠名班"),
        school=_chosen(school, [school_id(number) for number in range(SCHOOLS)]),
        school_name=pl.lit("示例职业学校") + school.cast(pl.String).str.zfill(3),
        major=pl.lit("机电技术应用"),
        opening_year=pl.lit(YEAR),
        opened_on=pl.lit(f"{YEAR}-09-01"),
        format=_chosen(_draw(no, 21, len(formats)), formats),
        enterprise=pl.lit("示例汽车公司"),
        enterprise_uscc=pl.lit("123408000000000083"),
        enterprise_division=_chosen(_draw(no, 22, len(divisions)), divisions),
        enterprise_size=pl.when(sized).then(_chosen(_draw(no, 24, len(sizes)), sizes)),
        size_evidence=pl.when(sized & (_draw(no, 25, 40) > 0)).then(pl.lit("示例证明〔2025〕1号")),
        score=pl.when(_draw(no, 26, 10) > 0).then((_draw(no, 27, 4001) + 6000) / 100).round(2),
        recorded_seq=pl.lit(1),
        import_id=pl.lit(IMPORT),
        line=no + 2,
    )


def claim_rows() -> pl.DataFrame:
    """One claim a county and rule, all accepted but those of the last county."""
    rows = [
        {
            "alliance": ALLIANCE,
            "id": str(uuid5(SPACE, f"claim {county} {rule}")),
            "owner": f"division:{county}",
            "year": YEAR,
            "rule": rule,
            "state": "accepted" if county != COUNTIES[-1] else "submitted",
            "roster_seq": 1,
            "subjects": 0,
            "requested_fen": 0,
            "created_at": NOW.isoformat(),
            "changed_at": (NOW + timedelta(hours=1)).isoformat(),
            "created_by_name": "经办",
            "row_version": 1,
        }
        for county in COUNTIES
        for rule in (SENDING, CROSS, CLASS_RULE)
    ]
    return pl.DataFrame(rows)

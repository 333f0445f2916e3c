"""The coverage of a day as workbooks: the matrix with its sums, the lead enterprises, the members by county."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.kernel import registry_words as words
from services.kernel.workbooks import Column, TableSpec, Value, write_rows
from services.registry.domain.coverage import RowsBy
from services.registry.schemas.coverage import CoverageRead, MatrixRowRead

TOTAL: Final = "合计"
NO_DIVISION: Final = "未填区划"


class CoverageTable(StrEnum):
    """Which table of the coverage."""

    MATRIX = "matrix"
    UNMATCHED = "unmatched"
    ENTERPRISES = "enterprises"
    MEMBERS = "members"


TITLES: Final[Mapping[CoverageTable, str]] = {
    CoverageTable.MATRIX: "专业对主导产业覆盖表",
    CoverageTable.UNMATCHED: "没有对接主导产业的专业",
    CoverageTable.ENTERPRISES: "龙头企业对接表",
    CoverageTable.MEMBERS: "成员单位分县区分类别统计表",
}


def coverage_workbook(table: CoverageTable, found: CoverageRead) -> bytes:
    """One table of the coverage with its sums."""
    columns, rows = _TABLES[table](found)
    note = f"截至 {found.as_of.year}年{found.as_of.month}月{found.as_of.day}日。"
    return write_rows(TableSpec(TITLES[table][:31], f"{TITLES[table]}（{note[:-1]}）", columns, (note,)), rows)


Rows = tuple[tuple[Column, ...], list[dict[str, Value]]]


def _number(name: str, header: str) -> Column:
    return Column(name, header, kind="number", width=12)


def _matrix(found: CoverageRead) -> Rows:
    label = "学校" if found.by == RowsBy.SCHOOL else "专业"
    industries = [_number(f"c{place}", one.name) for place, one in enumerate(found.industries)]
    tail = (_number("programmes", "专业点数"), _number("unmatched", "未对接专业点数"))
    columns = (Column("label", label, width=30), *industries, *tail)
    return columns, [_matrix_cells(row) for row in (*found.rows, found.totals)]


def _matrix_cells(row: MatrixRowRead) -> dict[str, Value]:
    cells: dict[str, Value] = {f"c{place}": count for place, count in enumerate(row.cells)}
    return {"label": row.label, **cells, "programmes": row.programmes, "unmatched": row.unmatched}


def _unmatched(found: CoverageRead) -> Rows:
    columns = (
        Column("school_name", "学校", width=30),
        Column("major_code", "专业代码", kind="code", width=12),
        Column("name", "专业名称", width=30),
    )
    rows: list[dict[str, Value]] = [
        {"school_name": one.school_name, "major_code": one.major_code, "name": one.name} for one in found.unmatched
    ]
    return columns, [*rows, {"school_name": TOTAL, "name": f"{len(rows)} 个专业点"}]


def _enterprises(found: CoverageRead) -> Rows:
    columns = (
        Column("industry_name", "主导产业", width=20),
        Column("enterprise_name", "龙头企业", width=30),
        Column("schools", "合作学校", width=40),
        Column("programmes", "对接专业", width=50),
        _number("count", "对接专业点数"),
    )
    rows: list[dict[str, Value]] = [
        {
            "industry_name": one.industry_name,
            "enterprise_name": one.enterprise_name,
            "schools": "、".join(school.name for school in one.schools),
            "programmes": "、".join(f"{p.school_name}{p.name}" for p in one.programmes),
            "count": len(one.programmes),
        }
        for one in found.connections
    ]
    ratio = found.enterprises_connected
    sums: dict[str, Value] = {"industry_name": TOTAL, "enterprise_name": f"{ratio.denominator} 家"}
    return columns, [*rows, {**sums, "schools": f"已对接 {ratio.numerator} 家"}]


def _members(found: CoverageRead) -> Rows:
    used = [code for code in words.MEMBER_CATEGORIES if code in found.category_totals]
    columns = (
        Column("division", "县（市、区）", width=20),
        *(_number(code, words.MEMBER_CATEGORIES[code]) for code in used),
        _number("total", TOTAL),
    )
    rows: list[dict[str, Value]] = [
        {"division": one.division_name or one.division or NO_DIVISION, **_counts(used, one.counts), "total": one.total}
        for one in found.members
    ]
    sums = {"division": TOTAL, **_counts(used, found.category_totals), "total": found.member_count}
    return columns, [*rows, sums]


def _counts(used: list[str], counts: Mapping[str, int]) -> dict[str, Value]:
    return {code: counts.get(code, 0) for code in used}


_TABLES: Final = {
    CoverageTable.MATRIX: _matrix,
    CoverageTable.UNMATCHED: _unmatched,
    CoverageTable.ENTERPRISES: _enterprises,
    CoverageTable.MEMBERS: _members,
}

"""The coverage of leading industries by majors: golden cases, and a model that asks every pair by itself."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.coverage import (
    Coverage,
    CoverageFacts,
    LeadLink,
    Match,
    MatrixRow,
    Programme,
    Ratio,
    RowsBy,
    UnitFacts,
    coverage_of,
)
from services.registry.domain.suggestions import pairs_of, suggestions

FILE = yaml.safe_load((Path(__file__).parent / "golden" / "coverage.yaml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = [{**FILE["默认"], **case} for case in FILE["案例"]]
NAMES = UUID(int=1)


def known(name: str) -> UUID:
    return uuid5(NAMES, name)


def facts_of(case: dict[str, Any]) -> CoverageFacts:
    return CoverageFacts(
        programmes=[Programme(known(p["学校"]), p["代码"], p["代码"]) for p in case["专业点"]],
        industries=[known(name) for name in case["产业"]],
        matches=[Match(m["代码"], known(m["产业"])) for m in case["对接"]],
        leads=[LeadLink(known(one["产业"]), known(one["企业"])) for one in case.get("龙头企业", [])],
        partners={known(e): frozenset(map(known, s)) for e, s in case.get("合作学校", {}).items()},
        units=[UnitFacts(one["区划"] or None, one["类别"]) for one in case.get("成员", [])],
    )


def row_words(case: dict[str, Any], row: MatrixRow) -> dict[str, int]:
    cells = {name: row.cells[known(name)] for name in case["产业"]}
    return {**cells, "专业点": row.programmes, "未服务": row.unmatched}


def ratio(text: str) -> Ratio:
    part, _, whole = text.partition("/")
    return Ratio(int(part), int(whole))


def programme_words(case: dict[str, Any], programme: Programme) -> str:
    school = next(p["学校"] for p in case["专业点"] if known(p["学校"]) == programme.school)
    return f"{school} {programme.major_code}"


def told(case: dict[str, Any], found: Coverage) -> dict[str, Any]:
    """What the coverage says, in the words of the cases."""
    schools = {str(known(p["学校"])): p["学校"] for p in case["专业点"]}
    by_major = coverage_of(facts_of(case), RowsBy.MAJOR)
    enterprises = {known(one["企业"]): one["企业"] for one in case.get("龙头企业", [])}
    return {
        "按学校": {schools[row.key]: row_words(case, row) for row in found.rows},
        "按专业": {row.key: row_words(case, row) for row in by_major.rows},
        "合计": row_words(case, found.totals),
        "没有专业服务的产业": [name for name in case["产业"] if known(name) in found.uncovered],
        "没有对接的专业点": [programme_words(case, p) for p in found.unmatched],
        "产业覆盖": found.industries_covered,
        "专业服务": found.programmes_serving,
        "龙头对接": {
            enterprises[c.enterprise]: {
                "学校": sorted(schools[str(s)] for s in c.schools),
                "专业": [programme_words(case, p) for p in c.programmes],
            }
            for c in found.connections
        },
        "龙头已对接": found.enterprises_connected,
        "成员表": found.members,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["名称"])
def test_the_golden_cases(case: dict[str, Any]) -> None:
    answer = told(case, coverage_of(facts_of(case)))
    expected = {key: ratio(value) if key in RATIOS else value for key, value in case.items() if key in answer}
    assert expected
    assert {key: answer[key] for key in expected} == expected


RATIOS = {"产业覆盖", "专业服务", "龙头已对接"}

SCHOOLS = [UUID(int=n) for n in range(1, 4)]
INDUSTRIES = [UUID(int=n) for n in range(10, 14)]
ENTERPRISES = [UUID(int=n) for n in range(20, 23)]
CODES = ("660701", "660702", "700206", "710201", "7102", "4")


@st.composite
def some_facts(draw: st.DrawFn) -> CoverageFacts:
    pairs = draw(st.lists(st.tuples(st.sampled_from(SCHOOLS), st.sampled_from(CODES)), max_size=8, unique=True))
    matches = st.builds(
        Match, st.sampled_from(["6607", "66", "700206", "7102", "71020", "9"]), st.sampled_from(INDUSTRIES)
    )
    leads = st.builds(LeadLink, st.sampled_from(INDUSTRIES), st.sampled_from(ENTERPRISES))
    return CoverageFacts(
        programmes=[Programme(school, code, code) for school, code in pairs],
        industries=draw(st.lists(st.sampled_from(INDUSTRIES), unique=True)),
        matches=draw(st.lists(matches, max_size=6)),
        leads=draw(st.lists(leads, max_size=4, unique=True)),
        partners={e: draw(st.frozensets(st.sampled_from(SCHOOLS))) for e in ENTERPRISES},
    )


def serves(programme: Programme, industry: UUID, matches: list[Match]) -> bool:
    for match in matches:
        if match.industry == industry and programme.major_code[: len(match.beginning)] == match.beginning:
            return True
    return False


@given(facts=some_facts(), rows_by=st.sampled_from(RowsBy))
def test_every_count_is_what_asking_every_pair_gives(facts: CoverageFacts, rows_by: RowsBy) -> None:
    found = coverage_of(facts, rows_by)
    matches = list(facts.matches)
    for industry in facts.industries:
        naive = sum(1 for p in facts.programmes if serves(p, industry, matches))
        assert found.totals.cells[industry] == naive
        assert sum(row.cells[industry] for row in found.rows) == naive
        assert (industry in found.uncovered) == (naive == 0)
    lonely = [p for p in facts.programmes if not any(serves(p, i, matches) for i in facts.industries)]
    assert list(found.unmatched) == lonely
    assert sum(row.programmes for row in found.rows) == len(facts.programmes)
    assert sum(row.unmatched for row in found.rows) == len(lonely)
    assert found.programmes_serving == Ratio(len(facts.programmes) - len(lonely), len(facts.programmes))
    covered = [i for i in facts.industries if any(serves(p, i, matches) for p in facts.programmes)]
    assert found.industries_covered == Ratio(len(covered), len(facts.industries))


@given(facts=some_facts())
def test_a_connection_names_its_schools_and_only_what_serves(facts: CoverageFacts) -> None:
    found = coverage_of(facts)
    expected = [link for link in facts.leads if link.industry in facts.industries]
    assert [LeadLink(c.industry, c.enterprise) for c in found.connections] == expected
    for one in found.connections:
        assert one.schools == facts.partners[one.enterprise]
        serving = [
            p for p in facts.programmes if p.school in one.schools and serves(p, one.industry, list(facts.matches))
        ]
        assert list(one.programmes) == serving
    without = {c.enterprise for c in found.connections if not c.schools}
    assert found.enterprises_connected.denominator - found.enterprises_connected.numerator == len(without)


def test_suggestions_name_the_words_and_leave_out_what_is_decided() -> None:
    majors = {"660701": "汽车制造与检测", "700206": "汽车运用与维修", "720201": "护理", "710201": "计算机应用"}
    industries = {"汽车": ["汽车产业", "汽车零部件及配件制造"], "数字": ["数字产业", "计算机制造"]}
    found = suggestions(majors, industries, [("6607", "汽车")])
    assert [(one.major_code, one.industry) for one in found] == [("710201", "数字"), ("700206", "汽车")]
    assert found[0].words == ("算机", "计算")
    assert found[1].words == ("汽车",)


def test_common_words_suggest_nothing() -> None:
    assert pairs_of("制造、技术") == set()
    assert suggestions({"1": "现代服务与管理技术"}, {"x": ["装备制造业技术服务"]}, []) == []

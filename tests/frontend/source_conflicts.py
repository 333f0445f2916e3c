"""An indicator with conflicts of sources, as the targets service tells it."""

from typing import Any

from services.kernel.citations import CitedRead
from services.targets.schemas.indicators import Citation, IndicatorDetail, IndicatorRead, MilestoneRead, YearStatus
from services.targets.schemas.source_decisions import ConflictRead, SourceDecisionRead, SourceRead

ENAN = Citation(pack="enan-2021", number="鄂职发〔2021〕5号", article="三")
RESOLUTION = "0b0f3f0e-6f0a-4d5c-9a57-3c1f3a3d9a01"
FIRST = "0b0f3f0e-6f0a-4d5c-9a57-3c1f3a3d9b01"
SECOND = "0b0f3f0e-6f0a-4d5c-9a57-3c1f3a3d9b02"
WORDS = "口径冲突：2023年末，三 要求不低于 50%，表10 要求不低于 45%，尚未确定按哪一处考核，暂不评分。"
BY_RESOLUTION = CitedRead(id=RESOLUTION, number="鄂职集〔2026〕1号", title="关于三本机制考核口径的决议")
BY_NUMBER = CitedRead(id=None, number="集团〔2025〕7号", title=None)


def decision(article: str = "三", no: int = 1, **changes: Any) -> SourceDecisionRead:
    facts: dict[str, Any] = {
        "id": SECOND if no == 2 else FIRST,
        "no": no,
        "article": article,
        "value": "50" if article == "三" else "45",
        "text": None,
        "opinion": "正文是目标，分解表是年度安排。",
        "cited": None,
        "replaces": FIRST if no == 2 else None,
        "decided_at": "2026-03-02T01:30:00Z",
        "decided_by_name": "王琳",
        "holds": True,
    }
    return SourceDecisionRead(**{**facts, **changes})


def conflict(*decisions: SourceDecisionRead, year: int | None = 2023) -> ConflictRead:
    """三 against 表10; the newest of the decisions, given first, counts while it holds."""
    chosen = decisions[0].article if decisions and decisions[0].holds else None
    places = [("三", "50"), ("表10", "45")]
    sources = [SourceRead(article=a, value=v, text=None, counts=a == chosen) for a, v in places]
    return ConflictRead(year=year, sources=sources, decided=chosen is not None, decisions=list(decisions))


def facts_of(*conflicts: ConflictRead) -> dict[str, Any]:
    decided = all(one.decided for one in conflicts)
    chosen = next((s for one in conflicts for s in one.sources if s.counts), None)
    light = "grey" if not decided else "green" if chosen and chosen.value == 45 else "red"
    milestones = [MilestoneRead(year=2021, value="35", text=None, article="表10", counts=True)]
    milestones += [MilestoneRead(year=c.year, **source.model_dump()) for c in conflicts for source in c.sources]
    return {
        "code": "local_origin",
        "name": "本地生源占比",
        "unit": "%",
        "kind": "ratio",
        "direction": "at_least",
        "aspirational": False,
        "per_member": False,
        "numerator_label": "本地生源新生",
        "denominator_label": "报到新生",
        "responsible": ["各中职学校"],
        "citation": ENAN,
        "milestones": milestones,
        "status": year(2023, chosen.value if decided and chosen else None, "46", light),
        "latest": None,
        "in_conflict": not decided,
    }


def year(number: int, required: Any, observed: str | None, light: str) -> YearStatus:
    return YearStatus(
        year=number,
        required=required,
        required_by=f"{number}-12-31",
        numerator="46" if observed else None,
        denominator="100" if observed else None,
        observed=observed,
        gap=None,
        reports=1 if observed else 0,
        light=light,
        sentence=WORDS if light == "grey" else "已达到。" if light == "green" else "期限已过，未达到。",
    )


def detail(*conflicts: ConflictRead, **changes: Any) -> dict[str, Any]:
    """What `GET /indicators/local_origin` answers."""
    facts = {**facts_of(*conflicts), **changes}
    series = [year(2021, "35", "36", "green"), facts["status"]]
    return IndicatorDetail(**facts, series=series, conflicts=list(conflicts)).model_dump(mode="json")


def listed(*conflicts: ConflictRead) -> dict[str, Any]:
    """The same as a line of `GET /indicators`."""
    return IndicatorRead(**facts_of(*conflicts)).model_dump(mode="json")

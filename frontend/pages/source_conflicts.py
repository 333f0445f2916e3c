"""口径冲突 on an indicator's page: the places that disagree, what was decided, and the form to decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from frontend.forms import Form, payload
from frontend.gateway_client import ApiProblem
from frontend.pages.indicator_words import asks, year_end
from frontend.pages.step_forms import CITATION, Field, decided_entry, with_basis

OPINION = Field("opinion", "意见", "textarea", required=True, wide=True, longest=1000, help="写明为什么按这一处考核。")
WRITTEN = (OPINION, *CITATION)
LABELS = {"year": "年度", "article": "按哪一处考核", **{field.name: field.label for field in WRITTEN}}
NEEDED = {"article", "opinion"}
SHOWN_IN_THE_FORM = {409, 422, 503}
WITHOUT_YEAR = "standing"
STATES = {
    "open": ("待确定", "warning"),
    "decided": ("已确定", "success"),
    "past": ("已不冲突", "secondary"),
    "counts": ("按此处考核", "success"),
    "not": ("不考核", "secondary"),
}

Conflict = Mapping[str, Any]


@dataclass(frozen=True)
class Deciding:
    """The form in which somebody decides: at which conflict (None: the first one that waits), and how it is filled."""

    place: str | None
    form: Form

    @classmethod
    def refused(
        cls, request: Request, values: Mapping[str, Any], problem: ApiProblem, found: Mapping[str, Any]
    ) -> "Deciding":
        """The form as it was sent; raises the refusal where there is no form any more to show it in."""
        place = str(values.get("year") or WITHOUT_YEAR)
        if problem.status not in SHOWN_IN_THE_FORM or place not in _open_to_decide(found):
            raise problem
        return cls(place, Form.refused(request, values, problem))


def decision_body(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the service takes; what is needed and empty is left out, and missed as such."""
    sent = payload(values, *LABELS, "replaces")
    return {name: value for name, value in sent.items() if value is not None or name not in NEEDED}


def cards(found: dict[str, Any], deciding: Deciding | None) -> list[dict[str, Any]]:
    """Every conflict of an indicator as its page shows it; `deciding` is None for those who may only read."""
    opened = _opened(found, deciding)
    return [_card(found, conflict, deciding, opened) for conflict in found["conflicts"]]


def _open_to_decide(found: Mapping[str, Any]) -> list[str]:
    """Where there is something to decide, what waits first."""
    places = sorted(found["conflicts"], key=lambda conflict: bool(conflict["decided"]))
    return [_place(conflict) for conflict in places if conflict["sources"]]


def _opened(found: Mapping[str, Any], deciding: Deciding | None) -> str | None:
    if deciding is None:
        return None
    if deciding.place in _open_to_decide(found):
        return deciding.place
    return next((_place(conflict) for conflict in found["conflicts"] if not conflict["decided"]), None)


def _place(conflict: Conflict) -> str:
    return str(conflict["year"] or WITHOUT_YEAR)


def _card(found: dict[str, Any], conflict: Conflict, deciding: Deciding | None, opened: str | None) -> dict[str, Any]:
    place, decisions = _place(conflict), [_decision(found, decision) for decision in conflict["decisions"]]
    return {
        "id": f"conflict-{place}",
        "place": place,
        "year": conflict["year"],
        "when": year_end(conflict["year"]),
        "state": "past" if not conflict["sources"] else "decided" if conflict["decided"] else "open",
        "sources": [_source(found, conflict, source) for source in conflict["sources"]],
        "decision": decisions[0] if decisions else None,
        "earlier": [_entry(decision) for decision in decisions[1:]],
        "form": deciding.form if deciding and place == opened else None,
        "may_open": deciding is not None and bool(conflict["sources"]) and place != opened,
    }


def _source(found: dict[str, Any], conflict: Conflict, source: dict[str, Any]) -> dict[str, Any]:
    state = "counts" if source["counts"] else "not" if conflict["decided"] else "open"
    words = asks(found, source)
    return {**source, "words": words, "state": state, "option": (source["article"], f"{source['article']}：{words}")}


def _decision(found: dict[str, Any], decision: dict[str, Any]) -> dict[str, Any]:
    """With what it decided in words, and what it rests on."""
    return {**with_basis(decision), "words": asks(found, decision)}


def _entry(decision: Mapping[str, Any]) -> dict[str, Any]:
    """An earlier decision as an entry of a timeline."""
    return decided_entry(decision, f"按 {decision['article']} 考核：{decision['words']}")

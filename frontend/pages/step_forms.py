"""The forms of steps (of an application, of a member's life), declared once each: fields, words, and the operation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from frontend.forms import ETAG_FIELD, Form, payload
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, refused_form
from services.kernel.permissions import Permission

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Field:
    """One field; `kind` as the component `form_field` knows them, or `resolution` for a picker of resolutions.

    Its options may be given when it is shown.
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    help: str = ""
    options: Options = ()
    wide: bool = False
    longest: int | None = None
    blank: str = "请选择"


@dataclass(frozen=True)
class StepForm:
    """One step: its place below the thing's page, its words, what it sends where, and who may."""

    path: str
    title: str
    submit: str
    operation: str
    needs: Permission
    fields: Sequence[Field]
    confirm: str = ""
    done: str = "已办理。"

    @property
    def labels(self) -> Mapping[str, str]:
        return {one.name: one.label for one in self.fields}

    @property
    def command(self) -> str:
        """What the page declares that it performs."""
        return f"POST {API}{self.operation}"

    def body(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the service takes: empty texts as null; what is needed and empty is left out, and missed as such."""
        sent = payload(values, *(one.name for one in self.fields))
        return {one.name: sent[one.name] for one in self.fields if sent[one.name] is not None or not one.required}


OPINION = Field("opinion", "意见", "textarea", required=True, wide=True, longest=1000)
DOCUMENT = Field("document", "文件", help="文件名称和文号；扫描件可在“附件”里上传。", longest=200)
CITATION = (
    Field("resolution", "依据决议", "resolution", help="按标题、拼音或文号查找已通过的决议。"),
    Field("resolution_number", "决议文号", help="系统中没有这项决议时填写，如 理事会〔2026〕3号。", longest=100),
)
"""What a decision rests on: a resolution on record, or the number of one that is not."""
ON_DATE = Field("on_date", "办理日期", "date", help="不填为今天。")
EFFECTIVE_ON = Field("effective_on", "生效日期", "date", help="不填为今天，不能晚于今天。")


def cited(step: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The resolution that a step cites, as a link: (words, address)."""
    found = step["cited"]
    if found is None:
        return []
    return [(f"决议 {found['number']} {found['title']}", f"/governance/resolutions/{found['id']}")]


def with_basis(decision: Mapping[str, Any]) -> dict[str, Any]:
    """A decision with what it rests on in words, and the page of the resolution where that is on record."""
    cited = decision["cited"] or {"id": None, "number": None, "title": None}
    words = " ".join(part for part in (cited["number"], cited["title"]) if part)
    url = f"/governance/resolutions/{cited['id']}" if cited["id"] else None
    return {**decision, "basis": words, "basis_url": url}


def decided_entry(decision: Mapping[str, Any], title: str) -> dict[str, Any]:
    """A decision `with_basis` as an entry of a timeline."""
    words, url = decision["basis"], decision["basis_url"]
    told = [f"意见：{decision['opinion'].rstrip('。')}", f"依据：{words}" if words and not url else ""]
    return {
        "at": decision["decided_at"],
        "who": decision["decided_by_name"],
        "title": title,
        "detail": "；".join(filter(None, told)),
        "links": [(f"依据：{words}", url)] if url else [],
    }


@dataclass
class StepPage:
    """Where a step's form stands: its thing, the crumbs, and what is shown beside the fields."""

    step: StepForm
    crumbs: Sequence[tuple[str, str | None]]
    action: str
    back: str
    subtitle: str
    choices: Mapping[str, Options] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> dict[str, Any]:
        shown = {"step": self.step, "crumbs": self.crumbs, "action": self.action, "cancel": self.back}
        return {**shown, "subtitle": self.subtitle, "choices": self.choices, "extra": self.extra}

    def show(self, request: Request, values: Mapping[str, Any], etag: str | None) -> Response:
        """The form, filled with what is proposed."""
        form = Form.of(request, values, etag=etag)
        return page_or_fragment(request, "life/step.html", "life/_step.html", {**self.context, "form": form})

    def refused(self, request: Request, values: Mapping[str, Any], problem: ApiProblem, etag: str | None) -> Response:
        """The form with its faults; one that somebody overtook takes the new version."""
        form = Form.refused(request, values, problem)
        if problem.status == 412 and etag:
            form.etag = etag
        return refused_form(request, "life/step.html", "life/_step.html", self.context, form, "step-form")

    async def send(
        self, request: Request, gateway: BoundGateway, address: str, values: Mapping[str, Any], body: dict[str, Any]
    ) -> Response | ApiProblem:
        """Take the step and go back to the thing's page, or tell why not."""
        try:
            await gateway.post(f"{API}{address}", body, if_match=values.get(ETAG_FIELD))
        except ApiProblem as problem:
            if problem.status not in {*FORM_REFUSALS, 412}:
                raise
            return problem
        return redirect(request, self.back, toast=self.step.done)

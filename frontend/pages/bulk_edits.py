"""批量修改: which things of a list (ticked, or all that its query finds), and what they get; then the preview."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from frontend.access import Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, payload, submitted, ticked
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, division_options, member_options, options, refused_form
from frontend.pages.step_forms import Field, Options
from services.kernel import registry_words as words
from services.kernel.errors import FieldIssue
from services.kernel.permissions import Permission

router = APIRouter(prefix="/change-sets", dependencies=[needs(Permission.REGISTRY_WRITE)])
EDITS: Final = f"{API}/change-sets/edits"
CLEAR: Final = "（清空）"
CHOSEN: Final = TypeAdapter(dict[str, str | list[str]])
"""Which things an edit is about, as its form keeps it: conditions of the list, or ids."""


@dataclass(frozen=True)
class Edit:
    """One thing that an edit may do: the fields that it takes from the form, and those that follow from it."""

    label: str
    takes: Sequence[str]
    sets: Mapping[str, str | None] = field(default_factory=dict)

    def values(self, form: Mapping[str, Any]) -> dict[str, str | None]:
        """What the service is to set."""
        return {**self.sets, **{name: form.get(f"value_{name}") or None for name in self.takes}}


@dataclass(frozen=True)
class Kind:
    """One kind of thing that is edited in bulk; `filters` are the conditions of its list that an edit takes."""

    code: str
    noun: str
    unit: str
    home: str
    filters: Sequence[str]
    edits: Mapping[str, Edit]
    fields: Sequence[Field]


MEMBERS: Final = Kind(
    "members", "成员单位", "家单位", "/members",
    ("q", "category", "division", "status", "missing"),
    {
        "division": Edit("区划", ("division",)),
        "functional_zone": Edit("功能区", ("functional_zone",)),
        "structure_role": Edit("架构角色", ("structure_role",)),
        "industry": Edit("所属行业", ("industry",)),
    },
    (
        Field("value_division", "区划改为", "select", blank=CLEAR),
        Field("value_functional_zone", "功能区改为", "select", blank=CLEAR),
        Field("value_structure_role", "架构角色改为", "select", options=options(words.STRUCTURE_ROLES), blank=CLEAR),
        Field("value_industry", "所属行业改为", longest=100),
    ),
)  # fmt: skip
COLLABORATIONS: Final = Kind(
    "collaborations", "合作载体", "个载体", "/collaborations",
    ("q", "kind", "level", "status", "division", "partner", "missing"),
    {
        "lead_member": Edit("牵头单位", ("lead_member",)),
        "host_member": Edit("办学（承办）单位", ("host_member",)),
        "end": Edit("终止", ("ended_on", "end_reason"), {"status": "ended"}),
        "resume": Edit("恢复运行", (), {"status": "active", "ended_on": None, "end_reason": None}),
    },
    (
        Field("value_lead_member", "牵头单位改为", "select", blank=CLEAR),
        Field("value_host_member", "办学（承办）单位改为", "select", blank=CLEAR),
        Field("value_ended_on", "终止日期", "date", help="办理终止时填写；自该日起不再运行。"),
        Field("value_end_reason", "终止原因", help="办理终止时填写。", longest=200),
    ),
)  # fmt: skip
KINDS: Final = {kind.code: kind for kind in (MEMBERS, COLLABORATIONS)}
LABELS: Final = {"field": "修改哪一项", "reason": "事由", "effective_on": "生效日期"}


def edit_all(kind: Kind, asked: Mapping[str, Any]) -> str:
    """Where everything that a list's query finds is edited."""
    found = {name: value for name, value in asked.items() if name in kind.filters}
    return f"/change-sets/edits/new?{urlencode({'of': kind.code, **found})}"


def _kind_of(code: Any) -> Kind:
    return KINDS.get(str(code or ""), MEMBERS)


@router.post("/ticked")
async def edit_ticked(request: Request) -> Response:
    """From the ticked rows of a list to the form that says what to set."""
    kind = _kind_of(request.query_params.get("of"))
    query = urlencode([("of", kind.code), *(("ids", str(one)) for one in await ticked(request))])
    return redirect(request, f"/change-sets/edits/new?{query}")


@router.get("/edits/new")
async def new_edit(request: Request, gateway: Gateway, ids: Annotated[list[UUID] | None, Query()] = None) -> Response:
    """What the chosen things get: those that were ticked, else all that the list's query finds."""
    query = request.query_params
    kind = _kind_of(query.get("of"))
    asked = {name: query[name] for name in kind.filters if query.get(name)}
    chosen = {"ids": [str(one) for one in ids]} if ids else asked
    values = {"of": kind.code, "filter": json.dumps(chosen), "field": query.get("field")}
    context = await _context(gateway, kind, Form.of(request, values))
    return page_or_fragment(request, "change_sets/edit.html", "change_sets/_edit_form.html", context)


async def _context(gateway: BoundGateway, kind: Kind, form: Form) -> dict[str, Any]:
    asked = _filter_of(form.values)
    chosen = len(asked["ids"]) if "ids" in asked else await _count(gateway, kind, asked)
    labels = {**LABELS, **{one.name: one.label for one in kind.fields}}
    return {
        "form": form,
        "kind": kind,
        "chosen": "很多" if chosen is None else f"{chosen} ",
        "all": "ids" not in asked,
        "fields": [(code, edit.label) for code, edit in kind.edits.items()],
        "choices": await _choices(gateway, kind),
        "labels": labels,
    }


async def _count(gateway: BoundGateway, kind: Kind, asked: Mapping[str, Any]) -> int | None:
    """How many the list has under these conditions; None when they are too many to count."""
    total: int | None = (await gateway.get(f"{API}{kind.home}", {**asked, "limit": 1})).data["total"]
    return total


async def _choices(gateway: BoundGateway, kind: Kind) -> dict[str, Options]:
    if kind is COLLABORATIONS:
        members = await member_options(gateway)
        return {"value_lead_member": members, "value_host_member": members}
    divisions, zones = await division_options(gateway)
    return {"value_division": divisions, "value_functional_zone": zones}


def _filter_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Which things the form is about. Raises ApiProblem where it does not say: that shall never stand for all."""
    try:
        return CHOSEN.validate_json(str(values.get("filter") or ""))
    except ValidationError as fault:
        words = "不知道要修改哪些记录，什么也没有改动。请回到列表重新选择。"
        raise ApiProblem(422, "nothing_chosen", "没有选择记录", words) from fault


@router.post("/edits/new", dependencies=[performs(f"POST {EDITS}")])
async def start_edit(request: Request, gateway: Gateway) -> Response:
    """Have the edit worked out; nothing is saved yet."""
    values = await submitted(request)
    kind, chosen = _kind_of(values.get("of")), _filter_of(values)
    try:
        body = {
            "kind": kind.code,
            "filter": chosen,
            "values": _edit_of(kind, values).values(values),
            **payload(values, "reason", "effective_on"),
        }
        answer = await gateway.post(EDITS, body, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        form = Form.refused(request, values, _at_fields(problem))
        context = await _context(gateway, kind, form)
        return refused_form(request, "change_sets/edit.html", "change_sets/_edit_form.html", context, form, "edit-form")
    return redirect(request, f"/change-sets/{answer.data['id']}")


def _edit_of(kind: Kind, values: Mapping[str, Any]) -> Edit:
    """The edit that was chosen. Raises ApiProblem when none was."""
    edit = kind.edits.get(str(values.get("field") or ""))
    if edit is None:
        told = "请选择修改哪一项。"
        issue = FieldIssue("field", "missing", told)
        raise ApiProblem(422, "invalid_input", "没有选择修改哪一项", told, errors=[issue])
    return edit


def _at_fields(problem: ApiProblem) -> ApiProblem:
    """The problem with each value's issue at the field of the form that it came from."""
    issues = [replace(issue, field=issue.field.replace("values.", "value_", 1)) for issue in problem.errors]
    told = {"errors": issues, "request_id": problem.request_id}
    return ApiProblem(problem.status, problem.code, problem.title, problem.detail, **told)  # type: ignore[arg-type]

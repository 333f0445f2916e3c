"""成员单位: create and edit, with a warning of members that may be on record already."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.member_words import CHOICES, CODES, LABELS
from frontend.pages.registry_words import (
    API,
    FORM_REFUSALS,
    by_field,
    conflict,
    current,
    division_options,
    options,
    refused_form,
)
from services.kernel import registry_words as words
from services.kernel.name_lists import former_name, split_former_names, split_names
from services.kernel.permissions import Permission

router = APIRouter(prefix="/members", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
LISTS = ("aliases", "former_names")
EFFECTIVE = {"effective_on": "生效日期"}
ENTRY_STATUSES = options({code: words.MEMBER_STATUSES[code] for code in ("active", "exited")})


@router.get("/candidates", dependencies=WRITES)
async def candidates(
    request: Request,
    gateway: Gateway,
    name: str = "",
    aliases: str = "",
    uscc: str = "",
    school_code: str = "",
    own: UUID | None = None,
) -> Response:
    """Members that may be the one that is being typed; the form asks while its fields are filled in."""
    asked: dict[str, Any] = {"name": name[:100] or None, "alias": split_names(aliases)[:20] or None}
    asked |= {"uscc": uscc[:40] or None, "school_code": school_code[:40] or None, "own": str(own) if own else None}
    worth_asking = len(name.strip()) > 1 or any(asked[field] for field in ("alias", "uscc", "school_code"))
    found = (await gateway.get(f"{API}/member-duplicates/candidates", asked)).data["items"] if worth_asking else []
    context = {"found": found, "labels": LABELS, "words": words}
    return page_or_fragment(request, "members/candidates.html", "members/_candidates.html", context)


@router.get("/new", dependencies=WRITES)
async def new_member(request: Request, gateway: Gateway) -> Response:
    """An empty form."""
    values = {"status": "active"}
    context = await _form_context(gateway, None, values)
    form = Form.of(request, values)
    return page_or_fragment(request, "members/form.html", "members/_form.html", {**context, "form": form})


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/members")])
async def create_member(request: Request, gateway: Gateway) -> Response:
    """Create, or show the form with its faults."""
    values = await submitted(request)
    try:
        answer = await gateway.post(f"{API}/members", _body(values), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, None, values, problem)
    return redirect(request, f"/members/{answer.data['id']}", toast="已新增成员单位。")


@router.get("/{member_id}/edit", dependencies=WRITES)
async def edit_member(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/members/{member_id}")
    values = _shown(record.data)
    context = await _form_context(gateway, member_id, values)
    form = Form.of(request, values, etag=record.etag)
    return page_or_fragment(request, "members/form.html", "members/_form.html", {**context, "form": form})


@router.post("/{member_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/members/{}")])
async def update_member(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    try:
        await gateway.put(f"{API}/members/{member_id}", _body(values), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, member_id, values, problem)
    return redirect(request, f"/members/{member_id}", toast="已保存。")


async def _refused(
    request: Request, gateway: BoundGateway, member_id: UUID | None, values: dict[str, Any], problem: ApiProblem
) -> Response:
    if problem.status == 412 and member_id is not None:
        record = await current(gateway, f"/members/{member_id}")
        problem = conflict(problem, _in_words(values), _in_words(_shown(record.data)))
        values = {**values, ETAG_FIELD: record.etag}
    elif problem.status not in FORM_REFUSALS:
        raise problem
    context = await _form_context(gateway, member_id, values)
    form = Form.refused(request, values, by_field(problem))
    return refused_form(request, "members/form.html", "members/_form.html", context, form, "member-form")


async def _form_context(gateway: BoundGateway, member_id: UUID | None, values: dict[str, Any]) -> dict[str, Any]:
    divisions, zones = await division_options(gateway, str(values.get("division") or ""))
    action = f"/members/{member_id}/edit" if member_id else "/members/new"
    cancel = f"/members/{member_id}" if member_id else "/members"
    where = {"action": action, "cancel": cancel, "editing": member_id is not None}
    choices = {**CHOICES, "statuses": CHOICES["statuses"] if member_id else ENTRY_STATUSES}
    logos = await _logo_options(gateway, member_id) if member_id else []
    shown = {
        "own": member_id,
        "logos": logos,
        "divisions": divisions,
        "zones": zones,
        "labels": {**LABELS, **EFFECTIVE},
    }
    return {**choices, **where, **shown}


async def _logo_options(gateway: BoundGateway, member_id: UUID) -> list[tuple[str, str]]:
    """The pictures among a member's attachments."""
    asked: dict[str, str | int] = {"subject_kind": "member", "subject": str(member_id), "limit": 200}
    items = (await gateway.get(f"{API}/attachments", asked)).data["items"]
    return [(item["id"], item["file_name"]) for item in items if item["content_type"].startswith("image/")]


def _body(values: dict[str, Any]) -> dict[str, Any]:
    """What the service takes: empty texts as null, names as lists."""
    body = payload(values, *(name for name in (*LABELS, *EFFECTIVE) if name not in LISTS))
    body["aliases"] = split_names(values.get("aliases"))
    body["former_names"] = split_former_names(values.get("former_names"))
    return {**body, "status": body["status"] or "active"}


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the form shows it."""
    former = "、".join(former_name(one) for one in record["former_names"])
    named = {"aliases": "、".join(record["aliases"]), "former_names": former}
    return {**{name: record.get(name) for name in LABELS}, **named}


def _in_words(values: dict[str, Any]) -> dict[str, str]:
    """The fields of a form as people read them, for telling two versions apart."""
    plain = {name: str(values.get(name) or "") for name in LABELS}
    plain["aliases"] = "、".join(split_names(plain["aliases"]))
    plain["former_names"] = "、".join(former_name(one) for one in split_former_names(plain["former_names"]))
    return {name: CODES.get(name, {}).get(text, text) for name, text in plain.items()}

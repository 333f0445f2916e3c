"""单位登录方式: how a unit's own sign-in system is connected, its form made from what identity says of each kind."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.people_posts import every
from frontend.pages.registry_words import division_options
from frontend.tables import Action, Column, Table
from services.kernel.permissions import Permission

router = APIRouter(prefix="/people/providers", dependencies=[needs(Permission.ACCOUNTS_MANAGE)])
API = "/api/identity/v1/identity-providers"
FORM_REFUSALS = (409, 422)
STATES = {"active": ("启用", "success"), "stopped": ("停用", "secondary")}

PROVIDERS = Table(
    id="providers",
    path="/people/providers",
    caption="单位登录方式",
    columns=(
        Column("name", "名称", link="/people/providers/{id}", wide=True),
        Column("kind_label", "种类"),
        Column("scope", "适用范围"),
        Column("state", "状态", "status", labels=STATES),
    ),
    empty_title="还没有接入单位的统一登录",
    empty_hint="接入后，受邀人员可以用本单位的账号登录中枢。",
)


@router.get("")
async def providers(request: Request, gateway: Gateway) -> Response:
    """Every unit's own sign-in."""
    answer = await gateway.get(API, PROVIDERS.params(request))
    kinds = (await gateway.get(f"{API}/kinds")).data["items"]
    actions = [Action(f"接入 {kind['label']}", f"/people/providers/new?kind={kind['kind']}") for kind in kinds]
    rows = [_shown(row) for row in answer.data["items"]]
    table = PROVIDERS.view(request, {**answer.data, "items": rows}, actions=actions)
    return page_or_fragment(request, "people/providers.html", "_table.html", {"table": table})


def _shown(provider: Mapping[str, Any]) -> dict[str, Any]:
    scope = "一家成员单位" if provider["member"] else provider["division"] or "全联盟"
    return {**provider, "state": "active" if provider["active"] else "stopped", "scope": scope}


@router.get("/new")
async def new_provider(
    request: Request, gateway: Gateway, kind: Annotated[str, Query(max_length=20)] = "oidc"
) -> Response:
    """The form of a kind."""
    fields = await _fields(gateway, kind)
    defaults = {f"config.{field['name']}": field["default"] for field in fields if field["default"] is not None}
    return await _new_page(request, gateway, kind, Form.of(request, defaults))


async def _fields(gateway: BoundGateway, kind: str) -> list[dict[str, Any]]:
    """What a kind must be told. Raises ApiProblem for a kind that there is not."""
    kinds = (await gateway.get(f"{API}/kinds")).data["items"]
    found = next((list(one["fields"]) for one in kinds if one["kind"] == kind), None)
    if found is None:
        raise ApiProblem(404, "kind_unknown", "没有找到", "没有这种登录方式，请从列表中选择。")
    return found


@router.post("/new", dependencies=[performs(f"POST {API}")])
async def create_provider(request: Request, gateway: Gateway) -> Response:
    """Connect a unit's sign-in."""
    values = await submitted(request)
    kind = str(values.get("kind") or "")
    fields = await _fields(gateway, kind)
    body = {
        "kind": kind,
        **_body(fields, values),
        "member": values.get("member") or None,
        "division": values.get("division") or None,
    }
    try:
        made = (await gateway.post(API, body, idempotency_key=values.get(KEY_FIELD))).data
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _new_page(request, gateway, kind, Form.refused(request, values, problem), 422)
    return redirect(request, f"/people/providers/{made['id']}", toast="已接入，请点“检查”确认可用。")


def _body(fields: list[dict[str, Any]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Name, configuration and secret as the API takes them; a flag that is not ticked is false."""
    config = {}
    for field in fields:
        given = values.get(f"config.{field['name']}")
        if field["kind"] == "flag":
            config[field["name"]] = given == "yes"
        elif field["kind"] != "secret" and given:
            config[field["name"]] = given
    secret = {"secret": values["secret"]} if values.get("secret") else {}
    return {"name": values.get("name") or "", "config": config, **secret}


async def _new_page(request: Request, gateway: BoundGateway, kind: str, form: Form, status: int = 200) -> Response:
    fields, units, (divisions, _) = await asyncio.gather(
        _fields(gateway, kind), every(gateway, "/api/registry/v1/units"), division_options(gateway)
    )
    values = {
        "form": form,
        "kind": kind,
        "fields": fields,
        "labels": _labels(fields),
        "units": [(unit["id"], unit["name"]) for unit in units],
        "divisions": divisions,
        "action": "/people/providers/new",
        "cancel": "/people/providers",
        "editing": False,
        "pairs": _pairs,
    }
    fragment = "people/_provider_form.html"
    return page_or_fragment(request, "people/provider_form.html", fragment, values, status=status)


def _pairs(choices: list[str]) -> list[tuple[str, str]]:
    """Choices that are their own words."""
    return [(choice, choice) for choice in choices]


def _labels(fields: list[dict[str, Any]]) -> dict[str, str]:
    own = {"name": "名称", "member": "成员单位", "division": "县区", "secret": "密钥"}
    return own | {f"config.{field['name']}": field["label"] for field in fields}


@router.get("/{provider_id}")
async def provider(provider_id: UUID, request: Request, gateway: Gateway) -> Response:
    """One provider: its settings to be changed, and a try of it."""
    return await _provider_page(request, gateway, provider_id)


async def _provider_page(
    request: Request,
    gateway: BoundGateway,
    provider_id: UUID,
    *,
    form: Form | None = None,
    checked: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    answer = await gateway.get(f"{API}/{provider_id}")
    found = answer.data
    fields = await _fields(gateway, found["kind"])
    filled = {f"config.{name}": _text(value) for name, value in found["config"].items()}
    filled |= {"name": found["name"], "active": "yes" if found["active"] else "no"}
    values = {
        "provider": _shown(found),
        "states": STATES,
        "form": form or Form.of(request, filled, etag=answer.etag),
        "fields": fields,
        "labels": _labels(fields),
        "checked": checked,
        "action": f"/people/providers/{provider_id}/edit",
        "cancel": "/people/providers",
        "editing": True,
        "kind": found["kind"],
        "pairs": _pairs,
    }
    return page_or_fragment(request, "people/provider.html", "people/_provider.html", values, status=status)


def _text(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


@router.post("/{provider_id}/edit", dependencies=[performs(f"PATCH {API}/{{}}")])
async def update_provider(provider_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Change a provider; a secret that is left empty stays."""
    values = await submitted(request)
    kind = (await gateway.get(f"{API}/{provider_id}")).data["kind"]
    body = {**_body(await _fields(gateway, kind), values), "active": values.get("active") == "yes"}
    try:
        await gateway.patch(f"{API}/{provider_id}", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        form = Form.refused(request, values, problem)
        return await _provider_page(request, gateway, provider_id, form=form, status=422)
    return redirect(request, f"/people/providers/{provider_id}", toast="已保存。")


@router.post("/{provider_id}/check", dependencies=[performs(f"POST {API}/{{}}/check")])
async def check_provider(provider_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Try the provider without a person, and tell what is wrong."""
    result = (await gateway.post(f"{API}/{provider_id}/check")).data
    return await _provider_page(request, gateway, provider_id, checked=result)

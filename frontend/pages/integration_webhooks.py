"""变更推送: a unit's webhook endpoints, what was delivered and what was not, and sending it again."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from frontend.access import Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.tables import Action, Column, Filter, Table
from services.kernel.clock import BUSINESS_ZONE
from services.kernel.errors import FieldIssue
from services.kernel.permissions import Permission

router = APIRouter(prefix="/integration/webhooks", dependencies=[needs(Permission.WEBHOOKS_MANAGE)])
API = "/api/exchange/v1"
ENDPOINTS_PATH = f"{API}/webhook-endpoints"
DELIVERIES_PATH = f"{API}/webhook-deliveries"
FORM_REFUSALS = (409, 422)

STATES = {
    "pending": ("待送达", "info"),
    "delivered": ("已送达", "success"),
    "dead": ("未送达，已停止重试", "danger"),
}
ENDPOINT_STATES = {
    "active": ("启用", "success"),
    "stopped": ("停用", "secondary"),
    "disabled": ("已被自动停用", "danger"),
    "failing": ("启用，最近失败", "warning"),
}
FORM_LABELS = {
    "url": "接收地址",
    "event_types": "变更类型",
    "description": "说明",
    "active": "状态",
    "from": "起始日期",
}


def _state_of(endpoint: Mapping[str, Any]) -> str:
    if endpoint["disabled_at"]:
        return "disabled"
    if not endpoint["active"]:
        return "stopped"
    return "failing" if endpoint["failing_since"] else "active"


def _types(row: Mapping[str, Any]) -> str:
    return "、".join(row["event_types"]) if row["event_types"] else "全部"


def _outcome(row: Mapping[str, Any]) -> Markup:
    told = " ".join(str(part) for part in (row["last_status"], row["last_fault_label"]) if part)
    return Markup("{}").format(told or "—")


ENDPOINTS = Table(
    id="webhook-endpoints",
    path="/integration/webhooks",
    caption="接收地址",
    columns=(
        Column("url", "接收地址", link="/integration/webhooks/{id}", wide=True),
        Column("event_types", "变更类型", render=_types, narrow_hidden=True),
        Column("description", "说明", narrow_hidden=True),
        Column("state", "状态", "status", labels=ENDPOINT_STATES),
    ),
    actions=(
        Action("新增接收地址", "/integration/webhooks/new", primary=True),
        Action("推送记录", "/integration/webhooks/deliveries", icon="list-search"),
    ),
    empty_title="还没有接收地址",
    empty_hint="新增后，本单位能看到的每一项变更都会签名推送到该地址。",
)
DELIVERIES = Table(
    id="webhook-deliveries",
    path="/integration/webhooks/deliveries",
    caption="推送记录",
    default_sort="-created_at",
    columns=(
        Column("created_at", "产生时间", "datetime", sort="created_at"),
        Column("type", "变更类型", link="/integration/webhooks/deliveries/{id}"),
        Column("state", "状态", "status", labels=STATES),
        Column("attempts", "已发送", "number"),
        Column("last_status", "最近结果", render=_outcome, wide=True),
        Column("next_attempt_at", "下次发送", "datetime", narrow_hidden=True),
    ),
    filters=(
        Filter("state", "状态", "select", tuple((code, words) for code, (words, _) in STATES.items())),
        Filter("type", "变更类型"),
        Filter("endpoint", "接收地址", "select"),
    ),
    empty_title="没有推送记录",
)


@router.get("")
async def endpoints(request: Request, gateway: Gateway) -> Response:
    """The endpoints of the person's unit."""
    answer = (await gateway.get(ENDPOINTS_PATH, ENDPOINTS.params(request))).data
    rows = [{**row, "state": _state_of(row)} for row in answer["items"]]
    table = ENDPOINTS.view(request, {**answer, "items": rows})
    return page_or_fragment(request, "integration/webhooks.html", "_table.html", {"table": table})


@router.get("/new")
async def new_endpoint(request: Request) -> Response:
    """The form of a new endpoint."""
    return _form_page(request, Form.of(request), None)


@router.post("/new", dependencies=[performs(f"POST {ENDPOINTS_PATH}")])
async def create_endpoint(request: Request, gateway: Gateway) -> Response:
    """Make the endpoint and show its secret, this once."""
    values = await submitted(request)
    body = {"url": values.get("url", ""), "event_types": _asked_types(values), "description": _text(values)}
    try:
        made = (await gateway.post(ENDPOINTS_PATH, body, idempotency_key=values.get(KEY_FIELD))).data
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return _form_page(request, Form.refused(request, values, problem), None, 422)
    return _secret_page(request, made["id"], made["secret"])


def _asked_types(values: Mapping[str, Any]) -> list[str] | None:
    """Types one a line or parted by commas; none means all."""
    found = str(values.get("event_types") or "").replace("，", ",").replace("、", ",").replace("\n", ",").split(",")
    return [one.strip() for one in found if one.strip()] or None


def _text(values: Mapping[str, Any]) -> str:
    return str(values.get("description") or "")


def _form_page(request: Request, form: Form, endpoint: UUID | None, status: int = 200) -> Response:
    action = f"/integration/webhooks/{endpoint}/edit" if endpoint else "/integration/webhooks/new"
    cancel = f"/integration/webhooks/{endpoint}" if endpoint else "/integration/webhooks"
    values = {"form": form, "labels": FORM_LABELS, "action": action, "cancel": cancel, "editing": endpoint is not None}
    fragment = "integration/_webhook_form.html"
    return page_or_fragment(request, "integration/webhook_form.html", fragment, values, status=status)


def _secret_page(request: Request, endpoint: str, secret: str | None) -> Response:
    values = {"endpoint": endpoint, "secret": secret}
    return page_or_fragment(request, "integration/secret.html", "integration/_secret.html", values)


@router.get("/deliveries")
async def deliveries(request: Request, gateway: Gateway) -> Response:
    """What was sent to the unit's endpoints, newest first; the dead letters by their state."""
    answer = await gateway.get(DELIVERIES_PATH, DELIVERIES.params(request))
    known = (await gateway.get(ENDPOINTS_PATH, {"limit": 200})).data["items"]
    choices = [(one["id"], one["url"]) for one in known]
    fields = [Filter(f.name, f.label, f.kind, choices) if f.name == "endpoint" else f for f in DELIVERIES.filters]
    table = DELIVERIES.view(request, answer.data, filters=fields)
    return page_or_fragment(request, "integration/deliveries.html", "_table.html", {"table": table})


@router.get("/deliveries/{delivery_id}")
async def delivery(delivery_id: UUID, request: Request, gateway: Gateway) -> Response:
    """One delivery: what was sent, and every attempt."""
    found = (await gateway.get(f"{DELIVERIES_PATH}/{delivery_id}")).data
    values = {"delivery": found, "form": Form.of(request), "states": STATES}
    return page_or_fragment(request, "integration/delivery.html", "integration/_delivery.html", values)


@router.post("/deliveries/{delivery_id}/replay", dependencies=[performs(f"POST {DELIVERIES_PATH}/{{}}/replay")])
async def replay_delivery(delivery_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Send one delivery again."""
    await gateway.post(f"{DELIVERIES_PATH}/{delivery_id}/replay")
    return redirect(request, f"/integration/webhooks/deliveries/{delivery_id}", toast="已重新排队，稍后刷新查看结果。")


@router.get("/{endpoint_id}")
async def endpoint(endpoint_id: UUID, request: Request, gateway: Gateway) -> Response:
    """One endpoint with its latest deliveries."""
    return await _endpoint_page(request, gateway, endpoint_id)


async def _endpoint_page(
    request: Request, gateway: BoundGateway, endpoint_id: UUID, form: Form | None = None, status: int = 200
) -> Response:
    answer = await gateway.get(f"{ENDPOINTS_PATH}/{endpoint_id}")
    latest = await gateway.get(DELIVERIES_PATH, {"endpoint": str(endpoint_id), "limit": 10})
    values = {
        "endpoint": {**answer.data, "state": _state_of(answer.data), "types": _types(answer.data)},
        "states": ENDPOINT_STATES,
        "form": form or Form.of(request, etag=answer.etag),
        "labels": FORM_LABELS,
        "table": DELIVERIES.view(request, {**latest.data, "next_cursor": None}, filters=[]),
    }
    return page_or_fragment(request, "integration/webhook.html", "integration/_webhook.html", values, status=status)


@router.get("/{endpoint_id}/edit")
async def edit_endpoint(endpoint_id: UUID, request: Request, gateway: Gateway) -> Response:
    """The form of an endpoint that stands."""
    answer = await gateway.get(f"{ENDPOINTS_PATH}/{endpoint_id}")
    values = {**answer.data, "event_types": "\n".join(answer.data["event_types"] or [])}
    values["active"] = "yes" if answer.data["active"] else "no"
    return _form_page(request, Form.of(request, values, etag=answer.etag), endpoint_id)


@router.post("/{endpoint_id}/edit", dependencies=[performs(f"PATCH {ENDPOINTS_PATH}/{{}}")])
async def update_endpoint(endpoint_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Change the endpoint; to start it again forgets why it was disabled."""
    values = await submitted(request)
    body = {
        "url": values.get("url", ""),
        "event_types": _asked_types(values),
        "description": _text(values),
        "active": values.get("active") == "yes",
    }
    try:
        await gateway.patch(f"{ENDPOINTS_PATH}/{endpoint_id}", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return _form_page(request, Form.refused(request, values, problem), endpoint_id, 422)
    return redirect(request, f"/integration/webhooks/{endpoint_id}", toast="已保存。")


@router.post("/{endpoint_id}/deletion", dependencies=[performs(f"DELETE {ENDPOINTS_PATH}/{{}}")])
async def delete_endpoint(endpoint_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Remove the endpoint and what was sent to it."""
    await gateway.delete(f"{ENDPOINTS_PATH}/{endpoint_id}")
    return redirect(request, "/integration/webhooks", toast="已删除接收地址。")


@router.post("/{endpoint_id}/secret", dependencies=[performs(f"POST {ENDPOINTS_PATH}/{{}}/secret-rotation")])
async def rotate_secret(endpoint_id: UUID, request: Request, gateway: Gateway) -> Response:
    """A new secret, shown this once; the old one signs for a day longer."""
    made = (await gateway.post(f"{ENDPOINTS_PATH}/{endpoint_id}/secret-rotation")).data
    return _secret_page(request, str(endpoint_id), made["secret"])


@router.post("/{endpoint_id}/test", dependencies=[performs(f"POST {ENDPOINTS_PATH}/{{}}/test")])
async def send_test(endpoint_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Send a test message and show what became of it."""
    sent = (await gateway.post(f"{ENDPOINTS_PATH}/{endpoint_id}/test")).data
    return redirect(request, f"/integration/webhooks/deliveries/{sent['id']}", toast="已发出测试，稍后刷新查看结果。")


@router.post("/{endpoint_id}/replay", dependencies=[performs(f"POST {ENDPOINTS_PATH}/{{}}/replay")])
async def replay(endpoint_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Send again whatever has not arrived since a day."""
    values = await submitted(request)
    try:
        body = {"from": _midnight(values)}
        count = (await gateway.post(f"{ENDPOINTS_PATH}/{endpoint_id}/replay", body)).data["replayed"]
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _endpoint_page(request, gateway, endpoint_id, Form.refused(request, values, problem), 422)
    return redirect(request, f"/integration/webhooks/{endpoint_id}", toast=f"已重新排队 {count} 条。")


def _midnight(values: Mapping[str, Any]) -> str:
    try:
        day = date.fromisoformat(values.get("from") or "")
    except ValueError as fault:
        issue = FieldIssue("from", "date_malformed", "请选择从哪一天起重发。")
        raise ApiProblem(422, "invalid_input", "填写内容有误", "请改正日期。", errors=[issue]) from fault
    return datetime.combine(day, time.min, BUSINESS_ZONE).isoformat()

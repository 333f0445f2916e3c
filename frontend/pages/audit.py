"""审计记录: each service's log, searched, looked at entry by entry, and exported with a reason."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from frontend.access import Gateway, needs, performs
from frontend.forms import Form, submitted
from frontend.gateway_client import ApiProblem
from frontend.htmx import page_or_fragment
from frontend.pages.audit_words import action_words
from frontend.tables import Column, Filter, Table
from services.kernel.clock import BUSINESS_ZONE
from services.kernel.errors import FieldIssue
from services.kernel.permissions import ROLE_LABELS, Permission

router = APIRouter(prefix="/audit", dependencies=[needs(Permission.AUDIT_READ)])

Service = Literal["identity", "registry", "targets", "subsidies", "exchange"]
SERVICES: tuple[tuple[Service, str], ...] = (
    ("identity", "登录与账号"),
    ("registry", "成员登记"),
    ("targets", "目标指标"),
    ("subsidies", "奖补资金"),
    ("exchange", "信息交换"),
)
ROLES = {role.value: label for role, label in ROLE_LABELS.items()}
FORM_LABELS = {"from": "起始日期", "until": "截止日期", "reason": "导出原因"}


def _who(row: Mapping[str, Any]) -> Markup:
    role = ROLES.get(row["actor_role"], row["actor_role"])
    post = row["post_title"] or row["client_id"] or role
    where = "，".join(part for part in (row["unit_name"] or row["unit"], row["client_address"]) if part and part != "-")
    return Markup('{}<p class="field-help">{}　{}</p>').format(row["actor_name"] or row["actor"], post, where)


def _what(row: Mapping[str, Any]) -> Markup:
    told = Markup('<strong>{}</strong><p class="field-help">{}　{} {}</p>').format(
        action_words(row["action"]), row["action"], row["object_kind"], row["object_id"]
    )
    return told + (Markup("<p>{}</p>").format(row["reason"]) if row["reason"] else Markup())


def _details(row: Mapping[str, Any]) -> Markup:
    """Before, after and the links of the chain, folded away."""
    facts = [("变更前", _json(row["before"])), ("变更后", _json(row["after"])), ("请求编号", row["request_id"])]
    facts += [("前一条哈希", row["previous_hash"]), ("本条哈希", row["hash"])]
    shown = Markup().join(Markup("<dt>{}</dt><dd><pre>{}</pre></dd>").format(n, v) for n, v in facts if v)
    return Markup('<details class="audit-details"><summary>查看</summary><dl>{}</dl></details>').format(shown)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) if value is not None else ""


ENTRIES = Table(
    id="audit-entries",
    path="/audit",
    caption="审计记录",
    row_id="entry_no",
    columns=(
        Column("entry_no", "链上编号", "number"),
        Column("at", "时间", "datetime"),
        Column("actor_name", "操作人", render=_who),
        Column("action", "操作", render=_what, wide=True),
        Column("after", "详情", render=_details),
    ),
    filters=(
        Filter("service", "服务", "hidden", SERVICES[:1]),
        Filter("from", "起始日期", "date"),
        Filter("until", "截止日期（含）", "date"),
        Filter("actor", "操作人"),
        Filter("action", "操作"),
        Filter("object_id", "对象编号"),
        Filter("request_id", "请求编号"),
    ),
    empty_title="没有符合条件的审计记录",
)


@router.get("")
async def entries(
    request: Request, gateway: Gateway, service: Annotated[Service | Literal[""], Query()] = "identity"
) -> Response:
    """One service's log, newest first."""
    return await _page(request, gateway, service or "identity", Form.of(request, {"service": service or "identity"}))


@router.post("/export", dependencies=[performs("POST /api/{service}/v1/audit-exports")])
async def export(request: Request, gateway: Gateway) -> Response:
    """Download the log as JSON lines, which `hub audit verify` checks offline; the export itself is recorded."""
    values = await submitted(request)
    service = values.get("service")
    if service not in dict(SERVICES):
        raise ApiProblem(422, "service_unknown", "填写内容有误", "请选择要导出哪个服务的审计记录。")
    try:
        body = {**_period(values), "reason": values.get("reason") or ""}
        return await gateway.download(f"/api/{service}/v1/audit-exports", json=body)
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        return await _page(request, gateway, service, Form.refused(request, values, problem), 422)


async def _page(request: Request, gateway: Gateway, service: Service, form: Form, status: int = 200) -> Response:
    asked: dict[str, Any] = ENTRIES.params(request) if status == 200 else {"limit": ENTRIES.limit}
    asked.pop("service", None)
    answer = await gateway.get(f"/api/{service}/v1/audit-entries", {**asked, **_period(asked)})
    tabs = [(label, f"/audit?service={code}", code == service, None) for code, label in SERVICES]
    labels = dict(SERVICES)
    values = {
        "table": ENTRIES.view(request, answer.data, filters=_filters_of(service)),
        "tab_items": tabs,
        "service": service,
        "service_label": labels[service],
        "form": form,
        "labels": FORM_LABELS,
    }
    return page_or_fragment(request, "audit/page.html", "_table.html", values, status=status)


def _filters_of(service: Service) -> list[Filter]:
    """The tab says which service's log it is; a search and its reset stay there."""
    chosen = [(code, label) for code, label in SERVICES if code == service]
    return [replace(one, options=chosen) if one.name == "service" else one for one in ENTRIES.filters]


def _period(values: Mapping[str, Any]) -> dict[str, str]:
    """Business dates as instants; the last day is meant whole. Raises ApiProblem when one is no date."""
    period = {}
    for name, days in (("from", 0), ("until", 1)):
        text = values.get(name)
        if text:
            try:
                day = date.fromisoformat(text) + timedelta(days=days)
            except (ValueError, OverflowError) as fault:
                issue = FieldIssue(name, "date_malformed", "日期应为年-月-日，例如 2026-01-31。")
                raise ApiProblem(422, "invalid_input", "填写内容有误", "请改正日期。", errors=[issue]) from fault
            period[name] = datetime.combine(day, time.min, BUSINESS_ZONE).isoformat()
    return period

"""结算: the list, a new settlement, one settlement with its pools, totals, scenarios and pins, and the steps on it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import HtmxDetails, hx_retarget, page_or_fragment, redirect, render
from frontend.pages import subsidies_shortfall
from frontend.pages.subsidies_common import API, sum_fen, this_year, year_text
from frontend.pages.subsidies_lines import lines_view
from frontend.session import User
from frontend.tables import Action, Column, Filter, Table
from services.kernel.permissions import Permission

router = APIRouter(prefix="/subsidies/settlements", dependencies=[needs(Permission.SUBSIDIES_READ)])
SETTLES = [needs(Permission.SUBSIDIES_SETTLE)]
CONFIRMS = [needs(Permission.SUBSIDIES_CONFIRM)]
CHECKS = [needs(Permission.SUBSIDIES_SETTLE, Permission.SUBSIDIES_CONFIRM)]

STATES = {
    "queued": ("计算中", "info"),
    "computed": ("已计算，待确认", "warning"),
    "confirmed": ("已确认", "success"),
    "failed": ("计算失败", "danger"),
}
FORM_LABELS = {"year": "结算年度", "snapshot_date": "快照日"}
MONEY = ("payable", "within", "above", "to_pay", "deferred")

SETTLEMENTS = Table(
    id="settlements",
    path="/subsidies/settlements",
    caption="结算",
    default_sort="-created_at",
    columns=(
        Column("no", "编号", link="/subsidies/settlements/{id}", render=lambda row: f"第 {row['no']} 次"),
        Column("year", "结算年度", sort="year", render=year_text),
        Column("snapshot_date", "快照日", "date"),
        Column("state", "状态", "status", labels=STATES),
        Column("line_count", "明细行数", "number"),
        Column("payable", "应付合计", "amount"),
        Column("above", "超出资金池", "amount"),
        Column("created_by_name", "经办人", narrow_hidden=True),
        Column("created_at", "建立时间", "date", sort="created_at", narrow_hidden=True),
    ),
    filters=(
        Filter("year", "结算年度", "number"),
        Filter("state", "状态", "select", tuple((code, words) for code, (words, _) in STATES.items())),
    ),
    limit=20,
    empty_title="还没有结算",
    empty_hint="受理申报后，由秘书处新建结算；确认后的结算各单位可见。",
)


@router.get("")
async def settlements(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The settlements that the person may see."""
    answer = await gateway.get(f"{API}/settlements", SETTLEMENTS.params(request))
    settles = user.may(Permission.SUBSIDIES_SETTLE)
    actions = [Action("新建结算", "/subsidies/settlements/new", primary=True)] if settles else []
    table = SETTLEMENTS.view(request, answer.data, actions=actions)
    return page_or_fragment(request, "subsidies/settlements/list.html", "_table.html", {"table": table})


@router.get("/new", dependencies=SETTLES)
async def new_settlement(request: Request) -> Response:
    """The form of a new settlement."""
    return _new_page(request, Form.of(request, {"year": this_year(request)}))


@router.post("/new", dependencies=[*SETTLES, performs("POST /api/subsidies/v1/settlements")])
async def create_settlement(request: Request, gateway: Gateway) -> Response:
    """Ask for a settlement; its page shows how far the computation is."""
    values = await submitted(request)
    body = payload(values, "year", "snapshot_date")
    try:
        answer = await gateway.post(f"{API}/settlements", body, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in (409, 422):
            raise
        return _new_page(request, Form.refused(request, values, problem), 422)
    return redirect(request, f"/subsidies/settlements/{answer.data['id']}")


def _new_page(request: Request, form: Form, status: int = 200) -> Response:
    values = {"form": form, "labels": FORM_LABELS}
    return page_or_fragment(
        request, "subsidies/settlements/new.html", "subsidies/settlements/_new_form.html", values, status=status
    )


@router.get("/{settlement_id}")
async def settlement(settlement_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """One settlement: progress while it is computed, then everything it says."""
    answer = await gateway.get(f"{API}/settlements/{settlement_id}")
    return await settlement_page(request, gateway, user, answer)


async def settlement_page(
    request: Request,
    gateway: BoundGateway,
    user: User,
    answer: Answer,
    *,
    form: Form | None = None,
    decision_form: Form | None = None,
    verification: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    """The page of a settlement; `form` (of its confirmation) and `decision_form` are those that were refused."""
    found = answer.data
    running = found["state"] == "queued" and found["job"]
    shortfalls = subsidies_shortfall.shortfalls(found, decision_form or _decision_form(request, user, found))
    values = {
        "settlement": found,
        "states": STATES,
        "job": (await gateway.get(f"{API}/jobs/{found['job']}")).data if running else None,
        "form": form or Form.of(request, etag=answer.etag),
        "verification": verification,
        "pools": [subsidies_shortfall.meter(pool, found) for pool in found["pools"]],
        "sums": {name: {key: sum_fen(found[name], key) for key in MONEY} for name in ("rules", "payees")},
        "shortfalls": shortfalls,
        "decided": any(one.decision for one in shortfalls),
        "undecided": not all(one.decision for one in shortfalls),
        "above_words": subsidies_shortfall.above_words(found),
        "decision_fields": subsidies_shortfall.WRITTEN,
        "decision_labels": subsidies_shortfall.LABELS,
        "settles": user.may(Permission.SUBSIDIES_SETTLE),
        "confirms": user.may(Permission.SUBSIDIES_CONFIRM),
        "table": await lines_view(request, gateway, user, found) if found["pins"] else None,
    }
    fragment = "subsidies/settlements/_settlement.html"
    return page_or_fragment(request, "subsidies/settlements/settlement.html", fragment, values, status=status)


def _decision_form(request: Request, user: User, settlement: dict[str, Any]) -> Form | None:
    """The form of a decision, for whoever may take it: of a pool that has none, or of the one that `decide` names."""
    if not user.may(Permission.SUBSIDIES_CONFIRM):
        return None
    begun = subsidies_shortfall.to_decide(settlement, request.query_params.get("decide"))
    return Form.of(request, begun) if begun is not None else None


@router.post(
    "/{settlement_id}/confirmation",
    dependencies=[*CONFIRMS, performs("POST /api/subsidies/v1/settlements/{}/confirmation")],
)
async def confirm(settlement_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Confirm the settlement: the determination of its year."""
    values = await submitted(request)
    body = {"opinion": values["opinion"]} if values.get("opinion") else {}
    path = f"{API}/settlements/{settlement_id}"
    try:
        await gateway.post(f"{path}/confirmation", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        form = Form.refused(request, values, problem)
        refused = await settlement_page(request, gateway, user, await gateway.get(path), form=form, status=422)
        hx_retarget(refused, "#settlement", "outerHTML")
        return refused
    return redirect(request, f"/subsidies/settlements/{settlement_id}", toast="已确认结算，可以下载拨付表。")


@router.post(
    "/{settlement_id}/verification",
    dependencies=[*CHECKS, performs("POST /api/subsidies/v1/settlements/{}/verification")],
)
async def verify(settlement_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Compute the settlement again from its pins and compare the hashes."""
    path = f"{API}/settlements/{settlement_id}"
    verification = (await gateway.post(f"{path}/verification")).data
    if HtmxDetails.of(request).wants_fragment:
        return render(request, "subsidies/settlements/_verification.html", {"verification": verification})
    return await settlement_page(request, gateway, user, await gateway.get(path), verification=verification)


@router.get("/{settlement_id}/payment-table.xlsx", dependencies=CHECKS)
async def payment_table(settlement_id: UUID, gateway: Gateway) -> Response:
    """The workbook for paying out."""
    return await gateway.download(f"{API}/settlements/{settlement_id}/payment-table.xlsx")

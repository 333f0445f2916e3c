"""申报: the list with batch acceptance, a new claim, one claim with its life and the steps its state allows."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from frontend import filters
from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.subsidies_common import API, Year, rule_options, rules_of, this_year, year_text
from frontend.session import User
from frontend.tables import Action, Batch, Column, Filter, Table, TableView
from services.kernel.permissions import Permission

router = APIRouter(prefix="/subsidies/claims", dependencies=[needs(Permission.SUBSIDIES_READ)])
REVIEWS = [needs(Permission.SUBSIDIES_REVIEW)]
SUBMITS = [needs(Permission.SUBSIDIES_SUBMIT)]

STATES = {
    "draft": ("草稿", "secondary"),
    "submitted": ("待审核", "info"),
    "accepted": ("已受理", "success"),
    "returned": ("退回修改", "warning"),
    "withdrawn": ("已撤回", "secondary"),
}
KIND_UNITS = {"student_award": "名学生", "class_award": "个班", "recognition_award": "项认定"}
TONES = {"accept": "success", "return": "warning", "reopen": "warning"}
FORM_LABELS = {"year": "年度", "rule": "申报项目", "collaboration": "合作载体"}
STEPS = {
    "submission": "已提交，等待秘书处审核。",
    "withdrawal": "已撤回。",
    "acceptance": "已受理，将计入本年度结算。",
    "return": "已退回，申报单位会在待办里看到。",
}
PLAINLY_REFUSED = (404, 409, 412, 422)


def _rule_and_collaboration(row: Mapping[str, Any]) -> Markup:
    link = Markup('<a href="/subsidies/claims/{}">{}</a>').format(row["id"], row["rule_name"])
    about = row["collaboration_name"]
    return Markup('{}<p class="field-help">{}</p>').format(link, about) if about else link


CLAIMS = Table(
    id="claims",
    path="/subsidies/claims",
    caption="奖补申报",
    default_sort="-changed_at",
    columns=(
        Column("rule_name", "申报项目", sort="rule", render=_rule_and_collaboration, wide=True),
        Column("year", "年度", render=year_text, narrow_hidden=True),
        Column("owner_name", "申报单位", sort="owner"),
        Column("subjects", "数量", "number", narrow_hidden=True),
        Column("requested", "申报金额", "amount", sort="requested"),
        Column("state", "状态", "status", sort="state", labels=STATES),
        Column("changed_at", "最近办理", "date", sort="changed_at", narrow_hidden=True),
    ),
    filters=(
        Filter("year", "年度", "number"),
        Filter("rule", "申报项目", "select"),
        Filter("state", "状态", "select", tuple((code, words) for code, (words, _) in STATES.items())),
    ),
    empty_title="没有申报",
    empty_hint="导入名册后，从“新建申报”开始。",
)


@router.get("")
async def claims(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The claims that the person may see."""
    values = {"table": await _claims_view(request, gateway, user), "results": []}
    return page_or_fragment(request, "subsidies/claims/list.html", "_table.html", values)


async def _claims_view(request: Request, gateway: BoundGateway, user: User) -> TableView:
    asked = CLAIMS.params(request)
    answer = await gateway.get(f"{API}/claims", asked)
    options = rule_options(await rules_of(gateway))
    fields = [Filter(f.name, f.label, f.kind, options if f.name == "rule" else f.options) for f in CLAIMS.filters]
    kept = urlencode({name: value for name, value in asked.items() if name != "limit"})
    batch = [
        Batch("批量受理", f"/subsidies/claims/acceptance?{kept}", confirm="受理所选申报？只有待审核的申报会被受理。")
    ]
    reviews, submits = user.may(Permission.SUBSIDIES_REVIEW), user.may(Permission.SUBSIDIES_SUBMIT)
    return CLAIMS.view(
        request,
        answer.data,
        filters=fields,
        actions=[Action("新建申报", "/subsidies/claims/new", primary=True)] if submits else [],
        batch=batch if reviews else [],
    )


@router.post("/acceptance", dependencies=[*REVIEWS, performs("POST /api/subsidies/v1/claims/{}/acceptance")])
async def accept_several(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Accept the ticked claims one by one and tell each result: one refusal does not hold up the others."""
    given = (await submitted(request)).get("ids", [])
    ids = given if isinstance(given, list) else [given]
    results = [await _accepted(gateway, str(claim_id)) for claim_id in ids]
    values = {"table": await _claims_view(request, gateway, user), "results": results}
    return page_or_fragment(request, "subsidies/claims/list.html", "subsidies/claims/_accepted.html", values)


async def _accepted(gateway: BoundGateway, claim_id: str) -> dict[str, Any]:
    path = f"{API}/claims/{quote(claim_id, safe='')}"
    name = f"申报 {claim_id}"
    try:
        found = await gateway.get(path)
        name = _claim_name(found.data)
        await gateway.post(f"{path}/acceptance", {}, if_match=found.etag)
    except ApiProblem as problem:
        if problem.status not in PLAINLY_REFUSED:
            raise
        return {"name": name, "done": False, "told": problem.detail}
    return {"name": name, "done": True, "told": "已受理"}


def _claim_name(claim: Mapping[str, Any]) -> str:
    about = f"（{claim['collaboration_name']}）" if claim["collaboration_name"] else ""
    return f"{claim['owner_name']} {claim['year']}年 {claim['rule_name']}{about}"


@router.get("/new", dependencies=SUBMITS)
async def new_claim(request: Request, gateway: Gateway, year: Year = None) -> Response:
    """The form of a new claim."""
    return await _new_page(request, gateway, Form.of(request, {"year": year or this_year(request)}))


@router.post("/new", dependencies=[*SUBMITS, performs("POST /api/subsidies/v1/claims")])
async def create_claim(request: Request, gateway: Gateway) -> Response:
    """Open a claim, and submit it at once where that was ticked."""
    values = await submitted(request)
    body = payload(values, "year", "rule", "collaboration") | {"submit": values.get("submit") == "yes"}
    body["rule"] = body["rule"] or ""  # so that the service names the rules to choose from
    try:
        answer = await gateway.post(f"{API}/claims", body, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in (409, 422):
            raise
        return await _new_page(request, gateway, Form.refused(request, values, problem), problem.status)
    told = STEPS["submission"] if body["submit"] else "已保存为草稿，提交后秘书处才能看到。"
    return redirect(request, f"/subsidies/claims/{answer.data['id']}", toast=told)


async def _new_page(request: Request, gateway: BoundGateway, form: Form, status: int = 200) -> Response:
    rules = await rules_of(gateway)
    kinds = {rule["collaboration_kind"] for rule in rules["rules"] if rule["collaboration_kind"]}
    collaborations = [option for kind in sorted(kinds) for option in await _collaborations(gateway, kind)]
    values = {
        "form": form,
        "labels": FORM_LABELS,
        "rules": rules,
        "options": [(rule["code"], f"{rule['name']}（{rule['article']}）") for rule in rules["rules"]],
        "collaborations": collaborations,
        "by_collaboration": "、".join(rule["name"] for rule in rules["rules"] if rule["collaboration_kind"]),
    }
    # A conflict is a page-wide refusal for htmx, but here it belongs to the form, which keeps what was filled in.
    status = 422 if status == 409 else status
    return page_or_fragment(
        request, "subsidies/claims/new.html", "subsidies/claims/_new_form.html", values, status=status
    )


async def _collaborations(gateway: BoundGateway, kind: str) -> list[tuple[str, str]]:
    answer = await gateway.get("/api/registry/v1/collaborations", {"kind": kind, "limit": 200, "sort": "name"})
    return [(item["id"], item["name"]) for item in answer.data["items"]]


@router.get("/{claim_id}")
async def claim(claim_id: UUID, request: Request, gateway: Gateway) -> Response:
    """One claim with its life, and what the person may do with it."""
    answer = await gateway.get(f"{API}/claims/{claim_id}")
    return await _claim_page(request, gateway, answer.data, Form.of(request, etag=answer.etag))


async def _claim_page(
    request: Request, gateway: BoundGateway, found: dict[str, Any], form: Form, status: int = 200
) -> Response:
    rules = await rules_of(gateway, found["year"])
    rule = next((rule for rule in rules["rules"] if rule["code"] == found["rule"]), None)
    values = {
        "claim": found,
        "name": _claim_name(found),
        "form": form,
        "states": STATES,
        "pack": rules["pack"],
        "document": rules["document_number"],
        "rule": rule,
        "unit": KIND_UNITS.get(rule["kind"], "") if rule else "",
        "rows": _rows_behind(found, rule),
        "life": [_step(decision) for decision in reversed(found["decisions"])],
    }
    return page_or_fragment(
        request, "subsidies/claims/claim.html", "subsidies/claims/_claim.html", values, status=status
    )


def _rows_behind(claim: Mapping[str, Any], rule: Mapping[str, Any] | None) -> str:
    """The roster rows that the claim counts; empty for an award that does not go by rosters."""
    asked = {"year": claim["year"], "owner": claim["owner"]}
    kind = rule["kind"] if rule else ""
    if kind == "student_award":
        return f"/subsidies/rosters/students?{urlencode({**asked, 'claimed_rule': claim['rule']})}"
    return f"/subsidies/rosters/classes?{urlencode(asked)}" if kind == "class_award" else ""


def _step(decision: Mapping[str, Any]) -> dict[str, Any]:
    counted = Markup("名册序号 {}，数量 {}，申报金额 {}").format(
        decision["sequence"], filters.number(decision["subjects"]), filters.amount(decision["requested"])
    )
    return {
        "at": decision["at"],
        "who": decision["actor_name"],
        "title": decision["action_label"],
        "detail": Markup("；").join(filter(None, (decision["opinion"], counted))),
        "tone": TONES.get(decision["action"], "info"),
    }


@router.post("/{claim_id}/submission", dependencies=[*SUBMITS, performs("POST /api/subsidies/v1/claims/{}/submission")])
async def submit(claim_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Hand the claim in."""
    return await _take_step(claim_id, "submission", request, gateway)


@router.post("/{claim_id}/withdrawal", dependencies=[*SUBMITS, performs("POST /api/subsidies/v1/claims/{}/withdrawal")])
async def withdraw(claim_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Take the claim back."""
    return await _take_step(claim_id, "withdrawal", request, gateway)


@router.post("/{claim_id}/acceptance", dependencies=[*REVIEWS, performs("POST /api/subsidies/v1/claims/{}/acceptance")])
async def accept(claim_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Accept the claim: the settlement pays what it covers."""
    return await _take_step(claim_id, "acceptance", request, gateway)


@router.post("/{claim_id}/return", dependencies=[*REVIEWS, performs("POST /api/subsidies/v1/claims/{}/return")])
async def send_back(claim_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Return the claim with the reason."""
    return await _take_step(claim_id, "return", request, gateway)


async def _take_step(claim_id: UUID, step: str, request: Request, gateway: BoundGateway) -> Response:
    values = await submitted(request)
    body = {"opinion": values["opinion"]} if values.get("opinion") else {}
    path = f"{API}/claims/{claim_id}"
    try:
        await gateway.post(f"{path}/{step}", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        found = (await gateway.get(path)).data
        return await _claim_page(request, gateway, found, Form.refused(request, values, problem), problem.status)
    return redirect(request, f"/subsidies/claims/{claim_id}", toast=STEPS[step])

"""疑似重复: pairs of members that may be one, to merge, or to be told apart with a reason."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.filters import NOTHING
from frontend.forms import KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.member_words import LABELS as MEMBER_LABELS
from frontend.pages.registry_words import API, FORM_REFUSALS, current, refused_form
from frontend.tables import Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/members/duplicates", dependencies=[needs(Permission.REGISTRY_WRITE)])
LABELS = {"reason": "为何不是同一家"}
TEMPLATES = "members/dismissal.html", "members/_dismissal.html"
LIKENESS = tuple((share, f"{int(float(share) * 100)}% 以上") for share in ("0.6", "0.7", "0.8", "0.9"))


def _unit(key: str) -> Any:
    def cell(row: dict[str, Any]) -> Markup:
        one = row[key]
        about = "，".join(
            filter(None, (one["division_name"], words.MEMBER_CATEGORIES.get(one["category"]), one["uscc"]))
        )
        status = words.MEMBER_STATUSES.get(one["status"], one["status"])
        shown = Markup('<div><a href="/members/{}">{}</a></div><div class="muted">{}</div>')
        return shown.format(one["id"], one["name"], "，".join(filter(None, (status, about))))

    return cell


def _why(row: dict[str, Any]) -> str:
    same = [f"{MEMBER_LABELS[code]}相同" for code in row["same_codes"]]
    return "、".join(same) or f"名称相似 {round(row['likeness'] * 100)}%"


_APART = Markup('<a class="btn btn-sm" href="/members/duplicates/{}/{}/dismissal">不是同一家</a>')
_INTO = Markup('<a class="btn btn-sm" href="/members/{}/merger?into={}">{}</a> ')


def _ways(merges: bool) -> Any:
    def cell(row: dict[str, Any]) -> Markup:
        one, other = row["one"]["id"], row["other"]["id"]
        merging = _INTO.format(one, other, "前者并入后者") + _INTO.format(other, one, "后者并入前者")
        return (merging if merges else Markup("")) + _APART.format(one, other)

    return cell


DUPLICATES = Table(
    id="duplicates",
    path="/members/duplicates",
    caption="疑似重复的单位",
    columns=(
        Column("one", "单位", render=_unit("one"), wide=True),
        Column("other", "疑似同一家的单位", render=_unit("other"), wide=True),
        Column("likeness", "理由", render=_why),
        Column("ways", "办理", render=_ways(merges=False)),
    ),
    filters=(Filter("at_least", "相似度", "select", LIKENESS),),
    row_id="one.id",
    empty_title="没有疑似重复的单位",
)


@router.get("")
async def list_pairs(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The pairs, the likeliest first; merging is the head's."""
    answer = await gateway.get(f"{API}/member-duplicates", DUPLICATES.params(request))
    *columns, ways = DUPLICATES.columns
    merges = user.may(Permission.REGISTRY_DECIDE)
    shown = [*columns, Column(ways.key, ways.label, render=_ways(merges))]
    note = None if merges else "合并由秘书处负责人办理；不是同一家的，请登记原因，以后不再提示。"
    table = DUPLICATES.view(request, answer.data, columns=shown, note=note)
    return page_or_fragment(request, "members/duplicates.html", "_table.html", {"table": table})


@router.get("/{one}/{other}/dismissal")
async def new_dismissal(request: Request, gateway: Gateway, one: UUID, other: UUID) -> Response:
    """The form that asks why two are two."""
    context = await _context(gateway, one, other)
    return page_or_fragment(request, *TEMPLATES, {**context, "form": Form.of(request)})


@router.post("/{one}/{other}/dismissal", dependencies=[performs("POST /api/registry/v1/member-duplicates/dismissals")])
async def dismiss(request: Request, gateway: Gateway, one: UUID, other: UUID) -> Response:
    """Record it, or show the form with its faults."""
    values = await submitted(request)
    body = {"one": str(one), "other": str(other), **payload(values, *LABELS)}
    try:
        address = f"{API}/member-duplicates/dismissals"
        await gateway.post(address, {**body, "reason": body["reason"] or ""}, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        context = await _context(gateway, one, other)
        return refused_form(request, *TEMPLATES, context, Form.refused(request, values, problem), "dismissal-form")
    return redirect(request, "/members/duplicates", toast="已登记，这一对不再提示。")


async def _context(gateway: BoundGateway, one: UUID, other: UUID) -> dict[str, Any]:
    pair = [(await current(gateway, f"/members/{member}")).data for member in (one, other)]
    rows = [
        (label, *(one.get(field) or NOTHING for one in pair))
        for field, label in MEMBER_LABELS.items()
        if field in ("name", "uscc", "school_code", "division_name", "address", "joined_on")
    ]
    action = f"/members/duplicates/{one}/{other}/dismissal"
    return {"pair": pair, "rows": rows, "action": action, "labels": LABELS}

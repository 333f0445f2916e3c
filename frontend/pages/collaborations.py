"""合作载体: the list with query and export, and one collaboration with all that hangs on it."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs
from frontend.filters import on_day
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment
from frontend.pages import bulk_edits
from frontend.pages.collaboration_fields import CHOICES, LABELS, fields_of
from frontend.pages.registry_words import API, division_options, timeline_of
from frontend.session import User
from frontend.tables import Action, Batch, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/collaborations", dependencies=[needs(Permission.REGISTRY_READ)])
STATUSES = {"active": ("运行中", "success"), "ended": ("已终止", "secondary")}
GRANT_STATES = {"standing": ("有效", "success"), "lapsed": ("已到期", "warning"), "withdrawn": ("已撤销", "secondary")}
RESULTS = {"passed": ("合格", "success"), "failed": ("不合格", "danger")}
MISSING = (
    ("lead", "联合体缺牵头单位"),
    ("host", "缺办学单位"),
    ("enterprise", "合作班缺合作企业"),
    ("class_code", "合作班缺班级编号"),
    ("details", "缺类型内容"),
    ("founded_on", "缺成立日期"),
)
COLLABORATIONS = Table(
    id="collaborations",
    path="/collaborations",
    caption="合作载体",
    default_sort="name",
    export="/collaborations/export",
    columns=(
        Column("name", "名称", sort="name", link="/collaborations/{id}", wide=True),
        Column("kind", "类型", labels=words.COLLABORATION_KINDS, sort="kind"),
        Column("host_member.name", "办学单位", wide=True, narrow_hidden=True),
        Column("lead_member.name", "牵头单位", wide=True, narrow_hidden=True),
        Column("founded_on", "成立日期", "date", sort="founded_on", narrow_hidden=True),
        Column("level", "现有级别", labels=words.RECOGNITION_LEVELS),
        Column("recognised_on", "认定日期", "date", narrow_hidden=True),
        Column("status", "状态", "status", labels=STATUSES),
    ),
    filters=(
        Filter("q", "名称", placeholder="名称或拼音"),
        Filter("kind", "类型", "select", CHOICES["kinds"]),
        Filter("level", "现有级别", "select", CHOICES["levels"]),
        Filter("status", "状态", "select", CHOICES["statuses"]),
        Filter("division", "县区", "select"),
        Filter("partner", "参加单位", placeholder="单位名称或拼音"),
        Filter("missing", "缺项", "select", MISSING),
        Filter("as_of", "截至日期", "date"),
    ),
)


BATCH = Batch("批量修改所选", "/change-sets/ticked?of=collaborations", "edit")


@router.get("")
async def list_collaborations(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The list."""
    answer, (divisions, _zones) = await asyncio.gather(
        gateway.get(f"{API}/collaborations", COLLABORATIONS.params(request)), division_options(gateway)
    )
    filters = [replace(f, options=divisions) if f.name == "division" else f for f in COLLABORATIONS.filters]
    plates = on_day("/collaborations/plates", request.query_params.get("as_of"))
    actions = [Action("奖牌到期", plates, "certificate")]
    writer = rights(user, request.query_params.get("as_of", ""))["writer"]
    if writer:
        kind = request.query_params.get("kind")
        chosen = kind if kind in words.COLLABORATION_KINDS else "collaborations"
        actions.append(Action("导入", f"/change-sets/new?kind={chosen}", "file-import"))
        actions.append(
            Action(
                "批量修改查询结果",
                bulk_edits.edit_all(bulk_edits.COLLABORATIONS, COLLABORATIONS.filled(request)),
                "edit",
            )
        )
        actions.append(Action("新增", "/collaborations/new", primary=True))
    total = answer.data["total"]
    shown: dict[str, Any] = {
        "totals": {"name": f"{total} 个"} if total is not None else None,
        "filters": filters,
        "actions": actions,
        "batch": (BATCH,) if writer else (),
    }
    table = COLLABORATIONS.view(request, answer.data, **shown)
    return page_or_fragment(request, "collaborations/list.html", "_table.html", {"table": table})


@router.get("/template")
async def template(request: Request, gateway: Gateway) -> Response:
    """The workbook to fill in, with the columns of a kind when one is chosen."""
    kind = request.query_params.get("kind")
    asked = {"kind": kind if kind in words.COLLABORATION_KINDS else None}
    return await gateway.download(f"{API}/collaborations/template.xlsx", asked)


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows."""
    return await gateway.download(f"{API}/collaborations/export.xlsx", COLLABORATIONS.filled(request))


@router.get("/{collaboration_id}")
async def collaboration(
    request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID, as_of: str = ""
) -> Response:
    """One collaboration, today or as of a day: who takes part, what was put in, recognitions, reviews, changes."""
    path = f"/collaborations/{collaboration_id}"
    day = {"as_of": as_of} if as_of else {}
    record = (await gateway.get(f"{API}{path}", day)).data
    fields, contributions, reviews, headcount = await asyncio.gather(
        fields_of(gateway, record["kind"]),
        gateway.get(f"{API}{path}/contributions", day),
        gateway.get(f"{API}{path}/reviews", day),
        _headcount(gateway, record, day),
    )
    may = rights(user, as_of)
    values = {
        "found": record,
        "fields": fields,
        "contributions": contributions.data,
        "reviews": reviews.data,
        "headcount": headcount,
        "history": await timeline_of(gateway, path, LABELS) if may["writer"] else None,
        "as_of": as_of,
        "words": words,
        "states": STATUSES,
        "grant_states": GRANT_STATES,
        "results": RESULTS,
        **may,
    }
    return page_or_fragment(request, "collaborations/detail.html", "collaborations/_detail.html", values)


def rights(user: User, as_of: str = "") -> dict[str, bool]:
    """What the person may do on the page; nothing on a page of an earlier day."""
    return {
        "writer": user.may(Permission.REGISTRY_WRITE) and not as_of,
        "contributor": user.may(Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN) and not as_of,
        "decider": user.may(Permission.REGISTRY_DECIDE) and not as_of,
    }


async def _headcount(gateway: BoundGateway, record: dict[str, Any], day: dict[str, str]) -> dict[str, Any] | None:
    """The headcount of a class from its roster; the page goes on where it cannot be asked."""
    if record["kind"] != "school_enterprise_class":
        return None
    try:
        found = await gateway.get(f"{API}/collaborations/{record['id']}/headcount", day)
    except ApiProblem as problem:
        return {"headcount": None, "unavailable": problem.detail}
    answer: dict[str, Any] = found.data
    return answer

"""成员单位: the list with query and export, and one member; both also as of a day. Forms stand in `member_forms.py`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs
from frontend.forms import Form, ticked
from frontend.gateway_client import BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages import bulk_edits
from frontend.pages.member_words import CHOICES, LABELS, STATUSES, in_words
from frontend.pages.registry_words import AGREEMENT_PHASES, API, division_options, may_write, timeline_of
from frontend.session import User
from frontend.tables import Action, Batch, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.name_lists import former_name
from services.kernel.permissions import Permission

router = APIRouter(prefix="/members", dependencies=[needs(Permission.REGISTRY_READ)])

MISSING = (("uscc", "统一社会信用代码"), ("division", "区划"), ("size_evidence", "企业规模或佐证"))
MEMBERS = Table(
    id="members",
    path="/members",
    caption="成员单位",
    default_sort="name",
    columns=(
        Column("name", "单位名称", sort="name", link="/members/{id}", wide=True),
        Column("category", "类别", labels=words.MEMBER_CATEGORIES, sort="category"),
        Column("division_name", "区划", sort="division"),
        Column("structure_role", "架构角色", labels=words.STRUCTURE_ROLES, narrow_hidden=True),
        Column("uscc", "统一社会信用代码", narrow_hidden=True),
        Column("enterprise_size", "企业规模", labels=words.ENTERPRISE_SIZES, narrow_hidden=True),
        Column("status", "状态", "status", labels=STATUSES),
    ),
    filters=(
        Filter("q", "名称", placeholder="名称、拼音或信用代码"),
        Filter("category", "类别", "select", CHOICES["categories"]),
        Filter("division", "区划", "select"),
        Filter("status", "状态", "select", CHOICES["statuses"]),
        Filter("missing", "缺项", "select", MISSING),
        Filter("as_of", "截至日期", "date"),
    ),
    batch=(Batch("导出所选", "/members/export", "file-spreadsheet"),),
    export="/members/export",
)
WRITER_ACTIONS = (
    Action("新增", "/members/new", primary=True),
    Action("导入", "/change-sets/new?kind=members", "file-import"),
    Action("疑似重复", "/members/duplicates", "copy"),
)
WRITER_BATCH = (*MEMBERS.batch, Batch("批量修改所选", "/change-sets/ticked", "edit"))


@router.get("")
async def list_members(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The list, now or as of a day; a bureau sees its own county's."""
    answer, (divisions, _) = await asyncio.gather(
        gateway.get(f"{API}/members", MEMBERS.params(request)), division_options(gateway)
    )
    filters = [replace(f, options=divisions) if f.name == "division" else f for f in MEMBERS.filters]
    writer = may_write(user) and not as_of
    every = Action("批量修改查询结果", bulk_edits.edit_all(bulk_edits.MEMBERS, MEMBERS.filled(request)), "edit")
    actions, batch = ((*WRITER_ACTIONS, every), WRITER_BATCH) if writer else ((), MEMBERS.batch)
    total = answer.data["total"]
    totals = {"name": f"{total} 家"} if total is not None else None
    shown: dict[str, Any] = {"totals": totals, "filters": filters, "actions": actions}
    shown["batch"] = () if as_of else batch
    table = MEMBERS.view(request, answer.data, **shown)
    return page_or_fragment(request, "members/list.html", "_table.html", {"table": table})


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows, or of the ticked members."""
    asked = {**MEMBERS.filled(request), "ids": request.query_params.getlist("ids") or None}
    return await gateway.download(f"{API}/members/export.xlsx", asked)


@router.post("/export")
async def export_ticked(request: Request) -> Response:
    """Send the browser to the download of the ticked rows."""
    query = "&".join(f"ids={one}" for one in await ticked(request))
    return redirect(request, f"/members/export?{query}")


@router.get("/template")
async def template(gateway: Gateway) -> Response:
    """The workbook to fill in."""
    return await gateway.download(f"{API}/members/template.xlsx")


@router.get("/{member_id}")
async def member(request: Request, gateway: Gateway, user: CurrentUser, member_id: UUID, as_of: str = "") -> Response:
    """One member, now or as of a day: its collaborations, contacts, states and, for the secretariat, who did what."""
    path, day = f"/members/{member_id}", {"as_of": as_of} if as_of else {}
    record = await gateway.get(f"{API}{path}", day)
    held, states, past = await asyncio.gather(
        _held_by(gateway, member_id, day),
        gateway.get(f"{API}{path}/states"),
        gateway.get(f"{API}{path}/successions", day),
    )
    writer, keeper = may_write(user) and not as_of, keeps_contacts(user, str(member_id))
    values = {
        "member": {**record.data, "former": [former_name(one) for one in record.data["former_names"]]},
        **held,
        "states": [in_words(state) for state in states.data["items"]],
        "successions": past.data["items"],
        "contacts": (await gateway.get(f"{API}{path}/contacts", day)).data["items"] if keeper else None,
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "writer": writer,
        "keeper": keeper and not as_of,
        "decider": user.may(Permission.REGISTRY_DECIDE) and not as_of and record.data["status"] != "exited",
        "form": Form.of(request),
        "words": words,
        "statuses": STATUSES,
        "phases": AGREEMENT_PHASES,
        "path": path,
        "as_of": as_of,
    }
    return page_or_fragment(request, "members/detail.html", "members/_detail.html", values)


async def _held_by(gateway: BoundGateway, member_id: UUID, day: dict[str, str]) -> dict[str, Any]:
    """What a member has a part in, as far as the person may see it, by the name of its list; `cut`: the longer ones."""
    asked = {"collaborations": "member", "seats": "member", "leads": "member", "agreements": "party"}
    answers = await asyncio.gather(
        *(gateway.get(f"{API}/{kind}", {by: str(member_id), "limit": 200, **day}) for kind, by in asked.items())
    )
    found = {kind: answer.data for kind, answer in zip(asked, answers, strict=True)}
    cut = {kind for kind, data in found.items() if data.get("next_cursor")}
    return {**{kind: data["items"] for kind, data in found.items()}, "cut": cut}


def keeps_contacts(user: User, member_id: str) -> bool:
    """Whether this person keeps the contacts of a member that it sees: a unit only its own."""
    own = user.member in (None, member_id)
    return user.may(Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN) and own

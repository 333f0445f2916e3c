"""练习环境 (沙箱): what it is, how to enter it, and to empty what one's unit sent there."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import Form
from frontend.htmx import page_or_fragment, redirect
from services.kernel.permissions import Permission

router = APIRouter(prefix="/practice", dependencies=[needs(Permission.PRACTICE_RESET)])
FILLS = [needs(Permission.REGISTRY_WRITE)]

RESETS = tuple(f"POST /api/{service}/v1/practice/reset" for service in ("subsidies", "targets", "exchange", "registry"))
"""The first may refuse, while an import runs; it is asked alone, so that nothing has been emptied then."""

LABELS = {
    "report": "指标填报",
    "source_decision": "考核口径决定",
    "claims": "奖补申报",
    "students": "学生名册行",
    "classes": "校企合作班名册行",
    "imports": "名册导入记录",
    "settlements": "试算的结算",
    "webhook_endpoint": "推送地址",
    "webhook_delivery": "推送记录",
    "member_contact": "联系人",
    "member_major": "开设专业",
    "teacher": "教师",
    "practice_period": "企业实践",
    "body": "机构",
    "seat": "席位",
    "lead": "牵头分工",
    "meeting": "会议",
    "resolution": "决议",
    "leading_industry": "主导产业",
    "industry_match": "专业产业对接",
}

COPIED = {
    "members": ("成员单位", "家"),
    "collaborations": ("合作载体", "个"),
    "bodies": ("机构", "个"),
    "seats": ("席位", "席"),
    "majors": ("开设专业", "个"),
    "industries": ("主导产业", "个"),
}


@router.get("")
async def practice(request: Request, user: CurrentUser) -> Response:
    """The page; what can be done there depends on whether the person is in the practice environment."""
    return _page(request, fills=user.may(Permission.REGISTRY_WRITE))


@router.post("/reset", dependencies=[performs(*RESETS)])
async def reset(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Empty what the unit sent to the practice alliance, in every service that keeps some of it."""
    first, *others = (command.removeprefix("POST ") for command in RESETS)
    answers = [await gateway.post(first), *await asyncio.gather(*(gateway.post(other) for other in others))]
    counts = [(name, count) for answer in answers for name, count in answer.data["removed"].items()]
    removed = [f"{LABELS[name]} {count} 条" for name, count in counts if count and name in LABELS]
    return _page(request, removed=removed or ["没有可清空的数据"], fills=user.may(Permission.REGISTRY_WRITE))


@router.post("/members", dependencies=[*FILLS, performs("POST /api/registry/v1/practice/members")])
async def fill(request: Request, gateway: Gateway) -> Response:
    """Copy what is on record into the practice alliance."""
    answer = await gateway.post("/api/registry/v1/practice/members")
    copied = "，".join(f"{label} {answer.data[name]} {unit}" for name, (label, unit) in COPIED.items())
    return redirect(request, "/practice", toast=f"已更新练习环境：{copied}。")


def _page(request: Request, **values: Any) -> Response:
    shown = {"form": Form.of(request), "removed": None, **values}
    return page_or_fragment(request, "practice/page.html", "practice/_page.html", shown)

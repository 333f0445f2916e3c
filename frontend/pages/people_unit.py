"""本单位人员: the unit's own administrator sees colleagues and hands out links for new passwords."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from frontend.access import Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, submitted
from frontend.htmx import page_or_fragment
from frontend.pages.people_accounts import STATES, link_page, posts_text
from frontend.tables import Column, Table
from services.kernel.permissions import Permission

router = APIRouter(prefix="/people/unit", dependencies=[needs(Permission.UNIT_MANAGE)])
API = "/api/identity/v1/unit/accounts"

COLLEAGUES = Table(
    id="colleagues",
    path="/people/unit",
    caption="本单位人员",
    columns=(
        Column("name", "姓名"),
        Column("username", "用户名"),
        Column("posts", "岗位", render=posts_text, wide=True),
        Column("state", "状态", "status", labels=STATES),
        Column(
            "id",
            "操作",
            render=lambda row: Markup('<a class="btn btn-sm" href="/people/unit/{}/password">重置密码</a>').format(
                row["id"]
            ),
        ),
    ),
    empty_title="本单位还没有其他人员",
    empty_hint="人员由系统管理员开设账号，由安全管理员任职。",
)


@router.get("")
async def colleagues(request: Request, gateway: Gateway) -> Response:
    """Who works in this unit."""
    answer = await gateway.get(API, COLLEAGUES.params(request))
    table = COLLEAGUES.view(request, answer.data)
    return page_or_fragment(request, "people/unit.html", "_table.html", {"table": table})


@router.get("/{account_id}/password")
async def ask_reset(account_id: UUID, request: Request) -> Response:
    """Ask once more before a link is made."""
    values = {"form": Form.of(request), "account": account_id}
    return page_or_fragment(request, "people/reset.html", "people/_reset.html", values)


@router.post("/{account_id}/password", dependencies=[performs(f"POST {API}/{{}}/password-resets")])
async def reset(account_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Make the link and show it, this once."""
    key = (await submitted(request)).get(KEY_FIELD)
    made = (await gateway.post(f"{API}/{account_id}/password-resets", idempotency_key=key)).data
    return link_page(request, made, "这位同事", "/people/unit")

"""The page behind an invitation or a link for a new password (docs/design.md, 13); it signs nobody in.

The link's token stands in the path, which the access log writes without it (`kernel/observability.py`), and
`Referrer-Policy: no-referrer` keeps it from whatever the page loads or leads to.
"""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.identity.actors import identity_itself
from services.identity.api.sign_in_links import links_to
from services.identity.commands.accept_invitation import accept_invitation
from services.identity.credentials import alliance_of
from services.identity.domain import InvitationPurpose
from services.identity.oauth.requests import form_pairs
from services.identity.pages import Message
from services.identity.parts import IdentityParts, Parts
from services.identity.password_rules import LONG, MINIMUM
from services.identity.queries import alliance_name
from services.identity.queries.federation import providers_for, units_of
from services.identity.queries.invitations import standing_invitation
from services.identity.tables import Account, Invitation, Post
from services.kernel.audit import audit
from services.kernel.clock import business_date
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput

router = APIRouter(include_in_schema=False)

INVALID = Message(
    "链接无效",
    "这个链接不完整、已经使用过、已被新的链接代替，或者已过有效期。",
    "已经设置过密码的，请直接登录；还没有的，请向发给您链接的管理员索取新的链接。",
)
DONE = Message("密码已设置", "密码设置成功，请用用户名和新密码登录。", "", action="去登录")
STALE = "页面已过期或不是由本浏览器打开，请重新填写。"
RULES = (
    f"至少 {MINIMUM} 个字符，含大写字母、小写字母、数字、符号中的三种；或者至少 {LONG} 个字符。不能是常见密码或用户名。"
)


@router.get("/oauth/invitation/{token}")
@router.get("/oauth/reset/{token}")
async def show_invitation(request: Request, parts: Parts, token: str) -> Response:
    """Show for whom the link is, and ask for a password."""
    alliance = alliance_of(token, parts.default_alliance)
    async with parts.database.write(alliance) as session:
        found = await standing_invitation(session, alliance, token, parts.clock.now())
        if found is not None:
            return await _page(session, parts, request, *found)
    return await _invalid(parts)


@router.post("/oauth/invitation/{token}")
@router.post("/oauth/reset/{token}")
async def submit_invitation(request: Request, parts: Parts, token: str) -> Response:
    """Take the password; the link is used up by it."""
    form = dict(await form_pairs(request))
    alliance = alliance_of(token, parts.default_alliance)
    async with parts.tools.passwords.slots, parts.database.write(alliance) as session:
        found = await standing_invitation(session, alliance, token, parts.clock.now())
        if found is None:
            return await _invalid(parts)
        if not parts.form_tokens.accepts(parts.cookies.form(request), form.get("csrf_token", ""), request.url.path):
            return await _page(session, parts, request, *found, status=403, problem=STALE)
        password, repeated = form.get("password", ""), form.get("repeated", "")
        try:
            await accept_invitation(session, parts.tools, *found, password, repeated)
        except InvalidInput as fault:
            return await _page(session, parts, request, *found, status=422, issues=fault.issues)
    return parts.pages.message(200, DONE)


async def _invalid(parts: IdentityParts) -> Response:
    """One page for all that may be wrong with a link. Whoever tries links leaves a trace, in the hub's own alliance."""
    async with parts.database.write(parts.default_alliance) as session:
        actor = identity_itself(parts.default_alliance)
        await audit(session, parts.clock, actor, "invitation.refused", "invitation", "unknown", reason="not standing")
    return parts.pages.message(404, INVALID)


async def _page(
    session: WriteSession,
    parts: IdentityParts,
    request: Request,
    invitation: Invitation,
    account: Account,
    *,
    status: int = 200,
    problem: str = "",
    issues: Sequence[FieldIssue] = (),
) -> Response:
    cookie = parts.cookies.form(request) or parts.form_tokens.new_cookie()
    today = business_date(parts.clock)
    reset = invitation.purpose == InvitationPurpose.PASSWORD_RESET
    providers = [] if reset else await providers_for(session, account, today)
    token = request.path_params["token"]
    response = parts.pages.render(
        "invitation.html",
        status,
        action=request.url.path,
        csrf_token=parts.form_tokens.token_for(cookie, request.url.path),
        alliance_name=await alliance_name(session, account.alliance),
        person=account.person.name,
        username=account.username,
        units=[_named(unit) for unit in await units_of(session, account, today) if isinstance(unit, Post)],
        rules=RULES,
        reset=reset,
        links=links_to(providers, invitation=token),
        problem=problem,
        issues=issues,
        errors={issue.field: issue.message for issue in reversed(issues)},
    )
    parts.cookies.set_form(response, cookie)
    return response


def _named(post: Post) -> str:
    return f"{post.unit_name} {post.title}"

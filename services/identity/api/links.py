"""Answers that hold a link. The link goes out once: what is kept for a repeated request has none."""

from fastapi import Response
from pydantic import BaseModel

from services.identity.commands.invite import Invited
from services.identity.domain import InvitationPurpose
from services.identity.presenting import account_read
from services.identity.schemas.people import AccountInvited, InvitationRead
from services.identity.tables import Account
from services.kernel.etags import etag_of
from services.kernel.idempotency import Once

SHOWN_ONCE = "链接只显示这一次，请立即交给本人；到期、已使用或重新生成后即失效。"
NOT_AGAIN = "链接只在生成时显示一次，这里不再显示；如未记下，请重新生成一个。"


async def answer_link(once: Once, purpose: InvitationPurpose, invited: Invited) -> Response:
    """201 with the link."""
    shown = _shown(purpose, invited)
    return await _answer(once, shown, _hidden(shown), {})


async def answer_invited(once: Once, account: Account, purpose: InvitationPurpose, invited: Invited) -> Response:
    """201 with the new account and its link."""
    shown = AccountInvited(account=account_read(account, []), invitation=_shown(purpose, invited))
    hidden = shown.model_copy(update={"invitation": _hidden(shown.invitation)})
    headers = {"Location": f"/api/identity/v1/accounts/{account.id}", "ETag": etag_of(account.row_version)}
    return await _answer(once, shown, hidden, headers)


def _shown(purpose: InvitationPurpose, invited: Invited) -> InvitationRead:
    return InvitationRead(purpose=purpose, link=invited.link, expires_at=invited.expires_at, note=SHOWN_ONCE)


def _hidden(shown: InvitationRead) -> InvitationRead:
    return shown.model_copy(update={"link": None, "note": NOT_AGAIN})


async def _answer(once: Once, shown: BaseModel, kept: BaseModel, headers: dict[str, str]) -> Response:
    await once.answer(kept, headers=headers)
    told = {**headers, "Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(shown.model_dump_json(), 201, told)

"""The answer to a third party's program: the last step of its authorisation request."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.identity.api.sign_in_steps import browser_alliance, finished, sent_form
from services.identity.oauth.subject import Subject
from services.identity.parts import Parts
from services.identity.steps import Stage
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession

router = APIRouter(include_in_schema=False)


@router.post("/oauth/authorize/consent")
async def submit_consent(request: Request, parts: Parts) -> Response:
    """Take what the person allows the program, or that it is refused."""
    async with parts.database.write(browser_alliance(request, parts)) as session:
        sent = await sent_form(session, parts, request, "consent", (Stage.COMPLETE,))
        if isinstance(sent, Response):
            return sent
        subject, decision = sent.arrival.subject, sent.form.get("decision")
        if subject is None or decision not in ("allow", "deny"):
            return sent.visit.onward()
        client_id, scope = sent.visit.wanted.payload.client_id, sent.visit.wanted.payload.scope or ""
        await _write_down(session, parts.clock, subject, client_id, scope, allowed=decision == "allow")
        return await finished(sent.visit, sent.arrival, subject, allowed=decision == "allow")


async def _write_down(
    session: WriteSession, clock: Clock, subject: Subject, client_id: str, scope: str, *, allowed: bool
) -> None:
    action = "consent.grant" if allowed else "consent.refuse"
    await audit(session, clock, subject.held.principal, action, "oauth_client", client_id, after={"asked": scope})

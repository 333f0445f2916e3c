"""The token and revocation endpoints (RFC 6749, 3.2; RFC 7009). Errors are OAuth's own, for OAuth clients."""

import logging
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from services.identity.actors import identity_itself
from services.identity.credentials import alliance_of
from services.identity.oauth.issuing import Issuing
from services.identity.oauth.requests import HubOAuth2Request, form_pairs
from services.identity.oauth.revocation import HubRevocation
from services.identity.oauth.server import HubAuthorizationServer, Revoked
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import signing_key
from services.kernel.audit import audit

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

Work = Callable[[HubAuthorizationServer, HubOAuth2Request], Response]
CREDENTIALS = ("code", "refresh_token", "token")


@router.post("/oauth/token")
async def token(request: Request, parts: Parts) -> Response:
    """Give tokens for a code, a refresh token or a service's own credentials."""
    return await _serve(request, parts, _issue)


@router.post("/oauth/revoke")
async def revoke(request: Request, parts: Parts) -> Response:
    """End a refresh token and its family."""
    return await _serve(request, parts, _revoke)


def _issue(server: HubAuthorizationServer, oauth_request: HubOAuth2Request) -> Response:
    response: Response = server.create_token_response(oauth_request)
    return response


def _revoke(server: HubAuthorizationServer, oauth_request: HubOAuth2Request) -> Response:
    response: Response = server.create_endpoint_response(HubRevocation.ENDPOINT_NAME, oauth_request)
    return response


async def _serve(request: Request, parts: IdentityParts, work: Work) -> Response:
    """Run Authlib in one transaction, which also commits what a refusal must leave behind (an ended family)."""
    pairs = await form_pairs(request)
    oauth_request = HubOAuth2Request("POST", request.url.path, request.headers, pairs)
    form = oauth_request.form
    credential = next((form[name] for name in CREDENTIALS if form.get(name)), "")
    alliance = alliance_of(credential, parts.default_alliance)
    async with parts.database.write(alliance) as session:
        key = await signing_key(session, parts.keyring, parts.clock.now())
        issuing = parts.issuing(alliance, key)
        response, revoked = await session.run_sync(_run, issuing, oauth_request, work)
        for family in revoked:
            actor = identity_itself(alliance)
            await audit(
                session, parts.clock, actor, "tokens.revoked", "account", family.account_id, reason=family.reason
            )
    if response.status_code >= 400:
        log.info("token request refused", extra={"status": response.status_code, "revoked": len(revoked)})
    return response


def _run(
    session: Session, issuing: Issuing, oauth_request: HubOAuth2Request, work: Work
) -> tuple[Response, list[Revoked]]:
    server = HubAuthorizationServer(session, issuing)
    try:
        return work(server, oauth_request), server.revoked
    except ValueError:  # Authlib cannot put a parameter with such characters into an error's description
        return JSONResponse({"error": "invalid_request"}, 400, {"Cache-Control": "no-store"}), server.revoked

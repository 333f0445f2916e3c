"""The endpoints that clients call themselves: token (RFC 6749, 3.2), revocation (RFC 7009), introspection (RFC 7662).

Errors are OAuth's own, for OAuth clients.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from services.identity.actors import identity_itself
from services.identity.commands.end_access import revoke as revoke_everywhere
from services.identity.commands.note_client import note_refusal, note_use
from services.identity.credentials import alliance_of
from services.identity.oauth.endpoints import AccessToken, HubIntrospection, HubRevocation
from services.identity.oauth.issuing import Issuing
from services.identity.oauth.requests import HubOAuth2Request, form_pairs, named_client
from services.identity.oauth.server import HubAuthorizationServer
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import find_client, signing_key
from services.kernel.alliances import home_of
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import NotSignedIn
from services.kernel.tokens import TokenVerifier

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

Work = Callable[[HubAuthorizationServer, HubOAuth2Request], Response]
CREDENTIALS = ("code", "refresh_token", "token")


@dataclass(frozen=True)
class Done:
    """What one request came to: the answer, and what the server has to tell about it."""

    response: Response
    server: HubAuthorizationServer

    @property
    def error(self) -> str | None:
        """The error code of a refusal."""
        return str(json.loads(bytes(self.response.body))["error"]) if self.response.status_code >= 400 else None


@router.post("/oauth/token")
async def token(request: Request, parts: Parts) -> Response:
    """Give tokens for a code, a refresh token or a program's own credentials."""

    def issue(server: HubAuthorizationServer, asked: HubOAuth2Request) -> Response:
        return server.create_token_response(asked)

    return await _serve(request, parts, issue)


@router.post("/oauth/revoke")
async def revoke(request: Request, parts: Parts) -> Response:
    """End an access token, or a refresh token with its family."""
    return await _serve(request, parts, _endpoint(HubRevocation.ENDPOINT_NAME))


@router.post("/oauth/introspect")
async def introspect(request: Request, parts: Parts) -> Response:
    """Tell a confidential client about a token of its own."""
    return await _serve(request, parts, _endpoint(HubIntrospection.ENDPOINT_NAME))


def _endpoint(name: str) -> Work:
    def work(server: HubAuthorizationServer, asked: HubOAuth2Request) -> Response:
        response: Response = server.create_endpoint_response(name, asked)
        return response

    return work


async def _serve(request: Request, parts: IdentityParts, work: Work) -> Response:
    """Run Authlib in one transaction, which also commits what a refusal must leave behind (an ended family)."""
    asked = HubOAuth2Request("POST", request.url.path, request.headers, await form_pairs(request))
    presented = await _verified(request.app.state.verifier, asked.form.get("token"))
    alliance = await _alliance(parts, asked, presented)
    async with parts.database.write(alliance) as session:
        key = await signing_key(session, parts.keyring, parts.clock.now())
        done = await session.run_sync(_run, parts.issuing(alliance, key), presented, asked, work)
        await _write_down(session, parts, alliance, done)
    if done.error:
        log.info("token request refused", extra={"status": done.response.status_code, "code": done.error})
    return done.response


async def _verified(verifier: TokenVerifier, presented: str | None) -> AccessToken | None:
    """A token as an access token of ours that may still be used; None for anything else."""
    if not presented:
        return None
    try:
        return AccessToken(await verifier.verify(presented))
    except NotSignedIn:
        return None


async def _alliance(parts: IdentityParts, asked: HubOAuth2Request, presented: AccessToken | None) -> str:
    """The alliance in whose rows to look: the client's own, or else that of the credential it shows."""
    default = parts.default_alliance
    async with parts.database.read(default) as session:
        client = await find_client(session, named_client(asked))
    if client is not None and client.alliance is not None:
        return client.alliance
    if presented is not None:
        return home_of(str(presented.claims.get("alliance", default)))
    return alliance_of(next((asked.form[name] for name in CREDENTIALS if asked.form.get(name)), ""), default)


def _run(
    session: Session, issuing: Issuing, presented: AccessToken | None, asked: HubOAuth2Request, work: Work
) -> Done:
    server = HubAuthorizationServer(session, issuing, presented=presented)
    try:
        return Done(work(server, asked), server)
    except ValueError:  # Authlib cannot put a parameter with such characters into an error's description
        return Done(JSONResponse({"error": "invalid_request"}, 400, {"Cache-Control": "no-store"}), server)


async def _write_down(session: WriteSession, parts: IdentityParts, alliance: str, done: Done) -> None:
    """What the audit log must tell, and what the other services must refuse from now on."""
    now = parts.clock.now()
    for jti in done.server.refused_tokens:
        await revoke_everywhere(session, now, "token", jti)
    for family in done.server.ended:
        actor, after = identity_itself(alliance), {"client_id": family.client_id}
        account, reason = family.account_id, family.reason
        await audit(session, parts.clock, actor, "tokens.revoked", "account", account, after=after, reason=reason)
    client = done.server.client.row if done.server.client is not None else None
    if done.error is not None:
        await note_refusal(session, parts.clock, alliance, client, done.error)
    elif client is not None:
        await note_use(session, parts.clock, client)

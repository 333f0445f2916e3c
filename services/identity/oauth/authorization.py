"""The authorisation endpoint's two judgements: whether a request may be asked at all, and what a person's answer is.

Each page between them asks the first anew and trusts nothing of an earlier round: client, redirect URI, PKCE, wishes.
Both run on a synchronous session (`AsyncSession.run_sync`).
"""

import logging
from dataclasses import dataclass
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidScopeError, UnauthorizedClientError
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.oauth.checks import Wishes
from services.identity.oauth.client import HubClient, allowances
from services.identity.oauth.hints import hint_of
from services.identity.oauth.issuing import Issuing
from services.identity.oauth.requests import HubOAuth2Request
from services.identity.oauth.server import HubAuthorizationServer
from services.identity.oauth.subject import Subject
from services.identity.queries.keys import living_keys
from services.identity.tables import Consent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """A valid request, on whose grounds pages may be shown; `wishes` says how the person is to be asked."""

    redirect_uri: str
    client_name: str
    wishes: Wishes


@dataclass(frozen=True)
class ConsentNeeded:
    """A third party's program asks for more than the person has allowed it; `scope` is the whole of it."""

    client_name: str
    description: str
    scope: str

    @property
    def allowances(self) -> list[str]:
        """What the person is asked to allow, in sentences."""
        return allowances(self.scope)


@dataclass(frozen=True)
class Unanswerable:
    """A request without a trusted redirect URI: it is told on a page and never sent on (RFC 6749, 4.1.2.1)."""

    code: str


def judge_request(session: Session, issuing: Issuing, request: HubOAuth2Request) -> Asked | Response | Unanswerable:
    """Whether the request is valid, whoever asks; an error is the client's to hear when its redirect URI is trusted."""
    server = HubAuthorizationServer(session, issuing)
    try:
        grant = server.get_consent_grant(request)
    except OAuth2Error as error:
        if error.redirect_uri:
            return refusal(server, request, error)
        return _unanswerable(error.error)
    except ValueError:  # Authlib cannot put a parameter with such characters into an error's description
        return _unanswerable("malformed_parameter")
    return Asked(grant.redirect_uri, request.client.row.name, Wishes.of(request))


def answer_request(
    session: Session, issuing: Issuing, request: HubOAuth2Request, subject: Subject, *, allowed: bool | None = None
) -> Response | ConsentNeeded:
    """The answer to a request that was judged valid, for a person whose sign-in is complete: a code, or consent first.

    `allowed` is what the person just answered on the consent page.
    """
    server = HubAuthorizationServer(session, issuing)
    try:
        grant = server.get_consent_grant(request)
        _refuse_another_person(server, grant, request, subject)
        needed = _consent_needed(server, grant, request, subject) if allowed is None else None
    except OAuth2Error as error:
        return refusal(server, request, error)
    if needed is not None:
        return needed
    if allowed:
        _remember(server, request.client, subject, request.client.scope_for(subject.role, request.payload.scope))
    person = subject if allowed is not False else None
    answer = server.create_authorization_response(request, grant_user=person, grant=grant)
    return _with_issuer(answer, issuing)


def refuse_request(session: Session, issuing: Issuing, request: HubOAuth2Request, error: OAuth2Error) -> Response:
    """Send the client an error that the pages found; `error.redirect_uri` is that of the judged request."""
    return refusal(HubAuthorizationServer(session, issuing), request, error)


def refusal(server: HubAuthorizationServer, request: HubOAuth2Request, error: Any) -> Response:
    """An error as an answer to the client."""
    log.info("authorisation request refused", extra={"code": error.error})
    error.state = request.payload.state
    answer: Response = server.handle_response(*error())
    return _with_issuer(answer, server.issuing)


def _refuse_another_person(
    server: HubAuthorizationServer, grant: Any, request: HubOAuth2Request, subject: Subject
) -> None:
    """A client that names whom it expects by an ID token gets nobody else (OpenID Connect Core 1.0, 3.1.2.1).

    Raises LoginRequiredError. A hint whose key was retired, or that is none of ours, names nobody.
    """
    given, issuing = request.payload.data.get("id_token_hint"), server.issuing
    if not given:
        return
    keys = {"keys": list(server.session.scalars(living_keys(issuing.clock.now())))}
    hint = hint_of(given, keys, issuing.issuer)
    if hint is not None and hint.subject != subject.account_id:
        raise LoginRequiredError(redirect_uri=grant.redirect_uri)


def _consent_needed(
    server: HubAuthorizationServer, grant: Any, request: HubOAuth2Request, subject: Subject
) -> ConsentNeeded | None:
    """What to ask the person. Raises the OAuth2Error that the client is to hear instead."""
    client: HubClient = request.client
    back = grant.redirect_uri
    if client.row.alliance not in (None, subject.held.account.alliance):
        raise UnauthorizedClientError("The client serves another alliance.", redirect_uri=back)
    scope = client.scope_for(subject.role, request.payload.scope)
    if not scope:
        raise InvalidScopeError(redirect_uri=back)
    wishes = Wishes.of(request)
    if not _must_ask(server, client, subject, scope, wishes):
        return None
    if wishes.silent:
        raise ConsentRequiredError(redirect_uri=back)
    return ConsentNeeded(client.row.name, client.row.description, scope)


def _must_ask(server: HubAuthorizationServer, client: HubClient, subject: Subject, scope: str, wishes: Wishes) -> bool:
    """Whether the person is to be asked: of a third party's program, for more than was allowed before, or on wish."""
    if not client.asks_for_consent:
        return False
    own = select(Consent).where(Consent.alliance == server.issuing.alliance, Consent.account_id == subject.account_id)
    given = server.session.scalars(
        own.where(Consent.client_id == client.client_id, Consent.revoked_at.is_(None))
    ).one_or_none()
    return wishes.consent or given is None or not set(scope.split()) <= set(given.scope.split())


def _remember(server: HubAuthorizationServer, client: HubClient, subject: Subject, scope: str) -> None:
    """Keep what was allowed, with what was allowed before unless that was withdrawn."""
    key = {"alliance": server.issuing.alliance, "account_id": subject.account_id, "client_id": client.client_id}
    before = server.session.scalars(select(Consent).filter_by(**key, revoked_at=None)).one_or_none()
    whole = set(scope.split()) | set(before.scope.split() if before else ())
    values = {"scope": " ".join(sorted(whole)), "granted_at": server.issuing.clock.now(), "revoked_at": None}
    row = insert(Consent).values(**key, **values)
    server.session.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def _unanswerable(code: str) -> Unanswerable:
    log.info("authorisation request refused", extra={"code": code})
    return Unanswerable(code)


def _with_issuer(answer: Response, issuing: Issuing) -> Response:
    """Name this server in its answer, so that a client of several is not deceived about which one it was (RFC 9207)."""
    answer.headers["Location"] = add_params_to_uri(answer.headers["Location"], [("iss", issuing.issuer)])
    return answer

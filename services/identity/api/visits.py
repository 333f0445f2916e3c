"""One request of a browser that is on its way through an authorisation request (RFC 6749, 4.1.1), at any of its steps.

The request's parameters stay in the query of every address, are judged by Authlib each time, and are sealed into each
form's token together with the step: a form serves one step of one request in one browser.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from authlib.oauth2.base import OAuth2Error
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from services.identity.oauth.authorization import (
    Asked,
    ConsentNeeded,
    Unanswerable,
    answer_request,
    judge_request,
    refuse_request,
)
from services.identity.oauth.checks import Wishes
from services.identity.oauth.requests import HubOAuth2Request
from services.identity.oauth.subject import Subject
from services.identity.pages import Message
from services.identity.parts import IdentityParts
from services.identity.queries import alliance_name
from services.kernel.database import WriteSession

AUTHORIZE = "/oauth/authorize"
BAD_REQUEST = Message(
    "登录请求无效",
    "打开登录页的地址不完整或与登记的应用不符，因此没有显示登录框。",
    "请回到原来的系统重新点击登录；仍不成功时，请把请求编号告诉管理员。",
)


@dataclass(frozen=True)
class Visit:
    """A valid authorisation request, on whose grounds pages may be shown."""

    request: Request
    parts: IdentityParts
    session: WriteSession
    alliance: str
    wanted: HubOAuth2Request
    asked: Asked

    @property
    def wishes(self) -> Wishes:
        """How the client wants the person to be asked."""
        return self.asked.wishes

    def address(self, step: str = "") -> str:
        """The address of a step, which carries the whole request."""
        return f"{AUTHORIZE}{step and '/' + step}?{_encoded(self.request.url.query)}"

    @property
    def next_address(self) -> str:
        """Where the browser goes after a step; to sign in anew is not asked for again."""
        return continued(self.address(), {"login"})

    @property
    def chooses_post(self) -> bool:
        """Whether the client wants the post to be chosen, even by somebody who has one only."""
        return "select_account" in self.wishes.prompts

    def token(self, step: str, cookie: str) -> str:
        return self.parts.form_tokens.token_for(cookie, self.address(step))

    def accepts(self, step: str, token: str) -> bool:
        """Whether a form was shown to this browser, for this step of this very request, not long ago."""
        return self.parts.form_tokens.accepts(self.parts.cookies.form(self.request), token, self.address(step))

    async def page(self, template: str, step: str, status: int = 200, **values: Any) -> Response:
        """A page with the form of a step."""
        cookie = self.parts.cookies.form(self.request) or self.parts.form_tokens.new_cookie()
        response = self.parts.pages.render(
            template,
            status,
            form_target=self.asked.redirect_uri,
            action=self.address(step),
            csrf_token=self.token(step, cookie),
            alliance_name=await alliance_name(self.session, self.alliance),
            **values,
        )
        self.parts.cookies.set_form(response, cookie)
        return response

    def onward(self, cookie: str | None = None, *, chosen: bool = False) -> Response:
        """To the next step, with the session's new cookie; a post that was `chosen` is not asked for again."""
        target = continued(self.address(), {"login", "select_account"}) if chosen else self.next_address
        response = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
        if cookie is not None:
            self.parts.cookies.set_session(response, cookie)
        return response

    async def answer(self, subject: Subject, *, allowed: bool | None = None) -> Response | ConsentNeeded:
        """A code for a person whose sign-in is complete, or what a third party's program needs leave for first."""
        issuing = self.parts.issuing(self.alliance)
        return await self.session.run_sync(answer_request, issuing, self.wanted, subject, allowed=allowed)

    async def refuse(self, error: OAuth2Error) -> Response:
        """Send the client an error instead (OpenID Connect Core 1.0, 3.1.2.6)."""
        error.redirect_uri = self.asked.redirect_uri
        issuing = self.parts.issuing(self.alliance)
        return await self.session.run_sync(refuse_request, issuing, self.wanted, error)


async def opened_visit(
    request: Request, parts: IdentityParts, session: WriteSession, alliance: str
) -> Visit | Response:
    """Have the request judged that the address carries; an error goes to the client, or else on a page."""
    wanted = HubOAuth2Request("GET", request.url.path, request.headers, request.query_params.multi_items())
    judged = await session.run_sync(judge_request, parts.issuing(alliance), wanted)
    if isinstance(judged, Unanswerable):
        return parts.pages.message(400, BAD_REQUEST)
    return Visit(request, parts, session, alliance, wanted, judged) if isinstance(judged, Asked) else judged


def continued(address: str, followed: Collection[str]) -> str:
    """An authorisation request's address for after a sign-in, without the prompts that were followed.

    The browser could leave these away as well: whoever must know asks `auth_time` of the ID token.
    """
    path, _, query = address.partition("?")
    pairs = [(name, _without(followed, value) if name == "prompt" else value) for name, value in _pairs(query)]
    kept = [(name, value) for name, value in pairs if name != "max_age" and (name != "prompt" or value)]
    return f"{path}?{urlencode(kept)}"


def _without(followed: Collection[str], prompt: str) -> str:
    return " ".join(part for part in prompt.split() if part not in followed)


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _encoded(query: str) -> str:
    """One spelling for all browsers, so that the form's token finds the address that it was sealed with."""
    return urlencode(_pairs(query))

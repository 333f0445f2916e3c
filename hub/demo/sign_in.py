"""Signs a demonstration account in as a browser would: authorisation code with PKCE through the sign-in's pages."""

import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from hub.demo.errors import DemoError
from hub.demo.steps import Account, through_steps

__all__ = ["Account", "LoginForm", "OAuthClient", "signed_in"]

MAXIMUM_REDIRECTS: Final = 10
RANDOM_BYTES: Final = 48
TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class OAuthClient:
    """The registered OAuth client that the demonstration speaks as; `secret` is None for a public one."""

    client_id: str
    redirect_uri: str
    secret: str | None = field(default=None, repr=False)
    scope: str | None = None


class LoginForm(HTMLParser):
    """The first form of a page that has a password field: its action, its fields and their values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.name_field = ""
        self.password_field = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.password_field:
            self._inside, self.action, self.fields, self.name_field = True, found.get("action", ""), {}, ""
        elif tag == "input" and self._inside and found.get("name"):
            self._add(found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def _add(self, found: dict[str, str]) -> None:
        kind = found.get("type", "text")
        if kind == "password":
            self.password_field = found["name"]
        elif kind in ("text", "email") and not self.name_field:
            self.name_field = found["name"]
        elif kind != "checkbox":
            self.fields[found["name"]] = found.get("value", "")

    def filled(self, account: Account) -> dict[str, str]:
        """The fields to send. Raises DemoError when the page has no login form."""
        if not self.password_field or not self.name_field:
            raise DemoError("登录页面没有用户名和密码输入框，演示数据无法登录。")
        return {**self.fields, self.name_field: account.username, self.password_field: account.password}


async def signed_in(
    public_url: str,
    client: OAuthClient,
    account: Account,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """An HTTP client on `public_url` that carries the account's access token; close it after use. Raises DemoError."""
    verifier, state = secrets.token_urlsafe(RANDOM_BYTES), secrets.token_urlsafe(RANDOM_BYTES)
    # Who has one post begins in it at once: a post or practice that is wanted has to be asked for.
    prompt = {"prompt": "select_account"} if account.post or account.practice else {}
    url = prepare_grant_uri(
        urljoin(public_url, "/oauth/authorize"),
        client.client_id,
        "code",
        client.redirect_uri,
        client.scope,
        state,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
        **prompt,
    )
    code = await _code_from_form(public_url, url, state, client, account, transport)
    token = await _token(public_url, client, code, verifier, transport)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=public_url, headers=headers, transport=transport, timeout=TIMEOUT_SECONDS)


async def _token(
    public_url: str, client: OAuthClient, code: str, verifier: str, transport: httpx.AsyncBaseTransport | None
) -> str:
    named = {} if client.secret else {"client_id": client.client_id}
    body = prepare_token_request(
        "authorization_code", "", client.redirect_uri, code=code, code_verifier=verifier, **named
    )
    auth = httpx.BasicAuth(client.client_id, client.secret) if client.secret else None
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(
        base_url=public_url, transport=transport, auth=auth, headers=headers, timeout=TIMEOUT_SECONDS
    ) as http:
        answer = await http.post("/oauth/token", content=body)
    if not answer.is_success:
        raise DemoError(f"换取访问令牌被拒绝（HTTP {answer.status_code}）。")
    return str(answer.json()["access_token"])


async def _code_from_form(
    public_url: str,
    url: str,
    state: str,
    client: OAuthClient,
    account: Account,
    transport: httpx.AsyncBaseTransport | None,
) -> str:
    async with httpx.AsyncClient(base_url=public_url, transport=transport, timeout=TIMEOUT_SECONDS) as browser:

        async def send(method: str, address: str, form: dict[str, str] | None) -> httpx.Response:
            headers = {"Origin": public_url.rstrip("/")} if form is not None else {}
            sent = await browser.request(method, address, data=form, headers=headers)
            return await _followed(browser, sent, client.redirect_uri)

        page = await send("GET", url, None)
        if page.is_success:
            form = LoginForm(page.text)
            page = await send("POST", urljoin(str(page.url), form.action), form.filled(account))
            page = await through_steps(send, page, account)
    answer = parse_qs(urlsplit(page.headers.get("location", "")).query)
    if "code" not in answer:
        raise DemoError(f"演示账号 {account.username} 登录失败（HTTP {page.status_code}）。")
    if answer.get("state") != [state]:
        raise DemoError("登录返回的 state 与请求不一致，已停止。")
    return str(answer["code"][0])


async def _followed(browser: httpx.AsyncClient, response: httpx.Response, redirect_uri: str) -> httpx.Response:
    """Follow redirects until a page, or the redirect that leads back to the client."""
    for _ in range(MAXIMUM_REDIRECTS):
        location = response.headers.get("location")
        if not response.has_redirect_location or urljoin(str(response.url), location).startswith(redirect_uri):
            return response
        response = await browser.get(urljoin(str(response.url), location))
    raise DemoError("登录时重定向次数过多，已停止。")

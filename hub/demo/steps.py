"""Takes a demonstration account through the steps of a sign-in that follow the password: second factor, then post."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

import httpx
import pyotp

from hub.demo.errors import DemoError

STEP_PREFIX: Final = "/oauth/authorize/"
PRACTICE: Final = ".practice"
MOST_STEPS: Final = 6
STEP_SECONDS: Final = 30

Send = Callable[[str, str, dict[str, str] | None], Awaitable[httpx.Response]]
"""Method, absolute address, fields of a form; answers once redirects were followed as far as the caller wants."""


@dataclass(frozen=True)
class Account:
    """A user name and its generated password; `post` is the id or title of the post to work in, any when None.

    `totp_secret` is that of a second factor which was set up before; one set up by this process it knows by itself.
    """

    username: str
    password: str = field(repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    post: str | None = None
    practice: bool = False


@dataclass
class Authenticator:
    """An authenticator application: never shows a code twice, since the hub takes none twice."""

    secret: str = field(repr=False)
    last_step: int = 0

    def next_code(self) -> tuple[str, float]:
        """The next unused code, and in how many seconds the hub takes it: it does one step before the code's time."""
        totp = pyotp.TOTP(self.secret)
        now = time.time()
        self.last_step = max(totp.timecode(now), self.last_step + 1)
        return totp.generate_otp(self.last_step), max(0.0, (self.last_step - 1) * STEP_SECONDS - now)


AUTHENTICATORS: Final[dict[str, Authenticator]] = {}
"""Of this process, by user name; a secret is shown once only, when the factor is set up."""


class StepPage(HTMLParser):
    """What matters of a step's page: its form, the secret offered, the posts to choose from, the link to go on."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = self.secret = self.onward = ""
        self.fields: dict[str, str] = {}
        self.asks_code = False
        self.choices: list[tuple[str, str]] = []
        self._reading = self._title = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        named, kind = found.get("name", ""), found.get("class", "")
        if tag == "form" and not self.action:
            self.action = found.get("action", "")
        elif tag == "input" and found.get("type") == "hidden":
            self.fields[named] = found.get("value", "")
        elif tag == "input" and named == "code":
            self.asks_code = True
        elif tag == "button" and named == "choice":
            self.choices.append((found.get("value", ""), self._title))
        elif tag == "a" and "btn-primary" in kind:
            self.onward = found.get("href", "")
        self._reading = kind if kind in ("enrol-secret", "post-title") else ""
        self._title = "" if kind == "post-title" else self._title

    def handle_data(self, data: str) -> None:
        if self._reading == "enrol-secret":
            self.secret = data.replace(" ", "")
        elif self._reading == "post-title":
            self._title += data

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  # the parser's signature
        self._reading = ""

    def choice_of(self, account: Account) -> str:
        """The button for the account's post and environment. Raises DemoError when none of them is its."""
        for key, title in self.choices:
            wanted = account.post is None or account.post in (key.removesuffix(PRACTICE), title.partition("（")[0])
            if wanted and key.endswith(PRACTICE) == account.practice:
                return key
        raise DemoError(f"演示账号 {account.username} 没有所要的岗位可选：{account.post or '任一岗位'}。")


async def through_steps(send: Send, page: httpx.Response, account: Account) -> httpx.Response:
    """Pass every step that is due; returns where the sign-in leads in the end. Raises DemoError."""
    for _ in range(MOST_STEPS):
        step = StepPage(page.text) if page.is_success else None
        if step is None or not (step.action or step.onward).startswith(STEP_PREFIX.rstrip("/")):
            return page
        if step.secret:
            AUTHENTICATORS[account.username] = Authenticator(step.secret)
        if step.asks_code:
            code, wait = authenticator_of(account).next_code()
            await asyncio.sleep(wait)
            page = await _sent(send, page, step, {"code": code})
        elif step.choices:
            page = await _sent(send, page, step, {"choice": step.choice_of(account)})
        elif step.onward:
            page = await send("GET", urljoin(str(page.url), step.onward), None)
        else:
            return page
    raise DemoError(f"演示账号 {account.username} 的登录步骤过多，已停止。")


async def _sent(send: Send, page: httpx.Response, step: StepPage, values: dict[str, str]) -> httpx.Response:
    return await send("POST", urljoin(str(page.url), step.action), {**step.fields, **values})


def authenticator_of(account: Account) -> Authenticator:
    """The account's authenticator. Raises DemoError when nobody here has it."""
    known = AUTHENTICATORS.get(account.username)
    if known is None and account.totp_secret is not None:
        known = AUTHENTICATORS[account.username] = Authenticator(account.totp_secret)
    if known is None:
        raise DemoError(f"演示账号 {account.username} 已设置动态口令，而这里没有它的密钥，无法登录。")
    return known

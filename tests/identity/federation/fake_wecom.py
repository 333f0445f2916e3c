"""A fake of 企业微信, where no machine here can have a corporation. Written from documents, not from its behaviour:

developer.work.weixin.qq.com /document/path/98171 (sign-in link), /91039 (gettoken), /98177 (getuserinfo), /90313
(codes).
Every answer is 200 with an errcode; a code serves once; a token may be ended early.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

CORP, AGENT, SECRET = "ww0123456789abcdef", "1000002", "corporation-secret-0123456789"


@dataclass
class FakeWecom:
    """What the fake knows and what was asked of it."""

    who: dict[str, str] = field(default_factory=lambda: {"userid": "ZhangSan"})
    tokens: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    always: int = 0
    lifetime: int = 7200

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/wwlogin/sso/login")(self.sign_in)
        app.get("/cgi-bin/gettoken")(self.gettoken)
        app.get("/cgi-bin/auth/getuserinfo")(self.getuserinfo)
        return app

    async def sign_in(
        self, login_type: str, appid: str, agentid: str, redirect_uri: str, state: str
    ) -> RedirectResponse:
        """The page with the QR code; the person has scanned and agreed."""
        assert (login_type, appid, agentid) == ("CorpApp", CORP, AGENT)
        code = secrets.token_urlsafe(16)
        self.codes.add(code)
        return RedirectResponse(f"{redirect_uri}?code={code}&state={state}", 302)

    async def gettoken(self, corpid: str, corpsecret: str) -> dict[str, Any]:
        self.asked.append("gettoken")
        if corpid != CORP:
            return {"errcode": 40013, "errmsg": "invalid corpid"}
        if corpsecret != SECRET:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        token = secrets.token_urlsafe(32)
        self.tokens.add(token)
        return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": self.lifetime}

    async def getuserinfo(self, access_token: str, code: str) -> dict[str, Any]:
        self.asked.append("getuserinfo")
        if self.always:
            return {"errcode": self.always, "errmsg": "told to"}
        if access_token not in self.tokens:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        if code not in self.codes:
            return {"errcode": 40029, "errmsg": "invalid code"}
        self.codes.remove(code)
        return {"errcode": 0, "errmsg": "ok", **self.who}

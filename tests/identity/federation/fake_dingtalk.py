"""A fake of 钉钉, where no machine here can have an organisation. Written from documents, not from its behaviour:

open-dingtalk.github.io/developerpedia get_user_app_token_browser (sign-in page: authCode, or error), open.dingtalk.com
/document/isvapp/obtain-user-token, /document/isvapp/dingtalk-retrieve-user-information and
/document/orgapp/obtain-the-access_token-of-an-internal-app. Faults are 4xx with {"code", "message", "requestid"}.
"""

import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse, RedirectResponse

CLIENT, SECRET, CORP = "dingabcdefghijklmnop", "application-secret-0123456789", "ding0123456789"


@dataclass
class FakeDingtalk:
    """What the fake knows; `denies` makes the person refuse, `chosen` is the organisation that he picks."""

    who: dict[str, Any] = field(default_factory=lambda: {"nick": "李四", "unionId": "z21HjQliSzpw0YWxxxxx"})
    chosen: str = CORP
    denies: bool = False
    permitted: bool = True
    codes: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/oauth2/auth")(self.sign_in)
        app.post("/v1.0/oauth2/userAccessToken", response_model=None)(self.user_token)
        app.post("/v1.0/oauth2/accessToken", response_model=None)(self.application_token)
        app.get("/v1.0/contact/users/me", response_model=None)(self.me)
        return app

    async def sign_in(
        self, client_id: str, redirect_uri: str, state: str, scope: str, response_type: str, prompt: str
    ) -> RedirectResponse:
        assert (client_id, response_type, prompt) == (CLIENT, "code", "consent")
        if self.denies:
            return RedirectResponse(f"{redirect_uri}?error=access_denied&state={state}", 302)
        code = secrets.token_hex(16)
        self.codes[code] = scope
        return RedirectResponse(f"{redirect_uri}?authCode={code}&state={state}", 302)

    async def user_token(self, request: Request) -> Any:
        content = await request.json()
        assert set(content) == {"clientId", "clientSecret", "code", "grantType"}
        if (content["clientId"], content["clientSecret"]) != (CLIENT, SECRET):
            return _fault(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        if content["grantType"] != "authorization_code" or content["code"] not in self.codes:
            return _fault(400, "invalidParameter.authCode.notFound", "不存在的临时授权码")
        scope = self.codes.pop(content["code"])
        token = secrets.token_hex(16)
        self.tokens.add(token)
        corporation = {"corpId": self.chosen} if "corpid" in scope.split() else {}
        return {"accessToken": token, "refreshToken": secrets.token_hex(16), "expireIn": 7200, **corporation}

    async def application_token(self, request: Request) -> Any:
        content = await request.json()
        if (content["appKey"], content["appSecret"]) != (CLIENT, SECRET):
            return _fault(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        return {"accessToken": secrets.token_hex(16), "expireIn": 7200}

    async def me(self, x_acs_dingtalk_access_token: Annotated[str, Header()] = "") -> Any:
        if x_acs_dingtalk_access_token not in self.tokens:
            return _fault(401, "InvalidAuthentication", "不合法的access_token")
        if not self.permitted:
            return _fault(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", "没有调用该接口的权限")
        return self.who


def _fault(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message, "requestid": secrets.token_hex(8)}, status)

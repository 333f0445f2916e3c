"""企业微信, by Tencent's documents on developer.work.weixin.qq.com:

- 构造企业微信登录链接, /document/path/98171 (for an application of one's own: login_type=CorpApp)
- 获取access_token, /document/path/91039 (kept by the caller until `expires_in`; may end before its time)
- 获取用户登录身份, /document/path/98177 (a code serves once, within five minutes; `userid` for members only)
- 全局错误码, /document/path/90313

It is OAuth 2 in outline only: the access token is the corporation's, and the code is an argument of `getuserinfo`.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from services.identity.federation.code_flow import refuse_declined, required
from services.identity.federation.config import WecomConfig
from services.identity.federation.errors import ProofInvalid, ProviderDown, ProviderMisconfigured
from services.identity.federation.flow import Attempt, External, Remembered, external
from services.identity.federation.http import ProviderHttp

Tokens = Remembered[str]
EARLY: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(hours=2)
TOKEN_ENDED: Final = frozenset({40014, 42001})
BUSY: Final = frozenset({-1, 45009, 45033})
WHY: Final = {
    40001: "应用 Secret 不正确",
    40013: "企业 ID（corpid）不正确",
    40056: "应用 AgentId 不正确",
    40091: "应用 Secret 不正确",
    41002: "缺少企业 ID（corpid）",
    41004: "缺少应用 Secret",
    48002: "应用没有这个接口的权限",
    50001: "本系统的域名没有登记为应用的可信域名",
    60020: "本系统的出口 IP 不在应用的企业可信 IP 中",
    301002: "应用没有权限",
}
BAD_CODE: Final = 40029


class WecomAdapter:
    """One application of one corporation; its access token is remembered for the process."""

    def __init__(self, config: WecomConfig, secret: str, http: ProviderHttp, tokens: Tokens) -> None:
        self._config = config
        self._secret = secret
        self._http = http
        self._tokens = tokens
        # Another secret is another token; the secret itself is no key of a table in memory.
        parts = f"{config.api_base}\n{config.corp_id}\n{secret}".encode()
        self._key = hashlib.sha256(parts).hexdigest()

    async def begin(self, attempt: Attempt) -> str:
        parameters = {
            "login_type": "CorpApp",
            "appid": self._config.corp_id,
            "agentid": self._config.agent_id,
            "redirect_uri": attempt.callback,
            "state": attempt.state,
        }
        return f"{self._config.login_base}/wwlogin/sso/login?{urlencode(parameters)}"

    async def complete(self, attempt: Attempt, parameters: Mapping[str, str]) -> External:  # noqa: ARG002  # no PKCE here
        refuse_declined(parameters)
        answer = await self._person(required(parameters, "code"))
        if not answer.get("userid"):
            raise ProofInvalid(
                "您不是该企业的成员，不能用它的企业微信登录，请改用自己单位的登录方式。", code="not_a_member"
            )
        return external(answer["userid"], "")

    async def check(self, callback: str) -> None:  # noqa: ARG002  # the trusted domain shows only when somebody signs in
        self._tokens.forget(self._key)
        await self._token()

    async def _person(self, code: str) -> dict[str, Any]:
        """Ask who brought the code; a token that ended early is fetched anew, once. The code is not used up by that."""
        answer = await self._ask_person(code)
        if answer.get("errcode") in TOKEN_ENDED:
            self._tokens.forget(self._key)
            answer = await self._ask_person(code)
        return _good(answer)

    async def _ask_person(self, code: str) -> dict[str, Any]:
        parameters = {"access_token": await self._token(), "code": code}
        return (await self._http.get(f"{self._config.api_base}/cgi-bin/auth/getuserinfo", params=parameters)).json()

    async def _token(self) -> str:
        known = self._tokens.get(self._key)
        if known is not None:
            return known
        parameters = {"corpid": self._config.corp_id, "corpsecret": self._secret}
        answer = _good((await self._http.get(f"{self._config.api_base}/cgi-bin/gettoken", params=parameters)).json())
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise ProviderMisconfigured("企业微信没有返回接口凭证，请检查接口地址。", code="wecom_token_missing")
        self._tokens.keep(self._key, token, min(timedelta(seconds=max(seconds, 0)), LONGEST) - EARLY)
        return token


def _good(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer when its errcode is 0. Raises what the code means."""
    code = answer.get("errcode", 0)
    if code == 0:
        return answer
    if code == BAD_CODE:
        raise ProofInvalid("企业微信没有接受授权码，可能已过期或已用过，请返回登录页重试。", code="code_refused")
    if code in BUSY:
        raise ProviderDown("企业微信繁忙，请稍后再试。", retry_after_seconds=60)
    number = code if isinstance(code, int) else "未知"
    why = WHY.get(code, "企业微信拒绝了请求") if isinstance(code, int) else "企业微信的答复无法识别"
    raise ProviderMisconfigured(f"{why}（错误码 {number}），请系统管理员检查配置。", code="wecom_refused")

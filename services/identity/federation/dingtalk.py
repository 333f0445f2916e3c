"""钉钉, by its documents on open.dingtalk.com:

- 浏览器内获取用户委托的访问凭证 (open-dingtalk.github.io/developerpedia, get_user_app_token_browser): the sign-in
  page, whose answer carries `authCode`, or `error`
- 获取用户token, /document/isvapp/obtain-user-token: JSON {clientId, clientSecret, code, grantType}
- 获取用户通讯录个人信息, /document/isvapp/dingtalk-retrieve-user-information: `unionId`, by the header
  x-acs-dingtalk-access-token
- 获取企业内部应用的accessToken, /document/orgapp/obtain-the-access_token-of-an-internal-app: for the check

The subject is `unionId`: one person within the developer's company, the same in each of its applications.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from services.identity.federation.code_flow import refuse_declined, required
from services.identity.federation.config import DingtalkConfig
from services.identity.federation.errors import ProofInvalid, ProviderMisconfigured
from services.identity.federation.flow import Attempt, External, external
from services.identity.federation.http import Answer, ProviderHttp

OK: Final = 200
WRONG_KEYS: Final = ("invalidclientid", "invalidclientsecret", "invalidappkey", "invalidappsecret")


class DingtalkAdapter:
    """One application; with a corporation in its record only people who choose that corporation come through."""

    def __init__(self, config: DingtalkConfig, secret: str, http: ProviderHttp) -> None:
        self._config = config
        self._secret = secret
        self._http = http

    async def begin(self, attempt: Attempt) -> str:
        parameters = {
            "redirect_uri": attempt.callback,
            "response_type": "code",
            "client_id": self._config.client_id,
            "scope": "openid corpid" if self._config.corp_id else "openid",
            "state": attempt.state,
            "prompt": "consent",
        }
        return f"{self._config.login_base}/oauth2/auth?{urlencode(parameters)}"

    async def complete(self, attempt: Attempt, parameters: Mapping[str, str]) -> External:  # noqa: ARG002  # no PKCE here
        refuse_declined(parameters)
        token = await self._token(required(parameters, "authCode"))
        answer = await self._http.get(
            f"{self._config.api_base}/v1.0/contact/users/me", headers={"x-acs-dingtalk-access-token": token}
        )
        if answer.status != OK:
            raise _refusal(answer, "钉钉没有提供用户信息，请检查应用是否开通“通讯录个人信息读”权限")
        person = answer.json()
        return external(person.get("unionId"), person.get("nick"))

    async def check(self, callback: str) -> None:  # noqa: ARG002  # the redirect address shows only when somebody signs in
        keys = {"appKey": self._config.client_id, "appSecret": self._secret}
        answer = await self._http.post_json(f"{self._config.api_base}/v1.0/oauth2/accessToken", keys)
        if answer.status != OK:
            raise _refusal(answer, "钉钉没有接受应用的 Client ID 和密钥")
        if not answer.json().get("accessToken"):
            raise ProviderMisconfigured("钉钉没有返回接口凭证，请检查接口地址。", code="dingtalk_token_missing")

    async def _token(self, code: str) -> str:
        """The person's access token. Raises ProofInvalid for a code that is not good or another corporation."""
        content = {
            "clientId": self._config.client_id,
            "clientSecret": self._secret,
            "code": code,
            "grantType": "authorization_code",
        }
        answer = await self._http.post_json(f"{self._config.api_base}/v1.0/oauth2/userAccessToken", content)
        if answer.status != OK:
            raise _refusal(answer, "")
        given = answer.json()
        if self._config.corp_id and given.get("corpId") != self._config.corp_id:
            raise ProofInvalid(
                "登录钉钉时选择的不是本单位，请返回登录页重新登录并选择本单位。", code="other_corporation"
            )
        token = given.get("accessToken")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise ProofInvalid("钉钉没有返回访问凭证，请返回登录页重试。", code="access_token_missing")
        return token


def _refusal(answer: Answer, about_setup: str) -> ProofInvalid | ProviderMisconfigured:
    """What an error of the new interface means: {"code": …, "message": …, "requestid": …} with a 4xx."""
    code = str(answer.json().get("code", "")).lower()
    if code.startswith(WRONG_KEYS):
        return ProviderMisconfigured("钉钉不认可应用的 Client ID 或密钥，请系统管理员核对。", code="invalid_client")
    if about_setup:
        return ProviderMisconfigured(f"{about_setup}（状态 {answer.status}）。", code="dingtalk_refused")
    return ProofInvalid("钉钉没有接受授权码，可能已过期或已用过，请返回登录页重试。", code="code_refused")

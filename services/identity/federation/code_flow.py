"""What OpenID Connect and plain OAuth 2 have in common: the code, its exchange, a question with the access token."""

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from services.identity.federation.errors import ProofInvalid, ProviderMisconfigured, SignInDeclined
from services.identity.federation.flow import Attempt
from services.identity.federation.http import Answer, ProviderHttp

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
OK: Final = 200
BAD_CLIENT: Final = frozenset({"invalid_client", "unauthorized_client"})
DECLINED: Final = {
    "access_denied": "您在单位登录系统中取消了授权，或该系统不允许您登录。",
    "login_required": "单位登录系统要求先登录，请重新点击单位登录。",
    "temporarily_unavailable": "单位登录系统暂时不可用，请稍后再试。",
    "server_error": "单位登录系统内部出错，请稍后再试。",
}


def address(endpoint: str, parameters: Mapping[str, str]) -> str:
    """An endpoint with query parameters added to those that it has (RFC 6749, 3.1)."""
    joint = "&" if urlsplit(endpoint).query else "?"
    return f"{endpoint}{joint}{urlencode(parameters)}"


def refuse_declined(parameters: Mapping[str, str]) -> None:
    """Raise SignInDeclined when the callback tells an error (RFC 6749, 4.1.2.1); its free text is never shown."""
    error = parameters.get("error")
    if error:
        other = "单位登录系统没有完成登录，请返回登录页重试；持续如此请联系本单位的系统维护人员。"
        raise SignInDeclined(DECLINED.get(error, other))


def required(parameters: Mapping[str, str], name: str) -> str:
    """A parameter that every callback without an error has. Raises ProofInvalid."""
    value = parameters.get(name, "")
    if not value:
        raise ProofInvalid("单位登录系统返回的地址缺少授权码，请返回登录页重试。", code="code_missing")
    return value


class CodeClient:
    """The hub as a confidential client of one provider."""

    def __init__(self, http: ProviderHttp, client_id: str, secret: str) -> None:
        self._http = http
        self.client_id = client_id
        self._secret = secret

    async def exchange(
        self, endpoint: str, code: str, attempt: Attempt, *, method: str, pkce: bool = True
    ) -> dict[str, Any]:
        """Give the code, get the tokens (RFC 6749, 4.1.3; RFC 7636, 4.5). Raises ProofInvalid, ProviderMisconfigured.

        The code is used up either way, so nothing is tried twice.
        """
        answer = await self._ask(endpoint, code, attempt, method, pkce=pkce)
        if answer.status != OK:
            raise _refusal(answer)
        return answer.json()

    async def check(self, endpoint: str, attempt: Attempt, *, method: str, pkce: bool = True) -> None:
        """Try a code that cannot be: a provider that knows the client complains about the code and nothing else.

        Raises ProviderMisconfigured.
        """
        answer = await self._ask(endpoint, "hub-configuration-check", attempt, method, pkce=pkce)
        if answer.status == OK:
            raise ProviderMisconfigured(
                "令牌接口接受了不存在的授权码，请检查令牌接口地址。", code="token_endpoint_careless"
            )
        fault = _refusal(answer)
        if isinstance(fault, ProviderMisconfigured):
            raise fault
        if answer.json().get("error") != "invalid_grant":
            raise ProviderMisconfigured(
                f"令牌接口没有按 OAuth 2.0 答复（状态 {answer.status}），请检查令牌接口地址、回调地址登记和应用类型。",
                code="token_endpoint_unexpected",
            )

    async def person(self, endpoint: str, access_token: object) -> dict[str, Any]:
        """Ask for the person with the access token (RFC 6750, 2.1). Raises ProofInvalid."""
        if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
            raise ProofInvalid("单位登录系统没有返回访问令牌，请联系系统管理员。", code="access_token_missing")
        answer = await self._http.get(endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if answer.status != OK:
            raise ProofInvalid(
                f"单位登录系统拒绝提供用户信息（状态 {answer.status}），请系统管理员检查用户信息接口和授权范围。",
                code="userinfo_refused",
            )
        return answer.json()

    async def _ask(self, endpoint: str, code: str, attempt: Attempt, method: str, *, pkce: bool) -> Answer:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": attempt.callback}
        if pkce:
            form["code_verifier"] = attempt.code_verifier
        headers = {}
        if method == BASIC:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self._secret)}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.client_id, "client_secret": self._secret}
        return await self._http.post_form(endpoint, form, headers)


def _refusal(answer: Answer) -> ProofInvalid | ProviderMisconfigured:
    """What the token endpoint's error means (RFC 6749, 5.2)."""
    error = str(answer.json().get("error", ""))
    if error in BAD_CLIENT:
        return ProviderMisconfigured("单位登录系统不认可本系统的应用标识或密钥，请系统管理员核对。", code=error)
    return ProofInvalid("单位登录系统没有接受授权码，可能已过期或已用过，请返回登录页重试。", code="code_refused")

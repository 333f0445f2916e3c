"""OpenID Connect by discovery: code with PKCE, nonce, and an ID token that is verified in full.

OpenID Connect Core 1.0 and Discovery 1.0; RFC 7636; RFC 9207 (the `iss` of the answer, against mix-up); RFC 9700.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.identity.federation.code_flow import BASIC, POST, CodeClient, address, refuse_declined, required
from services.identity.federation.config import OidcConfig
from services.identity.federation.errors import ProofInvalid, ProviderMisconfigured
from services.identity.federation.flow import Attempt, External, Remembered, external, new_secret
from services.identity.federation.http import ProviderHttp
from services.identity.federation.id_token import Expected, KeyNotKnown, has_key, verify_id_token
from services.kernel.clock import Clock

WELL_KNOWN: Final = "/.well-known/openid-configuration"
KEPT: Final = timedelta(minutes=10)
OK: Final = 200
S256: Final = "S256"

Documents = Remembered[dict[str, Any]]


@dataclass(frozen=True)
class Metadata:
    """What is used of a discovery document."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    token_auth: str
    answers_with_issuer: bool
    algorithms: tuple[str, ...]
    challenges: tuple[str, ...] | None


class OidcAdapter:
    """A provider that publishes a discovery document; documents and keys are remembered for ten minutes."""

    def __init__(self, config: OidcConfig, secret: str, http: ProviderHttp, clock: Clock, documents: Documents) -> None:
        self._config = config
        self._http = http
        self._clock = clock
        self._documents = documents
        self._client = CodeClient(http, config.client_id, secret)

    async def begin(self, attempt: Attempt) -> str:
        metadata = await self._metadata()
        parameters = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": attempt.callback,
            "scope": self._config.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.code_challenge,
            "code_challenge_method": S256,
        }
        return address(metadata.authorization_endpoint, parameters)

    async def complete(self, attempt: Attempt, parameters: Mapping[str, str]) -> External:
        metadata = await self._metadata()
        self._check_sender(parameters.get("iss"), metadata)
        refuse_declined(parameters)
        code = required(parameters, "code")
        tokens = await self._client.exchange(metadata.token_endpoint, code, attempt, method=metadata.token_auth)
        claims = await self._verified(tokens.get("id_token"), attempt, metadata)
        name = claims.get("name") or await self._name(tokens, claims, metadata)
        return external(claims.get("sub"), name)

    async def check(self, callback: str) -> None:
        self._forget()
        metadata = await self._metadata()
        algorithm = self._config.algorithm
        if metadata.algorithms and algorithm not in metadata.algorithms:
            offered = "、".join(metadata.algorithms[:10])
            raise ProviderMisconfigured(
                f"对方系统不支持 {algorithm} 签名，只提供：{offered}。", code="algorithm_not_offered"
            )
        if metadata.challenges is not None and S256 not in metadata.challenges:
            raise ProviderMisconfigured("对方系统不支持 PKCE 的 S256 方式，不能安全登录。", code="pkce_not_offered")
        if not has_key(await self._keys(metadata), algorithm):
            raise ProviderMisconfigured(f"对方系统没有公布可用于 {algorithm} 的签名密钥。", code="keys_missing")
        attempt = Attempt("", "", new_secret(), callback)
        await self._client.check(metadata.token_endpoint, attempt, method=metadata.token_auth)

    def _check_sender(self, issuer: str | None, metadata: Metadata) -> None:
        """RFC 9207, 2.4: an `iss` in the answer must be the provider's, and be there when the provider promises it."""
        if issuer is None and not metadata.answers_with_issuer:
            return
        if issuer != self._config.issuer:
            raise ProofInvalid("返回的登录结果不是由所选的单位登录系统发出的，请返回登录页重试。", code="answer_issuer")

    async def _verified(self, token: object, attempt: Attempt, metadata: Metadata) -> dict[str, Any]:
        """Verify the ID token; for a key that is not known the keys are fetched anew, once."""
        config = self._config
        expected = Expected(config.issuer, config.client_id, attempt.nonce, config.algorithm, self._clock.now())
        try:
            return verify_id_token(token, await self._keys(metadata), expected)
        except KeyNotKnown:
            self._documents.forget(metadata.jwks_uri)
            return verify_id_token(token, await self._keys(metadata), expected)

    async def _name(self, tokens: dict[str, Any], claims: dict[str, Any], metadata: Metadata) -> object:
        """The name from the userinfo endpoint, which must speak of the same person (OpenID Connect Core, 5.3.2)."""
        if metadata.userinfo_endpoint is None:
            return ""
        person = await self._client.person(metadata.userinfo_endpoint, tokens.get("access_token"))
        if person.get("sub") != claims.get("sub"):
            raise ProofInvalid("用户信息与身份令牌说的不是同一个人，请联系系统管理员。", code="userinfo_subject")
        return person.get("name") or person.get("preferred_username")

    async def _metadata(self) -> Metadata:
        """The discovery document. Raises ProviderMisconfigured when it is not this issuer's or lacks parts."""
        document = await self._document(self._config.issuer.rstrip("/") + WELL_KNOWN, "发现文档")
        if document.get("issuer") != self._config.issuer:
            raise ProviderMisconfigured(
                "发现文档中的签发者（issuer）与登记的不同，请核对签发者地址，末尾的斜杠也须一致。",
                code="issuer_differs",
            )
        methods = document.get("token_endpoint_auth_methods_supported") or [BASIC]
        challenges = document.get("code_challenge_methods_supported")
        return Metadata(
            authorization_endpoint=_endpoint(document, "authorization_endpoint"),
            token_endpoint=_endpoint(document, "token_endpoint"),
            jwks_uri=_endpoint(document, "jwks_uri"),
            userinfo_endpoint=_endpoint(document, "userinfo_endpoint") if document.get("userinfo_endpoint") else None,
            token_auth=POST if POST in methods and BASIC not in methods else BASIC,
            answers_with_issuer=document.get("authorization_response_iss_parameter_supported") is True,
            algorithms=tuple(map(str, document.get("id_token_signing_alg_values_supported") or ())),
            challenges=tuple(map(str, challenges)) if isinstance(challenges, list) else None,
        )

    async def _keys(self, metadata: Metadata) -> dict[str, Any]:
        return await self._document(metadata.jwks_uri, "签名密钥")

    async def _document(self, url: str, what: str) -> dict[str, Any]:
        known = self._documents.get(url)
        if known is not None:
            return known
        answer = await self._http.get(url)
        if answer.status != OK:
            raise ProviderMisconfigured(
                f"读取单位登录系统的{what}失败（状态 {answer.status}），请系统管理员检查签发者地址。",
                code="document_missing",
            )
        try:
            document = answer.json()
        except ProofInvalid as fault:
            raise ProviderMisconfigured(
                f"单位登录系统的{what}不是 JSON，请检查签发者地址。", code=fault.code
            ) from fault
        self._documents.keep(url, document, KEPT)
        return document

    def _forget(self) -> None:
        """Before a check nothing remembered counts."""
        url = self._config.issuer.rstrip("/") + WELL_KNOWN
        known = self._documents.get(url) or {}
        self._documents.forget(url)
        self._documents.forget(str(known.get("jwks_uri")))


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    """An address in the discovery document, by TLS where the issuer is. Raises ProviderMisconfigured."""
    value = document.get(name)
    schemes = ("https://",) if str(document.get("issuer")).startswith("https://") else ("https://", "http://")
    if not isinstance(value, str) or not value.startswith(schemes):
        raise ProviderMisconfigured(
            f"单位登录系统的发现文档缺少 {name}，请检查签发者地址。", code="document_incomplete"
        )
    return value

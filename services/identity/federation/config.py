"""What each kind of provider must be told. The titles and hints are the labels of the form in the browser.

The one secret of a provider (`SECRET_LABELS`) is not part of its configuration: it is kept sealed in its own column.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

from services.identity.federation.code_flow import BASIC, POST


class Kind(StrEnum):
    """The kinds of sign-in systems that the hub can speak to."""

    OIDC = "oidc"
    OAUTH2 = "oauth2"
    CAS = "cas"
    WECOM = "wecom"
    DINGTALK = "dingtalk"


KIND_LABELS: Final[dict[Kind, str]] = {
    Kind.OIDC: "OpenID Connect（自动发现）",
    Kind.OAUTH2: "OAuth 2.0（通用）",
    Kind.CAS: "CAS 3.0",
    Kind.WECOM: "企业微信",
    Kind.DINGTALK: "钉钉",
}
SECRET_LABELS: Final[dict[Kind, str | None]] = {
    Kind.OIDC: "应用密钥（client_secret）",
    Kind.OAUTH2: "应用密钥（client_secret）",
    Kind.CAS: None,
    Kind.WECOM: "应用 Secret",
    Kind.DINGTALK: "应用密钥（Client Secret）",
}


def _web_address(value: str) -> str:
    """An absolute http(s) address without user name, password or fragment. Raises ValueError with a sentence."""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        sound = sound and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "#" in value or not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        raise ValueError("应为以 https:// 开头的完整地址，不带用户名、空格和 # 号")
    return value


def _without_query(value: str) -> str:
    if "?" in value:
        raise ValueError("地址不能带问号及其后的参数")
    return value.rstrip("/")


def _with_openid(value: str) -> str:
    if "openid" not in value.split():
        raise ValueError("授权范围须包含 openid，否则对方系统不会返回身份令牌")
    return value


_Line = StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
Line = Annotated[str, _Line]
Optional = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_web_address)
]
BaseAddress = Annotated[Address, AfterValidator(_without_query)]
Path = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[A-Za-z0-9_.-]*$")]
TokenAuth = Literal["client_secret_basic", "client_secret_post"]
Algorithm = Literal["RS256", "PS256", "ES256"]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=500)


class OidcConfig(_Config):
    """OpenID Connect by discovery. Only the named signature algorithm is accepted."""

    issuer: Annotated[Address, AfterValidator(lambda value: _without_query(value) and value)] = Field(
        title="签发者地址（issuer）", description="发现文档在其后加 /.well-known/openid-configuration"
    )
    client_id: Line = Field(title="应用标识（client_id）")
    scope: Annotated[Line, AfterValidator(_with_openid)] = Field(
        default="openid profile", title="授权范围（scope）", description="须包含 openid"
    )
    algorithm: Algorithm = Field(default="RS256", title="身份令牌签名算法", description="只接受所选算法")


class OAuth2Config(_Config):
    """OAuth 2 with an address that tells who signed in."""

    authorize_url: Address = Field(title="授权地址")
    token_url: Address = Field(title="令牌接口地址")
    userinfo_url: Address = Field(title="用户信息接口地址")
    client_id: Line = Field(title="应用标识（client_id）")
    scope: Optional = Field(default="", title="授权范围（scope）")
    subject_field: Annotated[Path, StringConstraints(min_length=1)] = Field(
        title="用户标识字段", description="用户信息中唯一且不变的字段，多层用点号连接，如 data.user.id"
    )
    name_field: Path = Field(default="", title="姓名字段", description="仅供显示，可不填")
    token_auth: TokenAuth = Field(default=BASIC, title="密钥提交方式", description=f"{BASIC} 在请求头，{POST} 在表单")
    pkce: bool = Field(default=True, title="使用 PKCE", description="对方系统因不认识的参数而报错时才关闭")


class CasConfig(_Config):
    """CAS protocol 3."""

    base_url: BaseAddress = Field(
        title="CAS 地址", description="登录地址去掉末尾的 /login，如 https://cas.example.edu.cn/cas"
    )
    subject_attribute: Path = Field(
        default="", title="用户标识属性", description="不填则用 CAS 的用户名（cas:user）；须唯一且不变"
    )
    name_attribute: Path = Field(default="", title="姓名属性", description="仅供显示，可不填")


class WecomConfig(_Config):
    """企业微信自建应用; the addresses differ only where it runs on the unit's own servers (私有化、政务微信)."""

    corp_id: Line = Field(title="企业 ID（corpid）")
    agent_id: Line = Field(title="应用 AgentId")
    api_base: BaseAddress = Field(default="https://qyapi.weixin.qq.com", title="接口地址", description="一般不用改")
    login_base: BaseAddress = Field(
        default="https://login.work.weixin.qq.com", title="登录页地址", description="一般不用改"
    )


class DingtalkConfig(_Config):
    """钉钉应用; the addresses differ only where it runs on the unit's own servers (专属钉钉)."""

    client_id: Line = Field(title="应用 Client ID（AppKey）")
    corp_id: Optional = Field(
        default="", title="企业 corpId", description="填写后只接受登录时选择了该企业的用户；不填则不限"
    )
    api_base: BaseAddress = Field(default="https://api.dingtalk.com", title="接口地址", description="一般不用改")
    login_base: BaseAddress = Field(default="https://login.dingtalk.com", title="登录页地址", description="一般不用改")


ProviderConfig = OidcConfig | OAuth2Config | CasConfig | WecomConfig | DingtalkConfig
CONFIGS: Final[dict[Kind, type[ProviderConfig]]] = {
    Kind.OIDC: OidcConfig,
    Kind.OAUTH2: OAuth2Config,
    Kind.CAS: CasConfig,
    Kind.WECOM: WecomConfig,
    Kind.DINGTALK: DingtalkConfig,
}


def addresses(config: ProviderConfig) -> dict[str, str]:
    """The fields of a configuration that hold an address."""
    return {name: value for name, value in config.model_dump().items() if name.endswith(("_url", "_base", "issuer"))}


def field_kind(field: FieldInfo) -> tuple[str, list[Any]]:
    """How a form asks for a field: `text`, `flag` or `choice` with its choices."""
    if field.annotation is bool:
        return "flag", []
    choices = list(getattr(field.annotation, "__args__", ()))
    return ("choice", choices) if choices else ("text", [])

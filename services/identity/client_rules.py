"""What a client may be registered with: addresses, keys, scopes. Pure, and told all at once."""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from services.identity.oauth.client import OPENID_SCOPES, SECRET_METHODS
from services.kernel.divisions import city_of, division_name, is_county
from services.kernel.errors import FieldIssue
from services.kernel.permissions import GRANTS, MACHINE_PERMISSIONS, Permission, Role

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
SMALLEST_RSA_BITS: Final = 2048
MOST_KEYS: Final = 5
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
PERSONAL_SCOPES: Final = frozenset({*Permission} - GRANTS[Role.SERVICE]) | OPENID_SCOPES


def address_issues(field: str, addresses: Iterable[str]) -> list[FieldIssue]:
    """What is wrong with the addresses to which a browser is sent: they are matched character by character."""
    advice = "应为完整的 https 地址（本机调试可用 http://127.0.0.1），不含 # 和账号密码。"
    return [
        FieldIssue(field, "address_malformed", f"地址 {address[:80]} 不可用：{advice}")
        for address in addresses
        if not _sound(address)
    ]


def _sound(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "#" in address or "@" in parts.netloc or not address.isascii() or not address.isprintable():
        return False
    if " " in address or "\\" in address or "*" in host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


def key_issues(auth_method: str, jwks: dict[str, Any] | None) -> list[FieldIssue]:
    """What is wrong with a client's public keys: needed for private_key_jwt, RSA from 2048 bits or EC P-256."""
    if auth_method != "private_key_jwt":
        problem = "只有 private_key_jwt 方式需要公钥，请删去 jwks 或改用该方式。" if jwks is not None else ""
    elif jwks is None:
        problem = "private_key_jwt 方式须提供公钥集（jwks）。"
    else:
        problem = _key_problem(jwks)
    return [FieldIssue("jwks", "jwks_unusable", problem)] if problem else []


def _key_problem(jwks: dict[str, Any]) -> str:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        return f'公钥集应为 {{"keys": [...]}}，含 1 到 {MOST_KEYS} 个公钥。'
    if any(PRIVATE_MEMBERS & key.keys() for key in keys):
        return "公钥集里含有私钥成分。私钥不得离开贵方系统，请更换密钥后只提交公钥。"
    names = [key.get("kid") for key in keys]
    if len(keys) > 1 and (len(set(map(str, names))) < len(names) or not all(isinstance(name, str) for name in names)):
        return "有多个公钥时，每个都要有各不相同的 kid。"
    return "" if all(_usable(key) for key in keys) else "公钥应为 RSA（2048 位以上）或 EC P-256，格式按 RFC 7517。"


def _usable(key: dict[str, Any]) -> bool:
    try:
        if key.get("kty") == "RSA":
            long_enough = len(urlsafe_b64decode(str(key["n"]) + "==")) * 8 >= SMALLEST_RSA_BITS
            return long_enough and isinstance(RSAKey.import_key(key), RSAKey)
        return key.get("kty") == "EC" and ECKey.import_key(key).curve_name == "P-256"
    except (JoseError, ValueError, TypeError, KeyError):
        return False


def machine_scope_issues(scopes: Sequence[str]) -> list[FieldIssue]:
    """A county's program may do what a clerk may, but not change its own keys."""
    return _scope_issues(scopes, MACHINE_PERMISSIONS, "县区系统不能有这项权限")


def application_scope_issues(scopes: Sequence[str]) -> list[FieldIssue]:
    """A third party's application may ask a person for what people may do, and who they are."""
    issues = _scope_issues(scopes, PERSONAL_SCOPES, "应用不能申请这项权限")
    if not scopes:
        issues.append(FieldIssue("scopes", "scopes_missing", "请至少选择一项权限，例如 openid。"))
    return issues


def _scope_issues(scopes: Sequence[str], allowed: Iterable[str], sentence: str) -> list[FieldIssue]:
    known = set(allowed)
    wrong = [scope for scope in scopes if scope not in known]
    return [FieldIssue("scopes", "scope_not_allowed", f"{sentence}：{scope[:40]}。") for scope in wrong]


def division_issues(division: str, cities: Iterable[str]) -> list[FieldIssue]:
    """A machine client belongs to a county; of the alliance's city, where its counties' posts tell which that is."""
    known = set(cities)
    if not is_county(division):
        return [FieldIssue("division", "division_unknown", "没有这个县区，请填写六位区划代码，例如 340822。")]
    if known and city_of(division) not in known:
        name = division_name(division)
        return [FieldIssue("division", "division_elsewhere", f"{name}（{division}）不在本联盟所在的市，请检查代码。")]
    return []


def takes_secret(auth_method: str) -> bool:
    return auth_method in SECRET_METHODS

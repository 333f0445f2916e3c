"""The ID token of OpenID Connect: whether it was made by this provider, for the hub, now, in this very attempt.

OpenID Connect Core 1.0, 3.1.3.7; RFC 8725 (one algorithm, fixed by the provider's record, never by the token).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, MissingKeyError
from joserfc.jwk import ECKey, KeySet, RSAKey

from services.identity.federation.errors import ProofInvalid

SKEW_SECONDS: Final = 60
RSA_BITS: Final = 2048
_KEY_TYPES: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}


class KeyNotKnown(ProofInvalid):
    """No published key fits; the provider may have changed its keys since they were fetched."""

    code = "id_token_key_unknown"


@dataclass(frozen=True)
class Expected:
    """What a good ID token says."""

    issuer: str
    client_id: str
    nonce: str
    algorithm: str
    now: datetime


def verify_id_token(token: object, key_set: dict[str, Any], expected: Expected) -> dict[str, Any]:
    """The claims of a good ID token. Raises ProofInvalid with the code of the first fault, or KeyNotKnown."""
    if not isinstance(token, str) or not token:
        raise _bad("id_token_missing", "单位登录系统没有返回身份令牌（ID Token），请检查授权范围是否包含 openid")
    try:
        signed = jws.extract_compact(token.encode(), registry=_registry(expected))
        header = signed.headers()
    except (JoseError, ValueError, RecursionError) as fault:
        raise _bad("id_token_malformed", "身份令牌的格式无法识别") from fault
    _check_algorithm(header.get("alg"), expected)
    key = _key_for(header.get("kid"), key_set, expected)
    try:
        good = jws.validate_compact(signed, key, registry=_registry(expected))
    except JoseError as fault:
        raise _bad("id_token_malformed", "身份令牌的格式无法识别") from fault
    if not good:
        raise _bad("id_token_signature", "身份令牌的签名不正确")
    claims = _claims(signed.payload)
    _check_parties(claims, expected)
    _check_time(claims, expected.now.timestamp())
    if claims.get("nonce") != expected.nonce:
        raise _bad("id_token_nonce", "身份令牌不属于这一次登录（nonce 不符）")
    return claims


def has_key(key_set: dict[str, Any], algorithm: str) -> bool:
    """Whether a provider publishes any key that could sign with this algorithm."""
    return bool(_candidates(key_set, algorithm))


def _registry(expected: Expected) -> jws.JWSRegistry:
    """Members of the header that nobody knows are ignored unless they are critical (RFC 7515, 4)."""
    return jws.JWSRegistry(algorithms=[expected.algorithm], strict_check_header=False)


def _check_algorithm(algorithm: object, expected: Expected) -> None:
    if str(algorithm).lower() == "none":
        raise _bad("id_token_unsigned", "身份令牌没有签名")
    if algorithm != expected.algorithm:
        name = algorithm if isinstance(algorithm, str) and algorithm.isalnum() and len(algorithm) <= 10 else "未知"
        raise _bad("id_token_algorithm", f"身份令牌用的是 {name} 签名，这里只接受 {expected.algorithm}")


def _key_for(kid: object, key_set: dict[str, Any], expected: Expected) -> RSAKey | ECKey:
    """The one published key that fits: the named one, or the only one when none is named."""
    fitting = _candidates(key_set, expected.algorithm)
    if kid is not None:
        fitting = [key for key in fitting if key.kid == kid]
    if len(fitting) != 1:
        raise KeyNotKnown(_sentence("找不到身份令牌所用的签名密钥"))
    return fitting[0]


def _candidates(key_set: dict[str, Any], algorithm: str) -> list[RSAKey | ECKey]:
    """The public signing keys of the right type; weak RSA keys are none."""
    listed = key_set.get("keys")
    entries: Sequence[Any] = listed if isinstance(listed, list) else []
    wanted = [entry for entry in entries if isinstance(entry, dict) and _suits(entry, algorithm)]
    if not wanted:
        return []
    try:
        keys = KeySet.import_key_set({"keys": wanted}).keys
    except (MissingKeyError, JoseError, ValueError, TypeError) as fault:
        raise _bad("key_set_malformed", "单位登录系统公布的签名密钥无法识别") from fault
    return [
        key
        for key in keys
        if (isinstance(key, RSAKey) and key.public_key.key_size >= RSA_BITS)
        or (isinstance(key, ECKey) and key.curve_name == "P-256")
    ]


def _suits(entry: dict[str, Any], algorithm: str) -> bool:
    """By what it says of itself; six bits a letter tell the length of an RSA key before it is read."""
    if entry.get("kty") == "RSA" and len(str(entry.get("n"))) * 6 < RSA_BITS:
        return False
    return (
        entry.get("kty") == _KEY_TYPES[algorithm]
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
    )


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as fault:
        raise _bad("id_token_malformed", "身份令牌的内容无法识别") from fault
    if not isinstance(claims, dict):
        raise _bad("id_token_malformed", "身份令牌的内容无法识别")
    return claims


def _check_parties(claims: dict[str, Any], expected: Expected) -> None:
    """Who made it, for whom, and at whose request."""
    if claims.get("iss") != expected.issuer:
        raise _bad("id_token_issuer", "身份令牌的签发者与登记的不同")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in named:
        why = "没有写明接收方（aud 为空）" if named in ([], [None]) else "是发给另一个应用的"
        raise _bad("id_token_audience", f"身份令牌{why}，请对方系统把本系统的应用标识写入 aud")
    party = claims.get("azp")
    if party != expected.client_id and (party is not None or len(named) > 1):
        raise _bad("id_token_party", "身份令牌是应另一个应用的请求签发的（azp 不符）")


def _check_time(claims: dict[str, Any], now: float) -> None:
    moments = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    if any(not _number(value) for value in moments.values() if value is not None) or moments["exp"] is None:
        raise _bad("id_token_malformed", "身份令牌的时间无法识别")
    if float(moments["exp"]) + SKEW_SECONDS <= now:
        raise _bad("id_token_expired", "身份令牌已过期")
    if any(float(moments[name] or 0) - SKEW_SECONDS > now for name in ("iat", "nbf")):
        raise _bad("id_token_early", "身份令牌的签发时间在将来，两边系统的时钟相差过大")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _sentence(reason: str) -> str:
    return f"单位登录系统返回的身份令牌没有通过核验：{reason}。请返回登录页重试，持续如此请联系系统管理员。"


def _bad(code: str, reason: str) -> ProofInvalid:
    return ProofInvalid(_sentence(reason), code=code)

"""The ID token's verification, pure: one good token, and each way to spoil it."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from services.identity.federation.errors import ProofInvalid
from services.identity.federation.id_token import Expected, has_key, verify_id_token

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
ISSUER, CLIENT, NONCE = "https://sso.example.edu.cn", "alliance-hub", "nonce-of-this-attempt"
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", parameters={"kid": "ec", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, parameters={"kid": "rsa", "use": "sig"})
KEYS = {"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]}


def expected(algorithm: str = "RS256") -> Expected:
    return Expected(ISSUER, CLIENT, NONCE, algorithm, NOW)


def claims(**changes: Any) -> dict[str, Any]:
    stamp = int(NOW.timestamp())
    whole = {"iss": ISSUER, "aud": CLIENT, "sub": "u1", "nonce": NONCE, "iat": stamp, "exp": stamp + 300, **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def signed(content: dict[str, Any], *, alg: str = "RS256", key: Any = RSA, header: dict[str, Any] | None = None) -> str:
    kid = {"kid": "ec"} if alg == "ES256" else {"kid": "rsa"}
    return jwt.encode({"alg": alg, **kid, **(header or {})}, content, key, algorithms=[alg])


def unsigned(content: dict[str, Any], alg: str = "none") -> str:
    parts = [{"alg": alg}, content]
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."


@pytest.mark.parametrize(("alg", "key"), [("RS256", RSA), ("PS256", RSA), ("ES256", EC)])
def test_a_good_token_is_taken(alg: str, key: Any) -> None:
    assert verify_id_token(signed(claims(), alg=alg, key=key), KEYS, expected(alg))["sub"] == "u1"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
        {"exp": int((NOW - timedelta(seconds=59)).timestamp())},
        {"iat": int((NOW + timedelta(seconds=60)).timestamp())},
        {"iat": ...},
        {"nbf": int(NOW.timestamp())},
    ],
)
def test_what_the_standard_allows_is_taken(changes: dict[str, Any]) -> None:
    assert verify_id_token(signed(claims(**changes)), KEYS, expected())["sub"] == "u1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://sso.example.edu.cn/"}, "id_token_issuer"),
        ({"iss": "https://evil.example"}, "id_token_issuer"),
        ({"iss": ...}, "id_token_issuer"),
        ({"aud": "another"}, "id_token_audience"),
        ({"aud": []}, "id_token_audience"),
        ({"aud": ...}, "id_token_audience"),
        ({"aud": {CLIENT: 1}}, "id_token_audience"),
        ({"aud": f"{CLIENT} another"}, "id_token_audience"),
        ({"aud": [CLIENT, "another"]}, "id_token_party"),
        ({"azp": "another"}, "id_token_party"),
        ({"exp": int((NOW - timedelta(seconds=60)).timestamp())}, "id_token_expired"),
        ({"exp": ...}, "id_token_malformed"),
        ({"exp": "never"}, "id_token_malformed"),
        ({"exp": True}, "id_token_malformed"),
        ({"exp": 10**30}, "id_token_malformed"),
        ({"iat": int((NOW + timedelta(seconds=61)).timestamp())}, "id_token_early"),
        ({"nbf": int((NOW + timedelta(seconds=61)).timestamp())}, "id_token_early"),
        ({"nonce": "nonce-of-another-attempt"}, "id_token_nonce"),
        ({"nonce": ...}, "id_token_nonce"),
    ],
)
def test_a_wrong_claim_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ProofInvalid) as refused:
        verify_id_token(signed(claims(**changes)), KEYS, expected())
    assert refused.value.code == code


def test_a_token_that_is_not_signed_as_the_record_says_is_refused() -> None:
    body = unsigned(claims(), "HS256").removesuffix(".")
    tag = hmac.digest(RSA.as_pem(private=False), body.encode(), "sha256")
    as_hmac = f"{body}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"  # keyed with the public key
    for token, code in (
        (unsigned(claims()), "id_token_unsigned"),
        (unsigned(claims(), "NONE"), "id_token_unsigned"),
        (as_hmac, "id_token_algorithm"),
        (signed(claims(), alg="RS512"), "id_token_algorithm"),
        (signed(claims(), alg="ES256", key=EC), "id_token_algorithm"),
        (signed(claims(), alg="PS256"), "id_token_algorithm"),
        (signed(claims(), key=STRANGER), "id_token_signature"),
        (signed(claims())[:-8] + "AAAAAAAA", "id_token_signature"),
        (signed(claims(), header={"kid": "unknown"}), "id_token_key_unknown"),
        (signed(claims(), header={"kid": "ec"}), "id_token_key_unknown"),
        ("", "id_token_missing"),
        (None, "id_token_missing"),
        ({"a": 1}, "id_token_missing"),
        ("a.b.c", "id_token_malformed"),
        ("x" * 300_000, "id_token_malformed"),
        (signed(claims()) + ".x", "id_token_malformed"),
    ):
        with pytest.raises(ProofInvalid) as refused:
            verify_id_token(token, KEYS, expected())
        assert refused.value.code == code, token


def test_the_sentence_names_the_algorithm_but_repeats_nothing_else() -> None:
    with pytest.raises(ProofInvalid, match="用的是 RS512 签名，这里只接受 RS256"):
        verify_id_token(signed(claims(), alg="RS512"), KEYS, expected())
    with pytest.raises(ProofInvalid, match="用的是 未知 签名"):
        verify_id_token(unsigned(claims(), "<script>"), KEYS, expected())


def test_a_key_set_without_a_sound_key_offers_none() -> None:
    weak = {"kty": "RSA", "n": base64.urlsafe_b64encode(b"\xff" * 128).decode().rstrip("="), "e": "AQAB"}
    secret = OctKey.generate_key(256).as_dict(private=True)
    encryption = {**RSA.as_dict(private=False), "use": "enc"}
    curve = ECKey.generate_key("P-384").as_dict(private=False)
    for keys in ([], [secret], [encryption], "nonsense", [None, 3]):
        assert not has_key({"keys": keys}, "RS256")
    assert not has_key({"keys": [weak]}, "RS256")
    assert not has_key({"keys": [curve]}, "ES256")
    assert has_key({"keys": [{"kty": "AKP"}, secret, RSA.as_dict(private=False)]}, "RS256")


def test_without_a_key_id_only_a_single_fitting_key_counts() -> None:
    token = jwt.encode({"alg": "RS256"}, claims(), RSA, algorithms=["RS256"])
    assert verify_id_token(token, KEYS, expected())["sub"] == "u1"
    two = {"keys": [RSA.as_dict(private=False), RSAKey.generate_key(2048).as_dict(private=False)]}
    with pytest.raises(ProofInvalid) as refused:
        verify_id_token(token, two, expected())
    assert refused.value.code == "id_token_key_unknown"

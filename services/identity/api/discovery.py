"""Server metadata (RFC 8414; OpenID Connect Discovery 1.0, 3), and the public keys (RFC 7517)."""

from typing import Any

from fastapi import APIRouter, Response

from services.identity.oauth.checks import PROMPTS
from services.identity.oauth.client import (
    ASSERTION_ALGORITHMS,
    AUTH_METHODS,
    CONFIDENTIAL_METHODS,
    SUPPORTED_SCOPES,
)
from services.identity.parts import Parts
from services.identity.queries import published_keys
from services.identity.schemas.userinfo import UserInfo
from services.kernel.tokens import ALGORITHM

router = APIRouter(include_in_schema=False)
KEYS_KEPT_SECONDS = 10
ID_TOKEN_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "amr", "sid", "at_hash", "nonce")


@router.get("/.well-known/oauth-authorization-server")
@router.get("/.well-known/openid-configuration")
async def metadata(parts: Parts) -> dict[str, Any]:
    """Where the endpoints are and what they take; one document for both standards."""
    issuing = parts.issuing(parts.default_alliance)
    assertions = list(ASSERTION_ALGORITHMS)
    return {
        "issuer": issuing.issuer,
        "authorization_endpoint": issuing.endpoint("authorize"),
        "token_endpoint": issuing.endpoint("token"),
        "userinfo_endpoint": issuing.endpoint("userinfo"),
        "revocation_endpoint": issuing.endpoint("revoke"),
        "introspection_endpoint": issuing.endpoint("introspect"),
        "end_session_endpoint": issuing.endpoint("logout"),
        "jwks_uri": f"{issuing.issuer.rstrip('/')}/.well-known/jwks.json",
        "scopes_supported": sorted(SUPPORTED_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL_METHODS),
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({*ID_TOKEN_CLAIMS, *UserInfo.model_fields}),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": sorted(PROMPTS),
        "ui_locales_supported": ["zh-CN"],
    }


@router.get("/.well-known/jwks.json")
async def jwks(parts: Parts, response: Response) -> dict[str, Any]:
    """The keys that verify access tokens and ID tokens."""
    response.headers["Cache-Control"] = f"public, max-age={KEYS_KEPT_SECONDS}"
    async with parts.database.read(parts.default_alliance) as session:
        return await published_keys(session, parts.clock.now())

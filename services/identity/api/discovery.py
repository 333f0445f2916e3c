"""Server metadata (RFC 8414), at OpenID Connect's address too, and the public keys (RFC 7517)."""

from typing import Any

from fastapi import APIRouter, Response

from services.identity.oauth.client import AUTH_METHOD
from services.identity.parts import Parts
from services.identity.queries import published_keys
from services.kernel.permissions import Permission

router = APIRouter(include_in_schema=False)
KEYS_KEPT_SECONDS = 10


@router.get("/.well-known/oauth-authorization-server")
@router.get("/.well-known/openid-configuration")
async def metadata(parts: Parts) -> dict[str, Any]:
    """Where the endpoints are and what they take."""
    issuer = parts.settings.hub.public_url
    base = issuer.rstrip("/")
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "end_session_endpoint": f"{base}/oauth/logout",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "scopes_supported": sorted(Permission),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [AUTH_METHOD],
        "revocation_endpoint_auth_methods_supported": [AUTH_METHOD],
        "ui_locales_supported": ["zh-CN"],
    }


@router.get("/.well-known/jwks.json")
async def jwks(parts: Parts, response: Response) -> dict[str, Any]:
    """The keys that verify access tokens."""
    response.headers["Cache-Control"] = f"public, max-age={KEYS_KEPT_SECONDS}"
    async with parts.database.read(parts.default_alliance) as session:
        return await published_keys(session, parts.clock.now())

"""Servers that answer as no honest one does, where real peers cannot be made to. They prove nothing of any product."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "alliance-hub", "secret-of-the-hub-0123456789"


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": uuid4().hex, "use": "sig"})


@dataclass
class RogueOidc:
    """An OpenID provider; the test changes what it says. `now` is the time by which it signs."""

    now: int
    url: str = ""
    key: RSAKey = field(default_factory=new_key)
    published: list[RSAKey] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    token: Response | None = None
    id_token: str | None = None
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "u1", "name": "王五"})
    nonces: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/.well-known/openid-configuration", response_model=None)(self.discovery)
        app.get("/keys")(self.keys)
        app.get("/authorize")(self.authorize)
        app.post("/token", response_model=None)(self.give)
        app.get("/me")(self.me)
        return app

    async def discovery(self) -> dict[str, Any]:
        self.asked.append("discovery")
        whole = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/me",
            "jwks_uri": f"{self.url}/keys",
            **self.metadata,
        }
        return {name: value for name, value in whole.items() if value is not None}

    async def keys(self) -> dict[str, Any]:
        self.asked.append("keys")
        return {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}

    async def authorize(self, redirect_uri: str, state: str, nonce: str) -> RedirectResponse:
        code = uuid4().hex
        self.nonces[code] = nonce
        return RedirectResponse(f"{redirect_uri}?code={code}&state={state}", 302)

    async def give(self, request: Request) -> Any:
        self.asked.append("token")
        if self.token is not None:
            return self.token
        code = str((await request.form()).get("code"))
        if code not in self.nonces:
            return JSONResponse({"error": "invalid_grant"}, 400)
        whole = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "u1",
            "iat": self.now,
            "exp": self.now + 300,
            "nonce": self.nonces.pop(code),
            **self.claims,
        }
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        signed = self.id_token or jwt.encode(header, whole, self.key)
        return {"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": signed}

    async def me(self) -> dict[str, Any]:
        self.asked.append("me")
        return self.person


@dataclass
class RogueCas:
    """A CAS server that lets anybody in and validates any ticket by the same answer."""

    answer: str = ""
    status: int = 200
    asked: int = 0

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/cas/login")(self.login)
        app.get("/cas/p3/serviceValidate")(self.validate)
        return app

    async def login(self, service: str) -> RedirectResponse:
        return RedirectResponse(f"{service}&ticket=ST-{uuid4().hex}", 302)

    async def validate(self) -> Response:
        self.asked += 1
        return Response(self.answer, self.status, media_type="application/xml")


def cas_success(inside: str, before: str = "") -> str:
    """A CAS answer of success with this content."""
    return (
        f'{before}<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">'
        f"<cas:authenticationSuccess>{inside}</cas:authenticationSuccess></cas:serviceResponse>"
    )
